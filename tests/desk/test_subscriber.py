"""A subscriber is told all that is held of him, and what he asks to be erased is gone; the audit stays whole."""

import pytest

from desk.faults import ComplaintError, Refused
from desk.reckoning import verified
from desk.subscriber import Erased, erase, held_of
from rules.audit.chain import entries
from rules.lists.subscribers import SubscriberStore
from tests.desk.town import SPAM

HIM, OTHER = "13800138000", "13800138001"


async def filled(town):
    for person in (HIM, OTHER):
        await town.ring(SPAM, person)
        await town.complain(SPAM, person, text="he knew my name", contact=f"{person}@example.com")
    await town.desk.catch_up()
    own = SubscriberStore(town.desk.archive.lists.store, town.pseudonym_key, lambda: town.now)
    await own.add_all(f"+86{HIM}", "block", ("+8613912345678", "CN:95014444"))
    await own.add(f"+86{OTHER}", "block", "+8613912345678")


async def test_all_that_is_held_is_told_and_stands_in_the_audit(town):
    await filled(town)
    found = await held_of(town.desk.archive, "138 0013 8000", actor="wang", reason="he wrote")
    (complaint,) = found.complaints
    assert complaint["words"] == {"text": "he knew my name", "contact": f"{HIM}@example.com"}
    assert [one["caller"] for one in found.calls] == [one["caller"] for one in found.rang] == [SPAM]
    assert [one["entry"] for one in found.own_lists] == ["+8613912345678", "CN:95014444"]
    entry = (await entries(town.desk.archive.store.connection))[-1].deed
    assert (entry.actor, entry.subject_id, entry.step) == ("wang", town.keys().hide(f"+86{HIM}"), "exported")


async def test_what_is_erased_is_gone_and_nobody_elses(town):
    await filled(town)
    archive = town.desk.archive
    assert await erase(archive, HIM, actor="wang", reason="he asked") == Erased(words=1, calls=1, own_lists=2, rang=1)
    found = await held_of(archive, HIM, actor="wang", reason="he wrote")
    assert (found.calls, found.own_lists, found.rang) == ([], [], [])
    assert [one["words"] for one in found.complaints] == [{}]
    other = await held_of(archive, OTHER, actor="wang", reason="he wrote")
    assert (len(other.calls), len(other.own_lists), len(other.rang)) == (1, 1, 1)
    assert other.complaints[0]["words"]["text"] == "he knew my name"
    assert (await verified(archive)).breaks == []


async def test_an_office_and_a_business_that_he_alone_named_go_with_his_words(town):
    mine = {"branch": "Harbour Bank, Anna Meier"}
    await town.complain(SPAM, HIM, business="ask Anna Meier", knew=mine)
    await town.complain("+8613912347777", HIM, business="loans", knew={"branch": "Old Town Bank"})
    await town.complain(SPAM, OTHER, business="loans", knew={"branch": "Old Town Bank"})
    archive = town.desk.archive
    await erase(archive, HIM, actor="wang", reason="he asked")
    rows = await archive.store.connection.execute_fetchall("select business, branch from complaint order by id")
    assert [tuple(row) for row in rows] == [("", ""), ("loans", "Old Town Bank"), ("loans", "Old Town Bank")]
    left = "\n".join([line async for line in archive.store.connection.iterdump()])
    assert "Anna" not in left
    assert (await verified(archive)).breaks == []


async def test_it_takes_a_reason_and_a_number(town):
    with pytest.raises(ComplaintError, match="reason: say who asked"):
        await erase(town.desk.archive, HIM, actor="wang", reason=" ")
    with pytest.raises(ComplaintError, match="reason: say who asked"):
        await held_of(town.desk.archive, HIM, actor="wang", reason="")
    with pytest.raises(ComplaintError, match="number: "):
        await held_of(town.desk.archive, "nobody", actor="wang", reason="he wrote")


async def test_it_counts_as_a_number_in_full_and_so_many_in_an_hour_are_the_most(town):
    archive = town.desk.archive
    for _ in range(archive.privacy.unmask_hour):
        await held_of(archive, HIM, actor="wang", reason="he wrote")
    with pytest.raises(Refused, match="is the most"):
        await held_of(archive, OTHER, actor="wang", reason="he wrote")
    with pytest.raises(Refused, match="is the most"):
        await erase(archive, OTHER, actor="wang", reason="he wrote")
    last = (await entries(archive.store.connection))[-1].deed
    assert (last.step, last.reason) == ("unmasking refused", "he wrote")
