"""SQL is put together from what stands in the sources, and from names that are names."""

import sqlite3
from contextlib import closing

import pytest

from rules.storage.statements import columns_of, every, joined, name_of, places, put, quoted, sql, wanted


def test_a_statement_is_filled_in_by_its_pieces():
    columns = columns_of(["id", "at"], "d")
    query = sql("select {columns} from decision d where at > {least} limit {most}", columns=columns, least=0.5, most=3)
    assert query == "select d.id, d.at from decision d where at > 0.5 limit 3"


def test_a_text_without_pieces_stays_as_it_stands():
    assert sql("select '{}'") == "select '{}'"


def test_conditions_hold_together():
    assert every([sql("a = 1"), sql("b = 2")]) == "a = 1 and b = 2"
    assert every([]) == "true"
    assert joined(" or ", [sql("a = ?")] * 2) == "a = ? or a = ?"
    assert places(3) == "?, ?, ?"


def test_what_is_not_wanted_is_not_asked():
    conditions, values = wanted({"caller": "+8613900000001", "rule": "", "case_id": None, "trunk": "x' or 1"})
    assert (conditions, values) == (["caller = ?", "trunk = ?"], ["+8613900000001", "x' or 1"])


def test_words_of_ours_are_written_as_texts():
    assert quoted(["do-not-originate", "block"]) == "'do-not-originate', 'block'"


@pytest.mark.parametrize("text", ["", "a b", "a;b", "it's", "Name", "x)", "数", "a--b' or '1"])
def test_what_is_no_name_is_refused(text):
    for made in (lambda: name_of(text), lambda: columns_of([text]), lambda: columns_of(["a"], text or " ")):
        with pytest.raises(ValueError, match="no word of SQL"):
            made()
    with pytest.raises(ValueError, match="no word of SQL"):
        quoted([text])


def test_a_column_that_somebody_names_does_not_come_in():
    with pytest.raises(ValueError, match="no word of SQL"):
        wanted({"caller = '' or 1": "x"})


def test_a_row_takes_the_place_of_the_one_with_its_key():
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table seen (office text, at real, who text, primary key (office, at))")
        for who in ("li", "wang"):
            database.execute(put("seen", "office at", "who"), ("west", 1.0, who))
        assert database.execute("select * from seen").fetchall() == [("west", 1.0, "wang")]
