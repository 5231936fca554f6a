"""The running node: served, asked for its health, its records read, its databases kept."""
