"""A directory as a file: any order of columns, Chinese headings too, and what is wrong is named."""

import pytest

from desk.faults import ComplaintError
from desk.office_files import read_offices
from desk.offices import NewOffice


@pytest.mark.parametrize(
    "text",
    [
        "bank,office,aliases,answers\nABC,Chaoyang,CY|CY shop,Li\n\n",
        "\ufeff\u94f6\u884c,\u7f51\u70b9,\u522b\u540d,\u8d1f\u8d23\u4eba\r\nABC,Chaoyang,CY | CY shop |,Li\r\n",
    ],
)
def test_a_file_is_read(text):
    assert read_offices(text.encode()) == [NewOffice("Chaoyang", "ABC", ("CY", "CY shop"), "Li")]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "empty"),
        (b"name\nx", "no column 'name'"),
        (b"bank\nx", "no column 'office'"),
        (b'office\n"x', "no CSV"),
        ("office\n\u671d\u9633".encode("gb18030"), "not UTF-8"),
    ],
)
def test_what_is_wrong_is_named(raw, what):
    with pytest.raises(ComplaintError, match=what):
        read_offices(raw)
