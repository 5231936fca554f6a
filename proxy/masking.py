"""A SIP message as it may be shown to people: without secrets, and with the digits of numbers hidden as in the log.

What leads through a message stays readable: addresses, branches, tags, sequence numbers, and the lines of SDP that say
where media go. What cannot be told from a number is hidden. A body keeps its length, so that Content-Length is true.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rules.records.privacy import hide_digits, mask_within, shown_of

# Names of header fields in which no number of a person stands, also in their compact form.
_NO_NUMBERS: Final = frozenset(
    (
        *("via", "v", "cseq", "max-forwards", "content-length", "l", "content-type", "c", "content-encoding", "e"),
        *("expires", "min-expires", "session-expires", "x", "min-se", "rseq", "rack", "date", "timestamp", "allow"),
        *("supported", "k", "require", "proxy-require", "accept", "accept-encoding", "accept-language", "event", "o"),
        *("allow-events", "u", "mime-version", "retry-after", "max-breadth", "subscription-state", "www-authenticate"),
        *("proxy-authenticate", "x-ringfence-verdict", "x-ringfence-rule", "x-ringfence-decision"),
    )
)
# What others could use, or read numbers from though they are written otherwise.
_SECRETS: Final = frozenset(("authorization", "proxy-authorization"))
_OPAQUE: Final = frozenset(("identity", "y", "user-to-user", "authentication-info"))
_HIDDEN: Final = "****"
_USUAL: Final = 200  # characters of a line that is remembered
_GAP: Final = re.compile(rb"\r\n\r\n|\n\r?\n|\r\n\n|\r\r")
_FOLD: Final = re.compile(r"(?:\r\n|\r|\n)[ \t]+")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_A_DIGIT: Final = r"(?:\d|%3\d)"
# As people and RFC 3966 group digits, escapes included; four groups with dots between may be an address.
_NUMBER: Final = re.compile(rf"{_A_DIGIT}(?:[\s().\-\u2010-\u2015]{{0,3}}{_A_DIGIT}){{6,}}")
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:(?=\D)|\Z)")
_SHORT_USER: Final = re.compile(r"(?i)(?<=sip:|tel:)(\+?\d{4,6})(?=[@;>\s]|\Z)|(?<=sips:)(\+?\d{4,6})(?=[@;>\s]|\Z)")
_CREDENTIALS: Final = re.compile(r"(\S*)\s*(.*)", re.DOTALL)
_KEY: Final = re.compile(rb"(?<=inline:)[^\r\n]+|(?:(?<=[\r\n])|\A)k=[^\r\n]+")
_PERSONAL: Final = re.compile(rb"(?:(?<=[\r\n])|\A)([siuep]=)([^\r\n]+)")
_ORIGIN: Final = re.compile(rb"(?:(?<=[\r\n])|\A)(o=)(\S+)")
_SEVEN_DIGITS: Final = re.compile(rb"\d(?:[ ().\-]{0,3}\d){6}")


def masked(data: bytes) -> bytes:
    """The message without numbers and secrets."""
    head, gap, body = _in_two(data)
    first, *lines = _lines_of(head)
    kept = [_masked_digits(first)]
    kept += [_known_line(line) if len(line) <= _USUAL else _masked_line(line) for line in lines]
    return _joined(kept) + gap + _masked_body(body, is_sdp(head))


def without_secrets(data: bytes) -> bytes:
    """The message without credentials and keys of media; whoever reads it can neither log in nor listen."""
    head, gap, body = _in_two(data)
    kept = [line if (hidden := _without_secret(line)) is None else hidden for line in _lines_of(head)]
    return _joined(kept) + gap + (_KEY.sub(_starred, body) if is_sdp(head) else body)


def masked_call_id(text: str) -> str:
    """A Call-ID as the log shows it."""
    return mask_within(text)


def is_sdp(head: bytes) -> bool:
    """Does the message say that its body describes media?"""
    return b"application/sdp" in head.lower()


def _in_two(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Head and body; a message that ends its lines in another way is no reason to show what stands in it."""
    if (gap := _GAP.search(data)) is None:
        return data, b"", b""
    return data[: gap.start()], gap[0], data[gap.end() :]


def _lines_of(head: bytes) -> list[str]:
    """The start line and each field in one line (RFC 3261 7.3.1)."""
    return _LINE_END.split(_FOLD.sub(" ", head.decode("utf-8", "surrogateescape")))


def _joined(lines: list[str]) -> bytes:
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


@lru_cache(maxsize=4_000)
def _known_line(line: str) -> str:
    """The same line comes again in most messages of a call."""
    return _masked_line(line)


def _masked_line(line: str) -> str:
    name, colon, value = line.partition(":")
    key = name.strip().lower()
    if (hidden := _without_secret(line)) is not None:
        return hidden
    if key in _NO_NUMBERS:
        return line
    if key in _OPAQUE:
        return f"{name}{colon} {_HIDDEN}"
    if key in ("call-id", "i"):
        return f"{name}{colon}{mask_within(value)}"
    return f"{name}{colon}{_masked_digits(value)}"


def _without_secret(line: str) -> str | None:
    """The line without what it must not tell; None where there is nothing such in it."""
    name, colon, value = line.partition(":")
    if name.strip().lower() not in _SECRETS:
        return None
    scheme, _ = _CREDENTIALS.fullmatch(value.strip()).groups()  # type: ignore[union-attr]  # it takes anything
    return f"{name}{colon} {scheme} {_HIDDEN}"


def _masked_digits(text: str) -> str:
    return _SHORT_USER.sub(_half, _NUMBER.sub(_middle, text))


def _middle(found: re.Match[str]) -> str:
    """Of a number the first and the last digits are left, as in the log; of what may be an address all."""
    text = found[0]
    if _ADDRESS.match(text):
        address = _ADDRESS.match(text)[0]  # type: ignore[index]
        return address + _NUMBER.sub(_middle, text[len(address) :])
    return hide_digits(found)


def _half(found: re.Match[str]) -> str:
    text = found[0]
    plus = text.startswith("+")
    first, _ = shown_of(len(text) - plus)
    kept = first + plus
    return text[:kept] + "*" * (len(text) - kept)


def _masked_body(body: bytes, sdp: bool) -> bytes:
    """SDP without what names people; of any other body its length."""
    if not sdp:
        return re.sub(rb"[^\r\n]", b"*", body)
    body = _PERSONAL.sub(_hidden_value, _KEY.sub(_starred, body))
    return _ORIGIN.sub(lambda found: _hidden_value(found) if _SEVEN_DIGITS.search(found[2]) else found[0], body)


def _starred(found: re.Match[bytes]) -> bytes:
    return b"*" * len(found[0])


def _hidden_value(found: re.Match[bytes]) -> bytes:
    return found[1] + (found[2] if found[2] == b"-" else b"*" * len(found[2]))
