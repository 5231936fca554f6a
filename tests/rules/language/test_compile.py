"""Rule files become one rule set, or every fault at once; examples prove the rules, the revision says what they mean."""

# ruff: noqa: E501 - a fault reads best in one line

from datetime import UTC, date, datetime
from time import perf_counter

import pytest

from rules.judging.calendars import unannounced
from rules.judging.facts import Facts
from rules.language.compile import Known, compile_rules
from rules.language.source import read_document
from rules.settings.screening import ListSettings, ScreeningSettings
from tests.rules.calls import ABROAD, CN, TRUNKS, TRUSTED, call, compiled, faults, hit, rule, rules

NIGHT = """\
- rule: marketing-at-night
  because: Marketing numbers may not ring homes at night.
  when: {caller: {starts_with: [95012, 95013]}, called: {group: homes}, hours: 21:00-08:00}
  unless: [{caller: {on_list: consented}}, {called: {group: night-shift}}]
  then: tag
  mode: live
  catches: [{from: 95012345, to: 13800138000, group: homes, at: 2026-11-24T22:10+08:00}]
  spares:  [{from: 95012345, to: 13800138000, group: homes, at: 2026-11-24T09:00+08:00}]
- rule: calling-machine
  because: Over sixty calls an hour, most of them short, is a machine.
  when: {caller: {calls: {over: 60, within: 1h}, short_calls: {over: 70%, within: 1h}}}
  then: {suspicion: 4}
  mode: observe
  catches: [{from: 13912345678, facts: {calls_1h: 61, short_calls_1h: 80%}}]
  spares:  [{from: 13912345678, facts: {calls_1h: 60, short_calls_1h: 80%}}]
"""


def test_the_example_of_the_documentation_compiles_and_judges():
    ruleset = rules(NIGHT)
    made = call("95012345", facts={"group": "homes"})
    assert ruleset.judge(made).rule == "marketing-at-night"
    assert not ruleset.judge(made, [hit("consented", "plain", made)]).rule
    assert ruleset.rates == {("calls", 3600), ("short_calls", 3600)}


def test_an_example_that_fails_is_a_fault_that_says_why():
    text = NIGHT.replace("T22:10", "T20:10").replace("T09:00", "T23:00")
    assert faults(text) == [
        "rules.yaml:7:13: rule 'marketing-at-night' does not catch: from 95012345, to 13800138000, at 2026-11-24 20:10+08:00, group homes; this does not hold: the time is 21:00-08:00 (tue 20:10)",
        "rules.yaml:8:13: rule 'marketing-at-night' catches what it should spare: from 95012345, to 13800138000, at 2026-11-24 23:00+08:00, group homes; narrow `when`, or add to `unless`",
    ]


def test_an_example_stopped_by_unless_says_so():
    text = NIGHT.replace(
        "group: homes, at: 2026-11-24T22:10+08:00}", "group: homes, at: 2026-11-24T22:10, on_list: consented}"
    )
    (fault,) = faults(text)
    assert fault.endswith("; `unless` stops it: the caller is on list consented")


@pytest.mark.parametrize(
    ("example", "fault"),
    [
        ("{from: 95588, to: 110}", "rules.yaml:5:13: '110' is an emergency number, which no rule can stop; let the example call another"),
        ("{from: 95588, on_list: blokced}", "rules.yaml:5:13: there is no list 'blokced'; did you mean 'blocked'?"),
        ("{from: 95588, trunk: carier}", "rules.yaml:5:34: there is no trunk 'carier'; did you mean 'carrier'?"),
    ],
)  # fmt: skip
def test_an_example_that_cannot_be(example, fault):
    assert faults(rule("{caller: 95588}", catches=f"[{example}]")) == [fault]


def test_examples_name_every_fact_that_conditions_read():
    when = (
        "{caller: {on_list: blocked, list_kind: block}, called: {on_list: consented}, display_name: a, domain: b, user_agent: c,"
        " header: {x-origin: d}, agrees: false, diverted: true, trunk: abroad, trunk_country: US, fact: {score: {over: 3}}}"
    )
    example = (
        "{from: 95588, to: 13800138000, on_list: blocked, called_on_list: consented, display_name: A, domain: B,"
        " user_agent: C, header: {X-Origin: D}, agrees: false, diverted: true, trunk: abroad, facts: {score: 4}}"
    )
    rules(rule(when, catches=f"[{example}]"), trunks=TRUNKS)


def test_an_example_reads_numbers_on_a_trunk_of_the_files_country():
    text = "country: US\nrules:\n" + rule("{caller: {country: US}}", catches="[{from: 2025550123}]")
    rules(text, trunks=TRUNKS)
    rules(text, trunks=(CN,))


def test_one_name_in_two_files():
    text = rule("{caller: 95588}", name="a") + "\n---\n" + rule("{caller: 95599}", name="a")
    assert faults(text) == ["1-rules.yaml:1:9: rule 'a' stands in rules.yaml:1 too; give one of them another name"]


@pytest.mark.parametrize(
    ("then", "destinations", "fault"),
    [
        ("{divert: dask}", ["desk"], "there is no destination 'dask'; did you mean 'desk'?"),
        ("divert", [], "there is no destination to divert to; name one under `destinations` in ringfence.yaml"),
        ("{divert: desk}", [], "there is no destination to divert to; name one under `destinations` in ringfence.yaml"),
        ("divert", ["mail", "desk"], "it is not said to which destination; write {divert: NAME} with one of desk, mail"),
    ],
)  # fmt: skip
def test_a_destination_that_nobody_defined(then, destinations, fault):
    found = faults(rule("{caller: 95588}", then), known=Known(destinations=destinations))
    assert found == [f"rules.yaml:4:9: {fault}"]


def test_a_mask_behind_which_nobody_could_be_reached():
    assert faults(rule("{caller: 95588}", "{tag: {mask: true}}"), known=Known(labels=False)) == [
        "rules.yaml:4:9: what the callee sends would reach nobody; leave `mask` out, or set `record_route: true`"
    ]


def test_a_label_that_could_not_be_taken_off_again():
    assert faults(rule("{caller: 95588}", "{tag: {label: odd}}"), known=Known(labels=False)) == [
        "rules.yaml:4:9: the caller would see the label in the callee's requests; leave it out, or set `record_route: true`"
    ]


def test_a_plain_divert_goes_to_the_only_destination():
    document = read_document(rule("{caller: 95588}", "divert"), "rules.yaml")
    known = Known(destinations=["desk"])
    ruleset = compile_rules([document], ScreeningSettings(use=[]), trunks=(CN,), known=known).ruleset
    assert ruleset.rules[0].destination == "desk"


def test_a_profile_that_nobody_defined():
    text = rule("{caller: 95588}", "{reject: busi}")
    assert faults(text, known=Known(profiles=["busy", "decline"])) == [
        "rules.yaml:4:9: there is no reply profile 'busi'; did you mean 'busy'?"
    ]
    assert compiled(text)[0] is not None


def test_the_lists_of_called_numbers_that_must_be_looked_up():
    assert rules(rule("{caller: {on_list: blocked}}")).called_lists == frozenset()
    assert rules(rule("{called: {on_list: consented}}")).called_lists == {"consented"}
    assert rules(rule("{called: {list_kind: own}}")).called_lists == {"ours"}
    crisis = {"lists": {"crisis": {"kind": "emergency"}}}
    assert rules("", settings=crisis).called_lists == {"crisis"}


def test_the_revision_is_of_what_the_rules_mean():
    one, two = rule("{caller: 95588}", name="a"), rule("{caller: 95599}", name="b")
    revision = rules(one + two).revision
    assert len(revision) == 12
    assert set(revision) <= set("0123456789abcdef")
    same = (two + one, f"{two}\n---\n{one}", "# remark\n" + one + two, one + two + "  catches: [{from: 95599}]\n")
    assert {rules(text).revision for text in same} == {revision}
    other = (one, rule("{caller: 95588}", "reject", name="a") + two, "country: US\nrules:\n" + one + two)
    assert revision not in {rules(text).revision for text in other}
    assert rules(one + two, settings={"time_zone": "UTC"}).revision != revision


def test_nobody_announced_the_holidays_of_a_year_yet():
    text = rule("{days: working}", catches="[{from: 95588}]")
    _, found = compiled(text)
    assert [str(fault) for fault in found] == []
    _, found = compiled(text, settings={"time_zone": "UTC"}, trunks=())
    assert str(found[0]) == (
        "rules.yaml:3:16: warning: it is not said whose working days: working days are Monday to Friday; "
        "set `country:` at the top of the file, or name days of the week here"
    )
    _, found = compiled(f"country: CN\nrules:\n{text}", trunks=(CN, ABROAD))
    assert found == []
    _, found = compiled(f"country: TA\nrules:\n{text}", trunks=())
    assert "no calendar is known for TA: working days" in str(found[0])


def test_it_is_said_before_such_a_year_begins():
    first = next(year for year in range(2026, 2100) if unannounced("CN", (year,)))
    settings = ScreeningSettings(use=[], time_zone="Asia/Shanghai")
    for day, warned in ((date(first - 1, 11, 1), False), (date(first - 1, 12, 20), True), (date(first, 1, 2), True)):
        files = [read_document(rule("{days: working}", catches="[{from: 95588}]"), "rules.yaml")]
        now = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        found = compile_rules(files, settings, trunks=(CN,), now=now).faults
        assert any("nobody has announced" in str(fault) for fault in found) is warned


def test_a_group_that_nobody_is_in():
    text = rule("{caller: 95588, called: {group: hmoes}}", catches="[{from: 95588, group: hmoes}]")
    lists = {"homes": ListSettings(kind="group")}
    ruleset, found = compiled(text, settings={"lists": lists}, known=Known(facts={"group"}))
    assert [str(fault) for fault in found] == [
        "rules.yaml:3:41: warning: nobody is in group 'hmoes'; did you mean 'homes'?"
    ]
    assert ruleset.called_lists == {"homes"}, "whose groups are known is recorded, whether or not some rule asks"
    _, found = compiled(text, known=Known(facts={"group"}))
    assert str(found[0]).endswith("make a list of its numbers: `hmoes: {kind: group}`")


def test_days_that_the_operator_names():
    text = rule("{days: off}", catches="[{from: 95588, at: 2026-11-24T12:00}]")
    assert len(faults(text)) == 1
    assert rules(text, known=Known(calendar={date(2026, 11, 24): False}))


def test_ten_thousand_rules_cost_a_call_what_ten_do():
    def made(count):
        return rules("".join(rule(f"{{caller: {{starts_with: +8613{n:05d}}}}}", name=f"r{n}") for n in range(count)))

    few, many = made(10), made(10_000)
    calls = [call(f"13{n:05d}1234") for n in range(10)]
    assert all(many.judge(one).rule == few.judge(one).rule for one in calls)

    def cost(ruleset):
        """The best of many short rounds, which a busy machine disturbs least."""
        rounds = []
        for _ in range(50):
            started = perf_counter()
            for one in calls:
                ruleset.judge(one)
            rounds.append(perf_counter() - started)
        return min(rounds)

    assert cost(many) < 3 * cost(few)
    assert len(list(many.index.candidates(Facts(calls[3], (), (), many.clock)))) == 1


def test_an_example_that_no_rule_would_see():
    (fault,) = faults(rule("{caller: 95588}", catches="[{from: 95588, domain: 'x%00'}]"))
    assert fault.startswith(
        "rules.yaml:5:13: no rule sees this call: the proxy answers 400 Control Character In A URI; "
    )


def test_examples_are_read_as_the_proxy_reads_calls():
    """Who is believed by From or P-Asserted-Identity, and what a header field holds."""
    asserted = rule("{agrees: false, caller: 95588}", catches="[{from: 95588, agrees: false}]")
    shown = rule(
        "{header: {X-Origin: abroad}, domain: x}", catches="[{from: '1', domain: x, header: {X-Origin: abroad}}]"
    )
    for trunk in (CN, TRUSTED):
        assert compiled(asserted, trunks=(trunk,))[0] is not None
        assert compiled(shown, trunks=(trunk,))[0] is not None
