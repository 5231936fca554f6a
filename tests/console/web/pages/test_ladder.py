"""Ladder and owners: who stands where, and the numbers of somebody as a tree."""

from ringfence.people import Role
from tests.console.web.pages.desk_house import furnish, planted_in


async def test_steps_and_numbers_in_turn(house):
    await furnish(house)
    shown = await (await house.visitor(Role.COMPLAINT_OFFICER)).get("/console/ladder")
    assert shown.status_code == 200
    assert "Loan King" in shown.text
    assert 'class="tree"' in shown.text
    assert planted_in(shown.text) == []
