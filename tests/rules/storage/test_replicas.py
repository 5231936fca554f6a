import sqlite3
from contextlib import closing

import pytest

from rules.storage.replicas import Row, keeper_of, opened, standing_in
from rules.storage.store import migrate


def fresh(folder, name, role, record="r1"):
    path = folder / name
    migrate(path, "lists")
    with opened(path) as replica:
        replica.join(role, "a", record)
    return path


def run(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def given(path):
    with opened(path) as replica, replica.changes() as changes:
        return {} if changes is None else {(row.table, row.key): row.content for row in changes.rows}


def objects(path):
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute("select type, name from sqlite_master").fetchall())


def test_a_database_alone_has_nothing_of_this_and_one_that_left_neither(tmp_path):
    migrate(tmp_path / "alone", "lists")
    before = objects(tmp_path / "alone")
    assert standing_in(tmp_path / "alone") is None
    path = fresh(tmp_path, "was", "copy")
    with opened(path) as replica:
        replica.leave()
    assert objects(path) == before
    assert standing_in(path) is None


def test_keys_of_octets_and_texts_and_what_is_nothing_come_over_as_they_are(tmp_path):
    a, b = fresh(tmp_path, "a", "keeper"), fresh(tmp_path, "b", "copy")
    run(
        a,
        "insert into subscriber_entry values (x'00ff', 'block', 1, 9223372036854775807, 0, 'it''s \"é\" \x01', 1.5)",
        "insert into origin values (1, '', '', '', 0.1, null, '', '', '', null, '', '', '', '', null, '', '')",
        "insert into complete values ('95*', 1, 2)",
    )
    with opened(a) as one, opened(b) as other, one.changes() as changes:
        assert changes.whole
        other.take(changes.rows, 1, whole=True)
    for table in ("subscriber_entry", "origin", "complete"):
        with closing(sqlite3.connect(a)) as one, closing(sqlite3.connect(b)) as other:
            query = f"select * from {table}"
            assert one.execute(query).fetchall() == other.execute(query).fetchall() != []


def test_what_changed_is_given_once_as_it_is_now(tmp_path):
    path = fresh(tmp_path, "a", "keeper")
    with opened(path) as replica:
        replica.given(0, 1)
    run(
        path,
        "insert into complete values ('95*', 1, 2)",
        "update complete set stop = 3",
        "insert into complete values ('96*', 1, 2)",
        "delete from complete where text = '96*'",
        "update complete set text = '97*' where text = '95*'",
    )
    changes = given(path)
    assert changes == {
        ("complete", '["95*"]'): None,
        ("complete", '["96*"]'): None,
        ("complete", '["97*"]'): '{"text":"97*","start":1,"stop":3}',
    }
    with opened(path) as replica, replica.changes() as found:
        upto = found.upto
    with opened(path) as replica:
        replica.given(upto, 2)
        assert replica.waiting() == 0
    assert given(path) == {}


def test_what_was_rolled_back_is_not_given(tmp_path):
    path = fresh(tmp_path, "a", "keeper")
    with opened(path) as replica:
        replica.given(0, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("begin")
        connection.execute("insert into complete values ('95*', 1, 2)")
        connection.execute("rollback")
    assert given(path) == {}


def test_a_copy_takes_what_a_newer_program_knows_more_and_makes_room_in_any_order(tmp_path):
    path = fresh(tmp_path, "b", "copy")
    seal = (
        '{"id":%d,"case_id":1,"code":7,"number":"+1","list":1,"owner":"","author":"x","reason":"y","sealed":1.0,'
        '"released":%s,"release_author":"","release_reason":"","appeal":"","to_come":5}'
    )
    with opened(path) as replica:
        replica.take([Row("seal", "[1]", seal % (1, "null"))], 1, whole=False)
        rows = [Row("seal", f"[{id_}]", seal % (id_, released)) for id_, released in ((2, "null"), (1, "2.0"))]
        rows.append(Row("of_a_newer_program", "[1]", "{}"))
        replica.take(rows, 2, whole=False)
        assert replica.standing().version == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select id, released from seal order by id").fetchall() == [(1, 2.0), (2, None)]


def test_a_copy_is_all_or_nothing(tmp_path):
    path = fresh(tmp_path, "b", "copy")
    row = Row("complete", '["95*"]', '{"text":"95*","start":1,"stop":3}')
    with opened(path) as replica, pytest.raises(sqlite3.IntegrityError):
        replica.take([row, Row("complete", '["96*"]', '{"text":"96*","start":null}')], 5, whole=False)
    with opened(path) as replica:
        assert replica.standing().version == 0
        assert not replica.holds(["complete"])


def test_a_change_of_a_copy_names_who_keeps_it(tmp_path):
    path = fresh(tmp_path, "b", "copy")
    for statement in ("insert into complete values ('95*', 1, 2)", "update change set revision = 9"):
        with pytest.raises(sqlite3.IntegrityError) as raised:
            run(path, statement)
        assert keeper_of(raised.value) == "a"


def test_a_keeper_takes_nothing(tmp_path):
    with opened(fresh(tmp_path, "a", "keeper")) as replica, pytest.raises(sqlite3.OperationalError):
        replica.take([], 1, whole=True)


def test_a_new_layout_is_no_change_to_a_copy_and_is_given_as_a_whole_by_the_keeper(tmp_path):
    for name, role in (("a", "keeper"), ("b", "copy")):
        path = fresh(tmp_path, name, role)
        with opened(path) as replica:
            replica.given(0, 3)
        # As of a program that knew one layout less, whose last step is the one that makes the audit.
        run(path, "drop table step", "pragma user_version = 11")
        migrate(path, "lists")
        standing = standing_in(path)
        assert (standing.role, standing.version, standing.whole) == (role, 3, role == "keeper")
        assert ("trigger", "replica_insert_step") in objects(path)
