"""Numbers on lists, whole files of them, and who holds which range."""
