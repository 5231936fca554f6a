"""`ringfence health` asks the listeners that the node has; what is wrong with its files is told and judges nobody."""

import json
from typing import Any

import pytest

from ringfence.health import Health
from ringfence.installation import Installation

UDP, TCP = {"address": "192.0.2.5:5060", "transport": "udp"}, {"address": "192.0.2.5:5060", "transport": "tcp"}


@pytest.fixture
def answering(monkeypatch):
    """Which status each listener answers with, by its name; 200 where none is written."""
    by_name: dict[str, int] = {}
    monkeypatch.setattr("ringfence.health.ask", lambda listener: Health(by_name.get(listener.shown, 200)))
    return by_name


@pytest.fixture
def running(monkeypatch):
    """A node that says where it listens."""
    asked: list[str] = []

    def ask(path: Any, command: str, *_: Any, **__: Any) -> Any:
        asked.append(command)
        return [UDP, TCP]

    monkeypatch.setattr("ringfence.control.ask", ask)
    return asked


BROKEN = [
    lambda text: text.replace("country: CN", "country: XX"),
    lambda text: text + "\nnonsense: 1\n",
    lambda text: text + "\nlisten: [oops\n",
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("status", [200, 0])
def test_with_a_fault_in_the_file_the_listeners_decide(run, file, answering, running, broken, status):
    before = file.read_text()
    file.write_text(broken(before))
    assert file.read_text() != before
    answering["tcp:192.0.2.5:5060"] = status
    found = run("health", "--json")
    assert json.loads(found.stdout) == {"192.0.2.5:5060": 200, "tcp:192.0.2.5:5060": status}
    assert found.exit_code == (0 if status else 1)
    assert "the node goes on, and would not start by this file" in found.stderr
    assert str(file.name) in found.stderr
    assert run("health", "--strict").exit_code == 1


def test_with_a_fault_and_no_node_what_can_be_read_of_it_is_asked_and_the_fault_told(run, file, answering):
    file.write_text(file.read_text() + "\nnonsense: 1\n")
    answering["127.0.0.1:5060"] = 0
    found = run("health")
    assert found.exit_code == 1
    assert "127.0.0.1:5060: no answer" in found.stdout
    assert "nonsense" in found.stdout


def test_who_is_asked_is_who_listens_and_not_who_will(run, answering, running):
    assert set(json.loads(run("health", "--json").stdout)) == {"192.0.2.5:5060", "tcp:192.0.2.5:5060"}


def test_that_people_cannot_be_read_is_a_remark(run, file, answering):
    file.write_text(file.read_text() + "\npeople: {four_eyes: false}\n")
    here = Installation.open(file)
    here.make_folders()
    here.database_of("people").write_bytes(b"a letter to a friend" * 1000)
    found = run("health")
    assert (found.exit_code, "127.0.0.1:5060: answers 200" in found.stdout) == (0, True)
    assert "cannot be read" in found.stdout
    assert run("health", "--strict").exit_code == 1
