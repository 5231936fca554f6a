"""A seal is as the entries of its case say, and acts: whoever takes its entry off a list beneath the audit is shown."""

import pytest

from desk.alerts import alerts
from tests.desk.test_reckoning import beneath, shown, worked


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
