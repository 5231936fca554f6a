"""The token in our Record-Route: proof that a dialog was judged, bound to its Call-ID and its caller's tag.

It stands in the user part, since some user agents drop URI parameters that they do not know. Written
``KEY.DECISION.FLAGS.SEAL``. The seal is in hexadecimal digits: first, enciphered, when the token was made and the
address on the trunk side that the call came from or went to; then a MAC over all of it, the Call-ID and the tag (keyed
BLAKE2s, 128 bits). The key stream is made from the MAC (a synthetic IV, as in RFC 5297): no two tokens share one.
"""

from __future__ import annotations

from binascii import hexlify, unhexlify
from collections.abc import Sequence
from hashlib import blake2s
from hmac import compare_digest
from typing import Final

_MAC_BYTES: Final = 16
_MAC_DIGITS: Final = 2 * _MAC_BYTES
_TIME_BYTES: Final = 4
_MOST_BYTES: Final = 32  # what one block of the key stream covers
NO_DECISION: Final = b"-"

FROM_TRUNK: Final = b"t"  # the dialog's caller is on the trunk side
FROM_PBX: Final = b"p"
NO_CALL: Final = b"n"  # a dialog that no INVITE began: nobody judged it, and no INVITE passes by it
LABELLED: Final = b"l"  # the display name of From was changed
DIVERTED: Final = b"v"  # the last flag: what follows it stands for the destination that the call was diverted to


class Token:
    """What a token says."""

    __slots__ = ("decision", "flags", "key", "mac", "made", "place", "seal")

    def __init__(self, key: bytes, decision: bytes, flags: bytes, seal: bytes, mac: bytes) -> None:
        self.key = key
        self.decision = decision  # "-" for calls from the PBX side, which are not judged
        self.flags = flags
        self.seal = seal  # enciphered, as octets
        self.mac = mac  # as hexadecimal digits: it names the call
        self.made = 0  # once it is verified: when, in seconds since the epoch
        self.place = b""  # and the address on the trunk side, as `Flow.place` has it

    @property
    def diverted_to(self) -> bytes:
        """What stands for the destination of a diverted call; empty for any other."""
        return self.flags.partition(DIVERTED)[2]


class Tokens:
    """Signs with the first key, verifies with all of them, so that keys can be rolled and shared by nodes."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        """`keys` are pairs of a short id (letters and digits) and a secret of up to 32 bytes."""
        if not keys:
            raise ValueError("a token key is needed")
        # Keyed once, and copied for each token: a quarter cheaper than to give the key each time.
        self._keyed = {
            key.encode(): blake2s(key=secret, digest_size=_MAC_BYTES, person=b"rf-token") for key, secret in keys
        }
        self._streams = {
            key.encode(): blake2s(key=secret, digest_size=_MOST_BYTES, person=b"rf-place") for key, secret in keys
        }
        self._first = keys[0][0].encode()

    def sign(
        self, decision: str, flags: bytes, call_id: bytes, caller_tag: bytes, *, made: int = 0, place: bytes = b""
    ) -> bytes:
        """The user part for a Record-Route of this dialog."""
        key, name = self._first, decision.encode() or NO_DECISION
        plain = made.to_bytes(_TIME_BYTES, "big") + place
        mac = self._mac(key, name, flags, plain, call_id, caller_tag)
        return b"%s.%s.%s.%s" % (key, name, flags, hexlify(self._cipher(key, plain, mac) + mac))

    def verify(self, user: bytes, call_id: bytes, from_tag: bytes, to_tag: bytes, *, from_pbx: bool) -> Token | None:
        """The token of a request inside its dialog, or None. How old it may be is not asked here.

        The caller's tag stands in From when the request goes the way the call came, else in To; which way that is,
        the side flag and the side the request came from tell.
        """
        token = read_token(user)
        if token is None or token.key not in self._keyed:
            return None
        mac = unhexlify(token.mac)
        plain = self._cipher(token.key, token.seal, mac)
        tag = from_tag if goes_callers_way(token, from_pbx=from_pbx) else to_tag
        if not compare_digest(self._mac(token.key, token.decision, token.flags, plain, call_id, tag), mac):
            return None
        token.made, token.place = int.from_bytes(plain[:_TIME_BYTES], "big"), plain[_TIME_BYTES:]
        return token

    def _mac(self, key: bytes, decision: bytes, flags: bytes, plain: bytes, call_id: bytes, tag: bytes) -> bytes:
        # The lengths keep a Call-ID and a tag from being cut at another place.
        mac = self._keyed[key].copy()
        mac.update(b"%s.%s.%s.%d.%s.%d.%s%s" % (key, decision, flags, len(plain), plain, len(call_id), call_id, tag))
        return mac.digest()

    def _cipher(self, key: bytes, octets: bytes, mac: bytes) -> bytes:
        """Enciphered, or deciphered."""
        stream = self._streams[key].copy()
        stream.update(mac)
        size = len(octets)
        mask = int.from_bytes(stream.digest()[:size], "big")
        return (int.from_bytes(octets, "big") ^ mask).to_bytes(size, "big")


def goes_callers_way(token: Token, *, from_pbx: bool) -> bool:
    """Does a request from that side go the way the call came, so that the caller's tag stands in its From?"""
    return token.flags.startswith(FROM_PBX) == from_pbx


def read_token(user: bytes) -> Token | None:
    """The parts of a user part that is written like a token; its MAC is not looked at."""
    parts = user.split(b".")
    if len(parts) != 4:
        return None
    digits = parts[3]
    sealed = len(digits) - _MAC_DIGITS
    if not 2 * _TIME_BYTES <= sealed <= 2 * _MOST_BYTES or digits.lower() != digits:
        return None
    try:
        seal = unhexlify(digits[:sealed])
        unhexlify(digits[sealed:])
    except ValueError:
        return None
    return Token(parts[0], parts[1], parts[2], seal, digits[sealed:])
