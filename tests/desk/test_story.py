"""The story of a case: everything in order, down to what its seal stopped."""

from desk.states import FoundBy
from desk.story import ending, story_of
from rules.model import Step
from tests.desk.town import DAY, HOUR, SPAM


async def test_it_ends_with_what_the_seal_stopped(town):
    filed = await town.complain(category="loan")
    case = filed.case_id
    town.now += 2 * HOUR
    await town.complain(reporter="13800138001")
    await town.desk.cases.take(case, actor="li")
    town.now += 24 * HOUR
    await town.desk.archive.lists.add("allowed", "95012345", country="CN")
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await town.desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="he said so")
    await town.desk.cases.seal(case, actor="wang", reason="verified")
    for _ in range(214):
        await town.ring(SPAM, "13800138001", step=Step.SEALED, status=603)
    town.now += HOUR
    await town.desk.complaints.withdraw(filed.reference, actor="reporter", reason="a mistake")
    await town.desk.appeals.file(number=SPAM)
    story = await story_of(town.desk.archive, case)
    assert story.ending == "sealed 26 h after the first complaint; 214 calls stopped since"
    assert story.owner == "Loan King"
    assert [
        (event.who, event.what.partition(" (")[0].partition(" C-")[0].partition(" A-")[0]) for event in story.events
    ] == [
        ("reporter", "complaint"),
        ("reporter", "complaint"),
        ("li", "take"),
        ("li", "verify"),
        ("wang", "seal"),
        ("reporter", "complaint"),
        ("appellant", "appeal"),
    ]
    assert "suspended: CN:95****** on allowed of operator" in story.events[4].what
    assert story.events[5].why == "a mistake"
    assert story.evidence.complaints == 1
    assert len(story.clocks) == 4


async def test_numbers_of_people_in_an_officers_reason_are_hidden(town):
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="13800138000 called us, ann@example.com too, on 2026-06-30")
    (why,) = [event.why for event in (await story_of(town.desk.archive, case)).events if event.what.startswith("seal")]
    assert why == "138******00 called us, (an address) too, on 2026-06-30"


async def test_many_complaints_are_told_by_day(town):
    for _ in range(3):
        for person in range(10):
            case = (await town.complain(reporter=town.subscriber(person))).case_id
        town.now += DAY
    story = await story_of(town.desk.archive, case)
    assert [event.what for event in story.events] == ["10 complaints"] * 3
    assert story.ties == {"untied": 30}


async def test_a_day_of_complaints_ends_at_midnight_and_ties_are_summed(town):
    town.now += 12 * HOUR - 1  # 23:59:59
    for person in range(12):
        await town.ring(SPAM, town.subscriber(person))
        case = (await town.complain(reporter=town.subscriber(person))).case_id
    town.now += 1
    for person in range(12, 24):
        filed = await town.complain(reporter=town.subscriber(person))
    await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    story = await story_of(town.desk.archive, case)
    assert [event.what for event in story.events if event.who == "reporters"] == ["12 complaints", "11 complaints"]
    assert story.ties == {"judged": 12, "untied": 11}


async def test_each_end_has_its_line(town):
    case = await town.verified()
    town.now += 2 * HOUR
    archive, cases = town.desk.archive, town.desk.cases

    async def line():
        return await ending(archive, await cases.find(case))

    assert await line() == "verified for 2 h since the first complaint"
    await cases.seal(case, actor="li", reason="x")
    town.now += 5 * DAY
    await cases.release(case, actor="li", reason="x")
    assert await line() == "released 5 days after it was sealed"
    case = (await town.complain("95013333")).case_id
    town.now += 600
    await cases.hand_over(case, actor="li", to="Other Telecom")
    told = "handed over to Other Telecom 10 min after the first complaint"
    assert await line() == f"{told}, no answer yet", "the reporters still wait"
    await cases.their_answer(case, actor="li", answer="the line is closed")
    assert await line() == told


async def test_it_tells_what_each_complaint_weighs(town):
    """And which do not count: withdrawn ones, and those behind a line or of a reporter that counts already."""
    await town.ring(SPAM, "13800138000")
    case = (await town.complain(reporter="13800138000")).case_id
    for employee in ("employee 1", "employee 2"):
        await town.complain(reporter=employee, called="02088886666")
    withdrawn = await town.complain(reporter="13800138009", business="Quick Cash")
    await town.desk.complaints.withdraw(withdrawn.reference, actor="reporter")
    told = [event.what.partition(": ")[2] for event in (await story_of(town.desk.archive, case)).events]
    assert sorted(told)[1:] == [
        "other, judged; weighs 1.00",
        'other, untied, on behalf of "Quick Cash"; withdrawn',
        "other, untied; weighs 0.25",
        "other, untied; weighs nothing, its reporter or line counts already",
    ]


async def test_a_business_that_reads_like_the_story_is_quoted(town):
    filed = await town.complain(business='Bank; weighs 9.99" by li')
    (event,) = (await story_of(town.desk.archive, filed.case_id)).events
    assert event.what.endswith('untied, on behalf of "Bank; weighs 9.99\\" by li"; weighs 0.25')
