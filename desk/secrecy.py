"""What is kept of people: keyed pseudonyms to tell them apart, encrypted words to answer them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from secrets import token_bytes, token_hex

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from desk.faults import ComplaintError
from rules.records.privacy import pseudonym
from rules.storage.keys import Keys
from rules.storage.sealed_texts import SealedTexts

_NONCE = 12  # bytes, NIST SP 800-38D section 8.2.2
_REFERENCE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I L O U: it is read aloud
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # which make no word
_PLACES = 10
OTHER_KEY = "was written under another key; is the right key file in place?"
_TYPED = re.compile(r"[CA][- ]?[0-9A-Z]{5}[- ]?[0-9A-Z]{5}", re.IGNORECASE)


class Secrecy:
    """Pseudonyms and ciphers of one installation."""

    def __init__(self, keys: Keys) -> None:
        self._pseudonyms = keys.pseudonym
        # The last one reads what was written before there was a key for contents; derived, so that neither use tells
        # anything about the other (RFC 5869 section 3.2).
        derived = HKDF(SHA256(), 32, salt=None, info=b"ringfence complaint contents").derive(keys.pseudonym)
        self._places = SealedTexts(keys.pseudonym, "ringfence places of masked numbers")
        self._ciphers = [AESGCM(key) for key in (*keys.contents, *keys.retired, derived)]

    @property
    def key_of_pseudonyms(self) -> bytes:
        """For the lists of subscribers, who stand there by pseudonyms of their own."""
        return self._pseudonyms

    def pseudonym(self, canonical: str) -> str:
        """The same as in decision records, so that a complaint finds its call."""
        return pseudonym(self._pseudonyms, canonical)

    def short_name(self, number: str) -> str:
        """Four letters by which two numbers that look alike behind their masks are told apart; they tell nothing else.

        No part of the pseudonym of the audit: who knows one of them does not know the other.
        """
        hidden = int(self.pseudonym(f"short name:{number}")[:12], 16)
        return "".join(_LETTERS[hidden // len(_LETTERS) ** place % len(_LETTERS)] for place in range(4))

    def sealed(self, text: str) -> str:
        """Where a page of masked numbers ended, for whoever asks for the next one."""
        return self._places.sealed(text)

    def opened(self, sealed: str) -> str:
        """What was sealed so; nothing for anything else."""
        return self._places.opened(sealed)

    def encrypt(self, contents: dict[str, str], reference: str) -> bytes | None:
        """What people wrote, bound to one complaint; None for nothing."""
        kept = {name: text for name, text in contents.items() if text}
        if not kept:
            return None
        nonce = token_bytes(_NONCE)
        plain = json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return nonce + self._ciphers[0].encrypt(nonce, plain, reference.encode())

    def under_newest(self, blob: bytes, reference: str) -> bytes | None:
        """The same words under the newest key; None where they are under it already."""
        with suppress(InvalidTag):
            self._ciphers[0].decrypt(blob[:_NONCE], blob[_NONCE:], reference.encode())
            return None
        return self.encrypt(self.decrypt(blob, reference), reference)

    def decrypt(self, blob: bytes | None, reference: str) -> dict[str, str]:
        """What people wrote."""
        if not blob:
            return {}
        for cipher in self._ciphers:
            with suppress(InvalidTag):
                plain = cipher.decrypt(blob[:_NONCE], blob[_NONCE:], reference.encode())
                found: dict[str, str] = json.loads(plain.decode("utf-8", "surrogatepass"))
                return found
        raise ComplaintError("contents", f"{reference} {OTHER_KEY}")


def is_reference(text: str) -> bool:
    """Does it look like a reference as somebody types one?"""
    return bool(_TYPED.fullmatch(text.strip()))


def about_of(reference: str) -> str:
    """What a reference is of: complaint or appeal."""
    return "appeal" if reference[:1] == "A" else "complaint"


def new_reference(kind: str) -> str:
    """A number for people, such as C-7K3M9-2QF4T: nobody can guess another's."""
    bits = int(token_hex(8), 16)
    text = "".join(_REFERENCE[bits >> 5 * place & 31] for place in range(_PLACES))
    return f"{kind}-{text[:5]}-{text[5:]}"


def read_reference(text: str) -> str:
    """A reference as somebody typed it: case, blanks and the letters that look like digits are forgiven."""
    folded = text.strip().upper().replace(" ", "").replace("-", "")
    kind, rest = folded[:1], folded[1:].translate(str.maketrans("OIL", "011"))
    return f"{kind}-{rest[:5]}-{rest[5:]}"
