"""Files of a complaint centre: every sound line filed once, every other line named."""

import pytest

from rules.complaints.centre_files import file_centre, read_rows
from rules.complaints.complaint_rows import listed
from rules.complaints.faults import ComplaintError

FILE = """\
\ufeff被举报号码,举报人,通话时间,类别,内容,营业厅
95012345,13800138000,2026/06/30 21:15,loan,半夜打来,朝阳
'+8613912345678,13800138001,,,,
110,13800138002,,,,

95012345,13800138003,yesterday,,,
95012345,13800138004,,rude,,
"""


async def test_sound_lines_are_filed_and_others_named(town):
    town_zone = town.desk.archive.zone
    for again in (False, True):
        found = await file_centre(town.desk.complaints, FILE.splitlines(True), source="12321.csv", zone=town_zone)
        assert (found.lines, found.filed, found.duplicates) == (5, 0 if again else 2, 2 if again else 0)
        assert [(bad.line, bad.field) for bad in found.bad] == [(4, "accused"), (6, "at"), (7, "category")]
    second, first = await listed(town.desk.archive.store.connection)
    assert (first.accused, first.call_day, first.category, first.branch) == ("CN:95012345", 20260630, "loan", "朝阳")
    assert (second.accused, second.source, second.channel) == ("+8613912345678", "12321.csv", "centre")


@pytest.mark.parametrize(
    ("text", "what"),
    [("", "it is empty"), ("a,b\n1,2\n", "no column 'accused'"), ("accused\n1\n", "no column 'reporter'")],
)
def test_what_is_no_such_file(text, what):
    with pytest.raises(ComplaintError, match=what):
        list(read_rows(text.splitlines(True)))


def test_a_cell_without_end_names_its_line():
    with pytest.raises(ComplaintError, match="line 2"):
        list(read_rows(["accused,reporter\n", f"95012345,{'x' * 200_000}\n"]))


async def test_what_stands_before_it_is_filed_and_reported(town):
    lines = ["accused,reporter\n", "95012345,13800138000\n", f'95012345,"{"x" * 200_000}\n', "95012345,13800138001\n"]
    found = await file_centre(town.desk.complaints, lines, source="x.csv", zone=town.desk.archive.zone)
    assert (found.lines, found.filed, found.bad[0].field) == (1, 1, "file")
    assert "nothing from there on was read" in found.bad[0].reason
