"""Where people meet Ringfence: the command line, and the desk over HTTP. Imports the other packages; nobody imports it."""
