"""Files of numbers as people and programs make them."""

import csv
import io

import pytest

from rules.lists.list_files import ListFileError, harmless, read_lines


def read(data, encoding="utf-8", **more):
    return list(read_lines(io.BytesIO(data.encode(encoding)), **more))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("13800138000\n13800138001\n", [(1, "13800138000", {}), (2, "13800138001", {})]),
        ("number\n13800138000", [(2, "13800138000", {})]),
        ("reason,number\nnight calls,13800138000\n", [(2, "13800138000", {"reason": "night calls"})]),
        ("原因;号码\n夜间;13800138000\n", [(2, "13800138000", {"reason": "夜间"})]),
        ("Phone Number\tNOTE\n13800138000\t\n", [(2, "13800138000", {})]),
        ('number,note\n"138 0013-8000","a, b"\n', [(2, "138 0013-8000", {"note": "a, b"})]),
        ("# made by hand\n\n95588\n\n9558*\n", [(3, "95588", {}), (5, "9558*", {})]),
        ("number,unknown\r\n1234567,x\r\n", [(2, "1234567", {})]),
        ("reason,number\nnight calls\n", [(2, "", {})]),
        ("", []),
        ("sep=;\nnumber;reason\n13800138000;x, y\n", [(3, "13800138000", {"reason": "x, y"})]),
        ("sep=,\n13800138000\n", [(2, "13800138000", {})]),
        (
            'number\n="013800138000"\n"=""95588"""\n\'95599\n',
            [(2, "013800138000", {}), (3, "95588", {}), (4, "95599", {})],
        ),
        (
            "number,note\n'+86138*,'=1+1\n95588,'tis\n",
            [(2, "+86138*", {"note": "=1+1"}), (3, "95588", {"note": "'tis"})],
        ),
        (
            '{"number": "95588", "reason": "x"}\n\n{"number": "95589"}\n',
            [(1, "95588", {"reason": "x"}), (3, "95589", {})],
        ),
    ],
)
def test_columns_and_formats(data, found):
    assert read(data) == found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(encoding, delimiter):
    text = f"号码{delimiter}原因\n13800138000{delimiter}夜间骚扰\n"
    assert read(text, encoding) == [(2, "13800138000", {"reason": "夜间骚扰"})]


def test_a_long_file_is_read_beyond_what_is_looked_at_first():
    lines = [f"138{n:08d}" for n in range(20_000)]
    assert [text for _, text, _ in read("\n".join(lines))] == lines


def test_the_column_can_be_named():
    assert read("a,b\nx,95588\n", column="b") == [(2, "95588", {})]


@pytest.mark.parametrize(
    ("data", "column", "complaint"),
    [
        (b"a,b\n1,2\n", "c", "line 1: there is no column 'c'; it has a, b"),
        (b"reason,who\nx,1\n", "", "line 1: which column holds the numbers"),
        (b"Wer,Grund\nx,1\n", "", "line 1: no column is known; name that of the numbers .--column.: Wer, Grund"),
        (b'{"number": 13800138000}\n', "", "line 1: expected an object.*the number as text"),
        (b'{"number": "1"}\n{oops\n', "", "line 2: no JSON object"),
        (b"1234567\n" * 20_000 + b"\xff\xff\n", "", "it is not utf-8 throughout"),
    ],
)
def test_what_cannot_be_read_is_named(data, column, complaint):
    with pytest.raises(ListFileError, match=complaint):
        list(read_lines(io.BytesIO(data), column=column))


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "plain", "'quoted'", "'=1", "''-1", "'7 calls", "it's"],
)
def test_text_that_a_spreadsheet_would_run_is_written_harmless_and_read_back(text):
    written = harmless(text)
    assert written[0] not in "=+-@\t"
    out = io.StringIO()
    csv.writer(out).writerow(["95588", written])
    assert read(f"number,note\n{out.getvalue()}") == [(2, "95588", {"note": text})]
