"""What lists refuse, as problems: each names its field, and repeats nothing that was sent."""

import pytest

from console.api.list_shapes import Row, problem_of_entry
from rules.lists.admission import EntryError


@pytest.mark.parametrize(
    ("error", "status", "field"),
    [
        (EntryError("no-such-list", "there is no list 'x' in ringfence.yaml", hint="it has a, b"), 404, None),
        (EntryError("not-yours", "list a is changed by li only"), 403, None),
        (EntryError("undone", "import 3 was undone already"), 409, None),
        (EntryError("too-short", "'95' has 2 digits"), 422, "/numbers/1"),
        (EntryError("protected", "'+8613800138000' covers numbers of list b"), 422, "/numbers"),
        (EntryError("impossible", "'x': no plan", line=7), 422, "/numbers/6"),
    ],
)
def test_a_refusal_is_a_problem_of_its_field(error, status, field):
    found = problem_of_entry(error, "/numbers", ["13800138000", "95"])
    assert found.status == status
    assert [one["field"] for one in found.errors] == ([field] if field else [])
    assert "13800138000" not in str(found.errors) + found.detail
    assert "it has a, b" not in found.detail


def test_a_row_is_written_as_a_line_of_a_file():
    row = Row(number="95588", reason="勿扰", leave_out="95588 95599")
    assert row.line() == '{"number": "95588", "reason": "\\u52ff\\u6270", "except": "95588 95599"}'
