"""Prefixes and ranges inside each other: as deep as anybody needs, and a file that would take for ever is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists import nesting
from rules.lists.admission import EntryError
from rules.lists.editing import Lists
from rules.lists.imports import Wishes, import_rows
from rules.lists.nesting import MOST_NESTED, refuse_nested_rows
from rules.numbering.intervals import Interval
from rules.settings.screening import ListSettings

WIDE = Wishes(wide=True)


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", {"a": ListSettings(kind="block"), "b": ListSettings(kind="block")})
    yield lists
    await lists.close()


def nested(depth, first=0):
    """Rows of ranges, each inside the one before."""
    return [(n, f"+86138{n:08d}..+86138{99_999_999 - n:08d}", {}) for n in range(first, first + depth)]


async def test_as_deep_as_that_and_no_deeper(lists):
    assert (await import_rows(lists, "a", nested(MOST_NESTED), wishes=WIDE)).added == MOST_NESTED
    told = f"{MOST_NESTED + 1} prefixes and ranges would cover the numbers at"
    with pytest.raises(EntryError, match=told) as error:
        await lists.add("b", "+861385*", wide=True)
    assert error.value.name == "nested"
    with pytest.raises(EntryError, match="prefixes and ranges would cover the numbers at"):
        await import_rows(lists, "b", nested(2, MOST_NESTED), wishes=WIDE)
    assert await lists.counts() == {"a": MOST_NESTED, "b": 0}
    await lists.add("b", "+86139*", wide=True)
    await lists.remove("a", "+8613800000007..+8613899999992")
    await lists.add("b", "+861385*", wide=True)


async def test_a_file_that_nests_too_deep_is_refused_before_it_is_written(lists):
    with pytest.raises(EntryError, match=f"{MOST_NESTED + 1} prefixes and ranges would cover"):
        await import_rows(lists, "a", nested(5_000), wishes=WIDE)


def test_a_file_that_overlaps_too_often_is_refused(monkeypatch):
    monkeypatch.setattr(nesting, "MOST_ROWS", 29)
    rows = [Interval(n, n + 2, 1, str(n)) for n in range(10)]
    refuse_nested_rows(rows)
    with pytest.raises(EntryError, match="import it in parts"):
        refuse_nested_rows([*rows, Interval(3, 3, 1, "x"), Interval(4, 5, 1, "y")])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=20), st.integers(1, 6))
def test_the_depth_is_that_of_a_slow_count(intervals, most):
    spans = [Interval(start, start + length, 1, "x") for start, length in intervals]
    deepest = max((sum(one.start <= at <= one.stop for one in spans) for at in range(42)), default=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nesting, "MOST_NESTED", most)
        if deepest <= most:
            refuse_nested_rows(spans)
        else:
            with pytest.raises(EntryError):
                refuse_nested_rows(spans)
