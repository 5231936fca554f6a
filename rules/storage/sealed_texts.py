"""Short texts that may stand where everybody sees them, an address or a cursor, and tell nobody what they are."""

from __future__ import annotations

import base64
import binascii
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12  # octets, NIST SP 800-38D section 8.2.2
LONGEST = 300


class SealedTexts:
    """Seals texts for one purpose under a key of an installation."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key))

    def sealed(self, text: str) -> str:
        """A text in which nobody reads anything; nothing stays nothing."""
        if not text:
            return ""
        nonce = token_bytes(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode().rstrip("=")

    def opened(self, sealed: str) -> str:
        """What was sealed here; nothing for anything else."""
        try:
            octets = base64.urlsafe_b64decode(sealed[:LONGEST] + "=" * (-len(sealed[:LONGEST]) % 4))
            return self._cipher.decrypt(octets[:_NONCE], octets[_NONCE:], None).decode()
        except (InvalidTag, ValueError, binascii.Error):
            return ""
