"""Rows become sorted integers, and reading by heads gives what reading each one would."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists.admission import EntryError, read_entry
from rules.lists.editing import Origin
from rules.lists.import_batch import MASK, SHIFT, Batch
from rules.numbering.intervals import decode
from rules.settings.screening import ListSettings

BLOCK = ListSettings(kind="block")


def batch(rows, country="CN", on_error="skip"):
    read = Batch(BLOCK, Origin("feed"), country, wide=True)
    read.read(rows, on_error, None)
    return read


def numbers(read):
    return [decode(packed >> SHIFT) for packed in read.packed]


def test_numbers_are_sorted_and_kept_once():
    read = batch([(1, "+8613900139000", {}), (2, "13800138000", {}), (3, "138 0013 8000", {}), (4, "9558*", {})])
    assert numbers(read) == ["+8613800138000", "+8613900139000"]
    assert [interval.text for interval in read.wides] == ["CN:9558*"]
    assert read.report.lines == 4


def test_each_different_origin_is_kept_once():
    night, note = {"reason": "night"}, {"reason": "night", "note": "x", "expires": "2026-12-31"}
    rows = [(1, "+8613800138000", night), (2, "+8613800138001", night), (3, "+8613800138002", note), (4, "95588", {})]
    read = batch(rows)
    assert list(read.origins) == [
        Origin("feed"),
        Origin("feed", "night"),
        Origin("feed", "night", note="x", expires=1_798_761_600.0),
    ]
    assert sorted(packed & MASK for packed in read.packed) == [0, 1, 1, 2]


def test_bad_rows_are_refused_with_their_line():
    rows = [(7, "8.6E+12", {}), (8, "000", {}), (9, "+8613800138000", {"expires": "soon"}), (10, "110", {})]
    read = batch(rows)
    assert [(r.line, r.code) for r in read.report.refusals] == [
        (7, "scientific-notation"),
        (8, "nonsense"),
        (9, "not-a-time"),
        (10, "emergency"),
    ]
    assert read.packed == []
    with pytest.raises(EntryError, match=r"line 7: '8\.6E\+12' lost its digits.*nothing was imported"):
        batch(rows, on_error="stop")


def test_many_refusals_are_counted_and_some_are_shown():
    read = batch([(line, "x", {}) for line in range(500)])
    assert read.report.refused == {"not-a-number": 500}
    assert len(read.report.refusals) == 100


def test_progress_is_told():
    told = []
    Batch(BLOCK, Origin(), "CN", wide=False).read(((n, "95588", {}) for n in range(60_000)), "skip", told.append)
    assert told == [20_000, 40_000, 60_000]


tails = st.text("0123456789", min_size=3, max_size=8)
national = ["1380013", "174005", "174060", "161000", "138", "0755823", "075595", "01095", "010655", "02162345"]
heads = st.sampled_from(
    [
        *national,
        "+861380013",
        "+441632960",
        "4008123",
        "+12125550",
        "95012",
        "861380013",
        "0086138001",
        "02079460",
        "1065",
    ]
)


@given(st.lists(st.builds(str.__add__, heads, tails), max_size=12), st.sampled_from(["CN", "", "GB"]))
def test_reading_by_heads_equals_reading_each(texts, country):
    expected = set()
    for text in texts:
        with suppress(EntryError):
            expected.add(read_entry(text, BLOCK, country=country).text)
    found = set(numbers(batch([(1, text, {}) for text in texts], country)))
    assert expected <= found
    for extra in found - expected:  # a head was enough for the library to believe the rest; the digits are as written
        assert any(extra.endswith(text.removeprefix("+")) for text in texts)
