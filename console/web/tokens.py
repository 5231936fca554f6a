"""Against forged forms: each carries a token that only a page of ours, shown to this browser, can have.

And numbers in addresses of pages are sealed: addresses stay in histories and in the logs of reverse proxies.
"""

from __future__ import annotations

import hmac
from hashlib import blake2s
from secrets import token_urlsafe

from rules.storage.sealed_texts import LONGEST, SealedTexts

_WHAT = b"console"  # keeps these apart from the pseudonyms that the same key makes (RFC 7693 2.8: personalization)
_WHERE = b"place"
_MARK = 32  # characters before a text that stands in one place only


class Tokens:
    """The tokens of forms, bound to a browser by a cookie that no script reads."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:32]
        self._texts = SealedTexts(key, "ringfence console addresses")

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
        return self._texts.sealed(text)

    def placed(self, where: str, text: str) -> str:
        """A text that stands in an address of one page only, and that nobody can have made by typing another one."""
        return self.sealed(f"{self._of_place(where, text)}{text}")

    def place(self, where: str, sealed: str) -> str:
        """What was placed there; nothing for anything else, as for what somebody typed elsewhere."""
        found = self.opened(sealed)
        made, text = found[:_MARK], found[_MARK:]
        return (
            text if hmac.compare_digest(self._of_place(where, text).encode(), made.encode("utf-8", "replace")) else ""
        )

    def _of_place(self, where: str, text: str) -> str:
        asked = f"{len(where)} {where}{text}".encode()
        return blake2s(asked, key=self._key, person=_WHERE, digest_size=_MARK // 2).hexdigest()

    def opened(self, sealed: str) -> str:
        """What was sealed here; nothing for anything else."""
        return self._texts.opened(sealed)
