"""Softphones: placed, answered, and the demo that plays five calls."""
