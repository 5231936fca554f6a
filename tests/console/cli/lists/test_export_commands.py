"""A list goes out in the forms that import reads."""

import json

import pytest


@pytest.mark.parametrize("form", ["csv", "jsonl", "text"])
def test_what_is_exported_is_read_back(run, tmp_path, form):
    run(
        "lists",
        "add",
        "suspected",
        "+86171*",
        "17012345678",
        "95588",
        "--range",
        "--reason",
        "=1+1, often",
        "--evidence",
        "7",
    )
    before = json.loads(run("lists", "show", "suspected", "--json").stdout)
    copy = tmp_path / "copy"
    copy.write_text(run("lists", "export", "suspected", "--format", form).stdout)
    assert ("'=1+1" in copy.read_text()) is (form == "csv"), "no spreadsheet shall run it"
    run("lists", "remove", "suspected", "+86171*", "17012345678", "95588")
    assert run("lists", "import", "suspected", str(copy), "--range").exit_code == 0
    after = json.loads(run("lists", "show", "suspected", "--json").stdout)
    told = ["entry"] if form == "text" else ["entry", "reason", "evidence"]
    assert [[one[key] for key in told] for one in after] == [[one[key] for key in told] for one in before]


def test_a_list_that_nobody_knows_is_no_empty_file(run):
    refused = run("lists", "export", "none")
    assert refused.exit_code == 1
    assert "there is no list 'none' in ringfence.yaml" in refused.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_somebody_wrote_steers_no_terminal_and_reaches_a_file_as_it_is(run, monkeypatch, form):
    run("lists", "add", "blocked", "95588", "--reason", "rang\x1b[2J\x9b1m")
    written = run("lists", "export", "blocked", "--format", form).stdout
    assert ("rang\x1b[2J" in written) or (json.loads(written)["reason"] == "rang\x1b[2J\x9b1m")
    monkeypatch.setattr("console.cli.lists.export_commands.on_terminal", lambda: True)
    shown = run("lists", "export", "blocked", "--format", form).stdout
    assert not {"\x1b", "\x9b"} & {*shown}
    assert "u001b[2J" in shown


@pytest.mark.parametrize("form", ["kamailio", "asterisk", "phoneblock", "misp"])
def test_what_another_program_reads_is_read_back_and_what_it_cannot_say_is_told(run, tmp_path, form):
    run("lists", "add", "suspected", "17012345678", "95588", "--range", "--reason", "fraud")
    written = run("lists", "export", "suspected", "--format", form)
    assert written.stderr == "1 left out: each has no country code.\n"
    copy = tmp_path / "copy"
    copy.write_text(written.stdout)
    run("lists", "remove", "suspected", "17012345678", "95588")
    assert run("lists", "import", "suspected", str(copy), "--format", form).exit_code == 0
    (one,) = json.loads(run("lists", "show", "suspected", "--json").stdout)
    assert (one["entry"], one["reason"]) == ("+8617012345678", "fraud")
    copy.write_text("[]" if form == "misp" else "a,b\n")
    refused = run("lists", "import", "suspected", str(copy), "--format", form)
    assert refused.exit_code == 1
