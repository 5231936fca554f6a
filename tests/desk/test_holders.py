"""Owners and businesses have one spelling each."""

import pytest

from desk.faults import ComplaintError
from desk.holders import clean_since, owner_of, spelled
from rules.judging.ladder import LadderStep
from tests.desk.town import DAY, SPAM


@pytest.mark.parametrize("written", ["loan king ltd", " Loan  King Ltd ", "ＬＯＡＮ　ＫＩＮＧ Ltd", "Loan King Ltd"])
async def test_nobody_starts_clean_by_another_spelling(town, written):
    book = town.desk.ladder
    await book.assign(SPAM, owner="Loan King Ltd", business="Quick Cash", actor="li")
    await book.climb("owner", "Loan King Ltd", to=LadderStep.REJECT, actor="li", reason="again")
    given = await book.assign("95013333", owner=written, business="quick CASH", actor="li")
    assert given == ("CN:95013333", "Loan King Ltd", "Quick Cash", None)
    (stands,) = await book.climbers("owner")
    assert stands.numbers == (SPAM, "CN:95013333")
    assert (await book.climb("owner", written, actor="li", reason="x")).offences == 2
    assert await book.clear("owner", written, actor="li", reason="x") == "Loan King Ltd"


async def test_a_spelling_is_as_it_was_first_written(town):
    archive = town.desk.archive
    assert await spelled(archive, "owner", "贷款王 ") == "贷款王"
    await town.desk.ladder.assign(SPAM, business="Quick Cash", actor="li")
    assert await spelled(archive, "owner", "quick cash") == "quick cash", "an owner is no business"
    assert await spelled(archive, "business", "quick cash") == "Quick Cash"
    assert await owner_of(archive, SPAM) == ""
    with pytest.raises(ComplaintError, match="owner"):
        await spelled(archive, "owner", " ")
    with pytest.raises(ComplaintError, match="control"):
        await spelled(archive, "owner", "Loan\x1b[2JKing")


async def test_a_number_is_clean_since_its_last_owner_gave_it_up(town):
    archive, book = town.desk.archive, town.desk.ladder
    assert await clean_since(archive, SPAM) == 0.0
    changed = []
    for owner in ("Loan King", "A Bakery", "A BAKERY", "Loan King"):
        town.now += DAY
        await book.assign(SPAM, owner=owner, business="Quick Cash", actor="li")
        changed.append((town.now, await clean_since(archive, SPAM)))
    first, second, third, fourth = changed
    assert (first[1], second[1], third[1], fourth[1]) == (0.0, second[0], second[0], fourth[0])
