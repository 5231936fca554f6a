"""`ringfence complaints`: taken down, asked for, taken back, read from a file."""

import asyncio
import json

import pytest

from ringfence.installation import Installation
from ringfence.login import login_name
from rules.audit.chain import deeds_of


def add(run, *words):
    found = run("complaints", "add", "95012345", "--by", "13800138000", *words, "--json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def test_a_complaint_gets_a_number_and_has_a_state(run):
    told = run("complaints", "add", "950 12345", "--by", "13800138000", "--at", "2h", "--category", "loan")
    assert told.exit_code == 0, told.stderr
    reference = told.stdout.split()[0]
    assert told.stdout.endswith(
        "is received, in case 1; no call of this number to that line is on record, so it weighs little.\n"
    )
    shown = run("complaints", "show", reference.lower())
    assert "state: received" in shown.stdout
    assert "category: loan" in shown.stdout
    again = run("complaints", "add", "95012345", "--by", "+8613800138000", "--at", "2h")
    assert again.stdout.startswith(f"{reference} was known already")


def test_words_are_shown_on_demand_and_without_what_steers(run):
    filed = add(
        run, "--text", "he said\x1b[2J", "--contact", "a@example.com", "--knew", "plan=Gold", "--knew", "branch=X"
    )
    assert "he said" not in run("complaints", "show", filed["reference"]).stdout
    shown = run("complaints", "show", filed["reference"], "--words").stdout
    assert "text: he said\\u001b[2J" in shown
    assert "knew plan: Gold" in shown
    assert json.loads(run("complaints", "show", filed["reference"], "--json").stdout)["knew"] == ["plan", "branch"]


def test_listed_withdrawn_and_rejected(run):
    first = add(run)
    second = json.loads(run("complaints", "add", "95013333", "--by", "13800138000", "--json").stdout)
    withdrawn = run("complaints", "withdraw", first["reference"], "--reason", "a mistake")
    assert withdrawn.stdout == f"{first['reference']} is withdrawn.\n"
    rejected = run("complaints", "reject", second["reference"], "--reason", "no call")
    assert rejected.stdout == f"{second['reference']} is rejected.\n"
    rows = json.loads(run("complaints", "list", "--json").stdout)
    assert [(row["reference"], row["accused"], row["state"]) for row in rows] == [
        (second["reference"], "CN:95******", "rejected"),
        (first["reference"], "CN:95******", "withdrawn"),
    ]
    rows = json.loads(run("complaints", "list", "--about", "95012345", "--state", "withdrawn", "--json").stdout)
    assert [row["reference"] for row in rows] == [first["reference"]]
    assert first["reference"] in run("complaints", "list").stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["add", "110", "--by", "13800138000"], "accused: EXT:110 is an emergency number"),
        (["add", "95012345", "--by", "13800138000、13800138001"], "reporter: it holds more than one number"),
        (["add", "95012345", "--by", "x", "--category", "rude"], "category: 'rude' is none; choose from marketing"),
        (["add", "95012345", "--by", "x", "--at", "2999-01-01"], "at: this time has not come yet"),
        (["show", "C-00000-00000"], "reference: there is no complaint 'C-00000-00000'"),
        (["withdraw", "; drop table complaint"], "reference: there is no complaint"),
    ],
)
def test_refusals_are_one_clear_line(run, words, what):
    found = run("complaints", *words)
    assert found.exit_code == 1
    assert what in found.stderr.replace("CN:110", "EXT:110")
    assert found.stderr.count("\n") == 1


def test_a_centres_file(run, tmp_path):
    path = tmp_path / "12321.csv"
    path.write_text("被举报号码,举报人,类别\n95012345,13800138000,loan\n110,13800138001,\n", encoding="gb18030")
    wrong = run("complaints", "import", str(path), "--encoding", "utf-8")
    assert "encoding: " in wrong.stderr
    found = run("complaints", "import", str(path))
    assert found.exit_code == 1
    assert found.stdout == "2 lines: 1 filed, 0 known already.\n"
    assert f"{path}:3: accused: " in found.stderr
    path.write_text("accused,reporter\n95013333,13800138000\n")
    found = run("complaints", "import", str(path), "--source", "12321", "--json")
    assert (found.exit_code, json.loads(found.stdout)["filed"]) == (0, 1)


def test_it_is_recorded_who_read_what_people_wrote(run, file):
    filed = add(run)["reference"]

    async def readers() -> list[tuple[str, str]]:
        async with Installation.open(file) as here:
            desk = await here.desk()
            deeds = await deeds_of(desk.archive.store.connection, "complaint", filed)
            return [(deed.actor, deed.step) for deed in deeds]

    run("complaints", "show", filed)
    assert asyncio.run(readers()) == [(login_name(), "looked at")]
    run("complaints", "show", filed, "--words")
    assert asyncio.run(readers())[1:] == [(login_name(), "words read")]


@pytest.fixture
def flood(run):
    """Three complaints about one number, and one about another."""
    return [
        run("complaints", "add", "95012345", "--by", f"1380013800{person}").stdout.split()[0] for person in range(3)
    ] + [run("complaints", "add", "95013333", "--by", "13800138000").stdout.split()[0]]


def states(run):
    return {one["reference"]: one["state"] for one in json.loads(run("complaints", "list", "--json").stdout)}


def test_many_are_rejected_by_their_numbers(run, flood, tmp_path):
    found = run("complaints", "reject", flood[0], flood[1], "C-00000-00000", "--reason", "a flood")
    assert (found.exit_code, found.stdout) == (1, "2 complaints rejected, 1 not.\n")
    assert found.stderr == "C-00000-00000: there is no complaint 'C-00000-00000'\n"
    (tmp_path / "them").write_text(f"{flood[2]}\n\n{flood[3].lower()}\n")
    found = run("complaints", "reject", "--file", str(tmp_path / "them"), "--reason", "a flood")
    assert (found.exit_code, found.stdout) == (0, "2 complaints rejected, 0 not.\n")
    assert set(states(run).values()) == {"rejected"}


@pytest.mark.parametrize("which", [["--about", "95012345"], ["--case", "1"]])
def test_all_of_a_number_or_a_case_are_withdrawn(run, flood, which):
    told = run("complaints", "withdraw", *which, "--dry-run").stdout
    assert told.endswith("3 complaints would be withdrawn; nothing was done.\n")
    assert flood[0] in told
    assert set(states(run).values()) == {"received"}
    assert run("complaints", "withdraw", *which).stdout == "3 complaints withdrawn, 0 not.\n"
    assert states(run) == dict.fromkeys(flood[:3], "withdrawn") | {flood[3]: "received"}
    assert "none that stands fits" in run("complaints", "withdraw", *which).stderr


def test_all_of_a_source_are_rejected_and_what_is_meant_must_be_said(run, flood):
    rows = json.loads(run("complaints", "reject", "--source", login_name(), "--reason", "x", "--json").stdout)
    assert [row["state"] for row in rows] == ["rejected"] * 4
    assert run("complaints", "reject", "--reason", "x").exit_code == 2
    assert run("complaints", "withdraw", flood[0], "--case", "1").exit_code == 2


def test_thousands_of_bad_lines_are_a_summary_and_a_file(run, tmp_path):
    file, errors = tmp_path / "centre.csv", tmp_path / "errors.csv"
    lines = [f"not a number {n},13800138000\n" for n in range(960)] + ["95012345,13800138000\n"]
    file.write_text("accused,reporter\n" + "".join(lines))
    found = run("complaints", "import", str(file), "--errors", str(errors))
    assert (found.exit_code, found.stdout) == (1, "961 lines: 1 filed, 0 known already.\n")
    told = found.stderr.splitlines()
    assert told[0] == "960 lines not filed; --errors FILE names each:"
    assert told[1].startswith(f"  960 from {file}:2 on: accused: ... is no ")
    assert len(told) == 2
    assert len(errors.read_text(encoding="utf-8-sig").splitlines()) == 961


def test_a_file_in_another_encoding_files_nothing(run, tmp_path):
    file = tmp_path / "centre.csv"
    file.write_bytes(
        b"accused,reporter,text\n95012345,13800138000,x\n" + "95012345,13800138001,früh\n".encode("latin-1")
    )
    found = run("complaints", "import", str(file))
    assert "or say its --encoding" in found.stderr
    assert json.loads(run("complaints", "list", "--json").stdout) == []
    assert run("complaints", "import", str(file), "--encoding", "latin-1").exit_code == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_centres_file_is_read_as_its_spreadsheet_saved_it(run, tmp_path, encoding, delimiter):
    rows = [["被举报号码", "举报人", "内容"], ["95012345", "13800138000", '"半夜\n"']]
    path = tmp_path / "centre.csv"
    path.write_text("".join(delimiter.join(row) + "\n" for row in rows), encoding=encoding)
    assert run("complaints", "import", str(path)).stdout == "1 lines: 1 filed, 0 known already.\n"


def test_of_two_columns_of_one_meaning_none_is_lost(run, tmp_path):
    path = tmp_path / "centre.csv"
    path.write_text("accused,reporter,number\n95012345,13800138000,95012346\n")
    assert "the columns accused and number both hold 'accused'" in run("complaints", "import", str(path)).stderr


def test_a_text_that_reads_like_a_field_is_none(run):
    filed = add(run, "--text", "he shouted\nstate: rejected", "--knew", "plan=199\ncase id: 7")["reference"]
    lines = run("complaints", "show", filed, "--words").stdout.splitlines()
    assert [line for line in lines if line.startswith(("state:", "case id:"))] == ["state: received", "case id: 1"]
    assert "  | state: rejected" in lines


def test_one_complaint_is_withdrawn_by_an_officer_as_many_are(run, file):
    reference = add(run)["reference"]
    file.write_text(file.read_text() + "complaints: {officers: [somebody-else]}\n")
    refused = run("complaints", "withdraw", reference)
    assert (refused.exit_code, "is no officer" in refused.stderr) == (1, True)


def test_what_one_reporter_says_again_in_other_words_is_named(run, tmp_path):
    path, errors = tmp_path / "centre.csv", tmp_path / "errors.csv"
    row = "95012345,13800138000"
    path.write_text(f"accused,reporter,text\n{row},sold me a flat\n{row},he threatened me\n{row},sold me a flat\n")
    found = run("complaints", "import", str(path), "--errors", str(errors))
    assert found.stdout.splitlines() == [
        "3 lines: 1 filed, 2 known already.",
        f"{path}:3: the same reporter, number and day as line 2: one complaint, which keeps the words of that line "
        "and not of this one.",
    ]
    assert len(errors.read_text(encoding="utf-8-sig").splitlines()) == 2


def test_digits_behind_quotation_marks_are_a_fault_of_their_line(run, tmp_path):
    path = tmp_path / "centre.csv"
    path.write_text('accused,reporter\n"95012345"6,13800138000\n"95012345","13800138000"\n')
    found = run("complaints", "import", str(path))
    assert found.stdout == "2 lines: 1 filed, 0 known already.\n"
    assert f"{path}:2: line: digits stand behind the quotation marks" in found.stderr
