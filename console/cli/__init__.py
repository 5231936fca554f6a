"""The command line `ringfence`: each command opens what it needs, does one thing, and says what came of it."""
