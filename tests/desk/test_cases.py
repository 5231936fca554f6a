"""Cases: taken, verified, sealed, released; or closed; each step by somebody with the right, in the right state."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from desk.case_files import clocks
from desk.complaint_rows import find
from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.reckoning import verified
from desk.seals import cases_sealed, release_seal, set_seal, standing_seal
from desk.states import CaseState, FoundBy
from rules.audit.chain import deeds_of
from rules.audit.doors import through
from rules.lists.origins import Origin
from tests.desk.town import DAY, HOUR, SPAM
from tests.examples import examples


async def test_from_a_complaint_to_a_seal_and_back(town):
    cases = town.desk.cases
    filed = await town.complain()
    case = await cases.take(filed.case_id, actor="li")
    assert (case.state, case.version, case.last_actor) == (CaseState.VERIFYING, 2, "li")
    town.now += 26 * HOUR
    await cases.verify(case.id, actor="li", found_by=FoundBy.OWNER, reason="he admitted it")
    sealed = await cases.seal(case.id, actor="wang", reason="five people")
    assert (sealed.case.state, sealed.case.seal, sealed.never_called) == (CaseState.SEALED, sealed.seal, True)
    assert await standing_seal(town.desk.archive, SPAM) == (sealed.seal, case.id)
    store = town.desk.archive.store.connection
    assert (await find(store, filed.reference)).state == "answered"
    assert all(clock.met for clock in await clocks(store, case.id))
    released = await cases.release(case.id, actor="wang", reason="paid its fine")
    assert released.case.state is CaseState.RELEASED
    assert await standing_seal(town.desk.archive, SPAM) is None
    steps = [(deed.actor, deed.step) for deed in await deeds_of(store, "case", str(case.id))]
    assert steps == [("li", "take"), ("li", "verify"), ("wang", "seal"), ("wang", "release")]
    assert (await verified(town.desk.archive)).breaks == []
    assert (await town.complain(reporter="13800138009")).case_id != case.id, "what comes later is a new case"


async def test_nobody_seals_what_nobody_verified(town):
    filed = await town.complain()
    for _ in range(2):
        with pytest.raises(Conflict, match=r"(collecting|verifying) now"):
            await town.desk.cases.seal(filed.case_id, actor="li", reason="x")
        if (await town.desk.cases.find(filed.case_id)).state is CaseState.COLLECTING:
            await town.desk.cases.take(filed.case_id, actor="li")
    assert await standing_seal(town.desk.archive, SPAM) is None


async def test_two_officers_at_once(town):
    case = await town.verified()
    version = (await town.desk.cases.find(case)).version
    outcomes = await asyncio.gather(
        town.desk.cases.seal(case, actor="li", reason="x", version=version),
        town.desk.cases.close_unfounded(case, actor="wang", reason="x", version=version),
        return_exceptions=True,
    )
    (conflict,) = [one for one in outcomes if isinstance(one, Conflict)]
    found = await town.desk.cases.find(case)
    assert (conflict.who, conflict.when) == (found.last_actor, town.now)
    assert found.state in (CaseState.SEALED, CaseState.UNFOUNDED)


async def test_a_stale_version_is_a_conflict_even_where_the_step_fits(town):
    filed = await town.complain()
    await town.desk.cases.take(filed.case_id, actor="li")
    with pytest.raises(Conflict, match=r"take by li\): it is version 2, look at it again"):
        await town.desk.cases.close_unfounded(filed.case_id, actor="wang", reason="x", version=1)


async def test_forged_counts_against_the_trunk_of_the_calls(town):
    await town.ring(SPAM, "13800138000")
    filed = await town.complain()
    await town.desk.cases.take(filed.case_id, actor="li")
    case = await town.desk.cases.close_forged(filed.case_id, actor="li", reason="the bank did not call")
    assert (case.state, case.trunk) == (CaseState.FORGED, "carrier")
    nowhere = (await town.complain("95013333")).case_id
    await town.desk.cases.take(nowhere, actor="li")
    with pytest.raises(ComplaintError, match="trunk"):
        await town.desk.cases.close_forged(nowhere, actor="li", reason="x")
    assert (await town.desk.cases.close_forged(nowhere, actor="li", reason="x", trunk="other")).trunk == "other"


async def test_a_number_that_never_called_is_verified_by_its_owner_only(town):
    case = (await town.complain()).case_id
    await town.desk.cases.take(case, actor="li")
    with pytest.raises(Refused, match="no call of this number is on record"):
        await town.desk.cases.verify(case, actor="li", found_by=FoundBy.TRUNK, reason="x")
    await town.ring(SPAM, "13800138000")
    await town.desk.counting.catch_up()
    verified = await town.desk.cases.verify(case, actor="li", found_by=FoundBy.TRUNK, reason="x")
    assert (verified.state, verified.found_by) == (CaseState.VERIFIED, "trunk")


async def test_the_reporters_clock_runs_on_when_a_case_is_handed_over(town):
    filed = await town.complain()
    case = await town.desk.cases.hand_over(filed.case_id, actor="li", to="Other Telecom", reference="X1")
    store = town.desk.archive.store.connection
    assert [clock.name for clock in await clocks(store, case.id) if clock.met is None] == ["answer"]
    assert (await find(store, filed.reference)).state == "received"
    town.now += 5 * DAY
    case = await town.desk.cases.their_answer(case.id, actor="li", answer="line closed", reference="OT-9")
    assert (case.handed_to, case.their_reference, case.their_answer) == ("Other Telecom", "OT-9", "line closed")
    assert (await find(store, filed.reference)).state == "answered"
    assert all(clock.met for clock in await clocks(store, case.id))
    with pytest.raises(Conflict, match="waits for no answer"):
        await town.desk.cases.their_answer(case.id, actor="li", answer="again")


async def test_a_withdrawal_after_the_seal_puts_the_case_on_top_and_releases_nothing(town):
    filed = await town.complain()
    await town.complain("95013333")
    case = filed.case_id
    await town.desk.cases.take(case, actor="li")
    await town.desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="x")
    await town.desk.cases.seal(case, actor="li", reason="x")
    assert [one.case.number for one in await town.desk.cases.pressing()] == ["CN:95013333", SPAM]
    await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    top = (await town.desk.cases.pressing())[0]
    assert (top.case.number, top.case.on_top, top.complaints) == (SPAM, "a complaint was withdrawn after the seal", 0)
    assert await standing_seal(town.desk.archive, SPAM)
    kept = await town.desk.cases.keep(case, actor="wang", reason="four others stay")
    assert (kept.state, kept.on_top) == (CaseState.SEALED, "")


async def test_who_may_do_what(town):
    await town.reopen(officers=["li", "wang"], released_by=["wang"])
    case = (await town.complain()).case_id
    for actor, what in (("zhang", "no officer"), ("", "say who")):
        with pytest.raises(ComplaintError, match=what):
            await town.desk.cases.take(case, actor=actor)
    await town.desk.cases.take(case, actor="li")
    await town.desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="x")
    await town.desk.cases.seal(case, actor="li", reason="x")
    with pytest.raises(Refused, match="released by wang"):
        await town.desk.cases.release(case, actor="li", reason="x")
    assert (await town.desk.cases.release(case, actor="wang", reason="x")).case.state is CaseState.RELEASED


async def test_a_public_service_number_is_never_sealed(town):
    case = await town.verified("12345")
    with pytest.raises(Refused, match="public service"):
        await town.desk.cases.seal(case, actor="li", reason="x")
    assert (await town.desk.cases.find(case)).state is CaseState.VERIFIED


async def test_a_number_that_became_our_own_is_not_sealed(town):
    case = await town.verified()
    await town.desk.archive.lists.add("own", "95012345", country="CN")
    with pytest.raises(Refused, match="own"):
        await town.desk.cases.seal(case, actor="li", reason="x")


async def test_a_stop_between_the_two_databases_is_mended(town):
    case = await town.verified()
    seal = await set_seal(town.desk.archive, SPAM, case_id=case, author="li", reason="x")
    await town.reopen()
    found = await town.desk.cases.find(case)
    assert (found.state, found.seal, found.last_actor) == (CaseState.SEALED, seal.id, "ringfence")
    assert await town.desk.cases.mend() == []


async def test_a_step_that_is_finished_after_a_stop_is_the_service_s_and_says_who_began_it(town):
    """What a kill leaves between the two databases is known whole: who, why, and whose entries it suspends."""
    archive = town.desk.archive
    case = await town.verified()
    await archive.lists.add("allowed", SPAM, Origin(author="chen"))
    seal = await set_seal(archive, SPAM, case_id=case, author="li", reason="a machine")
    with through("command line", "auditor"):  # whoever looks next did nothing
        await town.reopen()
    archive = town.desk.archive
    await release_seal(archive, seal.id, SPAM, author="wang", reason="it was forged")
    await town.reopen()
    deeds = (await deeds_of(town.desk.archive.store.connection, "case", str(case)))[-2:]
    assert [(deed.step, deed.actor, deed.role, deed.door, deed.reason) for deed in deeds] == [
        ("seal", "ringfence", "", "", "a machine"),
        ("release", "ringfence", "", "", "it was forged"),
    ]
    for deed, what, who in zip(deeds, ("suspended", "restored"), ("li", "wang"), strict=True):
        told = f"seal {seal.id}; {what}: {SPAM} on allowed of chen; finished after a stop; begun by {who}"
        assert deed.detail == told
    assert not (await verified(town.desk.archive)).breaks


async def test_a_case_that_names_another_seal_is_put_right_under_nobody_s_name(town):
    """Who set the seal did nothing of it: what wrote the wrong one beneath the program is known to nobody."""
    archive = town.desk.archive
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="a machine")
    async with archive.store.transaction() as connection:
        await connection.execute("update case_file set seal = 36 where id = ?", (case,))
    with through("command line", "auditor"):
        await town.reopen()
    deed = (await deeds_of(town.desk.archive.store.connection, "case", str(case)))[-1]
    assert (deed.step, deed.actor, deed.role, deed.door, deed.reason) == ("seal again", "ringfence", "", "", "")
    assert (await town.desk.cases.find(case)).seal == 1
    assert not (await verified(town.desk.archive)).breaks


async def test_a_step_that_is_being_taken_is_not_mended(town, monkeypatch):
    """Another process reads the case before the step's commit, and the seal after it."""
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="x")

    async def released_meanwhile(archive):
        await town.desk.cases.release(case, actor="wang", reason="x")
        return await cases_sealed(archive)

    monkeypatch.setattr("desk.cases.cases_sealed", released_meanwhile)
    assert await town.desk.cases.mend() == []
    assert (await town.desk.cases.find(case)).last_actor == "wang"


async def test_reasons_are_asked_for(town):
    case = (await town.complain()).case_id
    for step in (town.desk.cases.close_unfounded, town.desk.cases.seal, town.desk.cases.release, town.desk.cases.keep):
        with pytest.raises(ComplaintError, match="reason"):
            await step(case, actor="li", reason=" ")
    with pytest.raises(ComplaintError, match="1,001 characters"):
        await town.desk.cases.take(case, actor="li", reason="x" * 1_001)
    with pytest.raises(ComplaintError, match="operator"):
        await town.desk.cases.hand_over(case, actor="li", to="")
    with pytest.raises(NotFound):
        await town.desk.cases.find(99)


STEPS = ("take", "verify", "seal", "release", "unfounded", "complain")


@examples(15, HealthCheck.function_scoped_fixture)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=10), number=st.integers(0, 10**6))
async def test_whatever_officers_try_the_seal_stands_exactly_while_a_case_is_sealed(town, steps, number):
    accused, cases = f"+86139{number:08}", town.desk.cases
    case = (await town.complain(accused)).case_id
    acts = {
        "take": lambda: cases.take(case, actor="li"),
        "verify": lambda: cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="x"),
        "seal": lambda: cases.seal(case, actor="li", reason="x"),
        "release": lambda: cases.release(case, actor="li", reason="x"),
        "unfounded": lambda: cases.close_unfounded(case, actor="li", reason="x"),
        "complain": lambda: town.complain(accused, reporter="13800138001"),
    }
    for step in steps:
        with suppress(Conflict):
            await acts[step]()
        sealed = (await cases.find(case)).state is CaseState.SEALED
        assert sealed == (await standing_seal(town.desk.archive, accused) is not None)


OTHER = "CN:95012399"


async def _numbered_anew(town):
    """A database of complaints that is older than the lists: its next case has the number of one that was sealed."""
    sealed = await town.verified()
    await town.desk.cases.seal(sealed, actor="li", reason="five people")
    await town.desk.close()
    for path in town.folder.glob("*-complaints.db*"):
        path.unlink()
    await town.open()
    fresh = await town.verified(OTHER)
    assert fresh == sealed
    return fresh


async def test_a_seal_of_another_number_does_not_become_that_of_a_case_with_the_same_number(town):
    case = await _numbered_anew(town)
    await town.reopen()
    assert (await town.desk.cases.find(case)).state is CaseState.VERIFIED
    found = await town.desk.cases.seal(case, actor="li", reason="x")
    assert await standing_seal(town.desk.archive, OTHER) == (found.seal, case)
    told = [one.what for one in (await verified(town.desk.archive)).breaks]
    assert f"seal 1: its number is {SPAM}, and case {case} is about another" in told
    await town.desk.cases.release(case, actor="li", reason="x")
    assert await standing_seal(town.desk.archive, OTHER) is None
    assert await standing_seal(town.desk.archive, SPAM)


async def test_a_release_never_lifts_the_seal_of_another_number(town):
    """The lists are older than the case: its seal has the number of one that was set since."""
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="x")
    lists = town.desk.archive.lists.store.connection
    await lists.execute("update seal set number = ?, case_id = 9", (OTHER,))
    await lists.commit()
    with pytest.raises(Refused, match="seal 1 is about another number; nothing was changed"):
        await town.desk.cases.release(case, actor="li", reason="x")
    assert await town.one("select released from seal", of="lists") == (None,)
    assert (await town.desk.cases.find(case)).state is CaseState.SEALED
