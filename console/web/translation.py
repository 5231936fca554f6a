"""The languages of the pages: gettext catalogues, one file a page, read once; English stands in the sources."""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "zh": "中文"}
USUAL = "en"


def mark(text: str) -> str:
    """A text that is translated where it is shown; extraction knows this name."""
    return text


@cache
def words_of(language: str) -> NullTranslations:
    """What is said in this language."""
    if language == USUAL or language not in LANGUAGES:
        return NullTranslations()
    whole = Catalog(locale=language)
    folder = resources.files("console.web").joinpath("locale", language)
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".po"):
            for message in read_po(io.BytesIO(file.read_bytes()), locale=language):
                if message.id:
                    whole[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)


def chosen_language(cookie: str, accepted: str) -> str:
    """The language that somebody chose, else the first that his browser asks for and we have."""
    if cookie in LANGUAGES:
        return cookie
    for part in accepted.split(",")[:20]:
        language = part.partition(";")[0].strip().lower().partition("-")[0]
        if language in LANGUAGES:
            return language
    return USUAL
