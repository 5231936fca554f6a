import json

import pytest

from tests.ringfence.cluster.nodes import Memory

RECORD = "storage: {record: {at: 'postgresql://ringfence@db.example.net/ringfence', node: a}}\n"


@pytest.fixture
def memory(monkeypatch, file) -> Memory:
    found = Memory()
    monkeypatch.setattr("ringfence.cluster.postgres.PostgresRecord.open", lambda *words, **how: found)
    file.write_text(file.read_text() + RECORD)
    return found


def test_the_nodes_are_shown_and_one_that_lags_or_is_in_trouble_is_a_fault(run, memory, file):
    assert run("nodes").output == "No node has told of itself yet.\n"
    assert run("nodes", "lead").output == "Node a keeps the record from now on, as of version 2.\n"
    shown = run("nodes", "--json")
    assert shown.exit_code == 0
    assert [(row["node"], row["keeps"], row["behind"]) for row in json.loads(shown.output)] == [("a", "keeps it", 0)]
    memory.told["b"] = memory.told["a"]._replace(node="b", version=1, trouble="the record: cut off")
    shown = run("nodes")
    assert shown.exit_code == 1
    assert "cut off" in shown.output
    memory.found = None
    memory.entries.clear()
    assert "the record is empty, and this node holds version 2" in run("nodes", "lead").output
    assert run("nodes", "refill").output.startswith("The record has what node a has, as version ")
    assert run("nodes", "lead").exit_code == 0


def test_what_is_wrong_with_the_record_is_a_line(run, memory):
    memory.fault = "connection refused"
    for words in (("nodes",), ("nodes", "lead")):
        shown = run(*words)
        assert shown.exit_code == 1
        assert "the record: connection refused" in shown.output


def test_a_node_alone_says_so(run):
    shown = run("nodes")
    assert shown.exit_code == 2
    assert "storage.record" in shown.output
