"""A seal is as the entries of its case say, and acts: whoever takes its entry off a list beneath the audit is shown."""

import pytest

from desk.alerts import alerts
from desk.faults import ComplaintError, Conflict, Refused
from desk.seals import release_seal, set_seal, standing_seal
from tests.desk.test_reckoning import beneath, shown, worked
from tests.desk.town import DAY, SCREENING


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("delete from exact where list = (select list from seal where id = 2)", "seal 2: the entry is gone from list"),
        ("update origin set expires = 1 where source = 'seal 2'", "seal 2: the entry is gone from list sealed"),
        ("update exact set code = code + 1", "seal 2: the entry is gone from list sealed, so that it stops nobody"),
        ("update list set name = 'other' where name = 'sealed'", "so that it stops nobody"),
        ("update seal set number = 'CN:95014445', code = code + 1 where id = 2", "seal 2: its number is CN:95014445"),
        ("update seal set code = code + 1 where id = 2", "seal 2: its code is"),
        ("update seal set list = list + 1 where id = 2", "so that it stops nobody"),
        ("update seal set author = 'zhang' where id = 2", "seal 2: who set it is zhang, by its entries li"),
        ("update seal set reason = 'x' where id = 1", "seal 1: why is x, by its entries so"),
        ("update seal set owner = 'zhang' where id = 2", "seal 2: it suspends entries of zhang"),
        ("update seal set case_id = 1 where id = 2", "seal 2: its case is 1, by its entries 2"),
        ("update seal set sealed = sealed - 864000 where id = 2", "seal 2: its times are not those of its entries"),
        ("update seal set released = released + 864000 where id = 1", "seal 1: its times are not those of its entries"),
        ("update seal set release_author = 'zhang' where id = 1", "seal 1: who released it is zhang, by its"),
        ("update seal set release_reason = 'x' where id = 1", "seal 1: why it was released is x, by its"),
        ("delete from seal where id = 1", "seal 1 of case 1 is missing: its entries tell of it"),
        ("delete from seal where id = 2", "seal 2 of case 2 is missing: its entries tell of it"),
        (
            "insert into exact select s.code, s.list, e.origin from seal s, exact e where s.id = 1",
            "which does not stand for it",
        ),
    ],
)
async def test_whatever_is_written_beneath_a_seal_shows(town, statement, told):
    await worked(town)
    beneath(town, statement, of="lists")
    assert [one for one in await shown(town) if told in one]


async def test_a_step_that_is_being_finished_after_a_stop_is_no_forgery(town):
    """The seal is committed first; whoever opens the desk next writes its entry, which names no seal."""
    assert await town.verified() == 1
    beneath(town, "create trigger refuse before insert on step begin select raise(abort, 'full'); end")
    with pytest.raises(Exception, match="full"):
        await town.desk.cases.seal(1, actor="li", reason="so")
    assert await shown(town) == []
    beneath(town, "drop trigger refuse")
    assert await town.desk.cases.mend() == [1]
    assert await shown(town) == []
    await town.desk.cases.release(1, actor="wang", reason="forged")
    assert await shown(town) == []


async def test_a_sealed_case_whose_number_no_list_stops_is_an_alert(town):
    """The lists were put back from before the seal: nobody would look for it until the number calls."""
    await worked(town)
    assert [one for one in await alerts(town.desk.archive) if one.kind == "seals"] == []
    beneath(town, "delete from seal where id = 2", of="lists")
    (alert,) = [one for one in await alerts(town.desk.archive) if one.kind == "seals"]
    assert (alert.subject, alert.complaints) == ("no list stops case 2", 1)


async def test_a_released_case_whose_seal_still_stands_is_one_as_well(town):
    await worked(town)
    beneath(town, "update case_file set state = 'released' where id = 2")
    (alert,) = [one for one in await alerts(town.desk.archive) if one.kind == "seals"]
    assert (alert.subject, alert.complaints) == ("released, and a list still stops case 2", 1)


async def put_back(town, then):
    """The lists as they were before what `then` does; the desk's own database goes on."""
    lists = town.folder / SCREENING.storage.database
    await town.desk.close()
    before = {path: path.read_bytes() for path in lists.parent.glob(f"{lists.name}*")}
    await town.open()
    found = await then()
    await town.desk.close()
    for path in lists.parent.glob(f"{lists.name}*"):
        path.unlink()
    for path, octets in before.items():
        path.write_bytes(octets)
    await town.open()
    return found


async def test_a_seal_that_older_lists_know_nothing_of_is_set_again(town):
    await worked(town)
    case = await town.verified("95018888")
    sealed = await put_back(town, lambda: town.desk.cases.seal(case, actor="li", reason="so"))
    assert [one.subject for one in await alerts(town.desk.archive) if one.kind == "seals"] == [
        f"no list stops case {case}"
    ]
    assert [one for one in await shown(town) if one == f"case {case}: it is sealed, and no seal of it stands"]
    with pytest.raises(ComplaintError, match="say why"):
        await town.desk.cases.seal_again(case, actor="li", reason=" ")
    town.now += DAY
    again = await town.desk.cases.seal_again(case, actor="wang", reason="lists of yesterday were put back")
    assert await standing_seal(town.desk.archive, "CN:95018888") == (again.seal, case)
    assert (again.case.state, again.case.sealed) == ("sealed", sealed.case.sealed)
    assert [one for one in await alerts(town.desk.archive) if one.kind == "seals"] == []
    assert await shown(town) == []
    with pytest.raises(Conflict, match="the lists say so, too: there is nothing to put right"):
        await town.desk.cases.seal_again(case, actor="wang", reason="x")
    await town.desk.cases.release(case, actor="wang", reason="forged")
    assert await shown(town) == []


async def test_a_seal_that_older_lists_bring_back_is_released_again(town):
    await worked(town)
    await put_back(town, lambda: town.desk.cases.release(2, actor="li", reason="paid"))
    assert await standing_seal(town.desk.archive, "CN:95014444") == (2, 2)
    assert await shown(town) != []
    with pytest.raises(Conflict, match="release is not possible"):
        await town.desk.cases.release(2, actor="li", reason="paid")
    town.now += DAY
    done = await town.desk.cases.release_again(2, actor="wang", reason="lists of yesterday were put back")
    assert done.case.state == "released"
    assert await standing_seal(town.desk.archive, "CN:95014444") is None
    assert await shown(town) == []
    assert [one for one in await alerts(town.desk.archive) if one.kind == "seals"] == []
    with pytest.raises(Conflict, match="there is nothing to put right"):
        await town.desk.cases.release_again(2, actor="wang", reason="x")
    await town.reopen(released_by=["zhang"])
    with pytest.raises(Refused, match="seals are released by zhang"):
        await town.desk.cases.release_again(2, actor="wang", reason="x")


async def test_seals_that_come_and_go_again_fit_their_entries(town):
    """Twice lost, twice set, released, brought back and released: each seal is held against what was done last."""
    case = await town.verified("95018888")
    await put_back(town, lambda: town.desk.cases.seal(case, actor="li", reason="so"))
    for day in range(2):
        town.now += DAY
        await put_back(town, lambda day=day: town.desk.cases.seal_again(case, actor="li", reason=f"lost {day}"))
    await town.desk.cases.seal_again(case, actor="li", reason="for good")
    assert await shown(town) == []
    await put_back(town, lambda: town.desk.cases.release(case, actor="wang", reason="paid"))
    await town.desk.cases.release_again(case, actor="wang", reason="again")
    assert await shown(town) == []


async def test_a_seal_that_was_set_again_when_the_machine_stopped_is_entered_by_whoever_comes_next(town):
    case = await town.verified("95018888")
    await put_back(town, lambda: town.desk.cases.seal(case, actor="li", reason="so"))
    await set_seal(town.desk.archive, "CN:95019999", case_id=99, author="li", reason="takes the next number")
    await release_seal(town.desk.archive, 1, "CN:95019999", author="li", reason="x")
    beneath(town, "create trigger refuse before insert on step begin select raise(abort, 'full'); end")
    with pytest.raises(Exception, match="full"):
        await town.desk.cases.seal_again(case, actor="wang", reason="put back")
    beneath(town, "drop trigger refuse")
    assert await town.desk.cases.mend() == [case]
    assert (await town.desk.cases.find(case)).seal == 2
    assert [one for one in await shown(town) if "95019999" not in one and "case 99" not in one] == []
