"""Against forged forms: each carries a token that only a page of ours, shown to this browser, can have.

And numbers in addresses of pages are sealed: addresses stay in histories and in the logs of reverse proxies.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import blake2s
from secrets import token_bytes, token_urlsafe

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_WHAT = b"console"  # keeps these apart from the pseudonyms that the same key makes (RFC 7693 2.8: personalization)
_NONCE = 12  # octets, NIST SP 800-38D section 8.2.2
LONGEST = 300


class Tokens:
    """The tokens of forms, bound to a browser by a cookie that no script reads."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:32]
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"ringfence console addresses").derive(key))

    @staticmethod
    def new_browser() -> str:
        """What tells a browser from all others."""
        return token_urlsafe(24)

    def of(self, browser: str) -> str:
        """The token of the forms that are shown to this browser."""
        return blake2s(browser.encode(), key=self._key, person=_WHAT).hexdigest()

    def fits(self, browser: str, token: str) -> bool:
        """Was a form with this token shown to this browser?"""
        if not browser or len(token) > LONGEST:
            return False
        return hmac.compare_digest(self.of(browser).encode(), token.encode("utf-8", "replace"))

    def sealed(self, text: str) -> str:
        """A text as it may stand in an address; nothing stays nothing."""
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
