"""The languages of the pages: no text lacks its translation, none is left over, and the places to fill are the same."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from console.web.translation import LANGUAGES, chosen_language, words_of

ROOT = Path(__file__).resolve().parents[3]
WEB = ROOT / "console" / "web"
PLACES = re.compile(r"%\(\w+\)s")


def texts() -> dict[str, str]:
    """Every text of the sources, and where it stands."""
    found = extract_from_dir(
        WEB,
        [("**.py", "python"), ("templates/**.html", "jinja2")],
        options_map={"templates/**.html": {"trimmed": "true"}},
        keywords={"mark": None, "_": None, "gettext": None, "ngettext": (1, 2)},
    )
    told = {(text if isinstance(text, str) else text[0]): f"{file}:{line}" for file, line, text, _, _ in found}
    return sentences() | told


def sentences() -> dict[str, str]:
    """What services say, in sentences that know their words, and where."""
    found = {}
    for folder in ("rules", "ringfence"):
        each = extract_from_dir(ROOT / folder, [("**.py", "python")], keywords={"worded": None})
        found |= {text: f"{folder}/{file}:{line}" for file, line, text, _, _ in each}
    return found


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_text_lacks_its_translation_and_none_is_left_over(language):
    known, translated = texts(), {}
    for file in sorted((WEB / "locale" / language).glob("*.po")):
        for message in read_po(BytesIO(file.read_bytes())):
            if message.id:
                assert not message.fuzzy, f"{file.name}: {message.id}"
                assert translated.get(message.id, message.string) == message.string, f"{file.name}: {message.id}, too"
                translated[message.id] = message.string
    lacking = {text: place for text, place in known.items() if not translated.get(text)}
    assert not lacking, "\n".join(f"{place}: {text}" for text, place in lacking.items())
    assert set(translated) <= set(known), "no page says this any more"
    for text, other in translated.items():
        assert sorted(PLACES.findall(text)) == sorted(PLACES.findall(str(other))), text


def test_what_is_said_in_a_language():
    assert words_of("zh").gettext("Calls") == "通话"
    assert words_of("en").gettext("Calls") == words_of("xx").gettext("Calls") == "Calls"


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("zh", "en", "zh"),
        ("", "zh-CN,zh;q=0.9", "zh"),
        ("", "de,en;q=0.5", "en"),
        ("xx", "", "en"),
        ("", "\x00,", "en"),
    ],
)
def test_which_language_somebody_is_shown(cookie, accepted, language):
    assert chosen_language(cookie, accepted) == language
