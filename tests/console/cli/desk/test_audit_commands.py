"""`ringfence audit`: who did and saw what, and whether the chain is whole."""

import json
import sqlite3
from contextlib import closing

import pytest

from desk.archive import complaints_path
from ringfence.login import login_name
from tests.ringfence.time_stamp_authority import authority


@pytest.fixture
def filed(run):
    return run("complaints", "add", "95012345", "--by", "13800138000", "--contact", "a@example.com").stdout.split()[0]


def steps(run, *words):
    return [(one["subject"], one["subject_id"], one["step"]) for one in entries(run, *words)]


def entries(run, *words):
    found = run("audit", "show", "--json", *words)
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (["case", "1"], ("case", "1", "looked at")),
        (["cases", "list"], ("case", "", "listed")),
        (["complaints", "list"], ("complaint", "", "listed")),
        (["complaints", "show", "C"], ("complaint", "C", "looked at")),
        (["complaints", "show", "C", "--words"], ("complaint", "C", "words read")),
        (["appeals", "list"], ("appeal", "", "listed")),
        (["appeals", "show", "A"], ("appeal", "A", "looked at")),
        (["appeals", "pack", "A"], ("appeal", "A", "exported")),
        (["ladder", "show"], ("ladder", "", "listed")),
        (["owners"], ("ladder", "", "listed")),
    ],
)
def test_whoever_is_shown_numbers_or_words_stands_in_the_audit(run, filed, words, step):
    run("ladder", "climb", "owner", "Loan King", "--reason", "x")
    appeal = run("appeals", "file", "--number", "95012345", "--against", "rule").stdout.split()[0]
    names = {"C": filed, "A": appeal}
    found = run(*(names.get(word, word) for word in words))
    assert found.exit_code == 0, found.stderr
    subject, about, done = step
    (entry,) = entries(run, "-n", "1")
    assert (entry["subject"], entry["subject_id"], entry["step"]) == (subject, names.get(about, about), done)
    assert entry["actor"] == login_name()


def test_a_search_by_number_stands_there_by_pseudonym(run, filed):
    assert run("why", "95012345").exit_code == 0
    assert run("complaints", "list", "--about", "95099999").exit_code == 0
    assert [(one[0], one[2]) for one in steps(run, "-n", "2")] == [("number", "searched"), ("complaint", "listed")]
    assert [one[2] for one in steps(run, "--about", "95012345")] == ["searched"]
    assert "95012345" not in run("audit", "show", "--step", "searched").stdout


def test_numbers_in_reasons_are_masked_there(run, filed):
    assert run("complaints", "withdraw", filed, "--reason", "13800138000 called").exit_code == 0
    (entry,) = entries(run, "--step", "withdrawn")
    assert entry["reason"] == "138******00 called"
    assert "13800138000" not in run("audit", "show").stdout + run("case", "1").stdout


def test_a_look_is_no_part_of_the_story(run, filed):
    run("case", "1")
    assert "looked at" not in run("case", "1").stdout


def test_the_chain_is_verified(file, run, filed):
    run("cases", "take", "1")
    found = run("audit", "verify")
    assert (found.exit_code, found.stdout.partition(" Head: complaints=3:")[0]) == (0, "3 entries, whole.")
    assert "What this cannot show: an end that was cut off" in found.stdout
    head = json.loads(run("audit", "verify", "--json").stdout)["head"]
    assert run("audit", "head").stdout.startswith("complaints=5:")  # both verifications stand there, too
    run("case", "1")
    assert "The head that was noted is in it." in run("audit", "verify", "--head", head).stdout
    assert "NUMBER:HASH" in run("audit", "verify", "--head", "1").stderr
    with closing(sqlite3.connect(complaints_path(file.parent / "ringfence.db"))) as other, other:
        other.execute("drop trigger step_is_final")
        other.execute("update step set actor = 'somebody' where id = 1")
    found = run("audit", "verify")
    assert found.exit_code == 1
    assert "entry 1: it does not follow from the one before" in found.stderr
    assert "the trigger step_is_final" in found.stderr
    assert found.stdout.startswith("7 entries, not whole.")


def test_a_lookup_that_cannot_be_recorded_says_so(file, run):
    (complaints_path(file.parent / "ringfence.db")).mkdir()
    found = run("why", "95012345")
    assert found.exit_code == 0
    assert "this look is not in the audit: " in found.stderr


def test_the_audit_goes_out_whole_and_in_the_order_of_time(file, run, filed):
    run("lists", "add", "blocked", "+8613912345678", "--reason", "rings")
    out = file.parent / "audit.jsonl"
    found = run("audit", "export", str(out))
    assert found.exit_code == 0, found.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(one["chain"], one["step"]) for one in rows[-2:]] == [("lists", "put on list"), ("complaints", "exported")]
    assert {one["door"] for one in rows[-2:]} == {"command line"}
    assert out.stat().st_mode & 0o777 == 0o600


def test_heads_are_noted_where_the_configuration_says(file, run, filed):
    assert "audit.anchors says nothing" in run("audit", "anchor").stderr
    file.write_text(f"{file.read_text()}audit: {{anchors: {{file: anchors}}}}\n")
    assert run("audit", "anchor").exit_code == 0
    found = run("audit", "verify", "--anchors", str(file.parent / "anchors"))
    assert (found.exit_code, "1 anchors, the latest of " in found.stdout) == (0, True)


def test_stamps_of_an_authority_are_made_by_command_and_counted(file, run, tmp_path):
    with authority(tmp_path / "tsa") as tsa:
        wanted = {"anchors": {"authority": tsa.settings(tmp_path / "stamps")}}
        file.write_text(f"{file.read_text()}audit: {json.dumps(wanted)}\n")
        run("lists", "add", "blocked", "17012345678", "--reason", "x")
        assert "No stamp of the time-stamp authority is in the file" in run("audit", "verify").stdout
        assert run("audit", "anchor").stdout.startswith("Noted.")
        verified = run("audit", "verify")
        assert "1 stamps of the time-stamp authority, the latest of 20" in verified.stdout
        assert "What this cannot show" not in verified.stdout
        assert json.loads(run("audit", "verify", "--json").stdout)["stamps"]["stamps"] == 1
        tsa.answer = lambda handler, _: handler.reply(b"no", 500, "text/plain")
        assert "it answered 500 text/plain" in run("audit", "anchor").stderr
