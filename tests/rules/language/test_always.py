"""A rule that would match every call is a fault, however that is said; a condition that asks nothing is named."""

# ruff: noqa: E501 - a fault reads best in one line

import pytest

from rules.language.always import Span, all_amounts
from rules.language.compile import Known
from rules.model import NumberClass, Trunk
from rules.screening.revisions import FileText, Texts
from tests.rules.calls import CN, compiled, faults, rule

EVERY_CLASS = f"[{', '.join(kind for kind in NumberClass if kind != 'unheld')}]"


@pytest.mark.parametrize(
    "when",
    [
        "{hours: 00:00-24:00}",
        "{called_hours: 00:00-24:00}",
        "{any: [{called_hours: 08:00-20:00}, {called_hours: 20:00-08:00}]}",
        "{hours: [00:00-12:00, 12:00-24:00]}",
        "{hours: [20:00-08:00, 08:00-20:00], days: mon-sun}",
        "{days: [working, off]}",
        "{days: [mon-fri, sat, sun]}",
        f"{{caller: {{class: {EVERY_CLASS}}}}}",
        "{any: [{anonymous: true}, {hours: 00:00-24:00}]}",
        "{all: [{days: mon-sun}, {hours: 00:00-24:00}]}",
        "{condition: day-and-night}",
        "{any: [{anonymous: true}, {anonymous: false}]}",
        "{any: [{diverted: true}, {diverted: false}]}",
        "{any: [{hours: 00:00-12:00}, {hours: 12:00-24:00}]}",
        "{any: [{days: working}, {days: off}]}",
        "{any: [{days: mon-fri, hours: 08:00-20:00}, {days: mon-fri, hours: 20:00-08:00}, {days: [sat, sun]}, {hours: 00:00-08:00, days: mon}]}",
        "{any: [{agrees: true}, {agrees: false}, {agrees: {missing: true}}]}",
        "{any: [{caller: {inbound_only: true}}, {caller: {inbound_only: false}}]}",
        f"{{any: [{{anonymous: true}}, {{caller: {{class: [{', '.join(sorted(set(NumberClass) - {'anonymous', 'unheld'}))}]}}}}]}}",
        "{any: [{all: [{anonymous: true}, {diverted: true}]}, {anonymous: false}, {diverted: false}]}",
        "{any: [{any: [{anonymous: true}, {diverted: true}]}, {anonymous: false, diverted: false}]}",
        "{any: [{condition: hidden}, {anonymous: false}]}",
        "{any: [{believed: true}, {believed: false}]}",
    ],
)  # fmt: skip
def test_a_rule_for_every_call_is_a_fault(when):
    text = f"conditions:\n  day-and-night: {{hours: 00:00-24:00}}\n  hidden: {{anonymous: true}}\nrules:\n{rule(when)}"
    assert [fault.partition(": ")[2] for fault in faults(text)] == [
        "rule 'r' would match every call: what it asks for always holds; write at least one condition that some calls do not fulfil"
    ]


def test_so_is_an_exception_that_always_holds():
    (fault,) = faults(rule("{anonymous: true}", unless="[{hours: 00:00-24:00}]"))
    assert (
        fault == "rules.yaml:5:12: rule 'r' can never hold: this item of `unless` always holds; remove it, or narrow it"
    )


def test_beside_others_it_is_a_warning_at_its_place():
    ruleset, found = compiled(rule("{hours: 00:00-24:00, anonymous: true}", catches="[{from: anonymous}]"))
    assert ruleset is not None
    assert [str(fault) for fault in found] == [
        "rules.yaml:3:17: warning: hours: this always holds, so it asks nothing; leave it out"
    ]


@pytest.mark.parametrize(
    "when",
    [
        "{hours: 00:00-23:59}",
        "{days: [working, sat]}",
        "{caller: {class: [mobile, fixed]}}",
        "{any: [{anonymous: true}, {diverted: false}]}",
        "{any: [{anonymous: true}, {anonymous: false, diverted: true}]}",
        "{any: [{hours: 00:00-12:00}, {hours: 12:01-24:00}]}",
        "{any: [{days: working, hours: 00:00-24:00}, {days: off, hours: 20:00-08:00}]}",
        "{any: [{agrees: true}, {agrees: false}]}",
        "{any: [{caller: {class: mobile}}, {called: {class: fixed}}]}",
    ],
)
def test_what_some_calls_do_not_fulfil_is_no_fault(when):
    assert compiled(rule(when))[0] is not None


def test_a_rule_for_every_country_is_a_fault_too_but_asks_something_of_those_without_one():
    for when in ("{caller: {country: [trunk, not-trunk]}}",
                 "{any: [{caller: {country: trunk}}, {caller: {country: not-trunk}}]}"):  # fmt: skip
        (fault,) = faults(rule(when))
        assert "would match every call whose country is known" in fault
    beside = rule("{caller: {country: [trunk, not-trunk]}, diverted: true}")
    ruleset, found = compiled(beside)
    assert ruleset is not None
    assert not [fault for fault in found if "always holds" in str(fault)]


def test_alternatives_that_cover_everything_together_ask_nothing_beside_others():
    ruleset, found = compiled(
        rule("{any: [{diverted: true}, {diverted: false}], anonymous: true}", catches="[{from: anonymous}]")
    )
    assert ruleset is not None
    assert ["any: this always holds" in str(fault) for fault in found] == [True]


def test_many_alternatives_are_judged_within_bounds():
    many = ", ".join(f"{{any: [{{diverted: true}}, {{domain: a{n}}}], agrees: true}}" for n in range(300))
    assert compiled(rule(f"{{any: [{many}]}}"))[0] is not None


def test_what_was_live_before_goes_on():
    stored = Texts((FileText("", "rules.yaml", rule("{hours: 00:00-24:00}", name="sealed")),), ()).as_files()
    assert compiled(stored)[0] is not None


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("{caller: {answered: {under: 0.1, within: 1h}}}", "3:37: under: 0.1 is less than one percent; write 10% if that is meant, or 0.1%"),
        ("{caller: {short_calls: {over: 120%, within: 1h}}}", "3:39: over: no share is over 120%; write 0% to 99%"),
        ("{caller: {answered: {under: 0%, within: 1h}}}", "3:37: under: no share is under 0%; write 1% to 100%"),
        ("{caller: {answered: {under: 101, within: 1h}}}", "3:37: under: every share is under 101%; write 1% to 100%"),
        ("{caller: {calls: {over: 60, under: 10, within: 1h}}}", "3:26: calls: nothing is over 60 and under 10; write the smaller one behind over"),
        ("{caller: {calls: {over: 60, under: 61, within: 1h}}}", "3:26: calls: no count is over 60 and under 61; leave a number between them"),
        ("{count: {of: calls, per: trunk, over: 60, under: 61, within: 1h}}", "3:17: count: no count is over 60 and under 61; leave a number between them"),
        ("{caller: {calls: {over: 60%, within: 1h}}}", "3:33: over: 60% is a share, and calls are counted here; write a whole number such as 60"),
        ("{caller: {calls: {over: 0.5, within: 1h}}}", "3:33: over: 0.5 is no count; write a whole number such as 60"),
        ("{caller: {calls: {over: 0, within: 1h}}}", "3:33: over: everybody is over 0, because this call counts; write 1 or more"),
        ("{caller: {called_numbers: {under: 1, within: 1d}}}", "3:43: under: nobody is under 1, because this call counts; write 2 or more"),
        ("{caller: {calls: {within: 1h}}}", "3:26: calls: nothing is asked of it; write over, under or missing: true beside within"),
        ("{caller: {calls: {over: 3, missing: true, within: 1h}}}", "3:26: calls: no call lacks it and has it; write missing: true, or over"),
        ("{fact: {answered_1h: {under: 0.1}}}", "3:38: 0.1 is less than one percent; write 10% if that is meant, or 0.1%"),
        ("{fact: {score: {over: 5, under: 3}}}", "3:24: score: nothing is over 5 and under 3; write the smaller one behind over"),
        ("{user_agent: {missing: true, contains: x}}", "3:22: user_agent: no call lacks it and has it; write missing: true, or contains"),
        ("{caller: {missing: true, starts_with: 95}}", "3:18: caller: no call lacks it and has it; write missing: true, or starts_with"),
        ("{caller: {length: 0}}", "3:27: no number has 0 digits; write 1 to 32"),
        ("{caller: {length: 40-50}}", "3:27: no number has 40-50 digits; write 1 to 32"),
    ],
)  # fmt: skip
def test_what_no_call_can_be_is_a_fault(when, fault):
    assert faults(rule(when)) == [f"rules.yaml:{fault}"]


@pytest.mark.parametrize(
    "when",
    [
        "{answered: {under: 0.5%, within: 1h}}",
        "{answered: {over: 0%, under: 100%, within: 1h}}",
        "{calls: {over: 1, within: 1h}}",
    ],
)
def test_rare_amounts_are_no_fault(when):
    assert compiled(rule(f"{{caller: {when}}}"))[0] is not None


@pytest.mark.parametrize("name", ["sealed", "ladder", "Emergency", "suspicion", "subscriber-block", "blocked"])
def test_a_rule_bears_no_name_of_a_step_or_a_list(name):
    (fault,) = faults(rule("{anonymous: true}", name=name))
    assert fault.startswith(f"rules.yaml:1:9: rule {name!r} bears the name of a ")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ("{short_calls_1h: 0.8}", "short_calls_1h: 0.8 is less than one percent; write 80% if that is meant, or 0.8%"),
        ("{answered_1h: 120%}", "answered_1h: no share is 120%; write 0% to 100%"),
        ("{calls_1h: 60%}", "calls_1h: 60% is no count; write a whole number such as 61"),
    ],
)
def test_nor_has_an_example_such_an_amount(facts, said):
    (fault,) = faults(rule("{caller: {class: mobile}}", catches=f"[{{from: 13912345678, facts: {facts}}}]"))
    assert fault.partition(": ")[2] == said


ABROAD = Trunk("abroad", country="US", national=False)
TWO = (CN, ABROAD)


@pytest.mark.parametrize(
    ("when", "which"),
    [
        ("{any: [{caller: {calls: {over: 5, within: 1h}}}, {caller: {calls: {under: 6, within: 1h}}}]}", " of which this is measured"),
        ("{any: [{caller: {calls: {over: 5, within: 1h}}}, {fact: {calls_1h: {under: 6}}}]}", " of which this is measured"),
        ("{any: [{caller: {answered: {over: 5%, within: 1h}}}, {caller: {answered: {under: 6%, within: 1h}}}]}", " of which this is measured"),
        ("{any: [{count: {of: calls, per: trunk, within: 1h, over: 5}}, {count: {of: calls, per: trunk, within: 1h, under: 6}}]}", " of which this is measured"),
        ("{any: [{count: {of: calls, per: pair, within: 1h, over: 5}}, {fact: {calls_per_caller_and_called_1h: {under: 6}}}]}", " of which this is measured"),
        ("{any: [{known_contact: {within: 30d}}, {known_contact: {within: 30d, is: false}}]}", " of which this is measured"),
        ("{any: [{fact: {score: {over: 5}}}, {fact: {score: {under: 6}}}]}", " of which this is measured"),
        ("{any: [{fact: {score: {over: 5}}}, {fact: {score: {under: 6}}}, {fact: {score: {missing: true}}}]}", ""),
        ("{caller: {length: 1-32}}", " that has a number"),
        ("{any: [{caller: {length: 1-9}}, {caller: {length: 10-40}}]}", " that has a number"),
        ("{any: [{caller: {length: 1-32}}, {caller: {missing: true}}]}", ""),
        ("{trunk: [carrier, abroad]}", ""),
        ("{any: [{trunk: carrier}, {trunk: abroad}]}", ""),
        ("{any: [{trunk_country: CN}, {trunk_country: us}]}", ""),
        ("{any: [{trunk: carrier}, {trunk_country: US}]}", ""),
        ("{any: [{trunk: carrier}, {trunk: abroad, diverted: true}, {diverted: false}]}", ""),
    ],
)  # fmt: skip
def test_amounts_lengths_and_trunks_that_cover_every_call_together_are_a_fault(when, which):
    (fault,) = faults(rule(when), trunks=TWO, known=Known(facts=("score",)))
    assert fault.partition(": ")[2].startswith(f"rule 'r' would match every call{which}: what it asks for always holds")


@pytest.mark.parametrize(
    "when",
    [
        "{any: [{caller: {calls: {over: 5, within: 1h}}}, {caller: {calls: {under: 6, within: 1d}}}]}",
        "{any: [{caller: {calls: {over: 5, within: 1h}}}, {caller: {calls: {under: 5, within: 1h}}}]}",
        "{any: [{caller: {calls: {over: 5, within: 1h}}}, {called: {class: mobile}, caller: {calls: {under: 6, within: 1h}}}]}",
        "{caller: {length: 1-31}}",
        "{trunk: carrier}",
        "{trunk_country: US}",
        "{any: [{trunk: carrier, diverted: true}, {trunk: abroad}]}",
    ],
)  # fmt: skip
def test_amounts_lengths_and_trunks_that_leave_some_calls_out_are_no_fault(when):
    assert compiled(rule(when), trunks=TWO)[0] is not None


def test_the_only_trunk_there_is_may_be_named():
    """It says which calls are meant once there are more."""
    assert compiled(rule("{trunk: carrier}"), trunks=(CN,))[0] is not None


@pytest.mark.parametrize(
    ("fact", "spans", "all_of_them"),
    [
        ("calls_1h", [Span(over=5), Span(under=6)], True),
        ("calls_1h", [Span(over=6), Span(under=6)], False),
        ("calls_1h", [Span(over=5), Span(over=2, under=6), Span(under=3)], True),
        ("calls_1h", [Span(over=5), Span(over=3, under=6), Span(under=3)], False),
        ("calls_1h", [Span(over=0)], True),
        ("calls_1h", [Span(over=1)], False),
        ("answered_1h", [Span(over=50), Span(under=50.5)], True),
        ("answered_1h", [Span(over=50), Span(under=50)], False),
        ("answered_1h", [Span(under=101)], True),
        ("answered_1h", [Span(under=100)], False),
        ("answered_1h", [Span(over=0)], False),
        ("score", [Span(over=5), Span(under=6)], True),
        ("score", [Span(over=5), Span(under=5)], False),
        ("score", [Span()], True),
        ("score", [], False),
    ],
)
def test_every_amount(fact, spans, all_of_them):
    assert all_amounts(fact, spans) is all_of_them
