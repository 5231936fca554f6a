"""What a rule that watched would have changed: by the record of the call, as the engine would have judged it."""

import json
from functools import cache
from itertools import product

import pytest

from rules.records.would_change import USUAL, Thresholds, would_change
from rules.screening.holding import thresholds_of
from rules.settings.screening import ScreeningSettings
from tests.rules.calls import TRUSTED, call, hit, rules

ENTRIES = ("allow", "block", "sealed", "ladder-tag", "ladder-reject", "suspect", "shared-block", "shared-allow")
EFFECTS = ("forward", "tag", "reject", "{suspicion: 10}", "{suspicion: -6}", "{tag: {label: x}, suspicion: 6}")


@cache
def two_rules(live, watching, mode, divert):
    when = "because: So., when: {caller: {class: mobile}}"
    return rules(
        f"- {{rule: live, {when}, then: {live}}}\n- {{rule: watched, {when}, then: {watching}, mode: {mode}}}\n",
        settings={"thresholds": {"divert": divert}},
    )


def judged(entry, ruleset):
    """The verdict with a list entry beside the rules."""
    made = call(trunk=TRUSTED, asserted_by_pai=True)
    kind, hits = entry.removeprefix("shared-"), []
    if entry:
        name = "ladder" if kind.startswith("ladder") else "a-list"
        weighs = 6 if kind == "suspect" else 0
        hits = [hit(name, kind, made, shared=entry.startswith("shared"), suspicion=weighs)]
    return ruleset.judge(made, hits)


@pytest.mark.parametrize("divert", ["", "desk"])
@pytest.mark.parametrize("entry", ["", *ENTRIES])
def test_it_says_what_the_engine_would_have_said(entry, divert):
    wrong, thresholds = [], thresholds_of(ScreeningSettings(thresholds={"divert": divert}))
    for live, watching in product(EFFECTS, EFFECTS):
        was, would = (judged(entry, two_rules(live, watching, mode, divert)) for mode in ("observe", "live"))
        fired = json.dumps([[*one] for one in was.fired])
        told = would_change("watched", was.action, was.step, fired, "trusted", thresholds)
        if told != (was.action != would.action):
            wrong.append((live, watching, was.action, would.action))
    assert wrong == []


def test_an_emergency_call_passes_and_thresholds_are_those_of_the_trunk():
    reject = json.dumps([["watched", "deciding rule", "reject", "f:1", "", "", 0, True]])
    assert would_change("watched", "forward", "no rule", reject, "t", USUAL)
    assert not would_change("watched", "tag", "emergency", reject, "t", USUAL)
    weighs = json.dumps([["watched", "suspicion", "suspicion", "f:1", "", "", 4, True]])
    assert not would_change("watched", "forward", "no rule", weighs, "t", USUAL)
    assert would_change("watched", "forward", "no rule", weighs, "t", Thresholds(5, 10, {"t": (3, 10)}))
