"""A verification beside: it says how far it is, ends with its process, and asks no account of the service's own."""

import asyncio

import pytest

from desk.disclosure import note_look
from ringfence.audits import last_verified
from ringfence.installation import Installation
from ringfence.people import Role
from ringfence.people.accounts import Wanted
from ringfence.verifying import Progress, Verification, verify_beside
from rules.audit.chain import Deed, record


async def filled(here, count):
    """So many entries of somebody who looked."""
    archive = (await here.open_desk()).archive
    await note_look(archive, "case", "", actor="li")
    async with archive.store.transaction() as connection:
        await record(connection, [Deed(float(at), "li", "list", "", "listed") for at in range(count)])


async def test_how_far_it_is_and_what_it_found_although_the_service_has_no_account(file):
    async with Installation.open(file) as here:
        await (await here.people()).accounts.add(Wanted("boss", frozenset({Role.ADMIN}), login="boss"), author="root")
        await filled(here, 12_000)
        progress = Progress()
        found = await verify_beside(here, progress=progress)
        assert (found.outcome.faults, found.broken, found.entries) == (0, (), 12_002)
        assert progress.entries >= 10_000
        assert (await last_verified(here)).faults == 0
        with pytest.raises(OSError, match="took longer than 0 s"):
            await verify_beside(here, longest_s=0.0)


async def test_one_at_a_time_and_it_ends_when_it_is_stopped(file):
    async with Installation.open(file) as here:
        await filled(here, 1)
        verification = Verification()
        assert verification.begin(here, here.who)
        assert not verification.begin(here, here.who)
        await asyncio.sleep(0)
        verification.stop()
        await verification.wait()
        assert (verification.running, verification.found) == (False, None)
        assert verification.begin(here, here.who), "the next one may begin"
        verification.stop()
        await verification.wait()
