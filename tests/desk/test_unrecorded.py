"""A step of the ladder stands in the audit once, whatever stops between the two databases."""

import pytest

from desk.reckoning import verified
from desk.unrecorded import record_left_behind
from rules.audit import chain as audit
from rules.audit.chain import deeds_of
from tests.desk.town import SPAM


async def steps(town, name):
    return [(deed.step, deed.actor) for deed in await deeds_of(town.desk.archive.store.connection, "ladder", name)]


@pytest.mark.parametrize("how", ["the next start", "a round"])
async def test_a_stop_between_a_step_and_its_entry_leaves_no_step_without_one(town, monkeypatch, how):
    async def stopped(*_):
        raise KeyboardInterrupt

    async def attempt(step):
        with monkeypatch.context() as stop:
            stop.setattr(audit, "record", stopped)
            with pytest.raises(KeyboardInterrupt):
                await step

    await attempt(town.desk.ladder.climb("owner", "Loan King", actor="li", reason="again"))
    town.now += 1
    await attempt(town.desk.ladder.assign(SPAM, owner="Loan King", business="Loans", actor="li"))
    town.now += 1
    await attempt(town.desk.ladder.clear("owner", "Loan King", actor="wang", reason="mended"))
    assert await steps(town, "owner Loan King") == []
    await town.desk.cases.mend()
    assert await steps(town, "owner Loan King") == [], "whoever does it may be about to record it"
    town.now += 31
    if how == "a round":
        await town.desk.cases.mend()
    else:
        await town.reopen()
    assert await steps(town, "owner Loan King") == [("watch", "li"), ("off the ladder", "wang")]
    assert await steps(town, f"number {SPAM}") == [("owner", "li"), ("business", "li")]
    assert (await town.one("select count(*) from unrecorded", of="lists"))[0] == 0


async def test_what_is_owed_is_recorded_once(town):
    await town.desk.ladder.climb("owner", "Loan King", actor="li", reason="again")
    town.now += 31
    assert await record_left_behind(town.desk.archive) == 0
    for person in range(5):
        await town.ring(SPAM, town.subscriber(person))
        case = (await town.complain(reporter=town.subscriber(person))).case_id
    await town.desk.cases.close_unfounded(case, actor="li", reason="nothing")  # which takes back what policy did
    for _ in range(3):
        town.now += 31
        await town.desk.cases.mend()
    assert [step for step, _ in await steps(town, f"number {SPAM}")] == ["tag", "taken back"]
    assert (await verified(town.desk.archive)).breaks == []
