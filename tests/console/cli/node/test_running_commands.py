"""Commands that ask the node: where none runs, what it answers, and rules that somebody has to insist on."""

import json

import pytest

from console.cli.node import running_commands


@pytest.fixture
def told(monkeypatch):
    """What a node would answer, and what it was asked."""
    answer = {
        "done": True, "faults": [], "changed": ["label"], "restart": [], "warnings": [], "revision": 2, "rules": "abc",
        "took_ms": 12,
    }  # fmt: skip
    asked = []

    def ask(path, command, arguments, *, wait_s, acting=""):
        asked.append((path, command, arguments))
        return answer

    monkeypatch.setattr("ringfence.control.ask", ask)
    return answer, asked


def test_without_a_node_it_says_so(run, file):
    done = run("reload")
    assert done.exit_code == 1
    assert f"no node runs here: nobody answers at {file.parent / 'ringfence.control'}" in done.stderr


@pytest.mark.parametrize("command", [["reload"], ["restart"], ["top", "--once"], ["peers"], ["bans"]])
@pytest.mark.parametrize(
    "text", ["", "# nothing any more\n", "version: 1\nlisten: [{address: 127.0.0.1:5060}]\n", "a: ["]
)
def test_a_file_cut_to_nothing_is_told_as_that_and_not_as_a_node_that_does_not_run(run, file, command, text):
    """The node runs, and is asked where the file of before said."""
    file.write_text(text)
    done = run(*command)
    assert done.exit_code == 1
    assert "no node runs" not in done.stderr
    assert f"nobody answers at {file.parent / 'ringfence.control'}; {file} has faults and names no" in done.stderr
    assert f"{file}:" in done.stderr


def test_what_changed_is_told(run, file, told):
    done = run("reload", "--reason", "a label")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "Reloaded in 12 ms; rules abc judge, revision 2.\nChanged: label.\n"
    assert told[1] == [(file.parent / "ringfence.control", "reload", {"reason": "a label"})]


def test_what_takes_a_restart_is_told(run, told):
    told[0].update({"changed": [], "restart": ["control"]})
    assert run("reload").stdout.endswith(
        "No setting has changed.\nThese are as they were until the next start: control.\n"
    )


def test_faults_stand_on_standard_error_and_the_status_says_so(run, told):
    told[0].update({"done": False, "faults": ["ringfence.yaml:3:1: wrong"]})
    done = run("reload")
    assert (done.exit_code, done.stderr, done.stdout) == (
        1, "ringfence.yaml:3:1: wrong\n", "Not reloaded: what was live stays.\n",
    )  # fmt: skip
    done = run("reload", "--json")
    assert (done.exit_code, json.loads(done.stdout)["faults"]) == (1, ["ringfence.yaml:3:1: wrong"])


@pytest.mark.parametrize("text", ["listen: [", "storage: {database: var/x.db}\nlisten: [", "control: run/c\nlisten: ["])
def test_a_file_that_is_no_yaml_is_the_nodes_to_refuse(run, file, told, text):
    file.write_text(text)
    run("reload")
    expected = {"li": "ringfence.control", "st": "var/x.control", "co": "run/c"}[text[:2]]
    assert told[1][0][0] == file.parent / expected


def test_rules_that_catch_much_more_have_to_be_meant(run, told, monkeypatch):
    monkeypatch.setattr(running_commands, "_too_much", lambda file: "nothing was changed: --yes-really if meant")
    done = run("reload")
    assert (done.exit_code, done.stderr) == (1, "nothing was changed: --yes-really if meant\n")
    assert run("reload", "--yes-really").exit_code == 0
    assert len(told[1]) == 1
