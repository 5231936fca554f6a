"""The desk as a whole: nothing readable of people on disk, nothing acknowledged lost."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from desk.complaint_rows import find
from desk.faults import NotFound
from desk.reading import NewComplaint
from desk.reckoning import verified
from desk.seals import standing_seal
from desk.states import FoundBy
from desk.story import story_of
from desk.weighing import evidence_of
from rules.language.compile import compile_rules
from rules.model import Action, Call, Outcome, Step
from rules.numbering.numbers import read_number
from rules.screening.screen import Screen
from tests.desk.town import CHINA, DAY, SCREENING, SPAM, Town

ROOT = Path(__file__).resolve().parents[2]
PLANTED = {"reporter": "13812344321", "called": "13943211234"}


async def test_planted_people_stand_in_no_page(town):
    for person in range(50):
        await town.complain(
            reporter=f"138{person:04}4321",
            called=f"139{person:04}1234",
            text="my neighbour Zhao Planted heard it",
            contact="planted@example.com",
            knew={"name": "Zhao Planted", "plan": "Planted Gold 199"},
        )
    await town.desk.appeals.file(number=SPAM, attacks="rule", text="Zhao Planted", contact="planted@example.com")
    filed = await town.complain(**PLANTED)
    await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    pages = b"".join(path.read_bytes() for path in town.folder.iterdir() if path.suffix != ".keys")
    assert b"CN:95012345" in pages, "the test reads the right files"
    for word in ("lanted", "planted@", "12344321", "43211234", "80000432", "Gold 199"):
        assert word.encode() not in pages, word


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.desk.town import Town

async def main():
    town = Town(Path(sys.argv[1]))
    await town.open()
    for person in range(100_000):
        filed = await town.complain(reporter=town.subscriber(person))
        print(filed.reference, flush=True)

asyncio.run(main())
"""


async def test_a_kill_loses_nothing_acknowledged(tmp_path):
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        words, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        told = [process.stdout.readline().strip() for _ in range(60)]
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.read().split("\n")[:-1]
    town = Town(tmp_path)
    desk = await town.open()
    for reference in told:
        assert (await find(desk.archive.store.connection, reference)).accused == SPAM
    with pytest.raises(NotFound):
        await find(desk.archive.store.connection, "C-00000-00000")
    assert (await town.one("select value from tally where dimension = 'all' and period = '2026Q3'"))[0] >= len(told)
    await desk.close()


WORKED = """
import asyncio, sys
from pathlib import Path
from desk.states import FoundBy
from tests.desk.town import Town

def tell(*words):
    print(*words, flush=True)

async def main():
    town = Town(Path(sys.argv[1]))
    desk = await town.open()
    for person in range(100_000):
        number = town.subscriber(person)
        case = (await town.complain(number)).case_id
        await desk.cases.take(case, actor="li")
        tell(number, case, "verifying")
        await desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="x")
        tell(number, case, "verified")
        await desk.cases.seal(case, actor="li", reason="x")
        tell(number, case, "sealed")
        appeal = await desk.appeals.file(number=number)
        tell(appeal.reference, "filed")
        await desk.appeals.grant(appeal.reference, actor="wang", reason="x")
        tell(appeal.reference, "granted")
        tell(number, case, "released")

asyncio.run(main())
"""
ORDER = ["collecting", "verifying", "verified", "sealed", "released"]


@pytest.mark.parametrize("told_before", [43, 45, 48])
async def test_a_kill_loses_no_step_of_a_case_or_appeal(tmp_path, told_before):
    """Wherever it is killed: what was told holds, seals and cases agree, and the chain of steps is whole."""
    words = [sys.executable, "-c", WORKED, str(tmp_path)]
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        words, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        told = [process.stdout.readline() for _ in range(told_before)]
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.readlines()
    town = Town(tmp_path)
    desk = await town.open()
    for line in told:
        name, *rest = line.split()
        if name.startswith("A-"):
            assert rest[0] in ("filed", (await desk.appeals.find(name))[0].state)
        else:
            case = await desk.cases.find(int(rest[0]))
            assert case.number == name
            assert ORDER.index(case.state) >= ORDER.index(rest[1])
            assert (await standing_seal(desk.archive, name) is not None) == (case.state == "sealed")
    assert (await verified(desk.archive)).breaks == []
    await desk.close()


async def test_a_flood_by_one_reporter_moves_nothing(town):
    """A thousand complaints of one who was called, as if from a thousand lines, about a competitor and a bank."""
    await town.desk.archive.lists.add("allowed", "95588", country="CN")
    for accused in (SPAM, "CN:95588"):
        await town.ring(accused, "13800138000")
        flood = [NewComplaint(accused, "13800138000", called=f"138{line:08}") for line in range(500)]
        flood += [NewComplaint(accused, "13800138000", at=town.now - day * DAY) for day in range(300)]
        filed = await town.desk.complaints.file_many(flood)
        (case,) = {one.case_id for one in filed}
        await town.desk.counting.catch_up()
        found = await evidence_of(town.desk.archive, await town.desk.cases.find(case))
        assert (found.complaints, found.counted) == (len({one.reference for one in filed}), 1)
        assert found.weight <= 1.0
        assert await standing_seal(town.desk.archive, accused) is None
        assert await town.desk.ladder.standing("number", accused) is None


async def test_what_the_desk_decides_the_next_call_hears(town):
    """607s by five callees tag a number; a person's seal rejects it; an appeal lets it ring again."""
    ruleset = compile_rules([], SCREENING, trunks=[CHINA]).ruleset
    screen = await Screen.open(SCREENING, ruleset, town.folder, now=lambda: town.now, log=io.StringIO())
    screen.unwanted = town.desk.callee.unwanted
    try:

        def place(person=0):
            screen.poll()
            call = Call(
                caller=read_number("95012345", CHINA),
                called=read_number(town.subscriber(person), CHINA, called=True),
                trunk=CHINA,
                at=town.now,
            )
            return screen.judge(call)

        for person in range(5):
            assert place(person).action is Action.FORWARD
            screen.ended(place(person).decision, Outcome(607, True, 900))
        await screen.journal.flush(everything=True)
        (case,) = {filed.case_id for filed in await town.desk.callee.drain()}
        tagged = place()
        assert (tagged.action, tagged.step) == (Action.TAG, Step.LADDER)
        await town.desk.cases.take(case, actor="li")
        await town.desk.cases.verify(case, actor="li", found_by=FoundBy.TRUNK, reason="the trunk confirmed it")
        await town.desk.archive.lists.add("allowed", "95012345", country="CN")
        assert place().step is Step.OPERATOR_ALLOW
        sealed = await town.desk.cases.seal(case, actor="li", reason="five people")
        rejected = place()
        assert (rejected.action, rejected.step) == (Action.REJECT, Step.SEALED)
        assert f"seal {sealed.seal}" in rejected.fired[0].detail
        await screen.journal.flush(everything=True)
        assert (await story_of(town.desk.archive, case)).ending.endswith("; 1 call stopped since")
        appeal = await town.desk.appeals.file(decision=rejected.decision)
        await town.desk.appeals.grant(appeal.reference, actor="wang", reason="x")
        assert place().action is Action.FORWARD
    finally:
        await screen.close()
