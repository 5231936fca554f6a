"""What may be set for a reply: nothing that could end a quoted text or a line of the message."""

import re

import pytest

from proxy.profile_settings import PRINTABLE, read_page
from rules.texts.bad_value import BadValue


@pytest.mark.parametrize("page", ["https://a.example", "https://[2001:db8::1]:8443/why/{decision}?from=call&x=%20#top"])
def test_a_page_stays_as_it_is_written(page: str):
    assert read_page(page) == page


@pytest.mark.parametrize("sign", ['"', "\\", ";", "<", ">", ",", " ", "\r\n", "\x7f", "原", "{", "}"])
def test_nothing_in_a_page_ends_the_text_around_it(sign: str):
    with pytest.raises(BadValue):
        read_page(f"https://a.example/why{sign}x")


@pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\x1b", "\x85", "\u2028", "\u2029"])
def test_a_phrase_is_one_line_for_every_reader(sign: str):
    assert not re.fullmatch(PRINTABLE, f"No way{sign}")
    assert re.fullmatch(PRINTABLE, "骚扰电话 – Nein!")
