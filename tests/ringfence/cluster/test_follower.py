import shutil
import sqlite3

import pytest

from ringfence.cluster.record import Head
from rules.lists.origins import Origin
from rules.storage.store import StoreError
from tests.ringfence.cluster.nodes import Memory, nodes

BLOCKED = "+8613800138000"


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def two(tmp_path, memory):
    with nodes("ab", tmp_path, lambda: memory) as made:
        made[0].change("add", "blocked", "+8613800138001")
        for node in (*made, made[0]):
            assert node.turn() == ""
        yield made


def all_rows(node):
    with sqlite3.connect(node.path) as connection:
        tables = ("list", "exact", "wide", "span", "origin", "change", "step", "past", "ending")
        rows = {table: sorted(connection.execute(f"select * from {table}").fetchall()) for table in tables}
    connection.close()
    return rows


def test_what_is_put_on_a_list_here_is_found_there_and_what_leaves_it_is_found_there_no_more(two):
    a, b = two
    a.change("add", "blocked", BLOCKED, Origin(reason="it rang all night"))
    a.change("add", "blocked", "+86139*", wide=True)
    assert b.finds(BLOCKED) == set()
    assert (a.turn(), b.turn()) == ("", "")
    assert b.finds(BLOCKED) == b.finds("+8613911111111") == {"blocked"}
    assert all_rows(a) == all_rows(b)
    a.change("remove", "blocked", BLOCKED)
    a.change("add", "blocked", BLOCKED)  # in the same breath: one state, whatever led to it
    a.change("remove", "blocked", "+86139*")
    assert (a.turn(), b.turn()) == ("", "")
    assert (b.finds(BLOCKED), b.finds("+8613911111111")) == ({"blocked"}, set())
    assert all_rows(a) == all_rows(b)


def test_a_copy_refuses_what_only_the_keeper_may_change_and_names_him(two):
    _, b = two
    before = all_rows(b)
    with pytest.raises(StoreError, match="node a keeps; nothing was changed"):
        b.change("add", "blocked", BLOCKED)
    assert all_rows(b) == before
    assert b.turn() == ""


def test_a_change_is_given_once_the_record_is_back_and_whatever_the_answer_was_it_stands_there_once(two, memory):
    a, b = two
    memory.fault = "the server closed the connection"
    a.change("add", "blocked", BLOCKED)
    assert "the record: the server closed" in a.turn()
    assert a.follower.state.waiting > 0
    assert "the record" in b.turn()
    assert b.finds("+8613800138001") == {"blocked"}  # it goes on with what it has
    memory.fault, memory.lost = "", "killed between the commit and its answer"
    assert "killed" in a.turn()
    memory.lost = ""
    assert (a.turn(), b.turn()) == ("", "")
    assert all_rows(a) == all_rows(b)
    assert a.follower.state.waiting == 0
    assert sum(key[1] == "exact" and row[1] is not None for key, row in memory.entries.items()) == 2


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (lambda head: head._replace(version=1), "restored from a backup, or is a replica that lags"),
        (lambda head: Head("another", 9, "a"), "belongs to another record"),
        (lambda head: None, "the record is empty, and this node holds version"),
    ],
)
def test_a_record_older_than_the_node_is_refused_and_told_and_refilled_by_command(two, memory, head, told):
    a, b = two
    a.change("add", "blocked", BLOCKED)
    assert (a.turn(), b.turn()) == ("", "")
    good = all_rows(b)
    memory.found = head(memory.found)
    memory.entries.clear()
    assert told in a.turn()
    assert told in b.turn()
    assert all_rows(a) == all_rows(b) == good
    a.follower.refill()
    assert (a.turn(), b.turn()) == ("", "")
    assert all_rows(b) == good
    a.change("remove", "blocked", BLOCKED)
    assert (a.turn(), b.turn(), b.finds(BLOCKED)) == ("", "", set())


def test_a_node_with_entries_of_its_own_is_not_made_a_copy(two, tmp_path, memory):
    with nodes("c", tmp_path, lambda: memory) as (c,):
        c.change("add", "blocked", BLOCKED)
        assert "entries of its own" in c.turn()
        assert c.finds(BLOCKED) == {"blocked"}


def test_another_node_keeps_the_record_by_command_and_the_former_keeper_becomes_a_copy(two):
    a, b = two
    assert b.follower.lead().keeper == "b"
    b.change("add", "blocked", BLOCKED)
    assert (b.turn(), a.turn()) == ("", "")
    assert a.finds(BLOCKED) == {"blocked"}
    with pytest.raises(StoreError, match="node b keeps"):
        a.change("remove", "blocked", BLOCKED)
    assert all_rows(a) == all_rows(b)


def test_what_a_former_keeper_never_gave_is_told_and_not_lost_in_silence(two, memory):
    a, b = two
    memory.fault = "cut off"
    a.change("add", "blocked", BLOCKED)
    a.turn()
    memory.fault = ""
    b.follower.lead()
    assert "never reached it" in a.turn()
    assert a.finds(BLOCKED) == {"blocked"}


def test_a_backup_put_in_place_at_the_keeper_is_what_all_have_then(two, tmp_path):
    a, b = two
    shutil.copy(a.path, tmp_path / "backup")
    a.change("add", "blocked", BLOCKED)
    assert (a.turn(), b.turn(), b.finds(BLOCKED)) == ("", "", {"blocked"})
    for end in ("-wal", "-shm"):
        a.path.with_name(a.path.name + end).unlink(missing_ok=True)
    (tmp_path / "backup").replace(a.path)
    assert (a.turn(), b.turn(), b.finds(BLOCKED)) == ("", "", set())
    assert a.finds("+8613800138001") == b.finds("+8613800138001") == {"blocked"}
