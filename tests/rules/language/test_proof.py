"""Examples and sequences are run; failures carry facts and a trace, and what no call showed is named."""

import re
from pathlib import Path

from rules.judging.explain import Sentence
from rules.language.compile import Known, compile_rules
from rules.language.proof import prove, shown_facts
from rules.language.sequences import read_sequences
from rules.language.source import read_document
from rules.settings.screening import ScreeningSettings
from tests.rules.calls import CN, EVENING, LISTS, READ, TRUSTED, rule

MACHINE = """\
- rule: calling-machine
  because: Over sixty calls an hour, most of them short, is a machine.
  when: {caller: {calls: {over: 60, within: 1h}, short_calls: {over: 70%, within: 1h}}}
  then: {suspicion: 5}
  catches: [{from: 13912345678, facts: {calls_1h: 61, short_calls_1h: 80%}}]
  spares:  [{from: 13912345678, facts: {calls_1h: 60, short_calls_1h: 80%}}]
"""


def proved(text, *tests):
    settings = ScreeningSettings(time_zone="Asia/Shanghai", lists=LISTS, use=[])
    compiled = compile_rules(
        [read_document(text, "rules.yaml")],
        settings,
        trunks=(CN, TRUSTED),
        known=Known(read=READ),
        now=EVENING,
        proving=False,
    )
    read = [read_document(test, "t.yaml") for test in tests]
    return prove(compiled, settings, [(document, read_sequences(document)) for document in read])


def sequence(*calls: str) -> str:
    return "tests:\n- test: it works\n  calls:\n" + "".join(f"  - {{{call}}}\n" for call in calls)


def outcome(text, *tests):
    proof, faults = proved(text, *tests)
    assert proof is not None, faults
    return [failure.fault.what for failure in proof.failures]


def gaps(text, *tests):
    proof, _ = proved(text, *tests)
    return [(gap.what, gap.condition) for gap in proof.gaps]


def test_an_example_that_fails_has_its_facts_and_each_condition():
    proof, _ = proved(MACHINE.replace("calls_1h: 61", "calls_1h: 59"))
    (failure,) = proof.failures
    assert str(failure.fault) == (
        "rules.yaml:5:13: rule 'calling-machine' does not catch: from 13912345678, facts calls_1h=59 short_calls_1h=80%"
    )
    assert shown_facts(failure.facts) == "calls_1h 59, short_calls_1h 80"
    assert failure.trace[1:] == [
        Sentence("when", "no   fact calls_1h is over 60 (59, counted since 2026-01-07 11:00:00)"),
        Sentence("when", "yes  fact short_calls_1h is over 70 (80, counted since 2026-01-07 11:00:00)"),
    ]
    assert proof.examples == 2


def test_what_is_spared_wrongly_shows_what_should_have_stopped_it():
    text = rule(
        "{any: [{caller: 95588}, {caller: 95599}]}",
        unless="[{hours: 21:00-22:00}]",
        spares="[{from: 95588, at: 2026-11-24T22:10}]",
    )
    proof, _ = proved(text)
    assert [line[:2] for line in proof.failures[0].trace[1:]] == [
        ("when", "yes  one of these holds:"),
        ("when", "  yes  the caller is CN:95588 (CN:95588)"),
        ("when", "  no   the caller is CN:95599 (CN:95588)"),
        ("unless", "no   the time is 21:00-22:00 (tue 22:10)"),
    ]


def test_a_sequence_counts_calls_and_judges_the_whole():
    calls = (
        "from: 13912345678, to: 13800138000, at: 2026-11-24T10:00, times: 60, every: 10s, lasts: 3s, expect: forward",
        "from: 13912345678, to: 13800138000, every: 10s, expect: tag, rule: calling-machine, fires: calling-machine",
        "from: 13912345678, to: 13800138000, every: 10s, expect: forward, trunk: trusted",
        "from: 13912345678, to: 110, expect: forward",
        "from: 13912345678, to: 13800138000, every: 2h, expect: forward",
    )
    proof, _ = proved(MACHINE, sequence(*calls))
    assert proof.failures == []
    assert (proof.tests, proof.calls) == (1, 64)


def test_each_sequence_begins_anew():
    calls = "from: 13912345678, times: 61, every: 1s, lasts: 1s"
    assert outcome(MACHINE, sequence(calls), sequence("from: 13912345678, expect: forward")) == []


def test_a_call_that_comes_out_otherwise_says_which_and_why():
    calls = "from: 13912345678, times: 70, every: 10s, lasts: 3s, expect: forward"
    proof, _ = proved(MACHINE, sequence(calls))
    (failure,) = proof.failures
    assert str(failure.fault) == (
        "t.yaml:4:5: test 'it works', call 1, the 61. of 70: expected forward, got tag by calling-machine"
    )
    assert failure.facts == {"calls_1h": 61, "short_calls_1h": 100.0}
    assert any(line.won and "calling-machine" in line.text for line in failure.trace)


def test_its_trace_tells_of_what_took_part_and_of_what_was_expected_and_counts_the_rest():
    others = "".join(rule("{caller: 95588}", name=f"other-{n:02d}") for n in range(24))
    text = others + rule("{caller: 96110}", name="wanted") + rule("{caller: {class: mobile}}", name="mobiles")
    proof, _ = proved(text, sequence("from: 13912345678, expect: tag, rule: wanted"))
    (failure,) = proof.failures
    assert [line.text.partition(":")[0] for line in failure.trace if line.step == "deciding rule"] == [
        *("mobiles", "wanted", "24 more do not hold")
    ]
    assert len(failure.trace) <= 6


def test_expectations_of_rules_and_marks():
    text = rule("{caller: 95588}", "reject", name="a") + rule("{caller: 95588}", name="b", mode="observe")
    assert outcome(text, sequence("from: 95588, expect: reject, rule: a, fires: [a, b]")) == []
    assert outcome(text, sequence("from: 95588, rule: b")) == [
        "test 'it works', call 1: expected b to decide, got reject by a"
    ]
    assert outcome(text, sequence("from: 95599, fires: b")) == [
        "test 'it works', call 1: expected b to match, got forward (no rule)"
    ]
    assert outcome(text, sequence("from: 95599, expect: reject, rule: a")) == [
        "test 'it works', call 1: expected reject by a, got forward (no rule)"
    ]


def test_lists_of_a_call_act_as_they_are_set():
    assert outcome("", sequence("from: 95588, on_list: blocked, expect: reject, rule: blocked")) == []
    assert outcome("", sequence("from: 95588, on_list: suspected, expect: tag, rule: suspected")) == []
    assert outcome("", sequence("from: 95588, on_list: [allowed, blocked], trunk: trusted, expect: forward")) == []


def test_given_facts_go_before_counted_ones():
    calls = "from: 13912345678, facts: {calls_1h: 61, short_calls_1h: 90}, expect: tag"
    assert outcome(MACHINE, sequence(calls)) == []


def test_what_no_call_showed():
    text = rule("{caller: {starts_with: 95012}, hours: 21:00-08:00}", name="night")
    assert gaps(text) == [
        ("never matched", ""),
        ("never true", "the caller starts with CN:95012"),
        ("never false", "the caller starts with CN:95012"),
        ("never true", "the time is 21:00-08:00"),
        ("never false", "the time is 21:00-08:00"),
    ]
    caught = text.replace("then", "catches: [{from: 95012345, at: 2026-11-24T22:10}]\n  then")
    assert gaps(caught) == [
        ("never false", "the caller starts with CN:95012"),
        ("never false", "the time is 21:00-08:00"),
    ]
    spared = caught.replace("then", "spares: [{from: 95588}]\n  then")
    assert gaps(spared) == []
    assert gaps(caught, sequence("from: 95012345")) == [("never false", "the caller starts with CN:95012")]


def test_named_conditions_are_covered_by_rule():
    text = "conditions:\n  bank: {any: [{caller: 95588}, {caller: 95599}]}\nrules:\n" + rule(
        "{condition: bank}", catches="[{from: 95588}]"
    )
    assert gaps(text) == [
        ("never false", "the caller is CN:95588"),
        ("never true", "the caller is CN:95599"),
    ]


def test_faults_of_rules_and_tests_stop_everything():
    proof, faults = proved(
        rule("{caller: {on_list: nobody}}"), sequence("from: 95588, trunk: carier, on_list: blokced")
    )
    assert proof is None
    assert [str(fault) for fault in faults if not fault.warning] == [
        "rules.yaml:3:28: there is no list 'nobody'; known here: allowed, blocked, consented, ours, suspected",
        "t.yaml:4:5: there is no list 'blokced'; did you mean 'blocked'?",
        "t.yaml:4:26: there is no trunk 'carier'; did you mean 'carrier'?",
    ]


def test_the_test_file_of_the_documentation_passes():
    text = (Path(__file__).resolve().parent.parent.parent.parent / "docs" / "rules.md").read_text()
    (shown,) = re.findall(r"```yaml\n(# yaml-language-server: \S+/tests\.json\n.*?)```", text, re.DOTALL)
    proof, _ = proved(MACHINE, shown)
    assert proof.failures == []
    assert proof.calls == 61


def test_a_call_of_a_test_that_no_rule_would_see():
    proof, found = proved(MACHINE, sequence("from: 95588, domain: 'x%00'"))
    assert proof is None
    assert "no rule sees this call: the proxy answers 400" in str(found[-1])
