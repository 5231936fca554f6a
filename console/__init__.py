"""Where people meet Ringfence. Imports the other packages; nobody imports it.

``commands`` is the command line; what a command does stands in ``service`` (the running node), ``workbench`` (rules),
``lists``, ``desk`` (complaints), ``api`` (the desk over HTTP) and ``phones`` (softphones, the demo).
"""
