"""Each condition of the language: when it holds, when it does not, and that a lacking fact holds nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.judging.conditions import range_prefixes
from tests.rules.calls import ABROAD, CN, EVENING, MORNING, TRUNKS, call, hit, holds, rule, rules


@pytest.mark.parametrize(
    ("when", "caller", "expected"),
    [
        ("{caller: 95588}", "95588", True),
        ("{caller: 95588}", "955880", False),
        ("{caller: [95588, +861065551234]}", "01065551234", True),
        ("{caller: {exact: 95588}}", "+8695588", True),
        ("{caller: {exact: 95588}}", "anonymous", False),
        ("{caller: {starts_with: 9558}}", "955880", True),
        ("{caller: {starts_with: 9558}}", "95588", True),
        ("{caller: {starts_with: 9558}}", "95599", False),
        ("{caller: {starts_with: [138, 139]}}", "008613912345678", True),
        ("{caller: {starts_with: +1}}", "+12025550123", True),
        ("{caller: {range: 95500..95599}}", "95588", True),
        ("{caller: {range: 95500..95599}}", "95500", True),
        ("{caller: {range: 95500..95599}}", "95600", False),
        ("{caller: {range: 95500..95599}}", "955880", False),
        ("{caller: {range: 13900000000..13999999999}}", "13912345678", True),
        ("{caller: {range: 95000000..95099999}}", "95012345", True),
        ("{caller: {length: 5}}", "95588", True),
        ("{caller: {length: [6, 8-9]}}", "95012345", True),
        ("{caller: {length: 13}}", "13912345678", True),
        ("{caller: {length: 11}}", "13912345678", False),
        ("{caller: {length: 0-9}}", "anonymous", False),
        ("{caller: {class: mobile}}", "13912345678", True),
        ("{caller: {class: [cn-95, cn-96]}}", "13912345678", False),
        ("{caller: {class: cn-9-odd}}", "955881", True),
        ("{caller: {country: cn}}", "95588", True),
        ("{caller: {country: CN}}", "+12025550123", False),
        ("{caller: {country: [US, GB]}}", "+12025550123", True),
        ("{caller: {inbound_only: true}}", "4006123456", True),
        ("{caller: {inbound_only: false}}", "4006123456", False),
        ("{caller: {missing: true}}", "anonymous", True),
        ("{caller: {missing: true}}", "95588", False),
        ("{anonymous: true}", "anonymous", True),
        ("{anonymous: true}", "95588", False),
        ("{anonymous: false}", "95588", True),
    ],
)
def test_the_caller(when, caller, expected):
    assert holds(when, call(caller)) is expected


@pytest.mark.parametrize(
    ("when", "called", "expected"),
    [
        ("{called: 13800138000}", "+86 138 0013 8000", True),
        ("{called: {starts_with: 010}}", "01065551234", True),
        ("{called: {class: extension}}", "8001", True),
        ("{called: 8001}", "8001", True),
        ("{called: 8001}", "8002", False),
    ],
)
def test_the_called_number(when, called, expected):
    assert holds(when, call(called=called)) is expected


def test_country_beside_the_trunks_country():
    foreign = call("+8613912345678", trunk=ABROAD)
    assert holds("{caller: {country: not-trunk}}", foreign)
    assert not holds("{caller: {country: trunk}}", foreign)
    assert holds("{caller: {country: trunk}}", call())
    for word in ("trunk", "not-trunk"):
        assert not holds(f"{{caller: {{country: {word}}}}}", call("anonymous")), "no country, no answer"
        assert not holds(f"{{caller: {{country: {word}}}}}", call("+8613912345678", trunk=CN._replace(country="")))


def test_trunk_and_its_country():
    assert holds("{trunk: carrier}", call())
    assert not holds("{trunk: abroad}", call(), trunks=TRUNKS)
    assert holds("{trunk_country: [us, cn]}", call())
    assert holds("{trunk_country: {missing: true}}", call(trunk=CN._replace(country="")))
    assert not holds("{trunk_country: CN}", call(trunk=CN._replace(country="")))


@pytest.mark.parametrize(
    ("when", "text", "expected"),
    [
        ("Bank", "bank", True),
        ("Bank", "My Bank", False),
        ("'*bank*'", "My BANK of China", True),
        ("'贷款*'", "贷款 快", True),
        ("{contains: [loan, 贷款]}", "QUICK LOAN", True),
        ("{contains: 'a.b'}", "axb", False),
        ("{matches: '^\\d+$'}", "12345", True),
        ("{matches: '^\\d+$'}", "a12345", False),
        ("{matches: bank}", "BANK", False),
        ("{matches: '(?i)bank'}", "BANK", True),
        ("{contains: bank, matches: '^My'}", "My bank", True),
        ("{contains: bank, matches: '^My'}", "bank", False),
        ("{missing: true}", "", True),
        ("{missing: true}", "x", False),
        ("'*'", "", False),
    ],
)
def test_text_that_the_callers_side_wrote(when, text, expected):
    assert holds(f"{{display_name: {when}}}", call(display_name=text)) is expected
    assert holds(f"{{user_agent: {when}}}", call(user_agent=text)) is expected
    if when.isascii():  # else no host, which is a fault of the rule
        assert holds(f"{{domain: {when}}}", call(domain=text)) is expected
    assert holds(f"{{header: {{x-origin: {when}}}}}", call(headers={"x-origin": text})) is expected


def test_a_header_that_no_call_carries():
    assert not holds("{header: {X-Origin: '*'}}", call(headers=None))
    assert holds("{header: {X-Origin: {missing: true}}}", call(headers=None))


def test_many_text_conditions_are_told_apart():
    text = "".join(rule(f"{{display_name: {{contains: name{n}x}}}}", name=f"r{n}") for n in range(300))
    verdict = rules(text).judge(call(display_name="this is NAME217x"))
    assert [fired.name for fired in verdict.fired] == ["r217"]


@pytest.mark.parametrize(("agrees", "expected"), [(True, True), (False, False), (None, False)])
def test_identity_agrees(agrees, expected):
    assert holds("{agrees: true}", call(agrees=agrees)) is expected


def test_no_padding_hides_a_text():
    for padding in (509, 510, 512, 999, 1_000, 15_000):
        assert holds("{user_agent: {contains: bot}}", call(user_agent="x" * padding + "bot"))


def test_identity_that_cannot_be_compared_neither_agrees_nor_disagrees():
    assert not holds("{agrees: false}", call(agrees=None))
    assert holds("{agrees: {missing: true}}", call(agrees=None))
    assert not rules(rule("{caller: 13912345678}", unless="[{agrees: true}]")).judge(call(agrees=True)).fired
    assert rules(rule("{caller: 13912345678}", unless="[{agrees: false}]")).judge(call(agrees=None)).fired


def test_diverted_calls():
    assert holds("{diverted: true}", call(diverted=True))
    assert holds("{diverted: false}", call())
    assert not holds("{diverted: false}", call(diverted=True))


def test_lists_of_the_caller_and_of_the_called_number():
    made = call()
    assert holds("{caller: {on_list: [consented, blocked]}}", made, [hit("consented", "plain", made)])
    assert not holds("{caller: {on_list: consented}}", made)
    assert holds("{caller: {list_kind: own}}", made, [hit("ours", "own", made)])
    assert holds("{called: {on_list: consented}}", made, (), [hit("consented", "plain", made.called.canonical)])
    assert not holds("{called: {on_list: consented}}", made, (), [hit("ours", "own", made.called.canonical)])


def test_a_merely_shown_number_counts_for_block_and_suspect_entries_only():
    made = call("95588", shown=("13912345678",))
    shown = "+8613912345678"
    assert holds("{caller: {on_list: suspected}}", made, [hit("suspected", "suspect", shown)])
    assert not holds("{caller: {on_list: allowed}}", made, [hit("allowed", "allow", shown)])
    assert not holds("{caller: {on_list: consented}}", made, [hit("consented", "plain", shown)])


def test_group_and_its_lack():
    assert holds("{called: {group: homes}}", call(facts={"group": "homes"}))
    assert not holds("{called: {group: homes}}", call(facts={"group": "offices"}))
    assert not holds("{called: {group: homes}}", call())
    assert holds("{called: {group: {missing: true}}}", call())
    assert not holds("{called: {group: {missing: true}}}", call(facts={"group": "homes"}))


def test_groups_are_lists_of_that_kind():
    on_lists = [hit("homes", "group", "+8613800138000"), hit("night-shift", "group", "+8613800138000")]
    for group in ("homes", "night-shift", "[offices, homes]"):
        assert holds(f"{{called: {{group: {group}}}}}", call(), (), on_lists), group
    assert not holds("{called: {group: offices}}", call(), (), on_lists)
    assert not holds("{called: {group: {missing: true}}}", call(), (), on_lists)
    assert not holds("{called: {group: homes}}", call(), (), [hit("homes", "plain", "+8613800138000")])
    assert not holds("{called: {group: homes}}", call(facts={"group": "offices"}), (), on_lists), "measured goes first"


@pytest.mark.parametrize(
    ("when", "facts", "expected"),
    [
        ("{caller: {calls: {over: 60, within: 1h}}}", {"calls_1h": 61.0}, True),
        ("{caller: {calls: {over: 60, within: 1h}}}", {"calls_1h": 60.0}, False),
        ("{caller: {calls: {over: 60, within: 60m}}}", {"calls_1h": 61}, True),
        ("{caller: {calls: {over: 60, within: 1h}}}", {"calls_1d": 61.0}, False),
        ("{caller: {answered: {under: 10%, within: 1d}}}", {"answered_1d": 9.9}, True),
        ("{caller: {answered: {under: 10%, within: 1d}}}", None, False),
        ("{caller: {short_calls: {missing: true, within: 1h}}}", {}, True),
        ("{caller: {short_calls: {missing: true, within: 1h}}}", {"short_calls_1h": 3.0}, False),
        ("{caller: {called_numbers: {over: 5, under: 10, within: 1d}}}", {"called_numbers_1d": 7.0}, True),
        ("{fact: {holder: 'China X'}}", {"holder": "China X"}, True),
        ("{fact: {holder: [a, b]}}", {"holder": "c"}, False),
        ("{fact: {expired: true}}", {"expired": True}, True),
        ("{fact: {score: {over: 3}}}", {"score": 3.5}, True),
        ("{fact: {score: {over: 3}}}", {"score": "high"}, False),
        ("{fact: {score: 4}}", {"score": 4.0}, True),
        ("{fact: {score: {missing: true}}}", {"other": 1.0}, True),
    ],
)
def test_measured_facts(when, facts, expected):
    assert holds(when, call(facts=facts)) is expected


@pytest.mark.parametrize(
    ("when", "at", "expected"),
    [
        ("{hours: 21:00-08:00}", EVENING, True),
        ("{hours: 21:00-08:00}", MORNING, False),
        ("{hours: 22:10-22:11}", EVENING, True),
        ("{hours: 22:00-22:10}", EVENING, False),
        ("{hours: [01:00-02:00, 22:00-23:00]}", EVENING, True),
        ("{days: tue}", EVENING, True),
        ("{days: mon-wed}", EVENING, True),
        ("{days: [sat, sun]}", EVENING, False),
        ("{days: working}", EVENING, True),
        ("{days: off}", EVENING, False),
        ("{days: off}", EVENING + 4 * 86400, True),
        ("{days: working}", EVENING - 38 * 86400, False),
        ("{days: working, hours: 21:00-08:00}", EVENING, True),
    ],
)
def test_hours_and_days(when, at, expected):
    assert holds(when, call(at=at)) is expected


def test_a_window_across_midnight_belongs_to_the_day_it_starts():
    after_midnight = EVENING + 4 * 3600  # Wednesday 02:10
    assert holds("{days: tue, hours: 21:00-08:00}", call(at=after_midnight))
    assert not holds("{days: wed, hours: 21:00-08:00}", call(at=after_midnight))
    assert holds("{days: wed}", call(at=after_midnight))


def test_made_up_working_days_are_working_days():
    saturday = 1771034400.0  # 2026-02-14 10:00, made up for the spring festival
    festival = saturday + 3 * 86400
    assert holds("{days: working}", call(at=saturday))
    assert holds("{days: off}", call(at=festival))


def test_conditions_nest():
    when = "{any: [{caller: 95588}, {all: [{caller: {class: mobile}}, {hours: 21:00-08:00}]}]}"
    assert holds(when, call("95588", at=MORNING))
    assert holds(when, call(at=EVENING))
    assert not holds(when, call(at=MORNING))


@given(st.data())
def test_prefixes_cover_a_range_and_nothing_else(data):
    length = data.draw(st.integers(1, 4))
    numbers = st.integers(0, 10**length - 1)
    low, high = sorted((data.draw(numbers), data.draw(numbers)))
    prefixes = range_prefixes(f"CN:{low:0{length}d}", f"CN:{high:0{length}d}")
    covered = [n for n in range(10**length) if any(f"CN:{n:0{length}d}".startswith(p) for p in prefixes)]
    assert covered == list(range(low, high + 1))


@pytest.mark.parametrize(
    ("when", "proved", "expected"),
    [
        ("{caller: {attestation: A}}", "A", True),
        ("{caller: {attestation: a}}", "A", True),
        ("{caller: {attestation: A}}", "B", False),
        ("{caller: {attestation: [A, B]}}", "B", True),
        ("{caller: {attestation: A}}", None, False),
        ("{caller: {attestation: failed}}", "failed", True),
        ("{caller: {attestation: failed}}", "none", False),
        ("{caller: {attestation: none}}", "none", True),
        ("{caller: {attestation: none}}", None, True),  # nobody signed it
        ("{caller: {attestation: [none, failed]}}", "C", False),
        ("{fact: {attestation: A}}", "A", True),
        ("{fact: {attestation_why: stale}}", None, False),
    ],
)
def test_what_a_signature_proved(when, proved, expected):
    facts = {"attestation": proved} if proved else None
    assert holds(when, call("+12025550123", facts=facts)) is expected
