"""Complaints as clients send them."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from console.api.complaint_shapes import ComplaintToFile, complaint_page
from desk.complaint_rows import Channel

LI = SimpleNamespace(actor="li")  # whoever looks


def test_what_is_sent_becomes_what_the_desk_takes():
    sent = {"accused": " 95012345 ", "reporter": "x", "at": "1970-01-01T00:00:07Z", "knew": {"branch": "North"}}
    new = ComplaintToFile.model_validate(sent).as_filed_by("app")
    assert (new.accused, new.at, new.knew, new.source, new.channel) == (
        *("95012345", 7.0, {"branch": "North"}, "app", Channel.API),
    )


@pytest.mark.parametrize("wrong", [{"accused": 1}, {"more": 1}, {"accused": ""}, {"accused": " "}, {"knew": []}])
def test_nothing_is_turned_into_another_type_and_nothing_unknown_is_taken(wrong):
    with pytest.raises(ValidationError):
        ComplaintToFile.model_validate({"accused": "95012345", "reporter": "x"} | wrong)


async def test_a_page_ends_where_the_next_begins(town):
    for last in range(3):
        await town.complain(reporter=f"1380013800{last}")
    first = await complaint_page(town.desk, LI, 2, None)
    rest = await complaint_page(town.desk, LI, 2, first.next)
    assert [len(first.complaints), len(rest.complaints), rest.next] == [2, 1, None]
