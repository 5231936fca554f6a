"""What was done and looked at, in a chain that is kept in each database under a key that lies outside of it."""
