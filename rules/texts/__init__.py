"""Texts that people hand in: in which encoding one was saved, and line by line."""
