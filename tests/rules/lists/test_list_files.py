"""Files of numbers as people and programs make them."""

import csv
import io
import json
import re

import pytest

from rules.lists.list_files import FAULT, OF_ENTRIES, ListFileError, Seen, harmless, read_lines


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


def test_a_quotation_that_is_never_closed_swallows_no_lines():
    data = b'number,reason\n18000000091,a\n18000000092,"night\n18000000093,b\n'
    with pytest.raises(ListFileError, match="line 3: a quotation mark is opened there and not closed"):
        list(read_lines(io.BytesIO(data)))
    between = data + b"18000000094,c\n" * 30 + b'18000000095,"day"\n'
    with pytest.raises(ListFileError, match="line 3: a quotation mark is opened there and not closed"):
        list(read_lines(io.BytesIO(between)))
    closed = b'number,note\n18000000091,"two\nlines"\n18000000092,b'
    assert [(line, number) for line, number, _ in read_lines(io.BytesIO(closed))] == [
        *((3, "18000000091"), (4, "18000000092"))
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04\x14\x00", "an Excel workbook or another zip archive: save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1", "an Excel workbook: save it as CSV"),
        (b"\x1f\x8b\x08", "it is packed: unpack it"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"SQLite format 3\x00", "it is a database"),
    ],
)
def test_what_is_no_text_is_called_by_its_name(data, told):
    with pytest.raises(ListFileError, match=told):
        list(read_lines(io.BytesIO(data * 100)))


@pytest.mark.parametrize(("before", "wrong"), [(2, "neither UTF-8 nor GB18030"), (9_000, "not utf-8 throughout")])
def test_a_byte_that_is_no_text_is_found_by_its_line(before, wrong):
    data = b"number,reason\n" + b"18000000091,night\n" * before + b"18000000092,\xff\xff\n" + b"18000000093,day\n" * 5
    with pytest.raises(ListFileError, match=f"line {before + 2}: it is {wrong}"):
        list(read_lines(io.BytesIO(data)))


def test_a_line_of_json_that_cannot_be_read_comes_with_its_fault_if_wished():
    data = b'{"number": "18000000091"}\n{nonsense\n{"number": 18000000092}\n'
    with pytest.raises(ListFileError, match="line 2: no JSON object"):
        list(read_lines(io.BytesIO(data)))
    _, broken, untexted = read_lines(io.BytesIO(data), faults=True)
    assert broken[:2] == (2, "{nonsense")
    assert "no JSON object" in broken[2][FAULT]
    assert "the number as text" in untexted[2][FAULT]


@pytest.mark.parametrize(
    ("data", "column"),
    [
        ("Grund,Anruf\nnight,18000000091\n", "number=Anruf,reason=Grund"),
        ("Grund,Anruf\nnight,18000000091\n", "2,reason=1"),
        ("reason,Anruf\nnight,18000000091\n", "Anruf"),
        ("night,18000000091\n", "2,reason=1"),
        ("night,18000000091\n", "reason=1,number=2"),
    ],
)
def test_columns_are_named_by_header_or_place(data, column):
    ((_, number, more),) = read_lines(io.BytesIO(data.encode()), column=column)
    assert (number, more) == ("18000000091", {"reason": "night"})


@pytest.mark.parametrize("column", ["2", "number=2", "number=2,reason=3"])
def test_a_first_row_whose_number_stands_at_the_named_place_is_no_header(column):
    """Telephones export a sort of number beside it: phone, tel, work. The first one was dropped."""
    data = "phone,0171 1234561,spam\nphone,0171 1234562,spam\n"
    assert [number for _, number, _ in read(data, column=column)] == ["0171 1234561", "0171 1234562"]
    assert [number for _, number, _ in read("kind,number,why\n" + data, column=column)] == [
        "0171 1234561",
        "0171 1234562",
    ]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("9", "there is no column '9'; it has night, 18000000091"),
        ("why=1,number=2", "no column is called 'why' here; there are number, reason, source"),
        ("reason=1", "which column holds the numbers"),
    ],
)
def test_columns_that_are_not_there_are_told(column, told):
    with pytest.raises(ListFileError, match=told):
        list(read_lines(io.BytesIO(b"night,18000000091\n"), column=column))


def seen_in(data, **how):
    seen = Seen()
    return list(read_lines(io.BytesIO(data if isinstance(data, bytes) else data.encode()), seen=seen, **how)), seen


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("number,Befristung,reason\n95588,2026,x\n", ["Befristung"]),
        ("number,reason,\n95588,x,\n", []),
        ("95588,only on carrier,2026-12-31\n", ["column 2", "column 3"]),
        ("number,holder\n95588,bank\n", ["holder"]),
        ('{"number": "95588", "until": "2026-12-31", "only": "carrier", "empty": ""}\n', ["only"]),
    ],
)
def test_columns_that_are_not_understood_are_named(text, columns):
    rows, seen = seen_in(text, wanted=OF_ENTRIES)
    assert rows[0][1] == "95588"
    assert seen.not_understood == columns


def test_a_column_is_understood_under_any_of_its_names():
    for text in ("number,valid until\n95588,2026-12-31\n", '{"phone": "95588", "有效期至": "2026-12-31"}\n'):
        rows, seen = seen_in(text, wanted=OF_ENTRIES)
        assert (rows[0][1], dict(rows[0][2]), seen.not_understood) == ("95588", {"expires": "2026-12-31"}, [])


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n\nnumber,reason\n# another\n95588,x\n",
        "#,number,reason\n# a comment\n1,95588,x\n# another\n",
        "# number, reason: as agreed\nnumber,reason\n95588,x\n# one\n# two\n",
        '# a comment\n{"number": "95588", "reason": "x"}\n# another\n',
        "sep=;\n# a comment\nnumber;reason\n# another\n95588;x\n",
    ],
)
def test_lines_that_begin_with_a_sign_are_counted_and_a_column_of_that_name_is_none(text):
    rows, seen = seen_in(text)
    assert [(number, dict(more)) for _, number, more in rows] == [("95588", {"reason": "x"})]
    assert seen.comments == 2


def test_a_person_may_say_the_encoding():
    data = "號碼,reason\n95588,銀行\n".encode("big5")
    rows, _ = seen_in(data, encoding="big5", column="號碼")
    assert rows == [(2, "95588", {"reason": "銀行"})]
    rows, _ = seen_in("\ufeffnumber\n95588\n", encoding="UTF-8")
    assert rows[0][1] == "95588"
    with pytest.raises(ListFileError, match="it is not ascii throughout"):
        seen_in("number,reason\n95588,é\n", encoding="ascii")
    for wrong in ("klingon", "hex"):
        with pytest.raises(ListFileError, match=f"no encoding is called '{wrong}'; write one such as utf-8"):
            seen_in("95588\n", encoding=wrong)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("number,number\n1,2\n", "line 1: column 1 (number) and column 2 (number) both hold number"),
        ("number,reason,号码\n1,x,2\n", "column 1 (number) and column 3 (号码) both hold number"),
        (
            "number,expires,until\n1,2026-12-31,2028-12-31\n",
            "column 2 (expires) and column 3 (until) both hold expires",
        ),
        ('{"number": "1", "number": "2"}\n', "line 1: the key 'number' stands in it twice"),
        ('{"number": "1", "号码": "2"}\n', "line 1: 'number' and '号码' both hold number"),
        ('{"number": "1", "reason": "a", "why": "b"}\n', "'reason' and 'why' both hold reason"),
    ],
)
def test_what_is_given_twice_is_refused_by_name(text, told):
    with pytest.raises(ListFileError, match=re.escape(told)):
        read(text)


def test_which_of_two_columns_counts_may_be_said():
    seen = Seen()
    assert read("number,reason,号码\n1,x,2\n", column="number=3", seen=seen) == [(2, "2", {"reason": "x"})]
    assert seen.not_understood == ["number"]
    assert read('{"number": "1", "why": "", "reason": "x"}\n') == [(1, "1", {"reason": "x"})]


def test_cells_beyond_the_header_are_told_once():
    seen = Seen()
    read("number,reason\n1,rang, at night\n2,x\n3,rang,,\n4,a,b\n", seen=seen)
    assert seen.not_understood == ["cells beyond column 2 (line 2)"]


@pytest.mark.parametrize("name", ["到期", "到期日", "Expires", "有效期"])
def test_an_end_is_found_under_its_names(name):
    assert read(f"号码,{name}\n1,2026-12-31\n") == [(2, "1", {"expires": "2026-12-31"})]


def test_zeros_are_no_text():
    with pytest.raises(ListFileError, match="nothing but zeros"):
        read("\0" * 70_000)


def test_latin_1_is_not_taken_for_gb18030():
    """ü and r are one sign of GB18030: the reason would have become another one, without a word."""
    with pytest.raises(ListFileError, match=r"line 2: it is neither UTF-8 nor GB18030; .* its --encoding") as refused:
        read("number,reason\n13800138000,für Büro\n", "latin-1")
    assert refused.value.line == 2
    data = "number,reason\n13800138000,für Büro\n".encode("latin-1")
    assert [row[2] for row in read_lines(io.BytesIO(data), encoding="latin-1")] == [{"reason": "für Büro"}]


def test_a_line_without_end_is_refused_wherever_it_stands():
    for before in ("", "number\n13800138000\n", "# "):
        with pytest.raises(ListFileError, match="the line has more than 1,048,576 characters"):
            read(f"{before}{'y' * 1_100_000}")


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("号段,原因\n1380013,x\n1701234*,y\n95500..95599,z\n", ["1380013*", "1701234*", "95500..95599"]),
        ("prefix\n201555\n+49 151\nCN:955\n", ["201555*", "+49 151*", "CN:955*"]),
        ("range,reason\n'0755,x\n138.0,x\n95500-95599,y\n1.38E+6,x\n", ["0755*", "138.0", "95500-95599", "1.38E+6"]),
        ('{"prefix": "201556"}\n{"number": "201557"}\n{"字冠": "201*"}\n', ["201556*", "201557", "201*"]),
        ("number,reason\n201555,x\n", ["201555"]),
    ],
)
def test_a_column_of_beginnings_holds_beginnings(text, entries):
    """Read as whole numbers they would be extensions, which stop nobody."""
    found = read_lines(io.BytesIO(text.encode()), faults=True, wanted=OF_ENTRIES, stars=True)
    assert [number for _, number, _ in found] == entries


def test_a_column_of_area_codes_that_a_person_names_holds_beginnings_too():
    stream = io.BytesIO("区号,城市\n0755,深圳\n".encode())
    found = list(read_lines(stream, column="区号", faults=True, wanted=OF_ENTRIES, stars=True))
    assert found[0][1] == "0755*"


def test_digits_behind_quotation_marks_are_a_fault_at_their_line():
    text = 'number,reason\n0171 1,a\n"0171 1234604"5,b\n"0171 2" ,"5""6"\n"a\nb"5,c\n'
    found = list(read_lines(io.BytesIO(text.encode()), faults=True))
    assert [(line, FAULT in more) for line, _, more in found] == [(2, False), (3, True), (4, False), (6, True)]
    with pytest.raises(ListFileError, match="line 3: digits stand behind the quotation marks"):
        list(read_lines(io.BytesIO(text.encode())))


def test_a_0_or_false_in_json_is_a_value():
    text = '{"number": "1", "expires": 0, "note": false, "reason": 0, "trunks": [], "source": null}\n'
    ((_, _, more),) = read_lines(io.BytesIO(text.encode()))
    assert more == {"expires": "0", "note": "False", "reason": "0"}


def test_what_keeps_a_spreadsheet_from_reading_a_number_is_no_part_of_it_in_json_either():
    lines = ({"number": '="01711234567"'}, {"number": "'01711234567"}, {"prefix": "'0171"})
    text = "\n".join(map(json.dumps, lines))
    found = [number for _, number, _ in read_lines(io.BytesIO(text.encode()), stars=True)]
    assert found == ["01711234567", "01711234567", "0171*"]


def test_a_row_whose_first_cell_is_the_number_of_a_case_is_no_comment():
    seen = Seen()
    text = "case;number\n#4711;01711234567\n# no more;01711234568\n#1 Fraud;01711234569\n"
    found = list(read_lines(io.BytesIO(text.encode()), seen=seen))
    assert [number for _, number, _ in found] == ["01711234567", "01711234569"]
    assert seen.comments == 1
