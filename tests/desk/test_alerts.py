"""Alerts: a code whose complaints jump, and an office that five people name."""

from desk.alerts import Alert, alerts
from desk.reading import NewComplaint
from rules.lists.ledger_imports import LedgerWishes, import_ledger, undo_ledger_import
from rules.lists.origins import Origin, Qualification
from rules.settings.screening import ListSettings
from tests.desk.town import DAY, SPAM


async def people(town, count, first=0):
    news = [NewComplaint(SPAM, town.subscriber(first + person)) for person in range(count)]
    await town.desk.complaints.file_many(news)


async def test_a_jump_against_the_usual_day(town):
    for _ in range(28):
        await people(town, 10)
        town.now += DAY
    await people(town, 29)
    assert await alerts(town.desk.archive) == []
    await people(town, 30)
    assert await alerts(town.desk.archive) == [Alert("jump", "CN:950", 30, 30, 10.0)]


async def test_four_hundred_call_days_of_one_reporter_are_no_jump(town):
    days = [NewComplaint(SPAM, town.subscriber(1), at=town.now - day * DAY) for day in range(400)]
    await town.desk.complaints.file_many(days)
    assert await alerts(town.desk.archive) == []


async def test_what_was_taken_back_is_no_jump(town):
    filed = [await town.complain(reporter=town.subscriber(person)) for person in range(20)]
    assert await alerts(town.desk.archive) == [Alert("jump", "CN:950", 20, 20, 0.0)]
    await town.desk.complaints.withdraw(filed[0].reference, actor="reporter")
    assert await alerts(town.desk.archive) == []


async def named(town, person, branch="Chaoyang", *, tied=True, **more):
    """A subscriber names an office as the leak, of a call that he got or not."""
    if tied:
        await town.ring(SPAM, town.subscriber(person))
    return await town.complain(reporter=town.subscriber(person), knew={"plan": "199", "branch": branch}, **more)


async def test_five_reporters_name_one_office(town):
    for person in range(5):
        assert await alerts(town.desk.archive) == []
        await named(town, person)
        await town.complain(reporter=town.subscriber(person), accused="95013333", knew={"branch": "Chaoyang"})
    assert await alerts(town.desk.archive) == [Alert("leak", "Chaoyang", 5, 10, 5.0)]
    town.now += 31 * DAY
    assert await alerts(town.desk.archive) == []


async def test_one_person_with_five_invented_names_is_no_leak(town):
    for name in ("Li", "Wang", "Zhang", "Zhao", "Chen"):
        await town.complain(reporter=name, knew={"branch": "Chaoyang"})
    assert await alerts(town.desk.archive) == []


async def test_five_invented_names_behind_one_line_that_was_called_are_one_person(town):
    await town.ring(SPAM, town.subscriber(1))
    for name in ("Li", "Wang", "Zhang", "Zhao", "Chen"):
        filed = await town.complain(reporter=name, called=town.subscriber(1), knew={"branch": "Chaoyang"})
        assert filed.tie == "judged"
    assert await alerts(town.desk.archive) == []


async def test_who_is_on_record_counts_before_who_takes_his_line(town):
    """Untied complaints that name others' lines take no tied reporter's place."""
    for person in range(5):
        await named(town, person)
        await town.complain(
            "95013333", f"a stranger {person}", called=town.subscriber(person), knew={"branch": "Chaoyang"}
        )
    assert [alert.reporters for alert in await alerts(town.desk.archive)] == [5]


async def test_untied_reporters_count_for_a_fifth(town):
    for person in range(4):
        await named(town, person)
    for person in range(10, 14):
        await named(town, person, tied=False)
    assert await alerts(town.desk.archive) == []
    await named(town, 14, tied=False)
    assert await alerts(town.desk.archive) == [Alert("leak", "Chaoyang", 5, 9, 5.0)]
    await town.reopen(branch_untied=0.1)
    assert await alerts(town.desk.archive) == []


async def test_five_spellings_of_one_office_are_one_office(town):
    spellings = (
        "Chaoyang Branch",
        "CHAOYANG BRANCH",
        "Chaoyang  branch",
        "\uff23haoyang Branch",
        "chaoyang\u200bbranch",
    )
    for person, branch in enumerate(spellings):
        await named(town, person, branch)
    assert await alerts(town.desk.archive) == [Alert("leak", "Chaoyang Branch", 5, 5, 5.0)]


async def test_other_names_of_an_office_are_the_office(town):
    await town.reopen(offices={"CY shop": "Chaoyang office", "朝阳营业厅": "Chaoyang office"})
    for person, branch in enumerate(("cyshop", "Chaoyang Office", "CY  Shop", "朝阳 营业厅", "chaoyang office")):
        await named(town, person, branch)
    assert await alerts(town.desk.archive) == [Alert("leak", "Chaoyang office", 5, 5, 5.0)]


async def test_a_code_that_nobody_holds_and_that_calls_raises_an_alert_until_somebody_holds_it(town):
    lists = town.desk.archive.lists.store
    rows = [(1, "95013", {"holder": "A"})]
    await town.ring("95012344", town.subscriber(0))
    await town.desk.catch_up()  # the ledger told nothing of it yet
    await import_ledger(lists, rows, LedgerWishes("x", country="CN", complete=("95",)), now=0.0)
    for person in range(20):
        await town.ring("95013333", town.subscriber(person))
        await town.desk.catch_up()
        assert await alerts(town.desk.archive) == []
        await town.ring(f"950123{person:02}", town.subscriber(person))
    await town.desk.catch_up()
    assert await alerts(town.desk.archive) == [Alert("unheld", "CN:95012", 0.0, 20, 20.0)]
    made = await import_ledger(lists, [(1, "95012", {})], LedgerWishes("x", country="CN"), now=0.0)
    assert await alerts(town.desk.archive) == []
    await undo_ledger_import(lists, made.import_id, now=0.0)
    assert len(await alerts(town.desk.archive)) == 1
    town.now += DAY
    assert await alerts(town.desk.archive) == []


async def test_notice_is_given_before_the_review_of_an_organisation(town):
    lists = {**town.screening.lists, "firms": ListSettings(kind="allow", qualified=True)}
    town.screening = town.screening.model_copy(update={"lists": lists})
    await town.reopen()
    shown = Qualification("l", "d", "p", "", town.now + 15 * DAY, "Bank", "wang")
    await town.desk.archive.lists.add("firms", "95588", Origin(author="li", qualification=shown), country="CN")
    assert await alerts(town.desk.archive) == []
    town.now += DAY
    assert await alerts(town.desk.archive) == [Alert("review", "firms", 0.0, 1, 0.0)]
