"""The token in our Record-Route: proof that a dialog was judged, bound to its Call-ID and its caller's tag.

It stands in the user part, since some user agents drop URI parameters that they do not know. Written
``KEY.DECISION.FLAGS.SEAL``, the seal in hexadecimal digits: when it was made, in seconds since the epoch; the address
(of a stream the connection, too) on the trunk side that the call came from or went to, enciphered; a MAC over all of
it, the Call-ID and the tag (keyed BLAKE2s, 128 bits). An address is enciphered once, not for each call: by a key stream
made from a keyed hash of the address (a synthetic IV, as in RFC 5297), which stands before it, so that no two addresses
share a stream.
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from binascii import Error, hexlify, unhexlify
from collections.abc import Sequence
from hashlib import blake2s
from hmac import compare_digest
from typing import Final

_MAC_BYTES: Final = 16
_MAC_DIGITS: Final = 2 * _MAC_BYTES
_TIME_DIGITS: Final = 8
_IV_BYTES: Final = 6
_MOST_PLACE: Final = 32  # octets that one block of the key stream covers
# Time, then nothing or initialisation vector and address, then the MAC.
_SEAL: Final = re.compile(rb"[0-9a-f]{8}(?:[0-9a-f]{26}|[0-9a-f]{34}|[0-9a-f]{50}|[0-9a-f]{58})?[0-9a-f]{32}\Z")
NO_DECISION: Final = b"-"
_PROOF_BYTES: Final = 12
WRAPPED: Final = b"~"  # stands in what `Tokens.wrap` writes, and in no token

FROM_TRUNK: Final = b"t"  # the dialog's caller is on the trunk side
FROM_PBX: Final = b"p"
PARTY: Final = b"u"  # behind it stands who the dialog's party on the trunk side is (`Tokens.mark`)
PARTY_MARK: Final = 8  # digits of that
NO_CALL: Final = b"n"  # a dialog that no INVITE began: nobody judged it, and no INVITE passes by it
EMERGENCY: Final = b"s"  # the call was for help: nothing within it is refused, whomever it shows
LABELLED: Final = b"l"  # the display name of From was changed
MASKED: Final = b"m"  # and nothing shows the callee who calls (proxy/mask.py)
DIVERTED: Final = b"v"  # the last flag: what follows it stands for the destination that the call was diverted to


class Token:
    """What a token says."""

    __slots__ = ("decision", "flags", "key", "seal", "user")

    def __init__(self, user: bytes, key: bytes, decision: bytes, flags: bytes, seal: bytes) -> None:
        self.user = user  # as it is written
        self.key = key
        self.decision = decision  # "-" for calls from the PBX side, which are not judged
        self.flags = flags
        self.seal = seal

    @property
    def made(self) -> int:
        """When, in seconds since the epoch."""
        return int(self.seal[:_TIME_DIGITS], 16)

    @property
    def party(self) -> bytes:
        """The mark of the party on the trunk side; empty in a token of an earlier version."""
        return self.flags.partition(PARTY)[2][:PARTY_MARK]

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
        self._secrets = {key.encode(): secret for key, secret in keys}
        self._first = keys[0][0].encode()
        self._second, self._written = 0, b"%08x" % 0  # of the last token, as it stands in it

    def seal(self, place: bytes) -> bytes:
        """An address (`Flow.place`) as it stands in tokens."""
        if not place:
            return b""
        secret = self._secrets[self._first]
        iv = blake2s(place, key=secret, digest_size=_IV_BYTES, person=b"rf-iv").digest()
        return hexlify(iv + _cipher(secret, iv, place))

    def unseal(self, token: Token) -> bytes:
        """The address in a verified token; empty where there is none."""
        octets = unhexlify(token.seal[_TIME_DIGITS:-_MAC_DIGITS])
        return _cipher(self._secrets[token.key], octets[:_IV_BYTES], octets[_IV_BYTES:])

    def mark(self, party: bytes, key: bytes = b"") -> bytes:
        """What stands in a token for the user part of a party, so that nobody else takes his place in the dialog."""
        mac = self._keyed[key or self._first].copy()
        mac.update(b"party " + party)
        return mac.hexdigest()[:PARTY_MARK].encode()

    def sign(
        self, decision: str, flags: bytes, call_id: bytes, caller_tag: bytes, *, made: int = 0, sealed: bytes = b""
    ) -> bytes:
        """The user part for a Record-Route of this dialog; `sealed` is the address as `seal` gave it."""
        if made != self._second:
            self._second, self._written = made, b"%08x" % made
        head = b".".join((self._first, decision.encode() or NO_DECISION, flags, self._written + sealed))
        return head + self._mac(self._first, head, call_id, caller_tag)

    def verify(self, user: bytes, call_id: bytes, from_tag: bytes, to_tag: bytes, *, from_pbx: bool) -> Token | None:
        """The token of a request inside its dialog, or None. How old it may be is not asked here.

        The caller's tag stands in From when the request goes the way the call came, else in To; which way that is,
        the side flag and the side the request came from tell.
        """
        token = read_token(user)
        if token is None or token.key not in self._keyed:
            return None
        tag = from_tag if goes_callers_way(token, from_pbx=from_pbx) else to_tag
        expected = self._mac(token.key, user[:-_MAC_DIGITS], call_id, tag)
        return token if compare_digest(expected, user[-_MAC_DIGITS:]) else None

    def wrap(self, octets: bytes) -> bytes:
        """These octets for whoever is to bring them back, and can neither read nor alter them: ``KEY~TEXT``.

        The same octets give the same text, since registrars tell bindings apart by their Contact (RFC 3261 10.3); it is
        in small letters, for those that compare in any case. Enciphered under a hash of themselves (as RFC 5297 does).
        """
        secret = self._secrets[self._first]
        proof = blake2s(octets, key=secret, digest_size=_PROOF_BYTES, person=b"rf-wrap").digest()
        text = b32encode(proof + _cipher_long(secret, proof, octets)).rstrip(b"=").lower()
        return self._first + WRAPPED + text

    def unwrap(self, text: bytes) -> bytes | None:
        """What `wrap` was given; None where it was not given anything that became this."""
        key, _, rest = text.partition(WRAPPED)
        secret = self._secrets.get(key)
        if secret is None:
            return None
        try:
            found = b32decode(rest + b"=" * (-len(rest) % 8), casefold=True)
        except Error:
            return None
        if b32encode(found).rstrip(b"=") != rest.upper():  # the last letter may have bits that say nothing
            return None
        proof, octets = found[:_PROOF_BYTES], _cipher_long(secret, found[:_PROOF_BYTES], found[_PROOF_BYTES:])
        expected = blake2s(octets, key=secret, digest_size=_PROOF_BYTES, person=b"rf-wrap").digest()
        return octets if compare_digest(expected, proof) else None

    def _mac(self, key: bytes, head: bytes, call_id: bytes, tag: bytes) -> bytes:
        # The length keeps a Call-ID and a tag from being cut at another place; no head holds a blank.
        mac = self._keyed[key].copy()
        mac.update(b"%s %d %s%s" % (head, len(call_id), call_id, tag))
        return mac.hexdigest().encode()


def _cipher(secret: bytes, iv: bytes, octets: bytes) -> bytes:
    """Enciphered, or deciphered."""
    stream = blake2s(iv, key=secret, digest_size=_MOST_PLACE, person=b"rf-place").digest()
    return bytes([octet ^ mask for octet, mask in zip(octets, stream, strict=False)])


def _cipher_long(secret: bytes, iv: bytes, octets: bytes) -> bytes:
    """The same for octets of any number."""
    blocks = range(0, len(octets), _MOST_PLACE)
    return b"".join([_cipher(secret, iv + at.to_bytes(4, "big"), octets[at : at + _MOST_PLACE]) for at in blocks])


def goes_callers_way(token: Token, *, from_pbx: bool) -> bool:
    """Does a request from that side go the way the call came, so that the caller's tag stands in its From?"""
    return token.flags.startswith(FROM_PBX) == from_pbx


def read_token(user: bytes) -> Token | None:
    """The parts of a user part that is written like a token; its MAC is not looked at."""
    parts = user.split(b".")
    if len(parts) != 4 or not _SEAL.match(parts[3]):
        return None
    return Token(user, parts[0], parts[1], parts[2], parts[3])
