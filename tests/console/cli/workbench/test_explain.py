"""`ringfence explain --from --to`: what a call would get now, with the rules and lists as they are."""

import asyncio
import json
import time

import pytest

from ringfence.rulebook import load_rulebook
from rules.records.decisions import Decisions
from rules.records.privacy import pseudonym
from rules.storage.keys import Keys
from tests.console.past import past_calls

NIGHT, NOON = ("--at", "2026-11-24T22:10+08:00"), ("--at", "2026-11-24T12:00+08:00")


def asked(run, *words: str) -> dict:
    found = run("explain", "--json", *words)
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def test_a_rule_and_its_hours(run):
    caught = asked(run, "--from", "95012345", "--to", "13800138000", *NIGHT)
    assert (caught["verdict"], caught["rule"], caught["step"]) == ("reject", "night-calls", "deciding rule")
    assert asked(run, "--from", "95012345", "--to", "13800138000", *NOON)["verdict"] == "forward"


def test_the_sentences(run):
    shown = run("explain", "--from", "95012345", "--to", "13800138000", *NIGHT).stdout
    assert "=> deciding rule" in shown
    assert "own.yaml:1)" in shown
    assert "the callee sees nothing" in shown


def test_lists(run):
    run("lists", "add", "suspected", "17012345678")
    found = asked(run, "--from", "sip:+8617012345678@example.com", "--to", "tel:+8613800138000")
    assert (found["verdict"], found["rule"], found["suspicion"]) == ("tag", "suspected", 5)


@pytest.mark.parametrize("called", ["110", "sip:110@example.com", "tel:110", "urn:service:sos", "+86110"])
def test_emergency_comes_first(run, called):
    run("lists", "add", "blocked", "17012345678")
    found = asked(run, "--from", "17012345678", "--to", called)
    assert (found["verdict"], found["step"], found["rule"]) == ("tag", "emergency", "blocked"), "forwarded, and marked"
    assert asked(run, "--from", "13912345678", "--to", called)["verdict"] == "forward"


@pytest.mark.parametrize(
    "caller",
    ["17012345678;phone-context=+49", "sip:17012345678;phone-context=+49@h", "tel:17012345678;phone-context=+49"],
)
def test_a_number_that_is_read_in_two_ways(run, caller):
    words = ("--from", caller, "--to", "sip:13800138000%23@h")
    found = asked(run, *words)
    assert found["readings"]["caller"] == ["+4917012345678", "+8617012345678"]
    assert found["readings"]["called"] == ["EXT:13800138000#", "+8613800138000"]
    assert found["facts"] == {"readings_differ": True}
    assert "or read as +8617012345678 (mobile, CN)" in run("explain", *words).stdout
    run("lists", "add", "blocked", "17012345678")
    assert asked(run, *words)["rule"] == "blocked"


def test_a_record_of_such_a_call_tells_it_and_shows_no_number(run, file):
    (decision,) = past_calls(file, load_rulebook(file), ["17012345678;phone-context=+49"])
    assert "the caller's number may also be read as +86170******78" in " ".join(run("explain", decision).stdout.split())
    assert "+8617012345678" in run("explain", decision, "--unmasked", "--reason", "why").stdout


def test_an_identity_counts_where_it_is_believed(run):
    run("lists", "add", "blocked", "17012345678")
    run("lists", "add", "allowed", "95588")
    words = ("--from", "17012345678", "--pai", "95588", "--to", "13800138000")
    assert asked(run, *words, "--trunk", "carrier")["rule"] == "allowed"
    assert asked(run, *words)["rule"] == "blocked"


def test_an_anonymous_caller(run):
    assert asked(run, "--from", "anonymous", "--to", "13800138000")["caller"] == "anonymous"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--from", "1"],
        ["a" * 20, "--from", "1", "--to", "2"],
        ["--from", "1", "--to", "2", "--trunk", "other"],
        ["--from", "1", "--to", "2", "--header", "X-Score"],
        ["--from", "1", "--to", "2", "--at", "noon"],
    ],
)
def test_wrong_usage(run, words):
    assert run("explain", *words).exit_code == 2


MACHINE = """\
- rule: machine
  because: Over sixty calls an hour, most of them short, is a machine.
  when: {caller: {calls: {over: 60, within: 1h}, short_calls: {over: 70%, within: 1h}}, called: {group: homes}}
  then: {tag: {label: 疑似机器, ring: 'urn:alert:tone:caution'}}
- rule: forwarded
  because: It was forwarded.
  when: {diverted: true, domain: shop.example}
  then: tag
"""


def test_facts_are_given_in_the_words_of_examples(file, run):
    (file.parent / "rules.d" / "own.yaml").write_text(MACHINE)
    words = ("--from", "13912345678", "--to", "13800138000", "--fact", "short_calls_1h=80%", "--group", "homes")
    caught = asked(run, *words, "--fact", "calls_1h=61")
    assert (caught["verdict"], caught["rule"]) == ("tag", "machine")
    assert caught["facts"] == {"calls_1h": 61.0, "short_calls_1h": 80.0, "group": "homes"}
    assert asked(run, *words, "--fact", "calls_1h=60")["verdict"] == "forward"
    shown = run("explain", *words, "--fact", "calls_1h=61").stdout
    assert (
        "X-Ringfence-Decision with the decision's id, the label '疑似机器' before the caller's name and Alert-Info"
        in shown
    )


def test_a_forwarded_call_of_a_domain(file, run):
    (file.parent / "rules.d" / "own.yaml").write_text(MACHINE)
    words = ("--from", "sip:95588@Shop.example:5060", "--to", "13800138000")
    assert asked(run, *words, "--diverted")["rule"] == "forwarded"
    assert asked(run, *words)["rule"] == ""


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("calls_1=61", "no rule asks for it; did you mean 'calls_1h'?"),
        ("calls_1h", "write NAME=VALUE, such as calls_1h=61 or short_calls_1h=80%"),
    ],
)
def test_a_fact_that_is_misspelt(file, run, fact, said):
    (file.parent / "rules.d" / "own.yaml").write_text(MACHINE)
    found = run("explain", "--from", "1", "--to", "2", "--fact", fact)
    assert found.exit_code == 2
    assert said in " ".join(found.stderr.replace("│", "").split())


def test_a_diverted_call_now_and_in_the_record(file, run):
    file.write_text(file.read_text() + "destinations: {desk: 'sip:desk@192.0.2.20:5070'}\n")
    text = "- rule: bank\n  because: b\n  when: {caller: 95588}\n  then: divert\n"
    (file.parent / "rules.d" / "own.yaml").write_text(text)
    assert asked(run, "--from", "95588", "--to", "13800138000")["destination"] == "desk"
    book = load_rulebook(file)
    (decision,) = past_calls(file, book, ["95588"], ruleset=book.ruleset)
    goes = (
        "the call goes to desk (sip:desk@192.0.2.20:5070), with X-Ringfence-Verdict: diverted, X-Ringfence-Rule: bank"
    )
    for words in (("--from", "95588", "--to", "13800138000"), (decision,)):
        assert goes in run("explain", *words).stdout
    (row,) = json.loads(run("log", "--verdict", "divert", "--json").stdout)
    assert (row["verdict"], row["rule"], row["destination"]) == ("divert", "bank", "desk")
    assert asked(run, decision)["destination"] == "desk"


def test_a_label_of_a_recorded_call_is_found_in_the_rules_of_its_time(file, run):
    text = "- rule: bank\n  because: b\n  when: {caller: 95588}\n  then: {tag: {label: 疑似}}\n"
    (file.parent / "rules.d" / "own.yaml").write_text(text)
    assert run("rules", "activate", "--reason", "r", "--yes-really").exit_code == 0
    book = load_rulebook(file)
    (decision,) = past_calls(file, book, ["95588"], ruleset=book.ruleset)
    assert "and the label '疑似' before the caller's name" in run("explain", decision).stdout


def test_a_time_that_no_clock_shows_is_said(file, run):
    file.write_text(file.read_text().replace("time_zone: Asia/Shanghai", "time_zone: Europe/Berlin"))
    (file.parent / "rules.d" / "own.yaml").write_text("[]\n")
    found = run("explain", "--from", "95012345", "--to", "13800138000", "--at", "2026-03-29T02:30")
    assert found.exit_code != 0
    assert "no clock in Europe/Berlin shows" in " ".join(found.stderr.replace("│", "").split())


def test_an_amount_that_no_call_has_is_said(file, run):
    own = file.parent / "rules.d" / "own.yaml"
    own.write_text(own.read_text() + SHORT)
    found = run("explain", "--from", "13912345678", "--to", "13800138000", "--saved", "--fact", "short_calls_1h=0.8")
    assert found.exit_code != 0
    assert "0.8 is less than one percent; write 80%" in " ".join(found.stderr.replace("│", "").split())


SHORT = """\
- rule: machine
  because: It calls without end.
  when: {caller: {short_calls: {over: 70%, within: 1h}}}
  then: tag
  catches: [{from: 13912345678, facts: {short_calls_1h: 80%}}]
"""


def test_a_call_to_whoever_made_an_emergency_call_lately_passes(run, file):
    """As in the running proxy, which has it from the same database after a restart."""
    run("lists", "add", "blocked", "17012345678")
    run("complaints", "add", "95012345", "--by", "13800138000")  # there is a record, and there are keys
    asked = ("explain", "--from", "17012345678", "--to", "13800138000")
    before = run(*asked)
    assert "emergency callback     the called subscriber made no emergency call lately, as far as is" in before.stdout
    assert json.loads(run(*asked, "--json").stdout)["verdict"] == "reject"
    key = pseudonym(Keys.load(file.with_name("ringfence.keys")).pseudonym, "+8613800138000")

    async def made(at):
        decisions = await Decisions.open(file.with_name("ringfence-decisions.db"))
        await decisions.write([], [], [], [(key, at)])
        await decisions.close()

    asyncio.run(made(time.time() - 8_000))
    assert json.loads(run(*asked, "--json").stdout)["verdict"] == "reject", "more than the two hours ago"
    asyncio.run(made(time.time() - 60))
    found = json.loads(run(*asked, "--json").stdout)
    assert (found["verdict"], found["step"]) == ("forward", "emergency callback")
    told = run(*asked).stdout
    assert "made an emergency call at" in told
    assert "every call to him passes until" in told
    assert "no entry covers the caller" not in told
    assert json.loads(run("explain", "--from", "17012345678", "--to", "110", "--json").stdout)["step"] == "emergency"
    other = ("explain", "--from", "17012345678", "--to", "13800138001")
    assert json.loads(run(*other, "--json").stdout)["verdict"] == "reject"


def test_many_calls_of_a_file_in_a_table(run, tmp_path):
    run("lists", "add", "suspected", "17012345678")
    calls = tmp_path / "calls.csv"
    calls.write_text(
        "from,to,at,verdict\n95012345,13800138000,2026-11-24T22:10+08:00,reject\n17012345678,13800138000,,tag\n"
        "13912345678,13800138000,,\n"
    )
    found = run("explain", "--file", str(calls))
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines()[-1] == "3 calls: reject 1, tag 1, forward 1; 2 of 2 as the file wishes"
    data = asked(run, "--file", str(calls))
    assert [(row["line"], row["rule"]) for row in data] == [(2, "night-calls"), (3, "suspected"), (4, "")]
    calls.write_text("from,to,verdict\n13912345678,13800138000,reject\n")
    found = run("explain", "--file", str(calls))
    assert (found.exit_code, found.stderr) == (1, "line 2: forward, and reject was wished\n")
    assert run("explain", "--file", str(calls), "--from", "95588", "--to", "1").exit_code == 2
    assert run("explain", "--file", str(tmp_path / "none.csv")).exit_code == 1
