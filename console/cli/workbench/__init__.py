"""The rule author's bench: check, test, explain, why, replay, and going live."""
