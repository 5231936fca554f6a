"""An installation: everything of a ringfence.yaml, opened when it is asked for."""

import os
import pwd

import pytest

from desk.faults import ComplaintError
from ringfence.installation import Installation


async def test_folders_are_made_where_they_lack(file):
    file.write_text(file.read_text() + "storage: {database: var/deep/ringfence.db, key_file: var/keys}\n")
    async with Installation.open(file) as here:
        desk = await here.desk()
        assert here.zone == "Asia/Shanghai"
        assert desk.archive.country == "CN"
    assert (file.parent / "var/deep/ringfence-complaints.db").exists()


def test_the_running_node_is_asked_beside_its_database_or_where_the_file_says(file):
    assert Installation.open(file).control == file.parent / "ringfence.control"
    file.write_text(file.read_text() + "storage: {database: var/two.db}\n")
    assert Installation.open(file).control == file.parent / "var/two.control"
    file.write_text(file.read_text() + "control: /run/ringfence/control\n")
    assert str(Installation.open(file).control) == "/run/ringfence/control"


async def test_a_complaint_names_no_number_that_two_countries_read_differently(file):
    file.write_text(file.read_text().replace("name: carrier, country: CN", "name: carrier, country: HK"))
    async with Installation.open(file) as here:
        desk = await here.desk()
        with pytest.raises(ComplaintError, match=r"accused: '95588' is read differently in CN and HK; "):
            desk.archive.read_number("95588", "accused")
        assert desk.archive.read_number("CN:95588", "accused").canonical == "CN:95588"
    file.write_text("country: CN\n" + file.read_text())
    async with Installation.open(file) as here:
        desk = await here.desk()
        assert desk.archive.read_number("95588", "accused").canonical == "CN:95588"


async def test_what_is_asked_for_twice_is_opened_once_and_closed_with_it(file):
    async with Installation.open(file) as here:
        lists, decisions, revisions, store = (
            await here.lists(),
            await here.decisions(),
            await here.revisions(),
            await here.access(),
        )
        assert await here.lists() is lists
        assert (await here.open_desk()) is (await here.desk())
        assert await decisions.recent(1) == []
        assert await revisions.live() is None
    for part in (lists.store, decisions.store, store):
        with pytest.raises(ValueError, match="no active connection"):
            await part.connection.execute("select 1")


async def test_asking_whether_calls_were_recorded_makes_no_file(file):
    async with Installation.open(file) as here:
        assert await here.recorded() is None
        assert not here.database_of("decisions").exists()
        await here.decisions()
        assert await here.recorded() is not None


async def test_who_acts_is_the_account_whatever_the_environment_says(file, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert Installation.open(file).actor == pwd.getpwuid(os.getuid()).pw_name
