"""`ringfence ranges`: imports told before they happen, undone, with a history; unheld codes that call."""

import asyncio
import json
import time

from typer.testing import CliRunner

from console.cli.commands import app
from rules.model import Action, Call, Outcome, Step, Trunk, Verdict
from rules.numbering.numbers import read_number
from rules.records.decisions import Decisions, decisions_path, row


def codes(run):
    return {one["text"]: one["holder"] for one in json.loads(run("ranges", "show", "--json").stdout)}


def imported(run, file, text, *more):
    return CliRunner().invoke(app, ["--config", str(file), "ranges", "import", "-", *more], input=text)


def test_a_dry_run_changes_nothing_and_says_so(run, file):
    done = imported(run, file, "code,holder\n95012,A\n", "--dry-run", "--complete", "95")
    assert done.stdout == (
        "1 line: 1 code would be added, 0 would be changed, 0 would be removed.\nComplete it would be: CN:95*.\n"
    )
    assert codes(run) == {}


def test_columns_that_are_not_understood_are_named(run, file):
    text = "# a file of the ministry\nFax,码号（必填）,使用单位：,＊用途\n1,95012,Firm,loans\n"
    done = imported(run, file, text)
    assert "Columns that are not understood, and were left out: Fax." in done.stdout
    assert "Left out, since they begin with #: 1 line." in done.stdout
    (code,) = json.loads(run("ranges", "show", "--json").stdout)
    assert (code["holder"], code["purpose"]) == ("Firm", "loans")


def test_a_file_in_another_encoding(run, file, tmp_path):
    path = tmp_path / "big5.csv"
    path.write_bytes("code,holder\n95012,中華電信\n".encode("big5"))
    assert run("ranges", "import", str(path), "--encoding", "big5").exit_code == 0
    assert codes(run) == {"CN:95012*": "中華電信"}
    assert "no encoding is called 'klingon'" in run("ranges", "import", str(path), "--encoding", "klingon").stderr


def test_an_import_is_undone_and_the_history_of_a_code_tells_it(run, file):
    imported(run, file, "code,holder\n95012,A\n", "--reason", "first", "--source", "miit")
    assert imported(run, file, "code,holder\n95012,A\n").stdout.endswith("just so already.\n")
    imported(run, file, "code,holder\n95012,B\n")
    done = run("ranges", "undo", "2", "--reason", "wrong")
    assert done.stdout == "Import 2 is undone: 0 off, 1 back.\n"
    assert codes(run) == {"CN:95012*": "A"}
    told = json.loads(run("ranges", "history", "950123", "--json").stdout)
    assert [(one["what"], one["holder"], one["reason"]) for one in told] == [
        ("added", "A", "first"),
        ("changed", "B", ""),
        ("undone", "B", "wrong"),
    ]
    assert told[0]["source"] == "miit"
    assert "CN:95012*" in run("ranges", "history", "95012").stdout
    assert run("ranges", "history", "95013").stdout.startswith("No import changed it")
    latest, first = json.loads(run("ranges", "imports", "--json").stdout)
    assert (latest["undone_why"], first["undone"]) == ("wrong", None)
    assert "miit" in run("ranges", "imports").stdout


def test_what_is_exported_is_imported_again(run, file):
    text = "code,holder,host,purpose,valid until\n95012,=1+1,Unicom,calls,2030-01-31\n4001230000..4001239999,Shop,,,\n"
    imported(run, file, text, "--complete", "95")
    for form in ("csv", "jsonl"):
        done = run("ranges", "export", "--format", form)
        assert done.stderr == "complete: --complete CN:95*\n"
        again = imported(run, file, done.stdout, "--replace", "--complete", "CN:95*")
        assert "0 codes added, 0 changed, 0 removed." in again.stdout
        assert "2 unchanged" in again.stdout


def test_complete_beginnings_are_shown(run, file):
    imported(run, file, "code,holder\n95012,A\n", "--complete", "95")
    assert json.loads(run("ranges", "show", "--complete", "--json").stdout) == [{"text": "CN:95*", "codes": 1}]
    assert "Complete, so that what lies in no code is unheld: CN:95*." in run("ranges", "show").stdout
    assert "Complete no longer: CN:95*." in imported(run, file, "code,holder\n95012,A\n", "--replace").stdout


def test_codes_that_nobody_holds_and_that_called_are_listed(run, file):
    assert run("ranges", "unheld").stdout.startswith("No call came from a code that nobody holds.")
    imported(run, file, "code,holder\n95012,A\n", "--complete", "95")
    trunk = Trunk("carrier", country="CN", national=True)

    at = time.time() - 60

    async def ring():
        decisions = await Decisions.open(decisions_path(file.parent / "ringfence.db"))
        for caller in ("95013333", "95012345"):
            call = Call(caller=read_number(caller, trunk), called=read_number("13800138000", trunk), trunk=trunk, at=at)
            verdict = Verdict(Action.FORWARD, Step.DEFAULT, decision=f"{caller:0>20}")
            await decisions.write([row(call, verdict, Outcome(200, True, 90), b"key")], [])
        await decisions.close()

    asyncio.run(ring())
    (code,) = json.loads(run("ranges", "unheld", "--json").stdout)
    assert (code["code"], code["calls"], code["numbers"], code["trunks"]) == ("CN:95013", 1, 1, "carrier")
    assert "CN:95013" in run("ranges", "unheld", "--since", "1h").stdout
