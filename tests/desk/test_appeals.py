"""Appeals: against a rule, an entry, a step or a seal; within 24 hours; granted means released."""

import pytest

from desk.appeals import granted_against_rules, granted_numbers
from desk.archive import complaints_path
from desk.deadlines import ClockState
from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.seals import standing_seal
from desk.states import AppealState, Attacks, CaseState
from rules.audit.chain import deeds_of
from rules.judging.ladder import LadderStep
from rules.model import Fired, Step
from tests.desk.town import DAY, HOUR, SPAM


async def sealed(town):
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="x")
    return case


async def test_a_granted_appeal_against_a_seal_releases_it(town):
    case = await sealed(town)
    appeal = await town.desk.appeals.file(number="95012345", text="we are a bank", contact="a@example.com")
    assert (appeal.attacks, appeal.state, appeal.number) == (Attacks.SEAL, AppealState.FILED, SPAM)
    found, (clock,), words = await town.desk.appeals.find(appeal.reference.lower())
    assert (found, words) == (appeal, {"text": "we are a bank", "contact": "a@example.com"})
    assert clock.due == town.now + 24 * HOUR
    granted = await town.desk.appeals.grant(appeal.reference, actor="wang", reason="the number was forged")
    assert (granted.state, granted.decided_by, granted.version) == (AppealState.GRANTED, "wang", 2)
    assert await standing_seal(town.desk.archive, SPAM) is None
    assert (await town.desk.cases.find(case)).state is CaseState.RELEASED
    deeds = await deeds_of(town.desk.archive.store.connection, "appeal", appeal.reference)
    assert [deed.step for deed in deeds] == ["filed", "granted"]
    with pytest.raises(Conflict) as conflict:
        await town.desk.appeals.refuse(appeal.reference, actor="li", reason="x")
    assert (conflict.value.who, conflict.value.when) == ("wang", town.now)


async def test_a_refused_one_changes_nothing(town):
    await sealed(town)
    appeal = await town.desk.appeals.file(number=SPAM)
    refused = await town.desk.appeals.refuse(appeal.reference, actor="wang", reason="five reporters")
    assert refused.state is AppealState.REFUSED
    assert await standing_seal(town.desk.archive, SPAM)


async def test_against_a_step_of_the_ladder(town):
    await town.desk.ladder.climb("number", SPAM, actor="li", reason="x", to=LadderStep.REJECT)
    appeal = await town.desk.appeals.file(number=SPAM)
    assert (appeal.attacks, appeal.target) == (Attacks.LADDER, f"number {SPAM}")
    await town.desk.appeals.grant(appeal.reference, actor="wang", reason="x")
    assert await town.desk.ladder.climbers() == []
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await town.desk.ladder.climb("owner", "Loan King", actor="li", reason="x")
    assert (await town.desk.appeals.file(number=SPAM)).target == "owner Loan King"
    await town.desk.ladder.assign(SPAM, business="Quick Cash", actor="li")
    await town.desk.ladder.climb("business", "Quick Cash", actor="li", reason="x", to=LadderStep.REJECT)
    assert (await town.desk.appeals.file(number=SPAM)).target == "business Quick Cash", "the highest is what stops it"


@pytest.mark.parametrize(
    ("step", "attacks"),
    [(Step.SEALED, Attacks.SEAL), (Step.LADDER, Attacks.LADDER), (Step.OPERATOR_BLOCK, Attacks.ENTRY)],
)
async def test_a_decision_tells_what_is_attacked(town, step, attacks):
    decision = await town.ring(SPAM, "13800138000", step=step)
    appeal = await town.desk.appeals.file(decision=decision.upper())
    assert (appeal.number, appeal.attacks, appeal.decision) == (SPAM, attacks, decision)


async def test_a_named_rule(town):
    appeal = await town.desk.appeals.file(number=SPAM, attacks=Attacks.RULE, target="night-calls")
    assert (appeal.attacks, appeal.target) == (Attacks.RULE, "night-calls")
    assert (await town.desk.appeals.grant(appeal.reference, actor="li", reason="x")).state is AppealState.GRANTED


async def test_rules_that_lost_appeals_are_counted_beside_the_desk(town, tmp_path):
    path = complaints_path(town.desk.archive.database)
    for number in (SPAM, "95012346"):
        appeal = await town.desk.appeals.file(number=number, attacks=Attacks.RULE, target="night-calls")
        await town.desk.appeals.grant(appeal.reference, actor="li", reason="x")
    refused = await town.desk.appeals.file(number=SPAM, attacks=Attacks.RULE, target="others")
    await town.desk.appeals.refuse(refused.reference, actor="li", reason="x")
    assert granted_against_rules(path, town.now) == {"night-calls": 2}
    assert granted_against_rules(path, town.now + 1) == {}
    assert granted_against_rules(tmp_path / "none.db", 0) == {}
    assert granted_numbers(path, town.now) == {SPAM, "CN:95012346"}
    assert granted_numbers(path, town.now + 1) == granted_numbers(tmp_path / "none.db", 0) == frozenset()


async def test_the_same_appeal_again_is_the_same(town):
    await sealed(town)
    first = await town.desk.appeals.file(number=SPAM)
    assert await town.desk.appeals.file(number="950-12345") == first
    assert len(await town.desk.appeals.listed()) == 1


async def test_what_is_said_once_more_is_kept_beside_what_was_said_before(town):
    await sealed(town)
    files = town.desk.appeals
    first = await files.file(number=SPAM, text="we are a bank")
    for text in ("again", "again", "we are a bank", "", "and a third time"):
        assert await files.file(number=SPAM, text=text) == first
    words = (await files.find(first.reference))[2]
    assert words == {"text": "we are a bank", "text 2": "again", "text 3": "and a third time"}
    for count in range(4, 11):
        await files.file(number=SPAM, text=f"text {count}")
    with pytest.raises(ComplaintError, match="10 texts"):
        await files.file(number=SPAM, text="one more")


async def test_whoever_leaves_another_address_is_answered_too(town):
    case = await sealed(town)
    files = town.desk.appeals
    first = await files.file(number=SPAM, contact="rival@example.com")
    second = await files.file(number=SPAM, contact="owner@example.com")
    assert first.reference != second.reference
    assert await files.file(number=SPAM, contact="Owner@example.com") == second
    assert await files.file(number=SPAM) == first, "who leaves none has the first"
    await files.grant(first.reference, actor="wang", reason="forged")
    assert (await files.grant(second.reference, actor="wang", reason="forged")).state is AppealState.GRANTED
    assert (await town.desk.cases.find(case)).state is CaseState.RELEASED


async def test_an_appeal_is_against_the_seal_that_stood(town):
    case = await sealed(town)
    appeal = await town.desk.appeals.file(number=SPAM)
    await town.desk.cases.release(case, actor="wang", reason="by mistake")
    town.now += DAY
    await sealed(town)
    with pytest.raises(ComplaintError, match="not sealed by seal 1 any more"):
        await town.desk.appeals.grant(appeal.reference, actor="wang", reason="forged")
    assert await standing_seal(town.desk.archive, SPAM) is not None


async def test_number_and_decision_belong_together(town):
    decision = await town.ring(SPAM, "13800138000", step=Step.OPERATOR_BLOCK)
    assert (await town.desk.appeals.file(number="950 12345", decision=decision)).number == SPAM
    with pytest.raises(ComplaintError, match="number: the call of this decision came from another number"):
        await town.desk.appeals.file(number="95013333", decision=decision)


async def test_those_that_wait_stand_on_top_the_first_due_first(town):
    files = town.desk.appeals
    first = await files.file(number="95013331", attacks=Attacks.RULE)
    town.now += HOUR
    second = await files.file(number="95013332", attacks=Attacks.RULE)
    third = await files.file(number="95013333", attacks=Attacks.RULE)
    await files.refuse(first.reference, actor="li", reason="x")
    assert [one.id for one in await files.listed()] == [second.id, third.id, first.id]
    assert [one.id for one in await files.listed(state=AppealState.REFUSED)] == [first.id]
    town.now += DAY + 1
    _, (clock,), _ = await files.find(second.reference)
    assert clock.standing(town.now) is ClockState.OVERDUE


async def test_what_is_wrong_is_named(town):
    files = town.desk.appeals
    for more, error, what in (
        ({}, ComplaintError, "number: name a number"),
        ({"number": SPAM}, ComplaintError, "against: nothing stands"),
        ({"decision": "ab" * 10}, NotFound, "decision"),
        ({"number": "nobody"}, ComplaintError, "number"),
        ({"number": SPAM, "text": "x" * 4_001}, ComplaintError, "text: 4,001"),
    ):
        with pytest.raises(error, match=what):
            await files.file(**more)
    with pytest.raises(NotFound):
        await files.find("A-00000-00000")
    appeal = await files.file(number=SPAM, attacks=Attacks.SEAL)
    with pytest.raises(ComplaintError, match="reason"):
        await files.grant(appeal.reference, actor="li", reason="")
    with pytest.raises(ComplaintError, match="not sealed any more"):
        await files.grant(appeal.reference, actor="li", reason="x")
    with pytest.raises(Conflict, match="is version 1, look at it again"):
        await files.refuse(appeal.reference, actor="li", reason="x", version=7)


async def test_a_stop_between_the_release_and_the_decision_is_mended_by_granting_again(town):
    case = await sealed(town)
    appeal = await town.desk.appeals.file(number=SPAM)
    await town.desk.cases.release_on_appeal(case, appeal.reference, actor="wang", reason="forged")
    await town.reopen()
    granted = await town.desk.appeals.grant(appeal.reference, actor="wang", reason="forged")
    assert granted.state is AppealState.GRANTED


async def test_a_step_that_ended_by_itself_is_no_hindrance(town):
    await town.desk.ladder.climb("number", SPAM, actor="li", reason="x", to=LadderStep.REJECT)
    appeal = await town.desk.appeals.file(number=SPAM)
    await town.desk.ladder.clear("number", SPAM, actor="li", reason="x")
    assert (await town.desk.appeals.grant(appeal.reference, actor="wang", reason="x")).state is AppealState.GRANTED


async def test_the_record_tells_whose_step_of_the_ladder_it_was(town):
    book, files = town.desk.ladder, town.desk.appeals
    for kind, name in (("owner", "Loan King (East)"), ("business", "Quick Cash"), ("number", SPAM)):
        if kind != "number":
            await book.assign(SPAM, **{kind: name}, actor="li")
        await book.climb(kind, name, actor="li", reason="x", to=LadderStep.REJECT)
        fired = (Fired("ladder", Step.LADDER, "reject", "reject", name, kind),)
        decision = await town.ring(SPAM, "13800138000", step=Step.LADDER, fired=fired)
        appeal = await files.file(decision=decision)
        assert (appeal.attacks, appeal.target) == (Attacks.LADDER, f"{kind} {name}")
        await files.grant(appeal.reference, actor="wang", reason="x")
        assert await book.climbers() == [], "whoever stood there is off it"


async def test_a_decision_of_this_moment_may_not_be_on_disk_yet(town):
    fresh = f"{int(town.now * 256):010x}{1:010x}"
    with pytest.raises(NotFound, match="it may be there in some seconds"):
        await town.desk.appeals.file(decision=fresh)
    town.now += 61
    with pytest.raises(NotFound, match="in the record; name the number"):
        await town.desk.appeals.file(decision=fresh)


@pytest.mark.parametrize("wrong", [{"target": "list\nstate: granted"}, {"decision": "x\nstate: granted"}])
async def test_what_an_appeal_names_is_one_line(town, wrong):
    with pytest.raises(ComplaintError):
        await town.desk.appeals.file(number=SPAM, attacks=Attacks.ENTRY, **wrong)


async def test_an_appeal_never_lifts_the_seal_that_a_case_set_on_another_number(town):
    """One database is older than the other: the case that the seal names is about another number."""
    case = await town.verified()
    seal = await town.desk.cases.seal(case, actor="li", reason="x")
    appeal = await town.desk.appeals.file(number=SPAM)
    store = town.desk.archive.store.connection
    await store.execute("update case_file set number = 'CN:95012399'")
    await store.commit()
    with pytest.raises(Refused, match=f"seal {seal.seal}, is about another; nothing was changed"):
        await town.desk.appeals.grant(appeal.reference, actor="wang", reason="x")
    assert await standing_seal(town.desk.archive, SPAM)
