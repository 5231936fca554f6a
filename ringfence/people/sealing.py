"""What the accounts keep that nobody may read from a copy of their database: encrypted, and bound to whose it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rules.storage.keys import Keys

_NONCE = 12  # bytes, NIST SP 800-38D section 8.2.2


class Sealing:
    """One use of the keys, named so that no other use can read it (RFC 5869 section 3.2)."""

    def __init__(self, keys: Callable[[], Keys], use: bytes) -> None:
        self._keys, self._use = keys, use

    def seal(self, text: str, whose: str) -> bytes:
        """The text, for nobody else's place."""
        nonce = token_bytes(_NONCE)
        return nonce + self._ciphers()[0].encrypt(nonce, text.encode(), whose.encode())

    def open(self, blob: bytes, whose: str) -> str | None:
        """The text again; None where another key file, or another place, made it."""
        for cipher in self._ciphers():
            with suppress(InvalidTag, ValueError):  # or it is too short to be anything
                return cipher.decrypt(blob[:_NONCE], blob[_NONCE:], whose.encode()).decode()
        return None

    def under_newest(self, blob: bytes, whose: str) -> bytes | None:
        """The same text under the newest key; None where it is under it already, or no key that is there opens it."""
        with suppress(InvalidTag):
            self._ciphers()[0].decrypt(blob[:_NONCE], blob[_NONCE:], whose.encode())
            return None
        text = self.open(blob, whose)
        return None if text is None else self.seal(text, whose)

    def _ciphers(self) -> list[AESGCM]:
        keys = self._keys()
        known = (*keys.contents, *keys.retired, keys.pseudonym)
        return [AESGCM(HKDF(SHA256(), 32, salt=None, info=self._use).derive(key)) for key in known]
