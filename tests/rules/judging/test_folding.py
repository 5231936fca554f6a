"""A name is read as what it looks like: whatever signs a stranger writes it with, the rule for it holds."""

import pytest

from rules.judging.folding import folded
from tests.rules.calls import call, holds, rule, rules

LOOK_LIKE_BANK = [
    "Bank of China",
    "\uff22\uff41\uff4e\uff4b of China",  # full width
    "\U0001d401\U0001d41a\U0001d427\U0001d424 of China",  # styled
    "B\u0430nk of China",  # Cyrillic a
    "Ba\u200bn\ufeffk of China",  # zero width
    "Bank\u00a0of\u2003 China",  # other blanks
    "B A N K of China",
    "B\u0301ank of China",  # a stray accent
    "Ban\u043a of China",  # Cyrillic small k
    "\u0432\u0430\u043f\u043a of China",  # all of it Cyrillic
    "\u202eanihC fo knaB",  # shown from right to left
    "\u202eknaB\u202c of China",
    "Ba\x01nk of Chi\x7fna",  # controls, which show nothing
    "Ba\x9dnk of China",
    "\u0299\u1d00\u0274\u1d0b of China",  # small capitals
    "\u0253ank of China",
    "\U0001f1e7\U0001f1e6\U0001f1f3\U0001f1f0 of China",  # letters of flags
    "\u2c83ank of China",
]


@pytest.mark.parametrize("name", LOOK_LIKE_BANK)
@pytest.mark.parametrize("when", ["{contains: bank}", "bank of china", "bank*", "{matches: '^(?i)bank of'}"])
def test_a_name_that_looks_like_it_is_it(name, when):
    made = call(display_name=name)
    assert holds(f"{{display_name: {when}}}", made)
    found = rules(rule(f"{{display_name: {when}}}", "reject"))
    assert found.judge(made).action == "reject", "the index finds the rule, too"


@pytest.mark.parametrize("name", ["中 国 银 行", "中\u200b国\u3000银行", "中国 银行", "⼯商 中国银⾏"])
def test_blanks_and_radicals_hide_no_chinese_name(name):
    assert holds("{display_name: {contains: 中国银行}}", call(display_name=name))
    assert holds("{display_name: {contains: 中国 银行}}", call(display_name=name))


def test_other_scripts_are_still_asked_for_as_they_are_written():
    made = call(display_name="Иван Банк")
    assert holds("{display_name: {contains: банк}}", made)
    assert holds("{display_name: {matches: Банк$}}", made)
    assert not holds("{display_name: {contains: bank}}", call(display_name="Rob Ankers"))


def test_a_name_that_shows_nothing_is_missing():
    assert holds("{display_name: {missing: true}}", call(display_name="\u200b\u2060"))
    assert not holds("{display_name: {missing: true}}", call(display_name="x"))


@pytest.mark.parametrize("name", ["Alice", "John Smith", "95588", "O'Brien"])
def test_a_plain_name_comes_back_as_it_is(name):
    assert folded(name) is name


def test_capital_i_of_other_scripts_is_no_small_l():
    assert folded("\u0406CBC").lower() == "icbc"
