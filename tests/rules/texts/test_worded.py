"""A sentence that knows its words is English for whoever reads it, and said in another language with what fills it."""

import copy
import json
import pickle

from rules.texts.worded import Worded, changed, joined, translated, worded

CATALOGUE = {
    "%(who)s calls %(times)s": "%(times)s by %(who)s, calling",
    "the caller": "HE",
    " and ": " AND ",
    "often": "OFTEN",
    "100 %% of %(who)s": "ALL %% of %(who)s",
}


def say(words):
    return CATALOGUE.get(words, words)


def test_it_is_a_text_and_is_said_in_other_words_with_what_fills_it():
    told = worded(
        "%(who)s calls %(times)s", who=worded("the caller"), times=joined(worded(" and "), [worded("often"), "50%"])
    )
    assert told == "the caller calls often and 50%"
    assert json.dumps({"text": told}) == '{"text": "the caller calls often and 50%"}'
    assert translated(told, say) == "OFTEN AND 50% by HE, calling"
    for copied in (copy.deepcopy(told), pickle.loads(pickle.dumps(told))):
        assert translated(copied, say) == translated(told, say)
    assert translated(worded("100 %% of %(who)s", who="%(who)s"), say) == "ALL % of %(who)s"
    assert worded("100 %% of %(who)s", who="%s") == "100 % of %s"


def test_what_a_person_wrote_stays_as_it_is():
    assert translated("the caller", say) == "the caller"
    assert translated(None, say) is None
    assert translated(Worded("", {}), lambda _: "the head of a catalogue") == ""


def test_what_fills_it_is_hidden_and_its_words_are_not():
    told = worded("%(who)s calls %(times)s", who="the caller +861", times=joined(", ", ["+861", worded("often")]))
    hidden = changed(told, lambda text: text.replace("+861", "*").replace("calls", "?"))
    assert hidden == "the caller * calls *, often"
    assert translated(hidden, say) == "*, OFTEN by the caller *, calling"
    assert changed("+861", lambda text: text.replace("1", "*")) == "+86*"


def test_one_part_needs_nothing_between():
    assert joined(" and ", []) == ""
    assert joined(" and ", ["a"]) == "a"
    assert joined(" and ", ["a", "b", "c"]) == "a and b and c"
