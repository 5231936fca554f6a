"""Data plane: SIP in, SIP out. No SQL, no YAML, no HTTP.

In the order of a call: ``transport`` (datagrams) -> ``server`` (the asyncio shell) -> ``sip.message`` and
``sip.transaction`` (the wire, pure) -> ``core`` (RFC 3261 section 16, pure) -> ``screening`` (INVITE to Call,
Verdict to bytes) -> ``routing`` (where next). ``app`` puts them together; ``settings`` is what an operator sets.
"""
