"""What operators give each other: lists as a signed repository of plain files, and what is taken from partners."""
