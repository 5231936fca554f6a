"""The only door to the databases: opening, migrations, transactions, keys, and files that can't be used."""
