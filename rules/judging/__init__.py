"""One call judged: its facts, the rules that hold, who wins, and why in sentences."""
