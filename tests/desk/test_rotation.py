"""Who is stopped takes another number: what somebody had one after another, and what became of each."""

from desk.rotation import rotations
from tests.desk.town import DAY, SPAM


async def test_numbers_of_an_owner_in_turn(town):
    for place, number in enumerate(("95012345", "95013333")):
        await town.desk.ladder.assign(number, owner="Loan King", business="Loan King", actor="li")
        town.now += DAY * (place + 1)
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="x")
    (owner,) = await rotations(town.desk.archive)
    assert (owner.kind, owner.name) == ("owner", "Loan King"), "who calls for himself is told once"
    first, second = owner.numbers
    assert (first.number, first.sealed, first.case.id) == (SPAM, True, case)
    assert (second.sealed, second.case) == (False, None)
    assert first.since < second.since
