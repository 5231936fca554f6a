"""Who may ask this installation over HTTP, how much, and what was answered already: keys, allowances, answers."""
