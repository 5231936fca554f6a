"""Who stands on which list: entries and files in, one look-up out; and who holds which range."""
