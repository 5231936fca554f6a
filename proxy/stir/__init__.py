"""Signed callers (STIR/SHAKEN, RFC 8224 to 8226, 8588, 8946): what was vouched for, read and verified without I/O."""
