"""What operators give each other: entries and withdrawals, versions of them, who is believed how far."""
