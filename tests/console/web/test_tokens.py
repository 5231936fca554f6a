"""Tokens of forms, and numbers sealed for addresses."""

import pytest

from console.web.tokens import Tokens

KEY = bytes(range(32))


def test_a_token_fits_the_browser_that_was_shown_it():
    tokens, browser = Tokens(KEY), Tokens.new_browser()
    assert tokens.fits(browser, tokens.of(browser))
    assert Tokens(KEY).fits(browser, tokens.of(browser)), "a restart of the process spoils no open form"
    for other, token in (
        (Tokens.new_browser(), tokens.of(browser)),
        (browser, tokens.of(browser)[:-1]),
        (browser, ""),
        (browser, "é" * 64),
        (browser, "0" * 10_000),
        ("", tokens.of("")),
    ):
        assert not tokens.fits(other, token)
    assert not Tokens(bytes(32)).fits(browser, tokens.of(browser))


@pytest.mark.parametrize("text", ["+8613800138000", "CN:95588", "95*", ""])
def test_a_number_in_an_address_is_read_by_nobody_else(text):
    tokens = Tokens(KEY)
    sealed = tokens.sealed(text)
    assert tokens.opened(sealed) == text
    assert text == "" or text not in sealed
    assert Tokens(bytes(32)).opened(sealed) == ""


@pytest.mark.parametrize("odd", ["", "x", "AAAA", "é", "A" * 1_000, "+8613800138000", "\x00"])
def test_what_was_not_sealed_here_is_nothing(odd):
    assert Tokens(KEY).opened(odd) == ""


def test_what_is_placed_is_good_there_alone_and_nobody_makes_it_by_typing():
    tokens = Tokens(bytes(32))
    placed = tokens.placed("sealed", "CN:95012345")
    assert tokens.place("sealed", placed) == "CN:95012345"
    typed = tokens.opened(placed)
    for where, odd in (("blocked", placed), ("sealed", tokens.sealed("CN:95012345")), ("sealed", "CN:95012345")):
        assert tokens.place(where, odd) == ""
    assert tokens.place("sealed", "") == ""
    assert typed.endswith("CN:95012345")
