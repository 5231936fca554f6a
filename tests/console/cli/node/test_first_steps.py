"""`ringfence init`: from options alone, by asking, and never over what is there."""

import json
import os
import pty
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from console.cli.commands import app
from console.cli.node import first_steps
from ringfence.configuration import load_configuration

GIVEN = ["--country", "CN", "--listen", "192.0.2.5", "--pbx", "192.0.2.6"]


@pytest.fixture
def target(tmp_path):
    return tmp_path / "etc" / "ringfence.yaml"


def init(target, *words: str, typed: str | None = None):
    return CliRunner().invoke(app, ["init", str(target), *words], input=typed)


def asked(target, monkeypatch, *lines: str, words=()):
    """What comes of it when somebody types these lines."""
    monkeypatch.setattr(first_steps, "on_a_terminal", lambda: True)
    return init(target, *words, typed="".join(f"{line}\n" for line in lines))


def test_options_alone_are_enough(target):
    found = init(target, *GIVEN, "--carrier", "198.51.100.7", "--feature-code", "*33")
    assert found.exit_code == 0, found.output
    configuration = load_configuration(target)
    assert configuration.trunks[0].addresses == ["198.51.100.7/32"]
    assert str(configuration.trunks[0].send_to[0]) == "198.51.100.7:5060"
    assert configuration.time_zone == "Asia/Shanghai"
    assert f"ringfence --config {target} serve" in found.stdout


def test_what_it_prints_writes_the_same_again(target):
    printed = init(target, *GIVEN, "--carrier", "198.51.100.0/24", "--trusted").stdout
    (line,) = [each for each in printed.splitlines() if each.startswith("  ringfence init ")]
    before = target.read_text()
    again = CliRunner().invoke(app, [*line.split()[1:], "--force"])
    assert again.exit_code == 0
    assert target.read_text() == before


def test_without_a_terminal_what_is_missing_is_named(target):
    found = init(target, "--country", "CN")
    assert found.exit_code == 2
    assert found.stderr == "nobody can be asked here: give --listen, --pbx\n"
    assert not target.exists()


def test_what_is_there_stays(target):
    target.parent.mkdir()
    target.write_text("version: 1\n")
    found = init(target, *GIVEN)
    assert found.exit_code == 1
    assert "is there already" in found.stderr
    assert target.read_text() == "version: 1\n"


def test_what_is_written_over_is_kept_aside(target):
    target.parent.mkdir()
    target.write_text("version: 1\n")
    assert init(target, *GIVEN, "--force").exit_code == 0
    (aside,) = target.parent.glob("ringfence.yaml.until-*")
    assert aside.read_text() == "version: 1\n"


def test_a_folder_gets_the_file(tmp_path):
    assert init(tmp_path, *GIVEN).exit_code == 0
    assert load_configuration(tmp_path / "ringfence.yaml")


def test_a_wrong_option_is_named(target):
    found = init(target, *GIVEN[2:], "--country", "ZZ")
    assert found.exit_code == 2
    assert "--country" in found.stderr
    assert "no country" in found.stderr


def test_answers_that_fight_each_other_write_nothing(target):
    found = init(target, "--country", "CN", "--listen", "192.0.2.6", "--pbx", "192.0.2.6")
    assert found.exit_code == 1
    assert f"{target}:" in found.stderr
    assert "calls would circle" in found.stderr
    assert "Nothing is written" in found.stderr
    assert not target.exists()


def test_programs_get_json_and_are_asked_nothing(target, monkeypatch):
    monkeypatch.setattr(first_steps, "on_a_terminal", lambda: True)
    assert init(target, "--json").exit_code == 2
    assert json.loads(init(target, *GIVEN, "--json").stdout) == {"written": str(target), "faults": []}


def test_everything_is_asked_and_a_wrong_answer_again(target, monkeypatch):
    answers = ("ZZ", "US", "0.0.0.0", "sip.example.com", "192.0.2.6 192.0.2.7:5062", "198.51.100.7", "", "*33")
    found = asked(target, monkeypatch, *answers, "none", "America/Chicago", "n", "y")
    assert found.exit_code == 0, found.output
    configuration = load_configuration(target)
    assert "no country" in found.output
    assert configuration.country == "US"
    assert str(configuration.listen[0].advertise) == "sip.example.com:5060"
    assert [str(each) for each in configuration.pbxes[0].addresses] == ["192.0.2.6:5060", "192.0.2.7:5062"]
    assert configuration.metrics is None
    assert configuration.time_zone == "America/Chicago"
    assert configuration.trunks[0].identity == "trusted"
    assert str(configuration.trunks[0].send_to[0]) == "198.51.100.7:5060"


def test_what_an_option_says_is_not_asked(target, monkeypatch):
    found = asked(target, monkeypatch, "", "", "", "", words=GIVEN)
    assert found.exit_code == 0, found.output
    assert "Whose numbers" not in found.output
    assert load_configuration(target).trunks[0].name == "default"


def test_whoever_breaks_off_has_written_nothing(target, monkeypatch):
    found = asked(target, monkeypatch, "CN")
    assert found.exit_code == 1
    assert "Aborted" in found.stderr
    assert not target.exists()


def test_it_asks_on_a_real_terminal(target):
    main, other = pty.openpty()
    try:
        words = [sys.executable, "-m", "ringfence", "init", str(target), *GIVEN]
        with subprocess.Popen(words, stdin=other, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as asking:
            os.write(main, b"\n" * 4)
            said, _ = asking.communicate(timeout=120)
    finally:
        os.close(main)
        os.close(other)
    assert asking.returncode == 0, said
    assert str(load_configuration(target).metrics) == "127.0.0.1:9464"
