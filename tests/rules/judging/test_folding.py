"""A name is read as what it looks like: whatever signs a stranger writes it with, the rule for it holds."""

import unicodedata

import pytest

from rules.judging.folding import folded
from tests.rules.calls import call, holds, rule, rules

# Of several scripts, over letters that are of none of them.
MARKS = "\u1dc0\u1ab0\ufe20\u0483\u0489\u0591\u064e\u093c\u3099\u1cd0\ua66f\U0001e8d0\u0300\u20dd\u0338"

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
    "\U0001f171\U0001f170\U0001f17d\U0001f17a of China",  # negative squares
    "\U0001f151\U0001f150\U0001f15d\U0001f15a of China",  # and rings
    "\u249d\u249c\u24a9\u24a6 of China",  # in brackets
    "ban\u03ba of China",  # Greek small k
    "\u2c82ANK of China",  # Coptic
    "B\u2c80NK of China",
    "ban\u049b of China",  # Cyrillic, with a descender
    "ba\u0272k of China",  # hooks
    "\u1d6c\u1d8f\u1d87\u1d84 of China",
    "\u0412\u0410\u0418\u041a of China",  # capitals of Cyrillic alone
    "Ba\u2028nk of\u2029 China",
    "B\x0ba\x85nk of China",
    "B.A.N.K of China",
    "b-a-n-k of China",
    "b_a_n_k of China",
    *(f"Ba{mark}nk of China" for mark in MARKS),
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


@pytest.mark.parametrize("name", ["สวัสดี", "नमस्ते", "שָׁלוֹם"])
def test_marks_of_a_script_stay_over_its_own_letters(name):
    assert any(unicodedata.category(sign) == "Mn" for sign in folded(name))


def test_kana_keep_their_marks():
    assert folded("ガード") == folded("ｶﾞｰﾄﾞ") == "ガード"


@pytest.mark.parametrize("digits", ["\u2784\u2784\u2787\u2787", "\u0665\u0665\u0668\u0668", "\u2478\u2478\u247b\u247b"])
def test_a_picture_of_a_digit_is_that_digit(digits):
    assert folded(digits)[-2:] == "88"


def test_a_sign_that_some_show_as_a_blank_is_read_both_ways():
    made = call(display_name="Bank\u2028of\u2028China")
    assert holds("{display_name: bank of china}", made)
    assert holds("{display_name: bankofchina}", made)


# All that Python calls a blank: controls, the separators of lines and paragraphs, every width of Unicode.
ODD_BLANKS = [sign for sign in map(chr, range(0x3001)) if sign.isspace() and sign != " "]
# And what Unicode says is shown as nothing: assigned or not, an empty note, a cell of Braille without dots.
NOTHING = [*"\u2065\ufff0\ufff8\u2800\u3164\u180f", *map(chr, (0x1D159, 0xE0000, 0xE0080, 0xE0FFF))]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("sign", ODD_BLANKS + NOTHING, ids=ascii)
def test_one_odd_blank_between_letters_hides_no_name(sign, turned):
    """Telephones show a sliver of it or nothing."""
    name = f"B{sign}ank of China"
    made = call(display_name=f"\u202e{name[::-1]}" if turned else name)
    for when in ("{contains: bank}", "bank of china", "bank*"):
        assert holds(f"{{display_name: {when}}}", made)
        assert rules(rule(f"{{display_name: {when}}}", "reject")).judge(made).action == "reject", "by the index, too"


def test_narrow_blanks_between_letters_and_wide_ones_between_words_hide_no_name():
    assert holds("{display_name: bank of china}", call(display_name="Ba\u200ank\u00a0of\u3000Chi\u2009na"))
    assert not holds("{display_name: {contains: bank}}", call(display_name="Rob Ankers\u00a0Ltd"))
