"""`ringfence ranges` and `ringfence subscribers`."""

import json

from typer.testing import CliRunner

from console.cli.commands import app


def test_a_ledger_is_imported_shown_and_seen(run, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("有效期至,码号,使用单位,运营商\n2020-01-01,95012,Firm,Unicom\n,95588,Bank,\n")
    done = run("ranges", "import", str(path), "--complete", "95")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == (
        "2 lines: 2 codes added, 0 changed, 0 removed (import 1); rules see them within a second.\n"
        "Complete from now on: CN:95*.\n"
    )
    (expired,) = json.loads(run("ranges", "show", "--expired", "--json").stdout)
    assert (expired["text"], expired["holder"], expired["host"]) == ("CN:95012*", "Firm", "Unicom")
    assert json.loads(run("why", "95012345", "--json").stdout)["ledger"]["ledger"] == "expired"
    assert "Its code CN:95012* was held by Firm until its validity ended." in run("why", "95012345").stdout
    assert "Its code CN:95588* is held by Bank." in run("why", "95588").stdout
    assert "Its code is unheld." in run("why", "95533").stdout


def test_a_bad_code_is_named(run, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("code,holder\nnobody,Firm\n")
    assert f"{path}:2: 'nobody'" in run("ranges", "import", str(path)).stderr


def test_a_subscriber_s_lists(run):
    assert run("subscribers", "add", "01062345678", "block", "138 0013 8000").stdout == (
        "+8613800138000 is on the block list of this subscriber.\n"
    )
    (entry,) = json.loads(run("subscribers", "show", "+861062345678", "--json").stdout)
    assert (entry["kind"], entry["entry"]) == ("block", "+86138******00"), "who rings him is his own"
    why = ("--unmasked", "--reason", "he asks what he blocked", "--json")
    (entry,) = json.loads(run("subscribers", "show", "+861062345678", *why).stdout)
    assert entry["entry"] == "+8613800138000"
    seen = json.loads(run("audit", "show", "--step", "unmasked", "--json").stdout)
    assert [(one["detail"], one["reason"]) for one in seen] == [("subscribers show", why[2])]
    assert run("subscribers", "remove", "01062345678", "block", "13800138000").exit_code == 0
    assert json.loads(run("subscribers", "show", "01062345678", "--json").stdout) == []


def test_codes_come_from_standard_input_and_none_are_refused(run, file):
    words = ["--config", str(file), "ranges", "import", "-"]
    assert "1 code added" in CliRunner().invoke(app, words, input="code,holder\n95012,A\n").stdout
    refused = CliRunner().invoke(app, [*words, "--replace"], input="code,holder\n")
    assert refused.stderr == "<stdin>: there is no code in it; nothing was imported\n"
    assert len(json.loads(run("ranges", "show", "--json").stdout)) == 1
