"""The complaint desk at the command line."""
