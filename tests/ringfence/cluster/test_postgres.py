import threading
from time import monotonic

import psycopg
import pytest

from ringfence.cluster.postgres import PostgresRecord
from ringfence.cluster.record import RecordError
from rules.settings.screening import RecordSettings
from tests.peers.process import until
from tests.ringfence.cluster.nodes import nodes

BLOCKED = "+8613800138000"


@pytest.fixture
def two(tmp_path, database):
    def connect():
        return PostgresRecord.open(RecordSettings(at=database, node="a"), tmp_path)

    with nodes("ab", tmp_path, connect) as made:
        made[0].change("add", "blocked", "+8613800138001")
        for node in (*made, made[0]):
            assert node.turn() == ""
        yield made


def test_a_number_stopped_on_one_node_is_stopped_on_the_other_within_two_seconds(two):
    a, b = two
    stop = threading.Event()
    threads = [threading.Thread(target=node.follower.run, args=(stop,)) for node in two]
    for thread in threads:
        thread.start()
    try:
        a.change("add", "blocked", BLOCKED)
        begin = monotonic()
        until(lambda: b.finds(BLOCKED) == {"blocked"}, "the other node has it")
        print(f"{monotonic() - begin:.3f} s")
        a.change("remove", "blocked", BLOCKED)
        until(lambda: b.finds(BLOCKED) == set(), "and has it no more")
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_whoever_is_cut_off_goes_on_and_catches_up(two, postgres, database):
    a, b = two
    postgres.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ringfence a'")
    a.change("add", "blocked", BLOCKED)
    assert "the record: " in a.turn()
    assert "the record: " in b.turn()
    assert b.finds("+8613800138001") == {"blocked"}
    assert (a.turn(), b.turn(), b.finds(BLOCKED)) == ("", "", {"blocked"})
    with psycopg.connect(database) as connection:
        query = "select version, content is null from ringfence.entry where series = 'lists' and name = 'exact'"
        assert len(connection.execute(query).fetchall()) == 2


def test_a_record_that_is_only_read_takes_nothing_and_what_changed_waits(two, postgres, database):
    a, b = two
    name = database.partition("@/")[2].partition("?")[0]
    postgres.run(f'alter database "{name}" set default_transaction_read_only = on')
    for node in two:
        node.follower.close_record()
    a.change("add", "blocked", BLOCKED)
    assert "read-only" in a.turn()
    assert a.follower.state.waiting > 0
    assert b.turn() == ""  # who only reads is content
    postgres.run(f'alter database "{name}" set default_transaction_read_only = off')
    for node in two:
        node.follower.close_record()
    assert (a.turn(), b.turn(), b.finds(BLOCKED)) == ("", "", {"blocked"})


@pytest.mark.parametrize(
    ("address", "words", "told"),
    [
        ("postgresql://ringfence@/none?host={host}", {}, 'database "none" does not exist'),
        ("postgresql://stranger@/postgres?host={host}", {}, 'role "stranger" does not exist'),
        ("postgresql://ringfence@/postgres?host={host}&port=1", {}, "No such file or directory"),
        ("postgresql://ringfence@/postgres?host={host}", {"password_file": "none"}, "none: No such file"),
        ("postgresql://ringfence@/postgres?host={host}", {"password_file": "open"}, "chmod 600"),
    ],
)
def test_what_cannot_be_reached_is_told_in_a_line_without_the_password(postgres, tmp_path, address, words, told):
    (tmp_path / "open").write_text("secret")
    (tmp_path / "open").chmod(0o644)
    settings = RecordSettings(at=address.format(host=postgres.folder), node="a", **words)
    with pytest.raises(RecordError) as raised:
        PostgresRecord.open(settings, tmp_path)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_layout_of_a_newer_program_is_refused(database, tmp_path):
    settings = RecordSettings(at=database, node="a")
    PostgresRecord.open(settings, tmp_path).close()
    with psycopg.connect(database) as connection:
        connection.execute("update ringfence.layout set number = 99")
    with pytest.raises(RecordError, match="layout 99 was made by a newer Ringfence"):
        PostgresRecord.open(settings, tmp_path)


def test_two_processes_cannot_be_one_node(database, tmp_path):
    settings = RecordSettings(at=database, node="a")
    first = PostgresRecord.open(settings, tmp_path, alone=True)
    with pytest.raises(RecordError, match="another process is connected as node a"):
        PostgresRecord.open(settings, tmp_path, alone=True)
    first.close()


def test_nodes_tell_how_they_are(two, tmp_path, database):
    with psycopg.connect(database) as connection:
        connection.execute("update ringfence.node set skew = 90 where name = 'b'")
    record = PostgresRecord.open(RecordSettings(at=database, node="a"), tmp_path)
    a, b = record.nodes()
    record.close()
    assert (a.node, a.waiting, a.trouble, round(a.skew_s)) == ("a", 0, "", 0)
    assert (b.version, b.skew_s) == (a.version, 90)
