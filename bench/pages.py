"""How soon each page of the console answers where a million complaints and half a million calls lie.

python -m bench.pages [--keep FOLDER]: fills an installation by the product's own ways (some two minutes; a folder that
was kept is not filled again), then asks for each page in a process of its own: the first answer after a start, and the
median and the slowest of the next ones. The application is asked without a socket, by somebody who is signed in. A
page whose first answer takes longer than it may is told at the end, with exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from console.web.application import Beside, console
from console.web.rendering import prepare
from desk.archive import Premises
from desk.desk import Desk
from desk.offices import NewOffice
from desk.reading import NewComplaint
from desk.scheduler import Scheduler
from ringfence.installation import Installation
from ringfence.people import Role
from ringfence.people.accounts import Wanted
from rules.audit.second import confirmed
from rules.records.decisions import WIDTH, Decisions, decisions_path, new_decision

SETTINGS = """\
version: 1
time_zone: Asia/Shanghai
listen: [{address: 127.0.0.1:5060}]
pbxes: [{name: office, addresses: [127.0.0.1:5080]}]
trunks: [{name: carrier, addresses: [127.0.0.1], country: CN}]
lists: {blocked: {kind: block}, sealed: {kind: sealed}}
use: [baseline]
storage: {database: ringfence.db, key_file: ringfence.keys}
"""
MAY_S = 0.3
PASSWORD = "a million complaints"
DAYS = 90
DAY_S = 86_400.0
LOUDEST = 0.1  # of the complaints are about one number; as many again as it draws among all others
NAMED = 0.2  # of the complaints name an office
BANKS, BRANCHES = 20, 12
AT_ONCE = 5_000
ASKED = 7
ENDS = (("forward", "no rule", 200, 1), ("forward", "no rule", 486, 1), ("reject", "block list", 603, 0))
NUMBERS = [f"95012{n:03}" for n in range(1_000)] + [f"+86139{n:08}" for n in range(19_000)]
PAGES = (
    *("live", "calls", "calls?caller=%2B86139", "calls/{decision}", "check", "number", "rules", "lists"),
    *("lists/blocked", "queue", "case/{loudest}", "case/{other}", "appeals", "leaks", "leaks/office?office={office}"),
    *(
        "reports",
        "reports?by=prefix",
        "reports?by=branch",
        "reports?by=bank",
        "ladder",
        "letters",
        "people",
        "approvals",
        "own",
    ),
)


def complaint(rand: random.Random) -> NewComplaint:
    """What somebody says about some number, one of them far more often than others."""
    accused = NUMBERS[0] if rand.random() < LOUDEST else NUMBERS[int(len(NUMBERS) * rand.random() ** 3)]
    office = f"Bank {rand.randrange(BANKS)} / Branch {rand.randrange(BRANCHES)}" if rand.random() < NAMED else ""
    return NewComplaint(
        accused,
        f"+86138{rand.randrange(10**8):08}",
        category="marketing",
        text="again and again",
        knew={"name": "Wang", "branch": office} if office else {},
    )


def call(rand: random.Random, at: float) -> tuple[Any, ...]:
    """The record of a call, as the proxy writes it."""
    number = rand.choice(NUMBERS)
    action, step, status, rang = rand.choice(ENDS)
    row = (
        *(new_decision(at, f"{rand.randrange(16**10):010x}"), at, f"{rand.randrange(16**12):x}@pages", "127.0.0.1"),
        *("carrier", number, "cn-95" if number.startswith("95") else "mobile", f"{rand.randrange(16**16):016x}"),
        *("mobile", "138", "", action, step, "", "", "", 0, "[]", '{"believed":true}', "", "", status, rang, 900),
    )
    assert len(row) == WIDTH
    return row


async def fill(file: Path, complaints: int, calls: int) -> None:
    """The installation that is asked; its calls are counted, as a node counts them."""
    rand, clock, begin = random.Random(1), [0.0], time.time() - DAYS * DAY_S
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(Installation.open(file))
        people = await here.people()
        with confirmed("by the bench"):
            await people.accounts.add(Wanted("bench", roles=frozenset(Role)), author="bench")
            await people.set_password("bench", PASSWORD, author="bench")
        desk = await Desk.open(Premises(here.base, here.configuration, here.home, lambda: clock[0]))
        opened.push_async_callback(desk.close)
        known = [NewOffice(f"Branch {n}", f"Bank {bank}") for bank in range(BANKS // 2) for n in range(BRANCHES)]
        await desk.offices.take(known, actor="bench")
        decisions = await Decisions.open(decisions_path(here.database))
        opened.push_async_callback(decisions.store.close)
        for done in range(0, complaints, AT_ONCE):
            clock[0] = begin + DAYS * DAY_S * done / complaints
            await desk.complaints.file_many([complaint(rand) for _ in range(min(AT_ONCE, complaints - done))])
        for done in range(0, calls, AT_ONCE):
            times = [begin + DAYS * DAY_S * (done + n) / calls for n in range(min(AT_ONCE, calls - done))]
            await decisions.write([call(rand, at) for at in times], [])
        clock[0] = time.time()
        await Scheduler(desk, counting=True, on_alert=lambda _: None).once()  # as node and API do each minute


async def ask(file: Path, page: str) -> list[tuple[float, float]]:
    """How long each answer took after a start, and how much of it the processor, in seconds."""
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(Installation.open(file))
        desk, people = await here.open_desk(), await here.people()
        desk.archive.deadlines.know(desk.archive.now())  # this and the next as `api serve` does at its start
        prepare()
        gate = console(here, desk, people, neighbours=lambda *_: True)
        transport = httpx.ASGITransport(Beside(gate, gate))
        browser = httpx.AsyncClient(transport=transport, base_url="http://localhost", follow_redirects=True)
        await opened.enter_async_context(browser)
        token = re.search(r'name="form_token" value="(\w+)"', (await browser.get("/console/sign-in")).text)
        assert token is not None
        wrote = {"form_token": token[1], "name": "bench", "password": PASSWORD}
        sent = await browser.post("/console/sign-in", data=wrote, follow_redirects=False)
        assert sent.status_code == 303, sent.text
        took = []
        for _ in range(ASKED):
            started, busy = time.perf_counter(), time.process_time()
            answer = await browser.get(f"/console/{page}")
            took.append((time.perf_counter() - started, time.process_time() - busy))
            assert answer.status_code == 200, (page, answer.status_code, answer.text[:2_000])
        return took


async def names(file: Path) -> dict[str, str]:
    """What stands in the addresses of pages about one thing."""
    async with Installation.open(file) as here:
        desk, decisions = await here.open_desk(), await here.decisions()
        cases = "select case_id from complaint group by case_id order by count(*) desc limit ?"
        rows = [str(row[0]) for row in await desk.archive.store.connection.execute_fetchall(cases, (2_000,))]
        newest = await decisions.store.connection.execute_fetchall("select id from decision order by seq desc limit 1")
        offices = "select branch from complaint where branch <> '' order by id desc limit 1"
        office = next(iter(await desk.archive.store.connection.execute_fetchall(offices)))[0]
        return {
            "decision": next(iter(newest))[0],
            "loudest": rows[0],
            "other": rows[-1],
            "office": office,
        }


def measure(file: Path) -> int:
    """A line for each page."""
    known, slow = asyncio.run(names(file)), []
    print("| page | first after a start, ms | of it processor | median of the next | processor | slowest of them |")
    print("|---|--:|--:|--:|--:|--:|")
    for page in PAGES:
        command = [sys.executable, "-m", "bench.pages", "--ask", page.format(**known), "--keep", str(file.parent)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
        if done.returncode:
            slow.append(f"{page}: no answer")
            continue
        walls, busy = zip(*json.loads(done.stdout.splitlines()[-1]), strict=True)
        cells = (walls[0], busy[0], median(walls[1:]), median(busy[1:]), max(walls[1:]))
        print(f"| {page} | " + " | ".join(f"{one * 1e3:.0f}" for one in cells) + " |", flush=True)
        if max(walls) > MAY_S:
            slow.append(f"{page}: {max(walls) * 1e3:.0f} ms")
    print("\n".join(f"NOT GOOD: {one}" for one in slow))
    return 1 if slow else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=500_000)
    parser.add_argument("--keep", type=Path, help="a folder that stays; default: a temporary one")
    parser.add_argument("--ask", metavar="PAGE", help="ask for one page only, and print the seconds that it took")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        file = (words.keep or Path(made)) / "ringfence.yaml"
        if words.ask:
            print(json.dumps(asyncio.run(ask(file, words.ask))))
            return 0
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            started = time.perf_counter()
            file.write_text(SETTINGS)
            asyncio.run(fill(file, words.complaints, words.calls))
            print(f"{words.complaints:,} complaints, {words.calls:,} calls: {time.perf_counter() - started:.0f} s")
        return measure(file)


if __name__ == "__main__":
    sys.exit(main())
