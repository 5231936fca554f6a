"""A SIP message as it may be shown to people: without secrets, and with the digits of numbers hidden as in the log.

What leads through a message stays readable: addresses, branches, tags, sequence numbers, and the lines of SDP that say
where media go. What cannot be told from a number is hidden. A body keeps its length, so that Content-Length is true.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2s
from os import urandom
from time import time
from typing import Final

from rules.records.numbers_in_text import AMONG_LETTERS, ANY, LONGEST, Signs, holds_a_number, without_numbers
from rules.records.privacy import mask_within

# Header fields that tell no person's number, if they are as RFC 3261 25.1 has them; also in their compact form.
_COUNT: Final = re.compile(r"\s*[0-9]{1,10}(?:\s+(?:[0-9]{1,10}\s+)?[A-Za-z]+)?\s*(?:;\s*refresher\s*=\s*ua[cs]\s*)?")
_DATE: Final = re.compile(r"\s*[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\s*")
_NO_NUMBERS: Final = {
    **dict.fromkeys(("cseq", "max-forwards", "content-length", "l", "expires", "min-expires", "rack"), _COUNT),
    **dict.fromkeys(("session-expires", "x", "min-se", "rseq", "max-breadth"), _COUNT),
    "date": _DATE,
}
_BRANCH: Final = re.compile(r"(;\s*branch\s*=\s*)([^;,\s]+)", re.IGNORECASE)
_LETTERS: Final = "bcdfghjklmnpqrst"  # no digits: they would be hidden again
_COOKIE: Final = re.compile(r"z9hG4bK", re.IGNORECASE)
_KEY_OF_BRANCHES: Final = urandom(16)
# What others could use, or read numbers from though they are written otherwise.
_SECRETS: Final = frozenset(("authorization", "proxy-authorization"))
_OPAQUE: Final = frozenset(("identity", "y", "user-to-user", "authentication-info"))
_HIDDEN: Final = "****"
_LEAST_DIGITS: Final = 4  # of an extension; what has less is an emergency number, or no secret
_USUAL: Final = 200  # characters of a line that is remembered
_GAP: Final = re.compile(rb"\r\n\r\n|\n\r?\n|\r\n\n|\r\r")
_FOLD: Final = re.compile(r"(?:\r\n|\r|\n)[ \t]+")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
# Whom a URI names: all before its last @, and of tel: what its parameters leave.
_USER: Final = re.compile(r"(?i)((?:sips?|tel):)((?:(?!sips?:|tel:)[^<>\"])*)(?=@)|(tel:)([^@<>\s;,?\"]+)")
_SHORT_HOST: Final = re.compile(r"(?i)(?<=sip:)(\+?\d{4,6})(?=[;>\s]|\Z)|(?<=sips:)(\+?\d{4,6})(?=[;>\s]|\Z)")
_SHORT_USER: Final = re.compile(r"\A[^0ax]*0(?:[^0ax]*0){3,5}[^0ax]*\Z")
_USER_ENDS: Final = re.compile(r"[;:]")
# The id of a decision begins with the time it was made: whoever traces a call asks `explain` by it.
_DECISION: Final = re.compile(r"(?<![0-9A-Za-z])([0-9a-f]{8})[0-9a-f]{12}(?![0-9A-Za-z])")
_OF_DECISIONS: Final = frozenset(("reason", "x-ringfence-decision"))
_LATELY_S: Final = 86_400
_CREDENTIALS: Final = re.compile(r"(\S*)\s*(.*)", re.DOTALL)
_KEY: Final = re.compile(rb"(?<=inline:)[^\r\n]+|(?:(?<=[\r\n])|\A)k=[^\r\n]+")
_PERSONAL: Final = re.compile(rb"(?:(?<=[\r\n])|\A)([siuep]=)([^\r\n]+)")
_ORIGIN: Final = re.compile(rb"(?:(?<=[\r\n])|\A)(o=)(\S+)")
# Attributes of media in which digits are names, ports, clocks and keys; of any other nobody knows what stands in it.
_ATTRIBUTE: Final = re.compile(rb"(?:(?<=[\r\n])|\A)(a=([^:\r\n]*):?)([^\r\n]*)")
_OF_MEDIA: Final = frozenset(
    (
        *(
            b"rtpmap",
            b"fmtp",
            b"rtcp",
            b"rtcp-fb",
            b"candidate",
            b"remote-candidates",
            b"ssrc",
            b"ssrc-group",
            b"extmap",
        ),
        *(b"crypto", b"fingerprint", b"ice-ufrag", b"ice-pwd", b"ice-options", b"mid", b"msid", b"group", b"sctp-port"),
        *(
            b"msid-semantic",
            b"setup",
            b"sctpmap",
            b"connection",
            b"zrtp-hash",
            b"key-mgmt",
            b"tls-id",
            b"source-filter",
        ),
    )
)


def masked(data: bytes) -> bytes:
    """The message without numbers and secrets."""
    head, gap, body = _in_two(data)
    first, *lines = _lines_of(head)
    kept = [_known_start(first) if len(first) <= _USUAL else _masked_digits(first)]
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


@lru_cache(maxsize=1_000)
def _known_start(line: str) -> str:
    return _masked_digits(line)


@lru_cache(maxsize=4_000)
def _known_line(line: str) -> str:
    """The same line comes again in most messages of a call."""
    return _masked_line(line)


def _masked_line(line: str) -> str:
    name, colon, value = line.partition(":")
    key = name.strip().lower()
    if (hidden := _without_secret(line)) is not None:
        return hidden
    if (ordinary := _NO_NUMBERS.get(key)) is not None and ordinary.fullmatch(value) is not None:
        return line
    if key == "via" or key == "v":
        return f"{name}{colon}{without_numbers(_BRANCH.sub(_masked_branch, value))}"
    if key in _OPAQUE:
        return f"{name}{colon} {_HIDDEN}"
    if key in ("call-id", "i"):
        return f"{name}{colon}{mask_within(value)}"
    if key in _OF_DECISIONS and (found := _DECISION.search(value)) and abs(int(found[1], 16) - time()) < _LATELY_S:
        return f"{name}{colon}{_masked_digits(value[: found.start()])}{found[0]}{_masked_digits(value[found.end() :])}"
    return _masked_digits(line)


def _masked_branch(found: re.Match[str]) -> str:
    """A branch that a number may stand in is shown as another, the same wherever it stands: it names a transaction."""
    branch = found[2]
    if not holds_a_number(branch):
        return found[0]
    cookie = _COOKIE.match(branch)
    other = blake2s(branch.encode("utf-8", "surrogateescape"), digest_size=4, key=_KEY_OF_BRANCHES).digest()
    shown = "".join(_LETTERS[octet >> 4] + _LETTERS[octet & 15] for octet in other)
    return f"{found[1]}{cookie[0] if cookie else ''}*{shown}"


def _without_secret(line: str) -> str | None:
    """The line without what it must not tell; None where there is nothing such in it."""
    name, colon, value = line.partition(":")
    if name.strip().lower() not in _SECRETS:
        return None
    scheme, _ = _CREDENTIALS.fullmatch(value.strip()).groups()  # type: ignore[union-attr]  # it takes anything
    return f"{name}{colon} {without_numbers(scheme)} {_HIDDEN}"


def _masked_digits(text: str) -> str:
    return without_numbers(_SHORT_HOST.sub(_half, _USER.sub(_masked_user, text)))


def _masked_user(found: re.Match[str]) -> str:
    """Whom a URI names: digits are a number there with letters between them as well, and fewer are a service."""
    scheme, user = (found[1], found[2]) if found[1] else (found[3], found[4])
    if sum(map(str.isdigit, user)) < _LEAST_DIGITS and user.isascii() and "%" not in user:
        return found[0]
    head = _USER_ENDS.split(user, maxsplit=1)[0]
    short = Signs(head, machines=False)
    short.hide_half(_SHORT_USER)
    signs = Signs(short.written() + user[len(head) :], machines=False)
    signs.hide(ANY)
    if signs.digits <= LONGEST:
        signs.hide(AMONG_LETTERS)
    return scheme + signs.written()


def _half(found: re.Match[str]) -> str:
    text = found[0]
    digits = len(text.lstrip("+"))
    return text[: len(text) - digits + digits // 2] + "*" * (digits - digits // 2)


def _masked_body(body: bytes, sdp: bool) -> bytes:
    """SDP without what names people; of any other body its length."""
    if not sdp:
        return re.sub(rb"[^\r\n]", b"*", body)
    body = _PERSONAL.sub(_hidden_value, _KEY.sub(_starred, body))
    return _ATTRIBUTE.sub(_masked_attribute, _ORIGIN.sub(_masked_origin, body))


def _masked_origin(found: re.Match[bytes]) -> bytes:
    """Who begins the session, where that may be a number."""
    name = found[2].decode("utf-8", "surrogateescape")
    short = name.isdigit() and len(name) >= _LEAST_DIGITS
    return _hidden_value(found) if short or holds_a_number(name) else found[0]


def _masked_attribute(found: re.Match[bytes]) -> bytes:
    name, value = found[2].strip().lower(), found[3].decode("utf-8", "surrogateescape")
    if name not in _OF_MEDIA and holds_a_number(found[1].decode("utf-8", "surrogateescape") + value):
        return b"a=" + b"*" * (len(found[0]) - 2)
    return found[0]


def _starred(found: re.Match[bytes]) -> bytes:
    return b"*" * len(found[0])


def _hidden_value(found: re.Match[bytes]) -> bytes:
    return found[1] + (found[2] if found[2] == b"-" else b"*" * len(found[2]))
