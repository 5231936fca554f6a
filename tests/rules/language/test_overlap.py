"""Rules that never matter are named, with the one that hides them; what cannot be told is said."""

# ruff: noqa: E501 - a fault reads best in one line

import pytest

from rules.language.compile import Known, compile_rules
from rules.language.overlap import find_overlaps
from rules.language.source import read_document
from rules.settings.screening import ScreeningSettings
from tests.rules.calls import CN, EVENING, LISTS, READ, rule


def overlaps(*rules, use=()):
    settings = ScreeningSettings(time_zone="Asia/Shanghai", lists=LISTS, use=list(use))
    document = read_document("".join(rules), "r.yaml")
    compiled = compile_rules([document], settings, trunks=(CN,), known=Known(read=READ), now=EVENING, proving=False)
    assert compiled.ruleset is not None, compiled.faults
    return find_overlaps(compiled)


def warned(*rules, **more):
    return [fault.what for fault in overlaps(*rules, **more).warnings]


WIDE = rule("{caller: {starts_with: 95}}", "reject", name="wide")
BANK = '[{from: "95588"}]'


@pytest.mark.parametrize("examples", [{}, {"catches": BANK}])
@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("divert", "rule 'narrow' never decides: rule 'wide' (r.yaml:1) holds whenever it does, and reject beats divert"),
        ("reject", "rule 'narrow' never changes anything: rule 'wide' (r.yaml:1) holds whenever it does, and it says reject too"),
        ("tag", "rule 'narrow' never shows: rule 'wide' (r.yaml:1) holds whenever it does, and a rejected call has no tag"),
        ("{suspicion: 3}", "rule 'narrow' never weighs: rule 'wide' (r.yaml:1) holds whenever it does, and reject comes before suspicion"),
    ],
)  # fmt: skip
def test_a_rule_that_another_hides(then, said, examples):
    assert warned(WIDE, rule("{caller: 95588}", then, name="narrow", **examples)) == [said]


def test_an_exception_is_no_mistake():
    assert warned(WIDE, rule("{caller: 95588}", "forward", name="narrow")) == []


def test_a_contradiction_is_called_one():
    (said,) = warned(WIDE, rule("{caller: {starts_with: 95}}", "forward", name="other"))
    assert said == (
        "rule 'wide' never decides: rule 'other' (r.yaml:5) holds whenever it does, and forward beats reject: "
        "the two contradict each other"
    )


def test_of_two_alike_one_is_named():
    (said,) = warned(WIDE, WIDE.replace("wide", "again"))
    assert said.startswith(
        "rule 'wide' never decides: rule 'again' (r.yaml:5) holds whenever it does, and it says reject"
    )
    assert warned(WIDE, rule("{caller: {starts_with: 95}}", "{reject: busy}", name="again"))[0].endswith(
        "its name comes first"
    )


@pytest.mark.parametrize(
    "more", [{"mode": "observe"}, {"mode": "10%"}, {"unless": "[{diverted: true}]"}, {"unless": "[{caller: 95599}]"}]
)
def test_one_that_does_not_always_act_hides_nothing(more):
    wide = rule("{caller: {starts_with: 95}}", "reject", name="wide", **more)
    assert warned(wide, rule("{caller: 95588}", name="narrow")) == []


def test_one_with_the_same_exceptions_does():
    stop = {"unless": "[{diverted: true}]"}
    wide = rule("{caller: {starts_with: 95}}", "reject", name="wide", **stop)
    assert len(warned(wide, rule("{caller: 95588}", name="narrow", **stop))) == 1


def test_tags_and_suspicion_add_up():
    assert warned(WIDE.replace("reject", "tag"), rule("{caller: 95588}", "{suspicion: 3}", name="narrow")) == []


def test_a_rule_that_can_never_hold():
    assert warned(rule("{caller: {exact: 95588, class: mobile}}")) == [
        "rule 'r' can never hold: caller.exact and caller.class exclude each other"
    ]
    assert warned(rule("{caller: 95588, diverted: true}", unless="[{caller: {starts_with: 95}}]")) == [
        "rule 'r' can never hold: this `unless` holds whenever `when` does"
    ]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (
            "{called: {starts_with: 11}}",
            "rule 'r' touches the emergency numbers 110, 112, 119: those calls always pass",
        ),
        ("{called: {range: 114..121}}", "rule 'r' touches the emergency numbers 119, 120: those calls always pass"),
        (
            "{called: {class: emergency}}",
            "rule 'r' asks for emergency calls: they always pass, a rule can only mark them",
        ),
    ],
)
def test_a_rule_that_touches_emergency_numbers(when, said):
    assert warned(rule(when)) == [said]


def test_emergency_numbers_may_be_callers():
    assert warned(rule("{caller: {starts_with: 11}}")) == []


def test_what_is_not_analysed_is_said():
    found = overlaps(rule("{caller: {length: 5}, user_agent: x}"), WIDE, use=["baseline"])
    assert found.not_analysed == {"r": ["caller.length", "user_agent"]}


def test_packs_are_not_blamed_for_what_an_operator_decides():
    assert warned(rule("{anonymous: true}", "reject"), use=["baseline"]) == []


def test_the_place_is_that_of_the_condition():
    (fault,) = overlaps(rule("{called: {starts_with: 11}}")).warnings
    assert (fault.line, fault.column, fault.warning) == (3, 32, True)


@pytest.mark.parametrize(
    ("wide", "narrow", "hides"),
    [
        ({"valid": "{from: 2026-01-01}"}, {}, False),
        ({}, {"valid": "{from: 2026-01-01}"}, True),
        ({"valid": "{from: 2026-01-01}"}, {"valid": "{from: 2026-02-01, until: 2026-03-01}"}, True),
        ({"valid": "{until: 2026-02-01}"}, {"valid": "{from: 2026-01-01}"}, False),
    ],
)
def test_a_rule_hides_another_on_the_days_on_which_it_is_valid(wide, narrow, hides):
    one = rule("{caller: {starts_with: 95}}", "reject", name="wide", **wide)
    assert bool(warned(one, rule("{caller: {starts_with: 955}}", "reject", name="narrow", **narrow))) is hides


def test_a_hold_that_each_call_begins_anew_is_told():
    def holds(name, asked, on):
        when = f"{{caller: {{on_list: {asked}, class: mobile}}}}"
        return rule(when, f"{{list: {{add: {on}, for: 1h}}}}", name=name)

    assert warned(holds("x", "consented", "consented")) == [
        "each call of who is held on list consented holds him anew: it asks for list consented"
    ]
    both = warned(holds("x", "suspected", "consented"), holds("y", "consented", "suspected"))
    assert len(both) == 2
    assert "it asks for list suspected, to which others lead from there" in both[0]
    assert warned(holds("x", "suspected", "consented")) == []
