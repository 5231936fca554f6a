"""Where people meet Ringfence: the command line. Imports the other packages; nobody imports it."""
