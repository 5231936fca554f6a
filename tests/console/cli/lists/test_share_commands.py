"""`ringfence share`: what operators give each other, by commands alone."""

import json

ROLES = ("root", "targets", "withdrawn", "snapshot", "timestamp")
GIVES = """
exchange:
  operator: us.example
  publish: {lists: {blocked: fraud}}
"""


def add(folder, text):
    file = folder / "ringfence.yaml"
    file.write_text(file.read_text() + text)


def test_given_by_commands_and_what_is_wrong_is_named(run, tmp_path):
    add(tmp_path, GIVES)
    drawer = str(tmp_path / "drawer")
    early = run("share", "publish")
    assert (early.exit_code, "ringfence share init" in early.stderr) == (1, True)
    wrong = run("share", "init", "--root-keys", drawer, "--root-threshold", "2")
    assert wrong.exit_code == 2
    made = run("share", "init", "--root-keys", drawer, "--json")
    assert json.loads(made.stdout)["root"].endswith("share/metadata/1.root.json")
    run("lists", "add", "blocked", "+8617012345678")
    assert "Version 1 gives 1 entries: 1 new" in run("share", "publish").stdout
    run("lists", "remove", "blocked", "+8617012345678", "--reason", "appeal")
    assert "1 gone, 1 withdrawn" in run("share", "publish").stdout
    for role in ROLES:
        assert run("share", "rotate", role, "--root-keys", drawer).exit_code == 0
    assert run("share", "rotate", "boss", "--root-keys", drawer).exit_code == 2
    assert "version 6" in run("share", "renew", "--root-keys", drawer).stdout
    assert run("share", "init", "--root-keys", drawer).exit_code == 1
    assert run("share", "fetch").stdout == run("share", "partners").stdout == "There is no partner.\n"


def test_check_names_lists_that_cannot_be_shared(run, tmp_path):
    add(tmp_path, GIVES.replace("  operator: us.example\n", "").replace("blocked", "allowed"))
    found = run("check").stderr + run("check").stdout
    assert "operator" in found
    assert "list of kind allow is not given on as ours" in found
