"""What people wrote is shown without addresses, names and numbers, and who reads it is recorded first."""

import pytest

from desk.disclosure import disclose, hidden, without_numbers


async def test_who_reads_is_recorded(town):
    words = {"text": "call 13800138000", "contact": "a@example.com", "knew name": "Jane", "knew plan": "gold"}
    shown = await disclose(town.desk.archive, "complaint", "C-1", words, actor="li")
    assert shown == {"text": "call 1380****000", "knew plan": "gold"}
    assert await town.one("select actor, subject_id, step from step") == ("li", "C-1", "words read")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+86 138 0013 8000!", "+861380****000!"),
        ("(0755) 8600 1234", "(07558****234"),
        ("CN:95012345", "CN:95****45"),
        ("on 2026-07-01 at 12:00 he asked for 5000 yuan", "on 2026-07-01 at 12:00 he asked for 5000 yuan"),
        ("order A13800138000", "order A13800138000"),
        ("95588 called", "95588 called"),
    ],
)
def test_no_number_can_be_read(text, shown):
    assert without_numbers(text) == shown


def test_a_number_with_most_digits_hidden():
    assert [hidden("+8613800138000"), hidden("138-0013-8000")] == ["+861380****000", "1380****000"]
