"""What a peer can do wrong on the wire.

SipError
 +-- BadMessage   no SIP message at all: nothing can be answered
 +-- BadHeader    a header field or URI that does not follow the grammar
"""

from typing import ClassVar


class SipError(Exception):
    """A fault of the peer; `status` is the response that RFC 3261 names for it."""

    status: ClassVar[int] = 400


class BadMessage(SipError):
    """The bytes are no SIP message."""


class BadHeader(SipError):
    """A value that was asked for does not follow the grammar; raised each time it is asked for."""

    def __init__(self, name: str, value: bytes) -> None:
        super().__init__(f"malformed {name}")
        self.name = name
        self.value = value
