"""Files of numbers in and out: what is told, what is held, and that an export is read back."""

import json

import pytest
from typer.testing import CliRunner

from console.cli.commands import app
from ringfence.rulebook import load_rulebook
from tests.console.past import past_calls


@pytest.fixture
def numbers(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("number,reason\n17012345678,night\n17012345679,\n")
    return path


def test_a_file_is_imported_live_and_undone(run, numbers):
    done = run("lists", "import", "blocked", str(numbers), "--reason", "feed", "--on-error", "skip")
    assert done.exit_code == 0, done.stderr
    assert "live after 0." in done.stdout
    assert "try: ringfence why +8617012345678" in done.stdout
    (made,) = json.loads(run("lists", "imports", "--json").stdout)
    assert (made["added"], made["source"], made["insisted"]) == (2, "numbers.csv", "")
    undone = run("lists", "undo", str(made["id"]), "--reason", "the wrong file")
    assert undone.stdout == "Import 1 into blocked is undone: 2 off, 0 back.\n"
    assert "the wrong file" in run("lists", "history", "17012345678").stdout
    assert "was undone already" in run("lists", "undo", "1").stderr


def test_the_undoing_says_what_stays_since_people_acted(run, numbers):
    run("lists", "add", "blocked", "17012345678")
    run("lists", "import", "blocked", str(numbers))
    run("lists", "remove", "blocked", "17012345678")
    told = run("lists", "undo", "1").stdout
    assert "1 of its entries were edited or taken off since, and stay so." in told
    assert "Taken off or undone since, and not put back: +8617012345678." in told


def test_standard_input(file):
    words = ["--config", str(file), "lists", "import", "blocked", "-"]
    done = CliRunner().invoke(app, words, input="17012345678\n".encode("utf-16"))
    assert done.exit_code == 0, done.stderr
    assert "1 line: 1 added to blocked" in done.stdout


def recorded(file, caller, times):
    """So many calls of a caller that went through a moment ago."""
    past_calls(file, load_rulebook(file), [caller] * times, ago_s=60.0)


def test_what_would_stop_many_calls_waits_for_a_person(run, file, numbers):
    recorded(file, "+8617012345678", 3)
    tried = run("lists", "import", "blocked", str(numbers), "--dry-run")
    assert tried.exit_code == 0, tried.stderr
    assert "it would have caught 3; most from +86170******78" in tried.stdout
    assert "It would be held for a person" in tried.stdout
    held = run("lists", "import", "blocked", str(numbers))
    assert (held.exit_code, "held, nothing was changed" in held.stderr) == (3, True)
    assert json.loads(run("lists", "imports", "--json").stdout) == []
    assert run("lists", "import", "blocked", str(numbers), "--yes-really").exit_code == 0
    (made,) = json.loads(run("lists", "imports", "--json").stdout)
    assert made["insisted"] == "it would have caught over 1% of 3 calls of the last day"


def test_ranges_and_conflicts_are_told(run, tmp_path):
    path = tmp_path / "n.txt"
    path.write_text("+86171*\n95588\n")
    run("lists", "add", "allowed", "95588")
    tried = run("lists", "import", "blocked", str(path), "--dry-run")
    assert f"{path}:1: '+86171*': +86171* would stop 100,000,000 numbers" in tried.stderr
    assert "1 conflict with an allow list" in tried.stdout


def test_a_day_in_a_file_is_one_of_the_operators_zone(run, tmp_path):
    path = tmp_path / "n.csv"
    path.write_text("number,expires\n17012345678,2099/12/31\n")
    run("lists", "import", "blocked", str(path))
    (one,) = json.loads(run("lists", "show", "blocked", "--json").stdout)
    assert one["expires"] == "2100-01-01 00:00:00+08:00", "a day ends at its end"


BAD = "17012345678\n000\n8.6E+12\n0000\nabc\n"


def test_a_line_that_ends_an_import_is_named_with_its_file_and_a_way_out(run, file, tmp_path):
    path = tmp_path / "n.txt"
    path.write_text(BAD)
    refused = run("lists", "import", "blocked", str(path))
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"{path}:2: '000' is zeros only")
    assert refused.stderr.endswith("; nothing was changed; --on-error skip leaves such lines out\n")
    words = ["--config", str(file), "lists", "import", "blocked", "-"]
    assert CliRunner().invoke(app, words, input=BAD).stderr.startswith("<stdin>:2: '000' is zeros only")
    path.write_text('{"number": "17012345678"}\n{nonsense\n')
    broken = run("lists", "import", "blocked", str(path)).stderr
    assert broken.startswith(f"{path}:2: no JSON object")
    assert broken.endswith("; nothing was changed; --on-error skip leaves such lines out\n")
    assert "1 added to blocked" in run("lists", "import", "blocked", str(path), "--skip").stdout


@pytest.mark.parametrize("words", ["import blocked", "import blocked --dry-run"])
def test_an_empty_file_is_no_import(run, tmp_path, words):
    path = tmp_path / "n.csv"
    path.write_text("number,reason\n")
    refused = run("lists", *words.split(), str(path))
    assert refused.exit_code == 1
    assert refused.stderr == f"{path}: there is no entry in it; nothing was imported\n"
    assert json.loads(run("lists", "imports", "--json").stdout) == []


def test_lines_that_say_the_same_again_are_counted(run, tmp_path):
    path = tmp_path / "n.csv"
    path.write_text("number,reason\n17012345678,first\n170-1234-5678,last\n")
    told = run("lists", "import", "blocked", str(path)).stdout
    assert "2 lines: 1 added to blocked" in told
    assert "1 line repeated by a later line, which counts." in told
    assert json.loads(run("lists", "show", "blocked", "--json").stdout)[0]["reason"] == "last"


def test_refusals_have_codes_for_programs(run, tmp_path):
    path = tmp_path / "n.txt"
    path.write_text(BAD)
    told = json.loads(run("lists", "import", "blocked", str(path), "--skip", "--json").stdout)
    first = told["refusals"][0]
    assert (first["line"], first["code"]) == (2, "nonsense")
    assert told["refused"]["nonsense"] >= 1


def test_lines_refused_for_the_same_reason_are_told_once(run, tmp_path):
    path = tmp_path / "n.txt"
    path.write_text(BAD + "def\n" * 120)
    done = run("lists", "import", "blocked", str(path), "--skip")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        f"{path}:2: '000' is zeros only; such an entry would stop nobody, or everybody",
        "  likewise 1 line more: 4",
        f"{path}:3: '8.6E+12' lost its digits in a spreadsheet: format the column as text, export again",
        f"{path}:5: 'abc' is no number (it reads as name)",
        "  likewise 96 lines more: 6, 7, 8, 9, 10, ...",
        "  and 24 lines more, which are not told one by one",
    ]


def test_columns_that_are_not_understood_are_named_and_in_an_allow_list_refused(run, tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("number,only on\n17012345678,carrier\n# a note\n")
    told = run("lists", "import", "blocked", str(path)).stdout
    assert "Columns that are not understood, and were left out: only on." in told
    assert "Left out, since they begin with #: 1 line." in told
    refused = run("lists", "import", "allowed", str(path), "--skip")
    assert refused.exit_code == 1
    assert "only on. In an allow list it could" in refused.stderr
    assert run("lists", "import", "allowed", str(path), "--column", "number,note=only on").exit_code == 0


def test_an_identical_file_changes_nothing(run, numbers):
    run("lists", "import", "blocked", str(numbers))
    for words in ([], ["--dry-run"], ["--replace"]):
        told = run("lists", "import", "blocked", str(numbers), *words).stdout
        assert "2 unchanged: they stand there just so already." in told
        assert "live after" not in told
    assert len(json.loads(run("lists", "imports", "--json").stdout)) == 1


def test_the_encoding_of_a_file_is_kept_with_it_while_it_waits(run, tmp_path, monkeypatch):
    path = tmp_path / "numbers.csv"
    path.write_bytes("number,reason\n17012345678,銀行\n".encode("big5"))
    run("lists", "add", "blocked", *(f"1701234500{n}" for n in range(10)))
    path.write_bytes(b"number,reason\n" + b"".join(f"1701234{n},銀行\n".encode("big5") for n in range(6000, 6003)))
    held = run("lists", "import", "blocked", str(path), "--encoding", "big5")
    assert (held.exit_code, "it changes 30% of the list" in held.stderr) == (3, True)
    monkeypatch.setattr("ringfence.installation.login_name", lambda: "wang")
    assert run("lists", "release", "1", "--reason", "seen").exit_code == 0
    rows = json.loads(run("lists", "show", "blocked", "--json").stdout)
    assert {row["reason"] for row in rows} == {"", "銀行"}
    assert "no encoding is called" in run("lists", "import", "blocked", str(path), "--encoding", "x").stderr


def test_an_import_says_which_held_numbers_it_hits(run, tmp_path):
    codes, numbers = tmp_path / "codes.csv", tmp_path / "numbers.csv"
    codes.write_text("code,holder\n95588,Bank\n4001230000..4001239999,Shop\n95599,Other\n")
    run("ranges", "import", str(codes))
    numbers.write_text("number\n95588\n17012345678\n4001235555\n")
    told = run("lists", "import", "blocked", str(numbers), "--dry-run").stdout
    assert "It would hit 2 held codes: Shop (CN:4001230000..CN:4001239999), Bank (CN:95588*)." in told
    assert "It hits 2 held codes" in run("lists", "import", "blocked", str(numbers)).stdout
    assert "held code" not in run("lists", "import", "blocked", str(numbers)).stdout, "nothing comes"
    numbers.write_text("number\n9559*\n")
    assert (
        "It hits 1 held code: Other (CN:95599*)." in run("lists", "import", "suspected", str(numbers), "--range").stdout
    )


def test_a_trunk_that_there_is_not_is_refused_by_name_in_a_file_and_by_hand(run, tmp_path, file):
    (tmp_path / "n.csv").write_text("number,trunks\n+8613900000017,carrier;nope\n")
    done = run("lists", "import", "allowed", str(tmp_path / "n.csv"))
    assert done.exit_code == 1
    assert "n.csv:2: no trunk is named carrier;nope; there are carrier" in done.stderr
    assert "'this row'" not in done.stderr
    assert "no trunk is named nope" in run("lists", "add", "allowed", "95588", "--trunk", "nope").stderr


def test_a_trunk_that_went_is_named_by_why_and_check(run, file):
    run("lists", "add", "allowed", "+8613900000017", "--trunk", "carrier")
    file.write_text(file.read_text().replace("name: carrier", "name: other").replace("trunk: carrier", "trunk: other"))
    assert "not on carrier: there is no such trunk" in run("why", "+8613900000017").stdout
    assert "entries of list 'allowed' are for trunk 'carrier', which there is not" in run("check").stdout


def test_an_endless_spelling_is_told_in_a_line(run, tmp_path):
    (tmp_path / "n.csv").write_text("number\n" + "9x" * 50_000 + "\n")
    for words in ([], ["--skip"]):
        done = run("lists", "import", "blocked", str(tmp_path / "n.csv"), *words)
        assert "characters more are no number" in done.stderr
        assert len(done.stderr) < 1_000


@pytest.mark.parametrize("cell", ["13912340018;13912340019", '"13912340018; 13912340019"', "13912340018:13912340019"])
@pytest.mark.parametrize("rows", ["number\n{}\n", "number,reason\n{},x\n", "13912340011\n{}\n"])
def test_two_numbers_in_one_cell_are_refused_with_their_line_instead_of_losing_one(run, tmp_path, cell, rows):
    file = tmp_path / "t.csv"
    file.write_text(rows.format(cell))
    refused = run("lists", "import", "blocked", str(file))
    assert refused.exit_code == 1
    assert "t.csv:2: " in refused.stderr
    assert "holds more than one number; write each by itself" in refused.stderr
    assert json.loads(run("lists", "show", "blocked", "--json").stdout) == []


def test_a_limit_behind_a_semicolon_makes_no_unlimited_entry(run, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("number\n13912340018;carrier\n")
    assert "holds more than one number" in run("lists", "import", "allowed", str(file)).stderr


def test_two_numbers_in_one_word_of_a_command_are_refused(run):
    for words in (
        ("lists", "add", "blocked", "13912340118;13912340119"),
        ("subscribers", "add", "13800138000", "block", "13912340118;13912340119"),
        ("complaints", "add", "95012345;95012346", "--by", "13800138000"),
        ("why", "95012345;95012346"),
    ):
        refused = run(*words)
        assert refused.exit_code != 0, words
        assert "holds more than one number" in refused.stderr
