"""Notice before a review is due."""

import pytest

from rules.lists.editing import Lists, Origin
from rules.lists.origins import DAY_S, Qualification
from rules.lists.reviews import Notices, due_reviews
from rules.settings.screening import ListSettings

POLICIES = {
    "firms": ListSettings(kind="allow", qualified=True),
    "late": ListSettings(kind="allow", qualified=True, review_notice_days=0),
    "plain": ListSettings(kind="allow"),
}


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", POLICIES, now=lambda: 0.0)
    yield lists
    await lists.close()


async def add(lists, name, text, days):
    shown = Qualification("l", "d", "p", "", days * DAY_S, "Bank", "wang")
    await lists.add(name, text, Origin(author="li", qualification=shown), country="CN")


async def test_what_is_due_is_told_in_its_order(lists):
    assert await due_reviews(lists, 1e12) == []
    await add(lists, "firms", "95588", 20)
    await add(lists, "firms", "95599*", 10)
    await add(lists, "plain", "95533", 30)
    found = await due_reviews(lists, 20 * DAY_S)
    assert [(one.list, one.entry, one.approver) for one in found] == [
        ("firms", "CN:95599*", "wang"),
        ("firms", "CN:95588", "wang"),
    ]
    assert [one.entry for one in await due_reviews(lists, 1e12, name="plain")] == ["CN:95533"]


async def test_notice_is_given_some_days_before_and_until_it_is_reviewed(lists):
    notices = Notices(lists)
    await add(lists, "firms", "95588", 20)
    await add(lists, "late", "95599", 20)
    assert await notices.due(5 * DAY_S) == {}
    assert await notices.due(6 * DAY_S) == {"firms": 1}
    assert await notices.due(30 * DAY_S) == {"firms": 1}, "it is off, and somebody has to see to it"
    await add(lists, "firms", "95588", 200)
    assert await notices.due(30 * DAY_S) == {}


async def test_the_lists_are_looked_at_once_an_hour_or_after_a_change(lists, monkeypatch):
    looked = []

    async def counted(*values, **more):
        looked.append(values)
        return []

    monkeypatch.setattr("rules.lists.reviews.due_reviews", counted)
    notices = Notices(lists)
    for at in (0.0, 60.0, 3_599.0, 3_600.0):
        await notices.due(at)
    assert len(looked) == 2
    await add(lists, "firms", "95588", 20)
    await notices.due(3_601.0)
    assert len(looked) == 3
