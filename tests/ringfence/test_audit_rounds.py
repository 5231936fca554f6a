"""The running node notes heads and lets the audit be verified by time, and says in `health` what came of it."""

import sqlite3
from contextlib import closing

import pytest
from prometheus_client import CollectorRegistry

from ringfence.audit_rounds import AuditRounds
from ringfence.audits import Outcome, verify
from ringfence.installation import Installation
from ringfence.verifying import verify_beside

HOUR = 3_600.0


class Rounds:
    """Rounds of an installation, by a clock that is turned by hand."""

    def __init__(self, file):
        self.file, self.now, self.verified = file, 1_000_000.0, []
        self.faults = 0
        self.rounds = AuditRounds(lambda: Installation.open(file), now=lambda: self.now, verify=self.verify)

    async def verify(self, _):
        self.verified.append(self.now)
        return Outcome(self.now, self.faults)

    async def after(self, seconds):
        self.now += seconds
        await self.rounds.once()

    def figure(self, name):
        registry = CollectorRegistry()
        registry.register(self.rounds)
        return registry.get_sample_value(f"ringfence_audit_{name}")


async def test_it_is_verified_by_time_and_not_while_a_start_is_busy(file):
    here = Rounds(file)
    for seconds in (0, 500, 200, 60, 23 * HOUR, HOUR):
        await here.after(seconds)
    assert here.verified == [1_000_700.0, 1_000_760.0 + 24 * HOUR]
    assert (here.figure("verified_timestamp_seconds"), here.figure("faults")) == (here.verified[-1], 0)
    assert here.rounds.ailments() == []
    here.faults = 3
    await here.after(24 * HOUR)
    (said,) = here.rounds.ailments()
    assert said == "the audit is not as it was written: 3 faults; `ringfence audit verify` names them"
    assert here.figure("faults") == 3


async def test_heads_are_noted_by_time_and_a_failure_is_told_until_it_is_over(file, tmp_path):
    anchors = tmp_path / "mount" / "anchors"
    file.write_text(f"{file.read_text()}audit: {{anchors: {{file: {anchors}, every_minutes: 30}}, verify_hours: 0}}\n")
    here = Rounds(file)
    await here.after(0)
    (said,) = here.rounds.ailments()
    assert said == f"the head of the audit is not noted outside: {anchors}: No such file or directory"
    anchors.parent.mkdir()
    for minutes in (29, 1, 29, 1):
        await here.after(minutes * 60)
    assert here.rounds.ailments() == here.verified == []
    assert len(anchors.read_text().splitlines()) == 2
    assert here.figure("anchored_timestamp_seconds") == here.now


@pytest.mark.parametrize("forged", [False, True])
async def test_a_verification_by_anybody_is_known_and_one_beside_says_the_same(file, forged):
    async with Installation.open(file) as here:
        await (await here.lists()).add("blocked", "+8613912345678")
        if forged:
            with closing(sqlite3.connect(here.database)) as other, other:
                other.execute("drop trigger step_stays")
        await verify(here)
        rounds = Rounds(file)
        await rounds.after(0)
        assert rounds.rounds.outcome.faults == forged
        assert (await verify_beside(here)).outcome.faults == forged
