"""Who wins: each step of the precedence, marks, suspicion, modes; and agreement with the slow, obvious judge."""

import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.model import Action, Step
from rules.settings.screening import ListSettings
from tests.examples import examples
from tests.rules import plain_judge
from tests.rules.calls import CN, EVENING, TRUSTED, call, compiled, hit, rule, rules

MOBILE = "{caller: {class: mobile}}"
NOTHING = rules(rule("{caller: 96110}"))


def verdict(text="", *hits, made=None, called_hits=(), **more):
    ruleset = rules(text, **more) if text else NOTHING
    return ruleset.judge(made or call(), hits, called_hits)


def entry(kind, name="", narrowness=100, made=None, **more):
    return hit(name or kind, kind, made or call(), narrowness, **more)


def test_no_rule_forwards_without_a_mark():
    found = verdict()
    assert (found.action, found.step, found.rule, found.fired) == (Action.FORWARD, Step.DEFAULT, "", ())
    assert found.revision == NOTHING.revision


@pytest.mark.parametrize(
    ("rules", "entries", "by"),
    [
        ([rule(MOBILE, "reject")], ["sealed", "block"], "sealed"),
        ([rule(MOBILE, "reject")], [], "r"),
        ([rule(MOBILE, "tag")], [], "r"),
        ([], ["ladder-limit"], "ladder-limit"),
        ([], [], ""),
        ([rule(MOBILE, "forward")], [], ""),
        ([], ["allow"], ""),
    ],
)
def test_an_emergency_call_passes_and_is_marked_by_what_would_have_tagged_or_rejected_it(rules, entries, by):
    made = call(called="110", emergency=True, trunk=TRUSTED)
    found = verdict("".join(rules), *map(entry, entries), made=made)
    assert (found.action, found.step) == (Action.TAG if by else Action.FORWARD, Step.EMERGENCY)
    assert found.rule == by
    assert bool(found.fired) is bool(rules or entries), "whatever fired is recorded"
    assert (found.label, found.ring, found.profile, found.destination) == ("", "", "", "")


def test_a_list_of_emergency_extras_is_an_emergency():
    made = call(called="8001")
    extra = hit("crisis", "emergency", made.called.canonical)
    found = verdict(rule(MOBILE, "reject"), made=made, called_hits=[extra])
    assert (found.action, found.step, found.rule) == (Action.TAG, Step.EMERGENCY, "r")


LADDER_OF_STEPS = [
    ("subscriber-allow", {}, Step.SUBSCRIBER_ALLOW, Action.FORWARD),
    ("allow", {}, Step.OPERATOR_ALLOW, Action.FORWARD),
    ("sealed", {}, Step.SEALED, Action.REJECT),
    ("subscriber-block", {}, Step.SUBSCRIBER_BLOCK, Action.REJECT),
    ("block", {}, Step.OPERATOR_BLOCK, Action.REJECT),
    ("ladder-reject", {}, Step.LADDER, Action.REJECT),
    (None, {}, Step.RULES, Action.FORWARD),
    ("block", {"name": "theirs", "shared": True}, Step.SHARED, Action.REJECT),
    ("suspect", {"suspicion": 10}, Step.SUSPICION, Action.REJECT),
]


@pytest.mark.parametrize("above", range(len(LADDER_OF_STEPS)))
def test_each_step_beats_all_below_it_whatever_their_narrowness(above):
    made = call(trunk=TRUSTED)
    steps = LADDER_OF_STEPS[above:]
    hits = [
        entry(kind, made=made, narrowness=rank, **more)
        for rank, (kind, more, _, _) in enumerate(steps)
        if kind is not None
    ]
    text = rule(MOBILE, "forward") if any(kind is None for kind, *_ in steps) else ""
    found = verdict(text, *reversed(hits), made=made)
    _, _, step, action = LADDER_OF_STEPS[above]
    assert (found.step, found.action) == (step, action)


def test_a_step_of_the_ladder_that_tags_is_a_mark():
    found = verdict("", entry("ladder-tag"))
    assert (found.action, found.step, found.rule) == (Action.TAG, Step.LADDER, "ladder-tag")
    assert verdict(rule(MOBILE, "forward"), entry("ladder-tag")).action is Action.TAG
    assert verdict(rule(MOBILE, "reject"), entry("ladder-tag")).action is Action.REJECT
    allowed = call(trunk=TRUSTED)
    assert verdict("", entry("ladder-tag", made=allowed), entry("allow", made=allowed), made=allowed).step == (
        Step.OPERATOR_ALLOW
    )


def test_who_is_limited_hears_another_word():
    found = verdict("", entry("ladder-limit"))
    assert (found.action, found.step, found.profile) == (Action.REJECT, Step.LADDER, "limit")


def test_what_suspicion_would_reject_may_be_diverted():
    text = rule(MOBILE, "{suspicion: 10}")
    aloud = rules(text, settings={"thresholds": {"divert": "desk"}})
    found = aloud.judge(call())
    assert (found.action, found.step, found.destination, found.profile) == (Action.DIVERT, Step.SUSPICION, "desk", "")
    assert rules(text).judge(call()).action is Action.REJECT
    assert aloud.judge(call(message=True)).action is Action.REJECT, "a MESSAGE hears nothing"
    assert aloud.judge(call(called="110", emergency=True)).action is Action.TAG, "an emergency call rings with a mark"
    assert (
        rules(rule(MOBILE, "{suspicion: 5}"), settings={"thresholds": {"divert": "desk"}}).judge(call()).action == "tag"
    )


HEARD = CN._replace(divert="aloud")
ANSWERING = rules(
    "",
    settings={
        "lists": {
            "tells": ListSettings(kind="block", divert="announcement"),
            "polite": ListSettings(kind="block", profile="busy"),
        },
        "complaints": {"ladder_divert": {"limit": "slow-down", "reject": "stop"}},
    },
)


@pytest.mark.parametrize(
    ("kind", "name", "trunk", "got"),
    [
        ("block", "plain", CN, "decline"),
        ("block", "polite", CN, "busy"),
        ("block", "tells", CN, "> announcement"),
        ("do-not-originate", "tells", CN, "> announcement"),
        ("sealed", "tells", CN, "> announcement"),
        ("block", "plain", HEARD, "> aloud"),
        ("subscriber-block", "subscriber-block", HEARD, "> aloud"),
        ("block", "polite", HEARD, "busy"),
        ("block", "tells", HEARD, "> announcement"),
        ("ladder-limit", "ladder", CN, "> slow-down"),
        ("ladder-reject", "ladder", HEARD, "> stop"),
        ("ladder-reject", "tells", CN, "> stop"),
        ("allow", "tells", TRUSTED._replace(divert="aloud"), ""),
    ],
)
def test_a_list_a_step_or_a_trunk_may_tell_the_caller_aloud_or_by_a_profile_of_its_own(kind, name, trunk, got):
    made = call(trunk=trunk)
    found = ANSWERING.judge(made, [entry(kind, name, made=made)])
    answered = f"> {found.destination}" if found.action is Action.DIVERT else found.profile
    assert (answered, found.fired[0].effect) == (got, found.action.value)
    assert bool(found.destination) is got.startswith(">")


def test_an_entry_that_diverts_marks_an_emergency_call_as_one_that_rejects():
    made = call(called="110", emergency=True)
    found = ANSWERING.judge(made, [entry("block", "tells")])
    assert (found.action, found.step, found.rule) == (Action.TAG, Step.EMERGENCY, "tells")


def test_a_message_hears_no_announcement():
    made = call()
    made.message = True
    assert ANSWERING.judge(made, [entry("block", "tells")]).action is Action.REJECT


def test_watched_is_noted_only():
    found = verdict("", entry("ladder-watch"))
    assert (found.action, found.fired[0].effect) == (Action.FORWARD, "fact")


def test_do_not_originate_stands_beside_block_and_the_narrower_is_named():
    found = verdict("", entry("block", narrowness=5), entry("do-not-originate", narrowness=9))
    assert (found.action, found.step, found.rule) == (Action.REJECT, Step.OPERATOR_BLOCK, "do-not-originate")
    assert found.reason == "on list do-not-originate"


def test_among_shared_lists_the_narrower_wins_and_allow_wins_when_equal():
    made = call(trunk=TRUSTED)
    block = entry("block", "b", 9, made, shared=True)
    for narrowness, action in ((8, Action.REJECT), (9, Action.FORWARD), (10, Action.FORWARD)):
        allow = entry("allow", "a", narrowness, made, shared=True)
        assert verdict("", block, allow, made=made).action is action


@pytest.mark.parametrize(
    ("trunk", "by_pai", "passes"),
    [
        (CN, False, False),
        (CN, True, False),
        (CN._replace(cli_screened=True), False, True),
        (CN._replace(cli_screened=True), True, False),
        (CN._replace(identity_trusted=True), True, True),
        (CN._replace(identity_trusted=True), False, False),
    ],
)
def test_an_operators_allow_entry_passes_only_a_number_that_can_be_believed(trunk, by_pai, passes):
    made = call(trunk=trunk, asserted_by_pai=by_pai)
    found = verdict("", entry("allow", made=made), entry("block", made=made), made=made)
    assert (found.action is Action.FORWARD) is passes
    assert ("allow", "fact") in [(f.name, f.effect) for f in found.fired] or passes


def test_an_allow_entry_passes_only_on_the_trunks_it_names():
    made = call(trunk=TRUSTED)
    for trunks, action in (((), Action.FORWARD), (("trusted", "x"), Action.FORWARD), (("x",), Action.REJECT)):
        found = verdict("", entry("allow", made=made, trunks=trunks), entry("block", made=made), made=made)
        assert found.action is action


def test_a_forged_number_beside_the_asserted_one_opens_no_door_but_closes_one():
    made = call("95588", trunk=TRUSTED, shown=("13912345678",))
    shown = "+8613912345678"
    assert verdict("", hit("allowed", "allow", shown), made=made).step is Step.DEFAULT
    assert verdict("", hit("blocked", "block", shown), made=made).action is Action.REJECT


def test_a_plain_list_does_nothing_by_itself_but_is_recorded():
    found = verdict("", entry("plain", "consented"), entry("own", "ours"))
    assert found.action is Action.FORWARD
    assert [(f.name, f.effect) for f in found.fired] == [("consented", "fact"), ("ours", "fact")]


def test_among_deciding_rules_forward_beats_reject_beats_divert_and_ties_go_by_the_alphabet():
    text = rule(MOBILE, "divert", "a") + rule(MOBILE, "reject", "c") + rule(MOBILE, "reject", "b")
    assert (verdict(text).action, verdict(text).rule) == (Action.REJECT, "b")
    found = verdict(text + rule(MOBILE, "forward", "z"))
    assert (found.action, found.rule, len(found.fired)) == (Action.FORWARD, "z", 4)


def test_a_forward_rule_never_beats_a_list_above_it_but_a_shared_list():
    assert verdict(rule(MOBILE, "forward"), entry("block")).action is Action.REJECT
    assert verdict(rule(MOBILE, "forward"), entry("block", shared=True)).action is Action.FORWARD


def test_a_tag_ends_nothing_and_goes_out_with_a_forward():
    text = rule(MOBILE, "tag", "mark") + rule(MOBILE, "forward", "pass")
    found = verdict(text)
    assert (found.action, found.rule, found.step) == (Action.TAG, "mark", Step.RULES)


def test_a_tag_does_not_go_out_with_a_rejection_nor_when_a_list_allows():
    made = call(trunk=TRUSTED)
    assert verdict(rule(MOBILE, "tag"), entry("block")).action is Action.REJECT
    assert verdict(rule(MOBILE, "tag", "a") + rule(MOBILE, "reject", "b")).action is Action.REJECT
    assert verdict(rule(MOBILE, "tag"), entry("allow", made=made), made=made).action is Action.FORWARD


def test_a_label_goes_with_the_tag_that_wins():
    found = verdict(rule(MOBILE, "{tag: {label: 疑似骚扰}}"))
    assert (found.action, found.label) == (Action.TAG, "疑似骚扰")


def test_a_caller_is_masked_by_any_rule_that_tags_and_by_none_that_only_watches():
    text = rule(MOBILE, "{tag: {label: 疑似推销}}", "a") + rule(MOBILE, "{tag: {mask: true}}", "b")
    found = verdict(text)
    assert (found.rule, found.label, found.mask) == ("a", "疑似推销", True)
    assert verdict(text + rule(MOBILE, "{divert: desk}", "c")).mask
    assert not verdict(text + rule(MOBILE, "reject", "c")).mask
    assert not verdict(rule(MOBILE, "{tag: {label: x}}", "a")).mask
    assert not verdict(rule(MOBILE, "{tag: {mask: true}}", "b").replace("  then:", "  mode: observe\n  then:")).mask


def test_of_several_rules_that_tag_the_first_by_name_gives_its_name_and_the_first_that_has_one_its_label_and_ring():
    text = rule(MOBILE, "tag", "a") + rule(MOBILE, "{tag: {ring: 'urn:alert:b'}}", "b")
    text += rule(MOBILE, "{tag: {label: 疑似推销, ring: 'urn:alert:c'}}", "c") + rule(MOBILE, "{tag: {label: no}}", "d")
    found = verdict(text)
    assert (found.rule, found.label, found.ring) == ("a", "疑似推销", "urn:alert:b")


def test_marks_go_out_with_a_divert_too():
    found = verdict(rule(MOBILE, "{divert: desk}", "a") + rule(MOBILE, "{tag: {label: odd}}", "b"))
    assert (found.action, found.rule, found.label) == (Action.DIVERT, "a", "odd")


def test_reply_profiles_and_destinations():
    assert verdict(rule(MOBILE, "{reject: busy}")).profile == "busy"
    assert verdict(rule(MOBILE, "reject")).profile == "decline"
    assert verdict("", entry("block")).profile == "decline"
    assert verdict(rule(MOBILE, "{divert: desk}")).destination == "desk"
    assert verdict(rule(MOBILE, "tag")).profile == ""


@pytest.mark.parametrize(
    ("amounts", "action"),
    [((4,), "forward"), ((5,), "tag"), ((4, 1), "tag"), ((9,), "tag"), ((4, 6), "reject"), ((10, -6), "forward")],
)
def test_suspicion_adds_up_and_thresholds_turn_it_into_an_action(amounts, action):
    text = "".join(rule(MOBILE, f"{{suspicion: {n}}}", f"r{i}") for i, n in enumerate(amounts))
    found = verdict(text)
    assert (found.action, found.suspicion) == (action, sum(amounts))
    if action != "forward":
        assert found.step is Step.SUSPICION


def test_the_trunk_sets_the_thresholds():
    made = call(trunk=CN._replace(tag_at=3, reject_at=4))
    assert verdict(rule(MOBILE, "{suspicion: 3}"), made=made).action is Action.TAG
    assert verdict(rule(MOBILE, "{suspicion: 4}"), made=made).action is Action.REJECT


def test_suspicion_names_who_added_most():
    text = rule(MOBILE, "{suspicion: 3}", "b") + rule(MOBILE, "{suspicion: 3}", "a")
    assert verdict(text).rule == "a"
    assert verdict(text, entry("suspect", "complaints", suspicion=5)).rule == "complaints"


def test_a_suspect_list_counts_once_by_its_narrowest_entry():
    wide = entry("suspect", "s", 1, suspicion=5)
    narrow = entry("suspect", "s", 2, suspicion=2)
    assert verdict("", wide, narrow).suspicion == 2
    assert verdict("", wide, entry("suspect", "t", 2, suspicion=2)).suspicion == 7


def test_a_forward_rule_ends_the_search_before_suspicion():
    found = verdict(rule(MOBILE, "forward", "a") + rule(MOBILE, "{suspicion: 10}", "b"))
    assert (found.action, found.suspicion) == (Action.FORWARD, 10)


def test_a_rule_in_observe_only_leaves_a_trace():
    found = verdict(rule(MOBILE, "reject", mode="observe") + rule(MOBILE, "{suspicion: 9}", "s", mode="observe"))
    assert (found.action, found.suspicion) == (Action.FORWARD, 0)
    assert [fired.said for fired in found.fired] == ["observe: reject", "observe: suspicion +9"]


def test_a_canary_acts_on_its_share_of_callers_and_always_on_the_same():
    ruleset = rules(rule(MOBILE, "reject", mode="25%"))
    callers = [f"139{n:08d}" for n in range(2000)]
    rejected = [c for c in callers if ruleset.judge(call(c)).action is Action.REJECT]
    assert 430 < len(rejected) < 570
    assert rejected == [c for c in callers if ruleset.judge(call(c, at=EVENING + 1)).action is Action.REJECT]
    other = rules(rule(MOBILE, "reject", "other", mode="25%"))
    assert rejected != [c for c in callers if other.judge(call(c)).action is Action.REJECT]


def test_a_canary_without_a_caller_goes_by_the_called_number():
    ruleset = rules(rule("{anonymous: true}", "reject", mode="50%"))
    actions = {ruleset.judge(call("anonymous", f"1380013{n:04d}")).action for n in range(50)}
    assert actions == {Action.REJECT, Action.FORWARD}


def test_all_that_fired_is_recorded_in_the_order_of_the_steps():
    found = verdict(rule(MOBILE, "tag", "z") + rule(MOBILE, "{suspicion: 2}", "a"), entry("block"), entry("plain"))
    assert [(f.step, f.name, f.said) for f in found.fired] == [
        (Step.OPERATOR_BLOCK, "block", "reject"),
        (Step.RULES, "z", "tag"),
        (Step.SUSPICION, "a", "suspicion +2"),
        (Step.DEFAULT, "plain", "fact"),
    ]
    assert found.fired[1].detail == "rules.yaml:1"


# What follows compares with the slow judge on made-up rules and calls.

CALLERS = [
    "95588",
    "955880",
    "95012345",
    "95312345",
    "13912345678",
    "13900000001",
    "+12025550123",
    "anonymous",
    "4006123456",
    "01065551234",
]
KINDS = [
    "allow",
    "block",
    "sealed",
    "suspect",
    "plain",
    "own",
    "do-not-originate",
    "subscriber-allow",
    "subscriber-block",
]


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


NUMBER = {
    "exact": some(["95588", "13912345678", "+12025550123"]),
    "starts_with": some(["955", "9558", "139", "13900", "+1", "010"]),
    "range": some(["95500..95599", "13900000000..13912345678", "95000000..95799999"]),
    "class": some(["mobile", "cn-95", "cn-9-odd", "fixed", "cn-400", "anonymous"]),
    "on_list": some(["l0", "l1", "l2"]),
    "country": some(["CN", "US"]),
}
CALLER = NUMBER | {"calls": st.just({"over": 60, "within": "1h"})}
CALLED = NUMBER | {"group": some(["homes", "offices"])}
LEAVES = {
    "anonymous": st.booleans(),
    "trunk": some(["carrier", "trusted"]),
    "display_name": st.one_of(st.just({"missing": True}), st.fixed_dictionaries({"contains": some(["bank", "LOAN"])})),
    "agrees": st.one_of(st.booleans(), st.just({"missing": True})),
    "diverted": st.booleans(),
    "hours": some(["21:00-08:00", "08:00-12:00", "22:10-22:11", "00:00-20:00"]),
    "days": st.lists(st.sampled_from(plain_judge.DAYS), min_size=2, max_size=4, unique=True),
}
MARKS = [{"tag": {"label": "one"}}, {"tag": {"ring": "urn:alert:two"}}, {"tag": {"label": "3", "ring": "urn:alert:3"}}]
SUSPICIONS = [{"suspicion": 4}, {"suspicion": 6}, {"suspicion": -3}]
THEN = st.sampled_from(["forward", "tag", "reject", "divert", *MARKS, *SUSPICIONS])


def drawn_keys(draw, choices, most):
    keys = draw(st.lists(st.sampled_from(sorted(choices)), min_size=1, max_size=most, unique=True))
    return {key: draw(choices[key]) for key in keys}


@st.composite
def conditions(draw, depth=2):
    """Whatever may stand under `when`."""
    kinds = [["caller"], ["called"], ["caller", "called"], *[["hours", "days"]] * 3, *([leaf] for leaf in LEAVES)]
    nested = [["any"], ["any"], ["any", "caller"], ["all"]] if depth else []
    found = {}
    for key in draw(st.sampled_from([*nested, *kinds])):
        if key in ("any", "all"):
            found[key] = draw(st.lists(conditions(depth - 1), min_size=2, max_size=3))
        elif key in LEAVES:
            found[key] = draw(LEAVES[key])
        else:
            found[key] = drawn_keys(draw, CALLER if key == "caller" else CALLED, 2)
    return found


@st.composite
def drawn_rules(draw):
    rule = {"when": draw(conditions()), "then": draw(THEN), "mode": draw(st.sampled_from(["live", "observe", "30%"]))}
    if draw(st.booleans()):
        rule["unless"] = draw(st.lists(conditions(depth=1), min_size=1, max_size=2))
    return rule


CALL = st.builds(
    lambda caller, called, trunk, at, shown, facts, more: call(
        caller, called, trunk=trunk, at=EVENING + at * 60, shown=shown, facts=facts, **more
    ),
    st.sampled_from(CALLERS),
    st.sampled_from(["13800138000", "8001", "01065551234"]),
    st.sampled_from([CN, TRUSTED, CN._replace(cli_screened=True)]),
    st.one_of(st.integers(-10_000, 10_000), st.integers(100, 600)),  # minutes from a Tuesday 22:10, many after midnight
    st.sampled_from([(), ("95588",)]),
    st.sampled_from([None, {"group": "homes"}, {"group": "offices", "calls_1h": 61.0}, {"calls_1h": 60.0}]),
    st.fixed_dictionaries(
        {},
        optional={
            "agrees": st.booleans(),
            "diverted": st.booleans(),
            "display_name": st.sampled_from(["My Bank", "loan", "x"]),
            "asserted_by_pai": st.booleans(),
        },
    ),
)
HIT = st.tuples(
    st.integers(0, 2),
    st.sampled_from(KINDS),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from([(), ("trusted",)]),
    st.booleans(),
)


def hits_of(drawn, made):
    """Entries of lists that keep their kind; some cover the number that is merely shown."""
    kinds, found = {}, []
    for number, kind, narrowness, shared, trunks, asserted in drawn:
        name = f"l{number}"
        kind, shared = kinds.setdefault(name, (kind, shared))
        covered = made.callers[0 if asserted else -1]
        if covered.canonical:
            amount = number + 2 * narrowness if kind == "suspect" else 0
            found.append(hit(name, kind, covered.canonical, narrowness, suspicion=amount, shared=shared, trunks=trunks))
    return list(dict.fromkeys(found))


WHAT_COUNTS = ("action", "step", "rule", "reason", "suspicion", "label", "ring")
LISTED = {"settings": {"lists": {f"l{n}": {"kind": "plain"} for n in range(3)}}, "trunks": (CN, TRUSTED)}


def as_yaml(drawn):
    """Rules as YAML, which reads JSON too."""
    return json.dumps([{"rule": f"r{n}", "because": "b", **one} for n, one in enumerate(drawn)])


@examples(400)
@given(
    st.lists(drawn_rules(), min_size=1, max_size=6),
    st.lists(st.tuples(CALL, st.lists(HIT, max_size=4)), min_size=5, max_size=20),
    st.randoms(),
)
def test_compiled_rules_agree_with_the_slow_judge_in_any_order(drawn, calls, random):
    plain = [{"rule": f"r{n}", **one} for n, one in enumerate(drawn)]
    ruleset, found = compiled(as_yaml(drawn), **LISTED)
    # What holds always or never is refused: tests/rules/language/test_always.py.
    wrong = [str(fault) for fault in found if not fault.warning]
    assume(not wrong or not all(re.search("always hold|never hold|every call", fault) for fault in wrong))
    assert ruleset is not None, wrong
    named = [{"rule": f"r{n}", "because": "b", **one} for n, one in enumerate(drawn)]
    random.shuffle(named)
    cut = random.randrange(len(named) + 1)
    shuffled = rules(f"{json.dumps(named[cut:])}\n---\n{json.dumps(named[:cut])}", **LISTED)
    assert shuffled.revision == ruleset.revision
    for made, drawn_hits in calls:
        hits = hits_of(drawn_hits, made)
        called_hits = [one for one in hits if one.narrowness == 2]
        found = ruleset.judge(made, hits, called_hits)
        action, winner, suspicion = plain_judge.judge(plain, made, hits, called_hits)
        assert (found.action, found.suspicion) == (action, suspicion)
        assert winner is None or found.rule == winner
        marked = action in ("tag", "divert")
        assert (found.label, found.ring) == (plain_judge.marks(plain, made, hits, called_hits) if marked else ("", ""))
        random.shuffle(hits)
        again = shuffled.judge(made, hits, called_hits)
        assert [getattr(again, name) for name in WHAT_COUNTS] == [getattr(found, name) for name in WHAT_COUNTS]
        assert [f[:3] for f in again.fired] == [f[:3] for f in found.fired]
