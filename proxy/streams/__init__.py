"""SIP over connections: `endpoint` listens, takes and opens them, `connection` is one of them, `room` says how many.

Where a message ends is told by `proxy/sip/framing.py`; `watch` tells the core who is connected and what failed.
"""
