"""Complaints: taken down, gathered into cases, verified by people, sealed, appealed against, and told of.

Knows the lists and records below it; no socket, no terminal. People meet it in console/, it runs in ringfence/.
"""
