"""Why a call got its verdict: each step in order, what matched, what did not and why, and what goes out."""

from rules.judging.explain import ALL_RULES_BELOW, Ways, explain, on_the_wire
from rules.model import Action, Step, Verdict
from tests.rules.calls import CN, TRUSTED, call, hit, rule, rules

TEXT = (
    rule("{caller: {starts_with: 95012}, called: {group: homes}, hours: 21:00-08:00}", name="night")
    + rule("{any: [{anonymous: true}, {caller: 95588}]}", "reject", name="either")
    + rule("{caller: {class: cn-95}}", "{suspicion: 2}", name="adds")
    + rule("{caller: {class: cn-95}}", "tag", name="stopped", unless="[{called: {group: homes}}]")
    + rule("{caller: {class: cn-95}}", "tag", name="watching", mode="observe")
)
HOMES = {"group": "homes"}


def told(made, *hits, text=TEXT, called_hits=(), **ways):
    ruleset = rules(text)
    verdict = ruleset.judge(made, hits, called_hits)
    return explain(made, verdict, ruleset, hits, called_hits, **ways)


def sentences(lines, step):
    return [line.text for line in lines if line.step == step]


def test_steps_come_in_the_order_of_precedence():
    steps = list(dict.fromkeys(str(line.step) for line in told(call())))
    order = [str(step) for step in Step if step not in (Step.DEFAULT, Step.FAIL_OPEN)]
    assert steps == ["call", *order, "verdict", "on the wire"]


def test_the_call_is_told_first():
    (text,) = sentences(told(call("95012345", trunk=TRUSTED, shown=("13912345678",))), "call")
    assert text == (
        "CN:95012345 (cn-95, CN) (also shown: +8613912345678 (mobile, CN)) calls +8613800138000 (mobile, CN) by trunk "
        "trusted on Tue 2026-11-24 22:10:00; the number can be believed"
    )
    (text,) = sentences(told(call("anonymous")), "call")
    assert text.startswith("anonymous caller 'anonymous' calls")


def test_each_rule_says_why_it_holds_or_not():
    lines = told(call("95012345", facts=HOMES))
    assert sentences(lines, Step.RULES) == [
        "adds: holds: the class of the caller is cn-95; says suspicion +2",
        "night: holds: the caller starts with CN:95012; the group of the called number is homes; "
        "the time is 21:00-08:00; says tag",
        "watching: holds, and would say tag, but it only observes",
        "either: does not hold: the caller is anonymous? its class is cn-95 or the caller is CN:95588? CN:95012345",
        "stopped: holds, but is stopped: unless the group of the called number is homes",
    ]
    (won,) = [line for line in lines if line.won and line.step == Step.RULES]
    assert won.place == "rules.yaml:1"


def test_the_winner_is_named_with_its_place():
    (line,) = [line for line in told(call("95588")) if line.step == "verdict"]
    assert line.text == "reject by either (deciding rule): It is so."
    assert (line.won, line.place) == (True, "rules.yaml:5")


def test_entries_say_what_they_do_or_why_they_do_not_count():
    made = call("95588", shown=("13912345678",))
    lines = told(
        made,
        hit("allowed", "allow", made),
        hit("white", "allow", "+8613912345678"),
        hit("blocked", "block", made),
    )
    assert sentences(lines, Step.OPERATOR_ALLOW) == [
        "CN:95588 on list allowed, from test: does not count, because the number cannot be believed on this trunk",
        "+8613912345678 on list white, from test: does not count, because +8613912345678 is not the asserted number",
    ]
    assert sentences(lines, Step.OPERATOR_BLOCK) == ["CN:95588 on list blocked, from test: the call is rejected"]
    assert sentences(lines, Step.SEALED) == ["no entry covers the caller"]
    trusted = call(trunk=TRUSTED)
    lines = told(trusted, hit("allowed", "allow", trusted, trunks=("other",)))
    assert sentences(lines, Step.OPERATOR_ALLOW)[0].endswith("because it is only for trunk other")


def test_suspicion_is_added_up_in_sight():
    made = call("95012345", trunk=CN._replace(tag_at=6))
    lines = told(made, hit("complaints", "suspect", made, suspicion=5))
    assert sentences(lines, Step.SUSPICION) == [
        "adds: +2, rules.yaml:9",
        "complaints: +5, CN:95012345 (test)",
        "7 in all; from 6 a call is tagged, from 10 rejected",
    ]


def test_an_emergency_passes_and_what_would_mark_it_is_told():
    made = call("13912345678", "110", emergency=True)
    lines = told(made)
    assert lines[1].text == "110 is an emergency number: the call passes, whatever follows; that can only mark it"
    assert lines[-1].text == "the call goes on without any header of ours"
    lines = told(made, hit("blocked", "block", made.caller.canonical), ways=Ways(label="[suspected]"))
    assert "on list blocked" in "".join(sentences(lines, Step.OPERATOR_BLOCK))
    assert [line.text for line in lines[-3:]] == [
        "tag by blocked (emergency): on list blocked",
        "the callee gets X-Ringfence-Verdict: suspected, X-Ringfence-Rule: blocked and X-Ringfence-Decision with the "
        "decision's id",
        "the caller notices nothing",
    ]
    made = call(called="8001")
    lines = told(made, called_hits=[hit("crisis", "emergency", made.called.canonical)])
    assert "8001 stands on list crisis" in lines[1].text


def test_many_rules_that_do_not_concern_the_call_are_only_counted():
    many = "".join(rule(f"{{caller: 1391234{n:04d}}}", name=f"r{n}") for n in range(ALL_RULES_BELOW + 1))
    lines = told(call("13912340007"), text=many)
    assert sentences(lines, Step.RULES) == [
        "r7: holds: the caller is +8613912340007; says tag",
        f"{ALL_RULES_BELOW} more rules do not concern this call",
    ]


def test_a_share_of_callers_is_told():
    text = rule("{caller: {class: mobile}}", mode="0.01%")
    assert "but this caller is not in its 0.01%" in sentences(told(call(), text=text), Step.RULES)[0]


def test_what_goes_out_on_the_wire():
    def words(action, ways=None, **more):
        return " / ".join(on_the_wire(Verdict(action, Step.RULES, rule="r", **more), ways or Ways()))

    assert words(Action.FORWARD) == "the call goes on without any header of ours"
    assert "reply profile busy" in words(Action.REJECT, profile="busy")
    assert "r" not in words(Action.REJECT, profile="busy").split()
    assert "X-Ringfence-Rule: r" in words(Action.TAG)
    assert "label '骚扰'" in words(Action.TAG, label="骚扰")
    assert "label 'spam'" in words(Action.TAG, ways=Ways(label="spam"))
    assert "label '骚扰'" in words(Action.TAG, label="骚扰", ways=Ways(label="spam"))
    assert "and Alert-Info: <urn:alert:a:b>" in words(Action.TAG, ring="urn:alert:a:b")
    assert "the caller gets 486 Busy; neither" in words(
        Action.REJECT, profile="b", ways=Ways(replies={"b": "486 Busy"})
    )
    diverted = words(Action.DIVERT, destination="desk", ways=Ways("spam", destinations={"desk": "sip:desk@192.0.2.1"}))
    assert diverted == (
        "the call goes to desk (sip:desk@192.0.2.1), with X-Ringfence-Verdict: diverted, X-Ringfence-Rule: r and "
        "X-Ringfence-Decision with the decision's id, and Diversion with the number that was called / "
        "the callee sees nothing"
    )
