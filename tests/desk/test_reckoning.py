"""The audit is held against what it is about: whatever somebody writes into the databases beneath it shows."""

import sqlite3
from contextlib import closing

import pytest

from desk.archive import complaints_path
from desk.reckoning import verified
from desk.states import FoundBy
from rules.audit import chain as audit
from rules.judging.ladder import LadderStep
from tests.desk.town import DAY, SCREENING, SPAM


def beneath(town, *statements, of="complaints"):
    """What somebody does who can write the file."""
    lists = town.folder / SCREENING.storage.database
    with closing(sqlite3.connect(lists if of == "lists" else complaints_path(lists))) as other, other:
        for statement in statements:
            other.execute(statement)


async def shown(town):
    return [one.what for one in (await verified(town.desk.archive)).breaks]


async def worked(town):
    """A desk at which everything happened: case 1 released, 2 sealed, 3 handed over and answered, 4 forged, 5 new."""
    desk, cases = town.desk, town.desk.cases
    assert await town.verified() == 1
    await cases.seal(1, actor="li", reason="so")
    appeal = await desk.appeals.file(number=SPAM, text="we are a bank")
    await desk.appeals.grant(appeal.reference, actor="wang", reason="forged")
    assert await town.verified("95014444") == 2
    await cases.seal(2, actor="li", reason="so")
    await town.complain("95014444", town.subscriber(1))
    await desk.appeals.file(number="95014444")
    assert (await town.complain("95015555")).case_id == 3
    await cases.hand_over(3, actor="li", to="another")
    town.now += DAY
    await cases.their_answer(3, actor="li", answer="none of ours", reference="R-7")
    assert (await town.complain("95016666")).case_id == 4
    await cases.take(4, actor="li")
    await cases.close_forged(4, actor="li", reason="seen", trunk="carrier")
    five = [(await town.complain("95017777", town.subscriber(person))) for person in range(3)]
    assert five[0].case_id == 5
    await desk.complaints.withdraw(five[0].reference, actor="reporter")
    await desk.complaints.reject(five[1].reference, actor="li", reason="none")
    await desk.ladder.climb("number", SPAM, actor="li", reason="again", to=LadderStep.TAG)
    await desk.ladder.climb("owner", "A bank", actor="li", reason="again")
    await desk.ladder.assign(SPAM, owner="A bank", business="Loans", actor="li")
    await desk.letters.set_owner("A bank", "a@example.com", actor="li", confirmed=True)


async def test_what_was_done_at_the_desk_is_as_its_entries_say(town):
    await worked(town)
    assert await shown(town) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "update case_file set state = 'collecting' where id = 1",
            "case 1: state is collecting, by its entries released",
        ),
        ("update case_file set state = 'released' where id = 2", "case 2: state is released, by its entries sealed"),
        ("update case_file set found_by = 'trunk' where id = 1", "case 1: found by is trunk, by its entries owner"),
        ("update case_file set last_actor = 'zhang' where id = 2", "case 2: seal by zhang has no entry"),
        ("update case_file set last_step = '', last_actor = '' where id = 5", None),
        ("update case_file set last_step = '', last_actor = '' where id = 2", "case 2: its last step is none"),
        ("update case_file set trunk = 'other' where id = 4", "case 4: trunk is other, by its entries carrier"),
        ("update case_file set handed_to = 'x' where id = 3", "case 3: handed to is x, by its entries another"),
        (
            "update case_file set their_answer = 'x' where id = 3",
            "case 3: their answer is x, by its entries none of ours",
        ),
        ("update case_file set their_reference = 'x' where id = 3", "case 3: their reference is x, by its entries R-7"),
        ("update case_file set on_top = 'x' where id = 2", "case 2: it is on top, and no complaint was withdrawn"),
        ("update owner_contact set contact_key = 'x'", "owner A bank: the address is another than its entries say"),
        ("insert into owner_contact values ('B bank', 'x', x'00')", "owner B bank: the address has no entry"),
        ("update case_file set seal = 1 where id = 2", "case 2: seal is 1, by its entries 2"),
        ("update case_file set seal = 1 where id = 5", "case 5: seal is 1, by its entries None"),
        ("update case_file set verified = null where id = 2", "case 2: when it was verified is not as its entries say"),
        (
            "update case_file set sealed = sealed + 86400 where id = 2",
            "case 2: when it was sealed is not as its entries",
        ),
        ("update case_file set handed_at = 1 where id = 3", "case 3: when it was handed is not as its entries say"),
        ("update case_file set sealed = 1 where id = 5", "case 5: when it was sealed is not as its entries say"),
        ("update case_file set closed = 1 where id = 1", "case 1: closed is 1.0"),
        (
            "update case_file set next_due = 1e18 where id = 5",
            "case 5: it stands elsewhere in the queue than its clocks",
        ),
        ("update case_file set version = 9 where id = 1", "case 1: version is 9"),
        ("update case_file set number = 'CN:95019999' where id = 1", "case 1: not as it came in"),
        ("update complaint set state = 'received' where state = 'rejected'", "it is received, by the entries rejected"),
        ("update complaint set state = 'received' where case_id = 1", "it is received, by the entries answered"),
        ("update complaint set state = 'rejected' where case_id = 1", "rejected has no entry"),
        ("update complaint set reporter = 'x' where id = 2", "complaint 2: not as it came in"),
        ("update complaint set received = received - 864000 where id = 2", "complaint 2: not as it came in"),
        ("delete from case_file where id = 5", "case 5 is missing"),
        ("delete from case_file where id = 1", "case 1 is missing: its entries tell of it"),
        ("delete from complaint where id = 2", "complaint 2 is missing"),
        ("delete from complaint where state = 'rejected'", "is missing: its entries tell of it"),
        ("delete from complaint where case_id = 4", "case 4: no complaint of it is left"),
        ("delete from appeal where id = 2", "appeal 2 is missing"),
        ("update clock set due = due + 864000 where subject = 'case' and id = 1", "case 1: not as it came in"),
        ("update clock set due = due + 864000 where subject = 'appeal' and id = 2", "appeal 2: not as it came in"),
        ("update clock set met = started where subject = 'case' and id = 3", "case 3: clock answer is not met as"),
        ("update clock set met = null where subject = 'appeal' and id = 1", "its clock is not met as its entries say"),
        ("update clock set met = started where subject = 'case' and id = 5", "case 5: clock accept is not met as"),
        ("delete from clock where subject = 'case' and id = 5 and name = 'answer'", "case 5: not as it came in"),
        ("update case_file set state = 'closed' where id = 2", "case 2: state is closed, by its entries sealed"),
        ("update case_file set verified = 'x' where id = 2", "case 2: when it was verified is not as its entries"),
        ("update complaint set state = 'gone' where case_id = 3", "it is gone, by the entries answered"),
        ("update complaint set tie = 'none' where id = 1", "it is tied to a call by none, which is no tie"),
        ("update complaint set channel = 'none' where id = 1", "complaint 1: not as it came in"),
        ("update appeal set state = 'gone' where id = 1", "it is gone, by its entries granted by wang"),
        ("update appeal set state = 'refused' where id = 1", "it is refused, by its entries granted by wang"),
        ("update appeal set state = 'granted', decided_by = 'wang' where id = 2", "granted has no entry"),
        ("update appeal set reason = 'x' where id = 1", "by its entries granted by wang"),
        (
            "insert into case_file (number, class, prefix, code, holder, state, opened, first_complaint, last_at) "
            "values ('CN:95018888', 'cn-95', '', '', '', 'collecting', 1, 1, 1)",
            "cases 6..6 have no entry",
        ),
    ],
)
async def test_whatever_is_written_beneath_the_audit_shows(town, statement, told):
    await worked(town)
    beneath(town, statement)
    found = await shown(town)
    if told is None:
        assert found == [], "nothing was changed"
    else:
        assert [one for one in found if told in one], found


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update standing set level = 4", "does not stand there as its entries say"),
        ("update standing set since = since + 86400", "does not stand there as its entries say"),
        ("update standing set since = 'x'", "does not stand there as its entries say"),
        ("update seal set sealed = 'x' where case_id = 2", "seal 2: its times are not those of its entries"),
        ("update standing set author = 'zhang'", "does not stand there as its entries say"),
        ("delete from standing where kind = 'owner'", "ladder: owner A bank does not stand there"),
        ("update belongs set name = 'x' where kind = 'owner'", f"ladder: number {SPAM} is of another owner"),
        ("update belongs set since = since - 864000 where kind = 'owner'", f"since when number {SPAM} has its owner"),
        ("delete from belongs where kind = 'business'", f"ladder: number {SPAM} is of another business"),
        (
            "insert into belongs values ('CN:95010000', 'owner', 'x', 1)",
            "CN:95010000 has the owner x, which no entry says",
        ),
        ("update seal set released = 1 where case_id = 2", "case 2: it is sealed, and no seal of it stands"),
        ("update seal set released = null where case_id = 1", "case 1: a seal of it stands, and it is released"),
    ],
)
async def test_whatever_is_written_into_the_ladder_and_seals_shows(town, statement, told):
    await worked(town)
    beneath(town, statement, of="lists")
    assert [one for one in await shown(town) if told in one]


async def test_honest_erasure_looks_like_no_forgery(town):
    await worked(town)
    town.now += 500 * DAY
    await town.desk.catch_up()
    assert (await town.one("select count(*) from appeal where id = 1 and contents is null"))[0] == 1
    assert await shown(town) == []


async def test_a_call_that_is_found_late_and_another_spelling_look_like_no_forgery(town):
    filed = await town.complain(business="Loans ltd")
    await town.ring(SPAM, "13800138000", at=town.now - 1)
    assert await town.desk.complaints.tie_late() == 1
    beneath(town, "update complaint set business = 'Loans Ltd'")
    assert await shown(town) == []
    assert filed.case_id == 1


async def test_what_came_in_before_arrivals_were_entered_is_checked_as_far_as_it_goes(town):
    """A chain of before has no entries of arrivals; steps and gaps are known all the same, and it is said how far."""
    await town.verified()
    beneath(
        town,
        "drop trigger step_stays",
        "delete from step where step = 'entered'",
        "update sqlite_sequence set seq = 0 where name = 'step'",
    )
    async with town.desk.archive.store.transaction() as connection:
        rows = list(
            await connection.execute_fetchall("select at, actor, subject, subject_id, step, reason, detail from step")
        )
        await connection.execute("delete from step")
        await audit.record(connection, [audit.Deed(*row) for row in rows])
    beneath(
        town,
        "create trigger step_stays before delete on step begin select raise(abort, 'steps are never deleted'); end",
    )
    await town.complain("95014444")
    found = await verified(town.desk.archive)
    assert found.breaks == []
    assert found.older == {"complaints": 1, "cases": 1, "appeals": 0}
    beneath(town, "update case_file set found_by = 'trunk' where id = 1", "delete from complaint where id = 1")
    assert len(await shown(town)) >= 2
    assert FoundBy.OWNER in str(await shown(town))


async def test_what_is_being_done_meanwhile_is_no_forgery(town):
    """A step of the ladder that stands in the lists already and not in the chain yet is owed."""
    await town.verified()
    beneath(town, "create trigger refuse before insert on step begin select raise(abort, 'full'); end")
    with pytest.raises(Exception, match="full"):
        await town.desk.ladder.climb("number", SPAM, actor="li", reason="again")
    beneath(town, "drop trigger refuse")
    assert await shown(town) == []


async def test_every_row_is_read_once_however_many_entries_tell_of_them(town):
    """A query for each entry made a million complaints, which came one by one, a matter of minutes."""
    connection, asked = town.desk.archive.store.connection, []
    await connection.set_trace_callback(asked.append)
    counts = []
    for _ in range(2):
        for person in range(10):
            await town.complain("95014444", town.subscriber(len(counts) * 10 + person))
        asked.clear()
        told = []
        assert (await verified(town.desk.archive, arrivals=told.append)).breaks == []
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert told[-1] == 21, "twenty complaints and their case"
