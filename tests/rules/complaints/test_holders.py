"""Owners and businesses have one spelling each."""

import pytest

from rules.complaints.faults import ComplaintError
from rules.complaints.holders import owner_of, spelled
from rules.complaints.ladder import LadderStep
from tests.rules.complaints.town import SPAM


@pytest.mark.parametrize("written", ["loan king ltd", " Loan  King Ltd ", "ＬＯＡＮ　ＫＩＮＧ Ltd", "Loan King Ltd"])
async def test_nobody_starts_clean_by_another_spelling(town, written):
    book = town.desk.ladder
    await book.assign(SPAM, owner="Loan King Ltd", business="Quick Cash", actor="li")
    await book.climb("owner", "Loan King Ltd", to=LadderStep.REJECT, actor="li", reason="again")
    assert await book.assign("95013333", owner=written, business="quick CASH", actor="li") == (
        *("CN:95013333", "Loan King Ltd"),
        "Quick Cash",
    )
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
