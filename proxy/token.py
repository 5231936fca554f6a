"""The token in our Record-Route: proof that a dialog was judged, bound to its Call-ID and its caller's tag.

It stands in the user part, since some user agents drop URI parameters that they do not know. Written
``KEY.DECISION.FLAGS.MAC``; the MAC covers the three, the Call-ID and the tag (keyed BLAKE2s, 128 bits).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2s
from hmac import compare_digest
from typing import Final

_MAC_BYTES: Final = 16
NO_DECISION: Final = b"-"

FROM_TRUNK: Final = b"t"  # the dialog's caller is on the trunk side
FROM_PBX: Final = b"p"
LABELLED: Final = b"l"  # the display name of From was changed
DIVERTED: Final = b"v"  # the last flag: what follows it stands for the destination that the call was diverted to


class Token:
    """What a token says."""

    __slots__ = ("decision", "flags", "key", "mac")

    def __init__(self, key: bytes, decision: bytes, flags: bytes, mac: bytes) -> None:
        self.key = key
        self.decision = decision  # "-" for calls from the PBX side, which are not judged
        self.flags = flags
        self.mac = mac


class Tokens:
    """Signs with the first key, verifies with all of them, so that keys can be rolled and shared by nodes."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        """`keys` are pairs of a short id (letters and digits) and a secret of up to 32 bytes."""
        if not keys:
            raise ValueError("a token key is needed")
        # Keyed once, and copied for each token: a quarter cheaper than to give the key each time.
        self._keyed = {key.encode(): blake2s(key=secret, digest_size=_MAC_BYTES) for key, secret in keys}
        self._first = keys[0][0].encode()

    def sign(self, decision: str, flags: bytes, call_id: bytes, caller_tag: bytes) -> bytes:
        """The user part for a Record-Route of this dialog."""
        name = decision.encode() or NO_DECISION
        mac = self._mac(self._first, name, flags, call_id, caller_tag)
        return b".".join((self._first, name, flags, mac))

    def verify(self, user: bytes, call_id: bytes, from_tag: bytes, to_tag: bytes, *, from_pbx: bool) -> Token | None:
        """The token of a request inside its dialog, or None.

        The caller's tag stands in From when the request goes the way the call came, else in To; which way that is,
        the side flag and the side the request came from tell.
        """
        token = read_token(user)
        if token is None or token.key not in self._keyed:
            return None
        same_way = token.flags.startswith(FROM_PBX) == from_pbx
        tag = from_tag if same_way else to_tag
        expected = self._mac(token.key, token.decision, token.flags, call_id, tag)
        return token if compare_digest(expected, token.mac) else None

    def _mac(self, key: bytes, decision: bytes, flags: bytes, call_id: bytes, tag: bytes) -> bytes:
        # The length keeps a Call-ID and a tag from being cut at another place.
        mac = self._keyed[key].copy()
        mac.update(b"%s.%s.%s.%d.%s%s" % (key, decision, flags, len(call_id), call_id, tag))
        return mac.hexdigest().encode()


def read_token(user: bytes) -> Token | None:
    """The parts of a user part that is written like a token; its MAC is not looked at."""
    parts = user.split(b".")
    if len(parts) != 4 or len(parts[3]) != 2 * _MAC_BYTES:
        return None
    return Token(parts[0], parts[1], parts[2], parts[3])
