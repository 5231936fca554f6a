"""Replay: past calls under a candidate; who must not be hit, what flips, what each rule does, what cannot be known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import Outcome
from rules.records.decisions import row
from rules.records.past_calls import RecordReader
from rules.records.privacy import pseudonym
from rules.records.replay import Replay, known_called
from tests.rules.calls import ABROAD, CN, LISTS, TRUNKS, TRUSTED, call, hit, rule, rules

KEY = b"k" * 32
MARKETING = rule("{caller: {starts_with: 95012}}", "reject", "marketing")


def records(*calls, judged_by=None, hits=lambda _: ()):
    """Rows as the log holds them, judged by a rule set."""
    ruleset = judged_by or rules("[]")
    found = []
    for number, made in enumerate(calls):
        verdict = ruleset.judge(made, hits(made), ())
        verdict.decision = f"{number:020x}"
        values = row(made, verdict, Outcome(200, True, 100), KEY)
        found.append((number, *values[:2], *values[4:13], values[13], values[17], values[18], values[19]))
    return found


def replayed(rows, candidate, live=None, *, look_up=lambda _: (), known=()):
    reader = RecordReader({trunk.name: trunk for trunk in TRUNKS}, known_called(known, lambda n: pseudonym(KEY, n)))
    replay = Replay(candidate, live, look_up)
    for one in rows:
        replay.add(reader.read(one))
    return replay


def test_what_changes_beside_the_record():
    rows = records(call("95012345"), call("95012345"), call("13912345678"))
    found = replayed(rows, rules(MARKETING + rule("{caller: 95588}", name="never")))
    (key, group), *rest = found.flips.items()
    assert (key, group.calls, rest) == (("forward", "reject", "marketing"), 2, [])
    assert group.samples[0] == ("CN:95******", f"{0:020x}")
    assert (found.read, found.judged, found.caught, found.newly, found.changed) == (3, 3, 2, 2, 2)
    assert found.dead == ["never"]
    assert round(found.share_newly_caught, 3) == 0.667


def test_what_stands_beside_the_first_text_is_recorded_and_asked_again():
    """A name that the network asserts, a second User-Agent: digits hidden, long ones cut, of many a few."""
    more = {"display_name": ("Bank 13611112222", *(f"n{n}" for n in range(20))), "header.x-origin": ("x" * 5_000,)}
    made = call("13912345678", display_name="x", headers={"x-origin": "y" * 5_000}, more_texts=more)
    [one] = records(made)
    assert "13611112222" not in str(one)
    assert len(str(one)) < 4_000
    past = RecordReader({trunk.name: trunk for trunk in TRUNKS}, {}).read(one)
    assert past.call.more_texts["display_name"][1:] == ("n0", "n1", "n2")
    assert past.masked == {"display_name"}
    for when in ("{display_name: {contains: bank}}", "{header: {X-Origin: {contains: xxx}}}"):
        found = replayed([one], rules(rule(when, "reject", "named")))
        assert list(found.flips) == [("forward", "reject", "named")], when


def test_beside_the_live_rules_only_the_rules_count():
    live = rules(MARKETING)
    rows = records(call("95012345"), call("17012345678"), judged_by=rules("[]"))
    found = replayed(rows, rules(MARKETING + rule("{caller: 17012345678}", name="new")), live)
    assert list(found.flips) == [("forward", "tag", "new")]
    assert found.otherwise == 1, "the record says forward, the live rules would reject now"


def test_what_is_no_longer_caught():
    found = replayed(records(call("95012345"), judged_by=rules(MARKETING)), rules("[]"))
    assert list(found.flips) == [("reject", "forward", "no longer marketing")]
    assert (found.caught, found.caught_before, found.newly) == (0, 1, 0)


def test_another_destination_is_a_change():
    to_desk, to_mail = (rules(rule("{caller: 95588}", f"{{divert: {name}}}", "bank")) for name in ("desk", "mail"))
    rows = records(call("95588"), judged_by=to_desk)
    assert list(replayed(rows, to_mail, to_desk).flips) == [("divert to desk", "divert to mail", "bank")]
    assert replayed(rows, to_desk, to_desk).changed == 0


def test_callers_on_an_allow_list_come_first():
    rows = records(call("95012345"), call("95012345", trunk=TRUSTED))
    look_up = lambda number: (hit("allowed", "allow", number),) if number == "CN:95012345" else ()  # noqa: E731
    found = replayed(rows, rules(MARKETING), look_up=look_up)
    assert list(found.allowed) == [("allowed", "reject", "marketing")]
    assert found.from_allow_lists == (1, 1), "on a trunk whose CLI is screened the list passes it"


def test_what_a_rule_does_alone():
    text = MARKETING + rule("{caller: {class: cn-95}}", "tag", "odd") + rule("{caller: {class: cn-95}}", "tag", "even")
    found = replayed(records(call("95012345"), call("95588")), rules(text))
    assert found.matched == {"marketing": 1, "odd": 2, "even": 2}
    assert found.alone == {"marketing": 1}, "each of the two tags without the other"
    assert found.decided == {"marketing": 1, "even": 1}


def test_a_rule_that_observes_acts_on_nobody():
    found = replayed(records(call("95012345")), rules(rule("{caller: {class: cn-95}}", name="r", mode="observe")))
    assert (found.matched["r"], found.acted["r"], found.changed, found.dead) == (1, 0, 0, [])


def test_facts_are_those_of_the_record():
    rows = records(call(facts={"calls_1h": 61.0}), call(facts={"calls_1h": 5.0}), call())
    found = replayed(rows, rules(rule("{caller: {calls: {over: 60, within: 1h}}}", "tag", "machine")))
    assert found.matched["machine"] == 1
    assert found.lacking == {}
    found = replayed(rows, rules(rule("{caller: {calls: {over: 60, within: 10m}}}", "tag", "machine")))
    assert found.lacking == {"calls_10m": ["machine"]}


def test_all_that_the_record_keeps_is_seen_again():
    whole = call(
        "95588",
        "+8613800138000",
        trunk=ABROAD,
        shown=["+8617012345678"],
        display_name="Bank",
        domain="example.com",
        user_agent="pjsip",
        diverted=True,
        agrees=False,
        headers={"x-origin": "de"},
        facts={"group": "homes"},
    )
    when = (
        "{display_name: bank, domain: example.com, user_agent: pjsip, diverted: true, agrees: false, "
        "header: {X-Origin: de}, called: {group: homes, class: mobile, country: CN}, trunk: abroad, "
        "hours: 22:00-22:30}"
    )
    found = replayed(records(whole), rules(rule(when, "tag", "all"), trunks=TRUNKS))
    assert found.matched == {"all": 1}


def test_a_called_number_that_a_rule_names_is_recognised():
    rows = records(call(called="13800138000"), call(called="13800138001"))
    found = replayed(rows, rules(rule("{called: 13800138000}", "reject", "shop")), known=["+8613800138000"])
    assert (found.matched["shop"], found.left_open) == (1, 0)


def test_what_lies_in_hidden_digits_stays_open():
    candidate = rules(rule("{called: {starts_with: +861380013}}", "reject", "ward"))
    found = replayed(records(call(called="13800138000"), call(called="13912345678")), candidate)
    assert (found.left_open, found.unclear, found.judged) == (1, {"ward": 1}, 1)
    assert found.share_newly_caught == 0.5, "what stays open counts as caught"


def test_whether_caller_and_called_number_begin_alike_is_left_open_where_hidden_digits_say_it():
    candidate = rules(rule("{similar: {digits: 7}}", "reject", "neighbour"))
    alike = [call(f"138001389{n}{n}") for n in range(5)]
    found = replayed(records(*alike, call("13912345678"), call("95588"), call("anonymous")), candidate)
    assert (found.left_open, found.unclear, found.judged) == (5, {"neighbour": 5}, 3)
    assert found.share_newly_caught == 5 / 8
    known = replayed(records(*alike), candidate, known=["+8613800138000"])
    assert (known.left_open, known.matched["neighbour"]) == (0, 5), "a number that rules name is known whole"
    through = rules(
        rule("{similar: {digits: 7}}", "{suspicion: 0}", "neighbour", mode="observe")
        + rule("{fired: neighbour}", "reject", "acts")
    )
    assert replayed(records(*alike), through).left_open == 5, "a rule that asks another is as open as that one"
    measured = replayed(records(call("13800138999", facts={"similar_7": True})), candidate)
    assert (measured.left_open, measured.matched["neighbour"]) == (0, 1), "the record says it"


def test_an_unchanged_rule_is_read_from_the_record():
    live = rules(rule("{called: {starts_with: +861380013}}", "reject", "ward"))
    rows = records(call(called="13800138000"), call(called="13800238000"), judged_by=live)
    candidate = rules(rule("{called: {starts_with: +861380013}}", "reject", "ward") + MARKETING)
    found = replayed(rows, candidate, live)
    assert (found.left_open, found.matched["ward"], found.changed) == (0, 1, 0)


def test_an_open_rule_that_decides_nothing_leaves_nothing_open():
    text = rule("{called: {starts_with: +861380013}}", "reject", "ward") + rule("{caller: 95588}", "forward", "bank")
    assert replayed(records(call("95588")), rules(text)).left_open == 0


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({3: "gone"}, "calls of trunk gone, which is no longer in ringfence.yaml"),
        ({11: "emergency"}, "emergency calls, which always pass"),
        ({14: "{"}, "records that cannot be read"),
        ({14: "[]"}, "records that cannot be read"),
        ({5: "ghost"}, "records that cannot be read"),
    ],
)
def test_what_cannot_be_judged_is_counted(spoil, why):
    (values,) = records(call())
    spoilt = tuple(spoil.get(n, value) for n, value in enumerate(values))
    found = replayed([spoilt], rules(MARKETING))
    assert (found.unusable, found.judged) == ({why: 1}, 0)


def test_lists_that_cannot_be_read():
    assert replayed(records(call()), rules(MARKETING), look_up=lambda _: None).unusable


def test_entries_of_the_subscriber_stand_as_recorded():
    made = call("95012345")
    rows = records(made, hits=lambda made: (hit("subscriber-allow", "subscriber-allow", made),))
    found = replayed(rows, rules(MARKETING))
    assert (found.caught, found.from_allow_lists) == (0, (0, 0))


WHENS = st.sampled_from(
    [
        "{caller: {starts_with: 95012}}",
        "{caller: {class: mobile}, hours: 21:00-08:00}",
        "{called: {starts_with: +861}}",
        "{called: 13800138000}",
        "{called: {class: cn-95}}",
        "{caller: {on_list: suspected}}",
    ]
)
CALLS = st.builds(
    call,
    st.sampled_from(["95012345", "13912345678", "17012345678", "anonymous"]),
    st.sampled_from(["13800138000", "95588", "13900139000"]),
    trunk=st.sampled_from([CN, TRUSTED]),
)


DIVERTS = ({}, {"thresholds": {"divert": "desk"}}, {"lists": {**LISTS, "blocked": {"kind": "block", "divert": "desk"}}})


@given(
    st.lists(st.tuples(WHENS, st.sampled_from(["tag", "reject", "forward", "{suspicion: 5}"])), max_size=4),
    st.lists(CALLS, min_size=1, max_size=5),
    st.sampled_from(DIVERTS),
)
def test_replay_says_what_judging_says(parts, calls, settings):
    """Whatever it does not leave open is what the engine says of the whole call, wherever settings divert it to."""
    text = "".join(rule(when, then, f"r{n}") for n, (when, then) in enumerate(parts)) or "[]"
    candidate = rules(text, settings=settings)

    def look_up(number):
        suspected = (hit("suspected", "suspect", number, suspicion=5),) if number == "+8617012345678" else ()
        return suspected or ((hit("blocked", "block", number),) if number == "CN:95588" else ())

    for made in calls:
        (one,) = records(made)
        found = replayed([one], candidate, look_up=look_up, known=["+8613800138000"])
        true = candidate.judge(made, look_up(made.caller.canonical))
        assert found.left_open == 0
        assert found.caught == (true.action != "forward")
        assert [after for _, after, _ in found.flips] == [str(true.action)] * found.caught
        assert (
            replayed(
                records(made, judged_by=candidate, hits=lambda one: look_up(one.caller.canonical)),
                candidate,
                candidate,
                look_up=look_up,
                known=["+8613800138000"],
            ).otherwise
            == 0
        )
        assert set(found.matched) == {fired.name for fired in true.fired if fired.name.startswith("r")}


def test_what_an_observed_rule_would_change_if_it_went_live():
    text = rule("{caller: {starts_with: 95012}}", "reject", "loans", mode="observe")
    text += rule("{caller: {class: mobile}}", "tag", "mobiles", mode="observe")
    text += rule("{caller: 95012345}", "tag", "known")

    def look_up(number):
        return (hit("allowed", "allow", number),) if number == "CN:95012777" else ()

    rows = records(call("95012345"), call("95012777"), call("13912345678"), call("96110"))
    found = replayed(rows, rules(text), look_up=look_up)
    loans, mobiles = found.watched["loans"], found.watched["mobiles"]
    assert (found.caught, sorted(found.watched)) == (1, ["loans", "mobiles"])
    assert (loans.held, loans.changed, loans.from_allow_lists) == (2, 2, 1)
    assert sorted(loans.would) == [("forward", "reject", "loans"), ("tag", "reject", "loans")]
    assert loans.allowed["allowed"].samples[0][0] == "CN:95******"
    assert (mobiles.held, mobiles.changed, mobiles.from_allow_lists) == (1, 1, 0)


def test_a_record_from_when_the_ledger_replaced_the_class_is_judged_by_the_class_of_its_number():
    (row,) = records(call("95588"))
    assert row[5] == "cn-95"
    old = tuple("unheld" if n == 5 else value for n, value in enumerate(row))
    found = replayed([old], rules(rule("{caller: {class: cn-95}}", "reject", "hotlines")))
    assert found.decided["hotlines"] == 1


def test_a_text_whose_digits_are_hidden_leaves_open_only_what_asks_for_digits():
    """The record hides numbers in names; a rule that looks for words is judged as ever."""
    rows = records(call(display_name="Bank 138 0013 8000"), call(display_name="Bank"))
    digits = "{display_name: {matches: '138 ?0013'}}"
    candidate = rules(rule("{display_name: {contains: bank}}", name="words") + rule(digits, name="d"))
    found = replayed(rows, candidate)
    assert (found.judged, found.matched["words"], found.left_open) == (2, 2, 0), "it tags whatever the other says"
    alone = rules(rule("{display_name: {matches: '138 ?0013'}}", "reject", name="d"))
    found = replayed(rows, alone)
    assert (found.left_open, dict(found.unclear)) == (1, {"d": 1})


def test_an_unchanged_rule_about_digits_in_a_text_is_read_from_the_record():
    live = rules(rule("{display_name: {matches: '138 ?0013'}}", "reject", name="d"))
    rows = records(call(display_name="138 0013 8000"), call(display_name="138 0000 8000"), judged_by=live)
    found = replayed(rows, live, live)
    assert (found.left_open, found.matched["d"], found.changed) == (0, 1, 0)


def test_what_few_callers_did_looks_like_what_none_did():
    """Who tries a rule for each digit learns no number: neither counts nor samples nor names of rules tell of one."""
    rows = records(*(call(f"9501234{last}") for last in range(6)), call("13912345678"), call("13912345678"))
    many = rule("{caller: {starts_with: 95012}}", "reject", "many")
    shown = []
    for digit in (9, 8):
        found = replayed(rows, rules(many + rule(f"{{caller: {{starts_with: 1{digit * 10 + 3}}}}}", "reject", "one")))
        hit_one = replayed(rows, rules(many + rule("{caller: {starts_with: 139}}", "reject", "one")))
        for replay in (found, hit_one):
            replay.blur(5)
            flips = {key: (group.calls, group.samples) for key, group in replay.flips.items()}
            shown.append((flips, replay.judged, replay.caught, replay.newly, replay.changed, replay.dead))
            assert set(replay.matched) == {"many"}
    assert shown == [shown[0]] * 4
    assert shown[0] == ({("forward", "reject", "many"): (6, [])}, 8, 6, 6, 6, ["one"])


def test_who_signed_a_call_is_recorded_and_asked_again():
    """And that its number was believed for that."""
    signed, unsigned = call("+12025550123", facts={"attestation": "A", "signer": "Carrier"}, vouched=True), call()
    rows = records(signed, unsigned)
    reader = RecordReader({trunk.name: trunk for trunk in TRUNKS}, {})
    assert [reader.read(one).call.vouched for one in rows] == [True, False]
    found = replayed(rows, rules(rule("{caller: {attestation: A}}", "reject", "signed")))
    assert [(key, group.calls) for key, group in found.flips.items()] == [(("forward", "reject", "signed"), 1)]
    found = replayed(rows, rules(rule("{caller: {attestation: none}}", "reject", "unsigned")))
    assert found.caught == 1
