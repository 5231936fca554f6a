"""The wire, pure and usable alone: bytes and time in, bytes and timers out.

``errors`` what a peer can do wrong; ``uri`` and ``headers`` read single values; ``message`` keeps the bytes
of a message and finds header fields in them; ``timers`` holds every timer in one structure; ``transaction``
is RFC 3261 section 17 with RFC 6026 and RFC 4320.
"""
