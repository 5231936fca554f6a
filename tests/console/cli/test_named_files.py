"""Whoever names a file on the command line neither reads by it what the service hides nor writes over what is its."""

import os
from pathlib import Path

import pytest
import typer

from console.cli.commands import app
from console.cli.named_files import OTHERS, OUTPUTS, named_paths, refuse
from ringfence.belongings import NotYours, in_use
from ringfence.login import person

SOMEBODY = 2**31 - 9  # an account that is not the one of the process


def _tree():
    found = []

    def walk(command, words):
        for name, below in getattr(command, "commands", {}).items():
            walk(below, [*words, name])
        if not getattr(command, "commands", None):
            found.extend((" ".join(words), name) for name in named_paths(command))

    walk(typer.main.get_command(app), [])
    return found


PATHS = _tree()
READ = [one for one in PATHS if one not in OUTPUTS | OTHERS and one[0] != "init"]


@pytest.fixture
def secrets(file, run):
    """An installation with its files, each known to it."""
    text = file.read_text()
    (file.parent / "mail.password").write_text("of the mail")
    (file.parent / "mail.password").chmod(0o600)
    mail = "mail: {host: 127.0.0.1, sender: a@example.org, user: u, password_file: mail.password}"
    file.write_text(text + f"complaints: {{{mail}}}\n")
    assert run("lists", "add", "blocked", "17012345678").exit_code == 0
    found = [file.parent / "mail.password", *file.parent.rglob("*.keys"), *file.parent.rglob("*.db")]
    assert len(found) >= 3
    return found


@pytest.fixture
def another(monkeypatch, tmp_path):
    """The process is the service's, and somebody else logged in."""
    said = tmp_path / "loginuid"
    said.write_text(str(SOMEBODY))
    monkeypatch.setattr("ringfence.login._LOGGED_IN", said)
    assert person() == SOMEBODY


def test_every_path_of_every_command_is_known():
    assert set(PATHS) >= OUTPUTS | OTHERS
    assert ("replay", "rules") in READ
    assert len(READ) >= 12


def test_no_command_reads_a_secret_of_the_installation_under_any_name(file, secrets, tmp_path):
    here = in_use(file)
    for number, secret in enumerate(secrets):
        soft, hard = tmp_path / f"soft{number}", tmp_path / f"hard{number}"
        soft.symlink_to(secret)
        os.link(secret, hard)
        with secret.open("rb") as opened:
            handed = [Path(f"/dev/fd/{opened.fileno()}"), Path(f"/proc/self/fd/{opened.fileno()}")]
            for path, name in READ:
                for given in (secret, soft, hard, *handed):
                    with pytest.raises(NotYours, match="belongs to the installation"):
                        refuse(path, {name: [given]}, here, {})


def test_no_command_reads_for_somebody_what_he_could_not(file, secrets, another, tmp_path):
    hidden = tmp_path / "of-the-service.csv"
    hidden.write_text("17012345678\n")
    hidden.chmod(0o600)
    for path, name in READ:
        with pytest.raises(NotYours, match="your own account cannot read"):
            refuse(path, {name: [hidden]}, in_use(file), {})


def test_no_command_writes_over_a_part_of_the_installation_or_what_is_of_others(
    file, secrets, another, tmp_path, monkeypatch
):
    here, report = in_use(file), tmp_path / "report-of-another"
    report.write_text("x")
    report.chmod(0o666)
    for path, name in {*OUTPUTS, ("init", "file"), ("fmt", "files")}:
        for given in (*secrets, report, *([file] if path != "fmt" else [])):
            with pytest.raises(NotYours):
                refuse(path, {name: [given]}, here, {})
    (tmp_path / "loginuid").write_text(str(os.getuid()))
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    for path, name in OUTPUTS:
        refuse(path, {name: [report]}, here, {})
        refuse(path, {name: [tmp_path / "new"]}, here, {})


@pytest.mark.parametrize(
    "words",
    [
        *(
            ["lists", "import", "blocked"],
            ["ranges", "import", "--reason", "x"],
            ["test"],
            ["play", "--once"],
            ["check"],
        ),
        *(
            ["check"],
            ["fmt"],
            ["complaints", "import"],
            ["replay", "--file"],
            ["report", "--quarter", "2026Q1", "--xlsx"],
        ),
        *(["db", "backup", "--force"], ["init", "--force"]),
    ],
)
def test_a_named_secret_is_refused_and_stays_as_it_is(run, file, secrets, words):
    key_file = next(one for one in secrets if one.suffix == ".keys")
    before = key_file.read_text()
    done = run(*words, str(key_file))
    assert done.exit_code == 1, done.output
    assert "belongs to the installation" in done.stderr
    assert not any(word in done.output for line in before.splitlines()[2:] for word in line.split() if len(word) > 20)
    assert key_file.read_text() == before


def test_a_key_that_is_named_as_configuration_is_not_told(run, file, secrets, another, tmp_path):
    key_file = next(one for one in secrets if one.suffix == ".keys")
    done = run("check", "--config", str(key_file))
    assert done.exit_code == 1
    assert "this is no ringfence.yaml" in done.stderr
    other = tmp_path / "other.keys"
    other.write_text(key_file.read_text())
    said = run("test", str(other)).output
    assert not any(word in said for word in other.read_text().split() if len(word) > 31)


OF_ONES_OWN = """
exchange: {operator: evil.example, publish: {folder: share, keys: share-keys, lists: {blocked: fraud}}}
keys: {contents: {command: [SCRIPT]}, audit: {command: [SCRIPT]}}
audit: {anchors: {command: [SCRIPT]}}
"""


def test_no_configuration_of_ones_own_is_used_with_the_rights_of_the_service(run, file, secrets, another, tmp_path):
    """Whatever it names, it is nothing that a person who is not the service may let the service do."""
    script, ran, own = tmp_path / "run.sh", tmp_path / "ran", tmp_path / "his" / "rf.yaml"
    script.write_text(f"#!/bin/sh\ntouch {ran}\nhead -c 32 /dev/zero | xxd -p\n")
    script.chmod(0o755)
    own.parent.mkdir()
    own.write_text(file.read_text() + OF_ONES_OWN.replace("SCRIPT", str(script)))
    own.parent.chmod(0o777)
    before = {path.name for path in tmp_path.rglob("*")}
    for words in (
        ["report", "--quarter", "2026Q1"],
        ["cases", "list"],
        ["letters", "send"],
        ["lists", "show", "blocked"],
        ["share", "publish"],
        ["audit", "anchor"],
        ["bans"],
        ["nodes"],
        ["check"],
        ["serve"],
    ):
        done = run(*words, "--config", str(own))
        assert done.exit_code == 1, (words, done.output)
        assert "under your own account, without sudo" in done.stderr, words
    assert not ran.exists()
    assert {path.name for path in tmp_path.rglob("*")} == before


def test_no_configuration_is_used_behind_a_folder_or_link_that_he_may_swap(run, file, another, tmp_path):
    """Between the question and the reading he would let it lead to a file of his own."""
    his = tmp_path / "his"
    (his / "deep").mkdir(parents=True)
    (his / "deep" / "ringfence.yaml").write_text(file.read_text())
    (his / "link").symlink_to(file.parent)
    (tmp_path / "way").symlink_to(his / "link")
    his.chmod(0o777)
    for way in (his / "link" / file.name, his / "deep" / "ringfence.yaml", tmp_path / "way" / file.name):
        done = run("lists", "show", "blocked", "--config", str(way))
        assert done.exit_code == 1, way
        assert "under your own account, without sudo" in done.stderr, way
    assert "without sudo" not in run("lists", "show", "blocked", "--config", str(file)).output


def test_root_who_acts_as_the_service_names_what_he_likes(run, file, another, monkeypatch):
    monkeypatch.setattr("ringfence.belongings.person", lambda: 0)
    assert "without sudo" not in run("lists", "show", "blocked", "--config", str(file)).output


def test_the_demo_replaces_no_folder_that_is_not_its_own(run, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ringfence.db").write_text("x")
    done = run("demo", "--dir", str(tmp_path / "state"))
    assert done.exit_code == 1
    assert "not the demo's; name another folder" in done.stderr
    assert (tmp_path / "state" / "ringfence.db").read_text() == "x"
