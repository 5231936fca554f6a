"""Block lists in the words of others are read and written, and what they cannot say is counted."""

import io
import json

import pytest

from rules.lists.field_formats import FORMS, Writer, read_as
from rules.lists.list_files import ListFileError, read_lines

GOOD, OTHER = "+8617012345678", "+12025550123"


def rows(form, text):
    found = read_as(form, io.BytesIO(text.encode()))
    return [(number, dict(more)) for _, number, more in read_lines(found.stream)], dict(found.left_out)


MISP = {
    "Event": {
        "info": "campaign 7",
        "Object": [
            {"name": "phone", "uuid": "u1", "Attribute": [{"object_relation": "msisdn", "value": "8617012345678"}]},
            {"name": "email", "Attribute": []},
        ],
        "Attribute": [{"type": "phone-number", "value": "+12025550123", "comment": "spoofed"}],
    }
}
READ = [
    (
        "kamailio",
        "id,prefix,allowlist,description\n1,8617012345678,0,fraud\n2,86170,0,\n3,+861380,1,ours\n",
        [(GOOD, {"reason": "fraud"}), ("+86170*", {})],
        {"lets through": 1},
    ),
    (
        "asterisk",
        "number,description\n+8617012345678,Ex\n17012345678,\n",
        [(GOOD, {"reason": "Ex"}), ("17012345678", {})],
        {},
    ),
    (
        "asterisk",
        "/blacklist/+8617012345678                    : 1\n/blacklist/95588    : bank\n2 results found.\n",
        [(GOOD, {}), ("95588", {"reason": "bank"})],
        {},
    ),
    (
        "phoneblock",
        '{"numbers": [{"phone": "+8617012345678", "votes": 9, "rating": "G_FRAUD"},'
        ' {"phone": "+49301", "rating": "A_LEGITIMATE"}]}',
        [(GOOD, {"reason": "fraud", "evidence": "9 votes"})],
        {"is said to be legitimate": 1},
    ),
    ("phoneblock", "phone;rating;votes\n+8617012345678;C_PING;\n", [(GOOD, {"reason": "ping call"})], {}),
    (
        "fcc-dno",
        "DNO Number\n2025550123\n(202) 555-0124\n",
        [(OTHER, {"reason": "do not originate"}), ("+12025550124", {"reason": "do not originate"})],
        {},
    ),
    (
        "misp",
        json.dumps({"response": [MISP]}),
        [(GOOD, {"reason": "campaign 7", "evidence": "u1"}), (OTHER, {"reason": "spoofed"})],
        {"is no telephone number": 1},
    ),
]


@pytest.mark.parametrize(("form", "text", "found", "left_out"), READ, ids=[f"{one[0]}" for one in READ])
def test_what_others_write_is_read(form, text, found, left_out):
    assert rows(form, text) == (found, left_out)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_back(form):
    written = []
    writer = Writer(form, written.append, name="blocked", day="2026-12-01")
    writer.begin()
    for number, reason in ((GOOD, "fraud"), (OTHER, ""), ("+86170*", ""), ("CN:95588", ""), ("+8610..+8612", "")):
        writer.entry({"number": number, "reason": reason})
    writer.end()
    found, _ = rows(form, "".join(written))
    numbers = [number for number, _ in found]
    assert numbers == {"kamailio": [GOOD, OTHER, "+86170*"], "fcc-dno": [OTHER]}.get(form, [GOOD, OTHER])
    if form not in ("fcc-dno",):
        assert found[0][1]["reason"] == "fraud"
    assert sum(writer.left_out.values()) == 5 - len(numbers)


def test_an_object_of_misp_is_the_same_each_time():
    def made():
        written = []
        writer = Writer("misp", written.append, name="blocked", day="2026-12-01")
        writer.begin()
        writer.entry({"number": GOOD, "reason": "=1+1"})
        writer.end()
        return json.loads("".join(written))

    (one,) = made()["Event"]["Object"]
    assert one == made()["Event"]["Object"][0]
    assert [each["value"] for each in one["Attribute"]] == [GOOD[1:], "=1+1"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("kamailio", "user,domain\n1,2\n"),
        ("phoneblock", "{"),
        ("phoneblock", "{}"),
        ("phoneblock", '{"numbers": [7]}'),
        ("misp", "[[]]"),
        ("misp", '{"Event": {"Object": [{"Attribute": [{}]}]}}'),
        ("misp", "not json"),
        ("asterisk", ""),
    ],
)
def test_what_is_no_such_file_is_told(form, text):
    with pytest.raises(ListFileError):
        read_as(form, io.BytesIO(text.encode()))
