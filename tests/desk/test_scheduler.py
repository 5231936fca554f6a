"""The rounds: what phones said is filed, calls are counted, an alert is raised once."""

import asyncio

import pytest

from desk.complaint_rows import listed
from desk.matching import rang_lately
from desk.scheduler import Scheduler
from desk.secrecy import Secrecy
from desk.states import CaseState
from rules.audit import chain as audit
from rules.lists.history import periods
from rules.storage.keys import add_contents_key
from tests.desk.town import SCREENING, SPAM
from tests.peers.process import eventually


async def test_phones_are_heard_and_calls_counted(town):
    rounds = Scheduler(town.desk, counting=True)
    town.desk.callee.unwanted(await town.ring(SPAM, town.subscriber(1), status=607))
    await rounds.once()
    assert len(await listed(town.desk.archive.store.connection)) == 1
    assert await rang_lately(town.desk.archive, SPAM, town.now) == 1
    await town.ring(SPAM, town.subscriber(2))
    await rounds.once()
    assert await rang_lately(town.desk.archive, SPAM, town.now) == 1, "counted once a minute"
    town.now += 60
    await rounds.once()
    assert await rang_lately(town.desk.archive, SPAM, town.now) == 2


async def test_a_new_key_of_what_people_write_is_taken_without_a_start(town):
    said = []
    rounds, archive = Scheduler(town.desk, on_error=said.append), town.desk.archive
    path = town.folder / SCREENING.storage.key_file
    add_contents_key(path)
    await rounds.once()
    assert archive.keys.contents == town.keys().contents
    blob = archive.secrecy.encrypt({"text": "at night"}, "C-1")
    alone = town.keys()._replace(contents=town.keys().contents[:1])
    assert Secrecy(alone).decrypt(blob, "C-1") == {"text": "at night"}
    path.write_text("nonsense")
    town.now += 60
    await rounds.once()
    assert "expected 'token ID HEX'" in said[0]
    assert archive.keys.contents[0] == alone.contents[0], "those of before go on"


async def test_a_case_that_could_not_say_that_it_is_sealed_says_so_within_a_minute(town, monkeypatch):
    """The seal is committed, the disk of the case is full, and the process lives on."""
    rounds, case = Scheduler(town.desk), await town.verified()
    await rounds.once()

    async def full(*_):
        raise OSError(28, "No space left on device")

    for step, state in ((town.desk.cases.seal, CaseState.SEALED), (town.desk.cases.release, CaseState.RELEASED)):
        with monkeypatch.context() as disk:
            disk.setattr(audit, "record", full)
            with pytest.raises(OSError, match="No space"):
                await step(case, actor="li", reason="x")
        assert (await town.desk.cases.find(case)).state is not state
        town.now += 60
        await rounds.once()
        assert (await town.desk.cases.find(case)).state is state


async def test_an_alert_is_raised_once(town):
    raised = []
    rounds = Scheduler(town.desk, counting=True, on_alert=raised.append)
    for person in range(6):
        await town.ring(SPAM, town.subscriber(person))
        await town.complain(reporter=town.subscriber(person), knew={"branch": "Chaoyang"})
        town.now += 60
        await rounds.once()
    assert [alert.subject for alert in raised] == ["Chaoyang"]


async def test_who_does_not_count_is_told_of_alerts_all_the_same(town):
    raised = []
    rounds = Scheduler(town.desk, on_alert=raised.append)
    for person in range(5):
        await town.ring(SPAM, town.subscriber(person))
        await town.complain(reporter=town.subscriber(person), knew={"branch": "Chaoyang"})
    await rounds.once()
    assert [(alert.kind, alert.complaints) for alert in raised] == [("leak", 5)]
    assert rounds.standing == {"leak": 1}
    assert await rang_lately(town.desk.archive, SPAM, town.now) == 0, "nothing is counted"
    for complaint in await listed(town.desk.archive.store.connection):
        await town.desk.complaints.withdraw(complaint.reference, actor="li")
    await rounds.once()
    assert rounds.standing == {"leak": 1}, "looked at once a minute"
    town.now += 60
    await rounds.once()
    assert rounds.standing == {}


async def test_an_error_stops_no_round_and_closing_files_the_rest(town):
    turns = asyncio.Queue()
    said = []
    rounds = Scheduler(town.desk, sleep=lambda _: turns.get(), on_error=said.append)
    drain, town.desk.callee.drain = town.desk.callee.drain, None
    rounds.start()
    turns.put_nowait(None)
    turns.put_nowait(None)
    await eventually(lambda: rounds.errors == 2, "two rounds that fail")
    assert said == [rounds.last_error]
    assert "TypeError" in said[0]
    town.desk.callee.drain = drain
    town.desk.callee.unwanted(await town.ring(SPAM, town.subscriber(1), status=607))
    await rounds.close()
    assert len(await listed(town.desk.archive.store.connection)) == 1


async def test_what_left_the_lists_long_ago_is_forgotten_once_a_day(town):
    lists, day = town.desk.archive.lists, 86_400
    name = sorted(lists.settings)[0]
    rounds = Scheduler(town.desk)
    for _ in range(2):
        await lists.add(name, SPAM, force=True)
        await lists.remove(name, SPAM)
        town.now += 200 * day
    await rounds.once()
    assert len(await periods(lists, SPAM)) == 1, "the other ended 400 days ago"
    town.now += 166 * day
    await rounds.once()
    assert await periods(lists, SPAM) == []
