"""A number in full is asked for by what names it, and stands in the audit before it is shown."""

import pytest

from desk.faults import ComplaintError, NotFound
from desk.in_full import in_full
from desk.states import Attacks
from rules.audit.chain import entries
from tests.desk.town import SPAM


async def test_whatever_names_a_number_shows_it(town):
    archive = town.desk.archive
    decision = await town.ring(SPAM, "13800138000")
    filed = await town.complain()
    appeal = await town.desk.appeals.file(number=SPAM, attacks=Attacks.SEAL)
    await town.desk.ladder.climb("number", "95013333", actor="li", reason="again")
    for named in (
        "case 1",
        filed.reference,
        appeal.reference,
        appeal.reference.lower(),
        decision,
        town.keys().hide(SPAM),
    ):
        (found,) = await in_full(archive, [f" {named} "], actor="li", reason="asked", by="here")
        assert found == (named, SPAM)
        last = (await entries(archive.store.connection))[-1].deed
        assert (last.actor, last.subject_id, last.step) == ("li", town.keys().hide(SPAM), "unmasked")
    (found,) = await in_full(archive, [town.keys().hide("CN:95013333")], actor="li", reason="asked", by="here")
    assert found.number == "CN:95013333", "of the ladder"


@pytest.mark.parametrize("named", ["case 9", "C-7K3M9-2QF4T", "A-7K3M9-2QF4T", "a" * 20, "b" * 32, "95012345", "x", ""])
async def test_what_names_none_shows_nothing(town, named):
    await town.complain()
    before = len(await entries(town.desk.archive.store.connection))
    with pytest.raises((ComplaintError, NotFound)):
        await in_full(town.desk.archive, ["case 1", named], actor="li", reason="asked", by="here")
    assert len(await entries(town.desk.archive.store.connection)) == before, "nor is anything seen of the others"


async def test_it_takes_a_reason_and_not_too_many_names(town):
    await town.complain()
    with pytest.raises(ComplaintError, match="say why"):
        await in_full(town.desk.archive, ["case 1"], actor="li", reason=" ", by="here")
    for many in ([], [f"case {number}" for number in range(51)]):
        with pytest.raises(ComplaintError, match="name 1 to 50"):
            await in_full(town.desk.archive, many, actor="li", reason="asked", by="here")
