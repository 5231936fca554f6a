"""`ringfence rules`: going live with a reason, the history, the difference, and the way back."""

import json

import pytest

from ringfence.rulebook import load_rulebook
from rules.screening.revisions import Superseded
from tests.console.past import past_calls


def change(file, old, new):
    path = file.parent / "rules.d" / "own.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def other_rule(file):
    """A rule that catches one number at any time of the day."""
    change(file, "{starts_with: [95012]}, hours: 21:00-08:00", "17012345678")
    change(file, "  catches:", "  # catches:")
    change(file, "  spares:", "  # spares:")


@pytest.fixture
def live(run):
    """What is on the disk is live."""
    found = run("rules", "activate", "--reason", "first")
    assert found.exit_code == 0, found.stderr
    return found


def test_the_first_time(run, live):
    assert live.stdout.startswith("There are no past calls to judge.\n\nRevision 1 (")
    assert "is live; a running proxy judges by it within a second." in live.stdout
    (row,) = json.loads(run("rules", "history", "--json").stdout)
    assert (row["revision"], row["reason"]) == (1, "first")
    assert row["author"]


def test_a_reason_is_needed(run):
    assert run("rules", "activate").exit_code == 2


def test_nothing_to_activate(run, live):
    found = run("rules", "activate", "--reason", "again")
    assert found.exit_code == 0
    assert found.stdout == "Nothing to do: revision 1 is live and is what lies on the disk.\n"


def test_faulty_rules_never_go_live(run, live, file):
    change(file, "then: reject", "then: rejct")
    found = run("rules", "activate", "--reason", "worse")
    assert found.exit_code == 1
    assert found.stderr.startswith(f"{file.parent / 'rules.d' / 'own.yaml'}:4:9: ")
    assert len(json.loads(run("rules", "history", "--json").stdout)) == 1


def test_check_says_that_the_disk_is_not_live(run, live, file):
    assert run("check").stdout.endswith("; live as revision 1\n")
    past_calls(file, load_rulebook(file), ["17012345678"] * 2)
    other_rule(file)
    last = run("check").stdout.splitlines()[-1]
    assert last.endswith("1 warning; yesterday: 2 calls change, 0 from allow lists; not live, revision 1 is")
    found = run("rules", "diff")
    assert found.exit_code == 1
    assert "-  when: {caller: {starts_with: [95012]}, hours: 21:00-08:00}" in found.stdout.splitlines()
    assert "rules.d/own.yaml (revision 1)" in found.stdout


def test_whoever_catches_much_must_insist(run, live, file):
    past_calls(file, load_rulebook(file), ["13912345678"] * 98 + ["17012345678"] * 2)
    other_rule(file)
    refused = run("rules", "activate", "--reason", "all day")
    assert refused.exit_code == 1
    assert "it would newly catch 2.0 % of yesterday's calls; if that is meant, say --yes-really" in refused.stderr
    assert run("rules", "activate", "--reason", "all day", "--yes-really").exit_code == 0


def test_little_needs_no_insistence(run, live, file):
    past_calls(file, load_rulebook(file), ["13912345678"] * 99 + ["17012345678"])
    other_rule(file)
    assert run("rules", "activate", "--reason", "all day").exit_code == 0


def test_back(run, live, file):
    change(file, "then: reject", "then: tag")
    assert run("rules", "activate", "--reason", "milder").exit_code == 0
    back = json.loads(run("rules", "rollback", "--reason", "too mild", "--json").stdout)
    rows = json.loads(run("rules", "history", "--json").stdout)
    assert [row["revision"] for row in rows] == [back["revision"], 2, 1] == [3, 2, 1]
    assert rows[0]["rules"] == rows[2]["rules"]
    assert rows[0]["reason"] == "back to revision 1: too mild"
    assert run("rules", "diff", "1", "3").exit_code == 0
    assert run("check").stdout.endswith("; not live, revision 3 is\n")
    same = run("rules", "rollback", "1", "--reason", "again")
    assert (same.exit_code, "holds the same files" in same.stdout) == (0, True)
    assert json.loads(run("rules", "rollback", "2", "--reason", "no", "--json").stdout)["revision"] == 4


def test_there_is_no_way_back(run, live):
    nowhere = run("rules", "rollback", "--reason", "x")
    assert nowhere.exit_code == 1
    assert nowhere.stderr.startswith("the history holds revision 1 only, which is live")
    assert "ringfence rules activate --reason" in nowhere.stderr
    unknown = "there is no revision 9; `ringfence rules history` lists those that there are\n"
    assert run("rules", "rollback", "9", "--reason", "x").stderr == unknown
    assert run("rules", "diff", "9").stderr == unknown


def test_nothing_was_ever_live(run):
    assert run("rules", "history").stdout == "Nothing was ever put live.\n"
    assert run("rules", "diff").stderr == "nothing was ever put live\n"


def test_the_history_as_a_table(run, live):
    assert "first" in run("rules", "history").stdout


def test_two_authors_at_once(run, live, file, monkeypatch):
    change(file, "then: reject", "then: tag")

    async def meanwhile(*_):
        raise Superseded("revision 2 went live meanwhile; look at what it changed, then try again")

    monkeypatch.setattr("ringfence.candidates.activate", meanwhile)
    found = run("rules", "activate", "--reason", "milder")
    assert (found.exit_code, found.stderr[:30]) == (1, "revision 2 went live meanwhile")


def test_what_is_not_read_is_said_before_it_goes_live(file, run):
    (file.parent / "rules.d" / "more.yaml").mkdir()
    found = run("rules", "activate", "--reason", "first")
    assert found.exit_code == 0
    assert "more.yaml is a folder and is not read" in found.stderr


def test_the_rules_are_listed_with_what_they_did(run, live, file):
    change(file, "then: reject", "then: reject\n  mode: observe")
    other_rule(file)
    assert run("rules", "activate", "--reason", "watch", "--yes-really").exit_code == 0
    past_calls(file, load_rulebook(file), ["17012345678"] * 3, ruleset=load_rulebook(file).ruleset)
    rows = {row["rule"]: row for row in json.loads(run("rules", "list", "--json").stdout)}
    (name,) = (name for name, row in rows.items() if row["mode"] == "observe")
    row = rows[name]
    assert (row["then"], row["matched"], row["acted"], row["observed"], row["would change"]) == ("reject", 3, 0, 3, 3)
    assert row["because"]
    assert row["place"].endswith("own.yaml:1")
    shown = run("rules", "list").stdout
    assert name in shown
    (day,) = json.loads(run("rules", "stats", name, "--json").stdout)
    assert (day["rule"], day["observed"], day["allow-listed"]) == (name, 3, 0)
    assert run("rules", "stats", "other").stdout == "Rule 'other' held for no call since then.\n"


def test_before_any_call_rules_did_nothing(run):
    assert {row["matched"] for row in json.loads(run("rules", "list", "--json").stdout)} == {0}
    assert run("rules", "stats").stdout == "No rule held for any call since then.\n"


RULE = """\
# Of the fraud desk.
- rule: own-range
  because: It is so.   # said by them
  when: {caller: 17012345678}
  then: reject
  mode: observe  # for now
- {rule: in-braces, because: It is so., when: {caller: 17012345679}, then: tag, mode: 'observe'}
- rule: plain
  because: It is so.
  when: {caller: 17012345670}
  then:
    tag: {label: "[?]"}
"""


@pytest.fixture
def watching(run, file):
    """Rules of which two only watch, live."""
    path = file.parent / "rules.d" / "own.yaml"
    path.write_text(RULE)
    found = run("rules", "activate", "--reason", "first", "--yes-really")
    assert found.exit_code == 0, found.stderr
    return path


def modes(run):
    rows = json.loads(run("rules", "list", "--json").stdout)
    return {row["rule"]: row["mode"] for row in rows if "own.yaml" in row["place"]}


def test_a_rule_goes_from_watching_to_a_share_to_live_and_back(run, watching, file):
    past_calls(file, load_rulebook(file), ["17012345678"] + ["13912345678"] * 200, ruleset=load_rulebook(file).ruleset)
    found = run("rules", "promote", "own-range", "--reason", "it is right")
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith("In 90 days it held for 1 calls, acted on 0 and watched 1;")
    assert watching.read_text() == RULE.replace("mode: observe  # for now", "mode: 10%  # for now")
    assert modes(run) == {"own-range": "10%", "in-braces": "observe", "plain": "live"}
    assert run("rules", "promote", "own-range", "--reason", "all").exit_code == 0
    assert "mode: live  # for now" in watching.read_text()
    assert run("rules", "demote", "own-range", "--reason", "a complaint", "--to", "observe").exit_code == 0
    assert watching.read_text() == RULE
    (last, *_) = json.loads(run("rules", "history", "--json").stdout)
    assert last["reason"] == "own-range: live -> observe; a complaint"


def test_every_way_to_write_a_rule_keeps_the_rest_of_its_file(run, watching):
    assert run("rules", "promote", "in-braces", "--reason", "x", "--to", "10%").exit_code == 0
    assert run("rules", "demote", "plain", "--reason", "x", "--to", "observe").exit_code == 0
    text = RULE.replace("mode: 'observe'}", "mode: 10%}").replace(
        "  then:\n    tag", "  mode: observe\n  then:\n    tag"
    )
    assert watching.read_text() == text
    assert modes(run) == {"own-range": "observe", "in-braces": "10%", "plain": "observe"}


def test_what_never_watched_a_call_goes_live_for_insistence_alone(run, watching):
    refused = run("rules", "promote", "own-range", "--reason", "x", "--to", "live")
    assert (refused.exit_code, watching.read_text()) == (1, RULE)
    assert "never watched a call: observe it for a day first, or say --yes-really" in refused.stderr
    assert run("rules", "promote", "own-range", "--reason", "x", "--to", "live", "--yes-really").exit_code == 0


def test_what_would_catch_much_of_yesterday_leaves_the_file_as_it_was(run, watching, file):
    past_calls(
        file, load_rulebook(file), ["17012345678"] * 2 + ["13912345678"] * 98, ruleset=load_rulebook(file).ruleset
    )
    refused = run("rules", "promote", "own-range", "--reason", "x", "--to", "live")
    assert (refused.exit_code, watching.read_text()) == (1, RULE)
    assert "it would newly catch 2.0 %" in refused.stderr
    assert modes(run)["own-range"] == "observe"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("promote", "own-rage"), "there is no rule 'own-rage'; did you mean 'own-range'?"),
        (("promote", "plain"), "rule 'plain' is live already"),
        (("demote", "own-range"), "rule 'own-range' is observe already"),
        (("demote", "plain", "--to", "live"), "live is no step back from live"),
        (("promote", "own-range", "--to", "half"), "'half' is no mode; write live, observe, or a share of callers"),
    ],
)
def test_a_step_that_can_not_be_says_what_can(run, watching, words, says):
    refused = run("rules", *words, "--reason", "x")
    assert refused.exit_code == 1
    assert says in refused.stderr
    assert watching.read_text() == RULE


def test_files_that_are_not_live_are_no_ground_for_a_step(run, watching, file):
    watching.write_text(RULE.replace("17012345670", "17012345671"))
    refused = run("rules", "promote", "own-range", "--reason", "x")
    assert refused.exit_code == 1
    assert "the files on the disk are not revision 1, which is live" in refused.stderr
