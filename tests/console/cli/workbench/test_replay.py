"""`ringfence replay`: the log and files of calls under a candidate, for people and for programs."""

import json
import re
from pathlib import Path

import pytest

from console.cli.workbench.replay import candidate_files
from ringfence.rulebook import load_rulebook
from tests.console.past import past_calls
from tests.rules.calls import rule

CANDIDATE = rule("{caller: {starts_with: [95012]}}", "reject", "marketing") + rule("{caller: 95588}", "tag", "bank")
ACCOUNTS = (("wang", "admin"), ("author", "rule-author"), ("officer", "complaint-officer"))
CALLERS = ["95012345"] * 3 + ["13912345678"] * 7


@pytest.fixture
def candidate(file, tmp_path):
    """Ten recorded calls, three of them from a marketing number; and rules against it."""
    past_calls(file, load_rulebook(file), CALLERS)
    path = tmp_path / "candidate.yaml"
    path.write_text(CANDIDATE)
    return path


def test_for_people(run, candidate):
    shown = run("replay", "--rules", str(candidate))
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0] == "Callers on an allow list: none is hit."
    assert "3 calls change beside what was decided then:" in lines
    assert any(line.startswith("  forward -> reject, marketing: 3 calls; CN:95****** (") for line in lines)
    assert next(line for line in lines if line.startswith("Rules that held for no call: ")).find("bank") > 0
    assert "Read 10 calls, 100.0 % of the log" in shown.stdout
    assert "95012345" not in shown.stdout


def test_for_programs(run, candidate):
    found = json.loads(run("replay", "--rules", str(candidate), "--json").stdout)
    (flip,) = found["flips"]
    assert (flip["from"], flip["to"], flip["rule"], flip["calls"]) == ("forward", "reject", "marketing", 3)
    assert found["caught"] == {"before": 0, "after": 3, "newly": 3}
    assert next(row for row in found["rules"] if row["rule"] == "marketing")["alone"] == 3
    assert "bank" in found["dead"]
    assert found["read"]["judged"] == 10
    assert found["live"] is None


def test_an_allow_list_comes_first(run, candidate):
    assert run("lists", "add", "allowed", "95012345", "--reason", "known").exit_code == 0
    found = run("replay", "--rules", str(candidate)).stdout
    assert found.startswith("Callers on an allow list that it would hit: 3 calls, of which 3 ring now.\n  on allowed: ")


def test_beside_what_is_live(run, candidate):
    assert run("rules", "activate", "--reason", "first", "--yes-really").exit_code == 0
    found = json.loads(run("replay", "--json").stdout)
    assert (found["changed"], found["live"]) == (0, found["candidate"])


def test_since(run, candidate):
    assert json.loads(run("replay", "--since", "1h", "--json").stdout)["read"]["calls"] == 0
    assert run("replay", "--since", "1h").stdout == "There are no past calls to judge.\n"


def test_no_log_at_all(run):
    assert run("replay").stdout == "There are no past calls to judge.\n"


def test_a_file_of_calls(run, candidate, tmp_path):
    calls = tmp_path / "calls.csv"
    calls.write_text("from,to,verdict\n95012345,13800138000,forward\n95588,13800138000,tag\n")
    shown = run("replay", "--rules", str(candidate), "--file", str(calls)).stdout
    assert "forward -> reject, marketing: 1 call; CN:95****** (line 2)" in shown
    assert "Read 2 calls of the file" in shown
    calls.write_text("from,to\n95012345\n")
    refused = run("replay", "--file", str(calls))
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"{calls}:2:1: ")


def test_a_faulty_candidate(run, tmp_path):
    path = tmp_path / "candidate.yaml"
    path.write_text(CANDIDATE.replace("reject", "rejct"))
    found = run("replay", "--rules", str(path))
    assert found.exit_code == 1
    assert found.stderr.startswith(f"{path}:4:")


def test_facts_that_were_not_measured_then(run, candidate):
    candidate.write_text(rule("{caller: {calls: {over: 60, within: 1h}}}", "tag", "machine"))
    shown = run("replay", "--rules", str(candidate)).stdout
    assert "no record holds the fact calls_1h, for which machine asks: it was not measured then" in shown


def test_candidate_files(tmp_path):
    for name in ("b.yaml", "a.yaml", "c.txt"):
        (tmp_path / name).touch()
    assert candidate_files([]) is None
    assert candidate_files([str(tmp_path), "x.yaml"]) == [tmp_path / "a.yaml", tmp_path / "b.yaml", Path("x.yaml")]


def test_a_file_of_calls_is_judged_by_all_that_the_proxy_asks(run, file, tmp_path):
    """Lists of subscribers, the ladder and the ledger count as they do for a call that rings."""
    codes, calls = tmp_path / "codes.csv", tmp_path / "calls.csv"
    codes.write_text("code,holder\n1391,Firm\n")
    calls.write_text(
        "from,to\n" + "".join(f"{caller},13800138000\n" for caller in ("02162345678", "95588", "13912345678"))
    )
    run("ranges", "import", str(codes))
    run("subscribers", "add", "13800138000", "block", "02162345678")
    run("ladder", "climb", "number", "95588", "--reason", "again", "--to", "reject")
    firm = rule("{fact: {holder: Firm}}", "tag", "firm")
    (file.parent / "rules.d" / "own.yaml").write_text(firm)
    found = json.loads(run("replay", "--file", str(calls), "--json").stdout)
    assert found["caught"]["after"] == 3


@pytest.mark.parametrize("header", ["from,to,from", "from,facts,to,facts", "from,to,verdict,verdict"])
def test_a_column_that_stands_twice_in_a_file_of_calls_is_refused(run, tmp_path, header):
    """Of two columns of one name the last would count, and nobody would know."""
    calls = tmp_path / "calls.csv"
    calls.write_text(f"{header}\n{','.join(['95588'] * len(header.split(',')))}\n")
    refused = run("replay", "--file", str(calls))
    assert refused.exit_code == 1
    assert re.search(r"calls\.csv:1:1: two columns are called '\w+', of which one would be lost", refused.stderr)


def test_whoever_may_see_no_number_learns_none_by_asking_again_and_each_question_is_entered(run, under, candidate):
    for name, role in (("wang", "admin"), ("author", "rule-author"), ("keeper", "list-keeper"), ("au", "auditor")):
        assert under("wang", "people", "add", name, "--role", role, "--login", name).exit_code in (0, 3)
    words = ("replay", "--rules", str(candidate), "--json")
    found = json.loads(under("author", *words).stdout)
    assert (found["flips"], found["changed"], found["caught"]["newly"]) == ([], 0, 0)
    assert found["least_callers"] == 5
    assert not re.search(r'"[0-9a-f]{20}"', json.dumps(found)), "no call is named"
    assert "What fewer than 5 callers did is left out" in under("author", *words[:-1]).stdout
    tried = []
    for prefix in ("95012*", "95013*"):
        candidate.with_name("p.csv").write_text(f"number\n{prefix}\n")
        words = ("lists", "import", "blocked", str(candidate.with_name("p.csv")), "--range", "--dry-run")
        told = under("keeper", *words)
        assert "would have caught under 5." in told.stdout, told
        tried.append(json.loads(under("keeper", *words, "--json").stdout)["caught"])
    assert tried == [[None, 10, []]] * 2
    shown = json.loads(under("au", "audit", "show", "--json").stdout)
    looks = [(one["actor"], one["detail"].partition("; ")[2][:27]) for one in shown if one["subject"] == "call"]
    assert looks.count(("keeper", "callers of the last day: li")) == 4
    assert len([one for one in looks if one[0] == "author" and one[1].startswith("past calls: replay")]) == 2


def test_all_names_each_call_that_changes(run, candidate, file):
    past_calls(file, load_rulebook(file), ["95012346"] * 4, ago_s=3600)
    few, every = (run("replay", "--rules", str(candidate), *more) for more in ((), ("--all",)))
    assert len(re.findall(r"CN:95\*+ \(", few.stdout)) == 3
    assert len(re.findall(r"^      CN:95\*+ \([0-9a-f]{20}\)$", every.stdout, re.MULTILINE)) == 7
    (flip,) = json.loads(run("replay", "--rules", str(candidate), "--all", "--json").stdout)["flips"]
    assert len(flip["samples"]) == 7


def test_check_tells_of_past_calls_whom_replay_tells_under_its_guards_and_enters_it(run, under, candidate, file):
    """Whose number a call is can be found out by halves of a range: whoever asks `check` so is no better off."""
    people = (
        ("wang", "admin"),
        ("author", "rule-author"),
        ("officer", "complaint-officer"),
        ("priv", "privacy-officer"),
    )
    for name, role in people:
        assert under("wang", "people", "add", name, "--role", role, "--login", name).exit_code in (0, 3)
    loose = file.with_name("loose.yaml")
    own = file.parent / "rules.d" / "own.yaml"
    own.write_text(own.read_text() + CANDIDATE)
    loose.write_text(file.read_text() + "privacy: {least_callers: 0}\n")

    def standing(login: str, *config: str) -> tuple[str, dict]:
        text, found = under(login, "check", *config), under(login, "check", *config, "--json")
        return text.stdout.splitlines()[-1], json.loads(found.stdout)["standing"]

    said, told = standing("author")
    assert "yesterday: no call of 5 callers changes" in said
    assert (told["calls"], told["changed"], told["least"]) == (10, 0, 5)
    for login in ("wang", "officer", "priv", "nobody"):
        said, told = standing(login)
        assert "yesterday: not told, " in said, (login, said)
        assert [told[name] for name in ("calls", "cut", "changed", "from_allow_lists")] == [None] * 4
    said, told = standing("author", "--config", str(loose))
    assert "guards people less than" in said
    assert told["changed"] is None
    seen = json.loads(under("priv", "audit", "show", "--json", "--limit", "500").stdout)
    looks = [one["actor"] for one in seen if "past calls: check" in one["detail"]]
    assert looks == ["author"] * 2
    assert {one["actor"] for one in seen if one["step"] == "looser file refused"} == {"author"}
    assert {one["door"] for one in seen if "past calls: check" in one["detail"]} == {"command line"}
