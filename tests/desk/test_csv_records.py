"""Records of CSV, as csv.reader reads them, and what it cannot read."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.csv_records import BrokenFile, TooLong, records

CELLS = st.lists(st.lists(st.text(st.sampled_from('ab,"\n x'), max_size=6), min_size=1, max_size=4), max_size=6)


@given(CELLS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_was_written_is_read_back(rows, quoting):
    out = io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator="\n").writerows(rows)
    found = list(records(io.StringIO(out.getvalue(), newline="")))
    assert [row for _, row in found] == rows
    assert [line for line, _ in found] == sorted(line for line, _ in found)


@pytest.mark.parametrize(
    "cell", ["x" * 200_000, '"' + "x\n" * 100_000 + '"', '"' + 'x"",""\n' * 30_000 + '"', 'a"b' * 60_000]
)
def test_a_long_cell_costs_its_record_only(cell):
    found = [row for _, row in records(f'a,"b\nc"\nd,{cell},e\nf\n'.splitlines(True))]
    assert found[::2] == [["a", "b\nc"], ["f"]]
    assert isinstance(found[1], TooLong)


@pytest.mark.parametrize("text", ['a\nb,"c\nd\n', 'a\n"' + "x\n" * 100_000, 'a\n"b""\n'])
def test_a_quotation_mark_without_end_names_its_line(text):
    found = []
    with pytest.raises(BrokenFile) as broken:
        found += [row for _, row in records(text.splitlines(True))]
    assert broken.value.line == 2
