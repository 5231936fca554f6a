"""One round of the exchange as a process of its own: look at partners, then give what our lists say if they changed.

It is a process, since reading another operator's million entries would hold up the calls of whoever did it beside them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ringfence.exchange.refused import ExchangeError
from ringfence.exchange.whole_files import put_file
from rules.audit.doors import through

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.lists.editing import Lists

LONGEST_S: Final = 1_800.0
_LEAST: Final = 19  # nice(2): whatever else runs goes first
_SIGNED_ANEW_S: Final = 43_200.0  # though nothing changed, so that nobody takes us for kept back


class Round(NamedTuple):
    """What came of it."""

    faults: dict[str, str]  # partner -> why nothing of him was taken
    given: str = ""  # why nothing was given, where that is wrong
    handed: str = ""  # why a case does not reach whom it was handed over to


async def work(here: Installation, now: float) -> Round:
    """What the process does."""
    lists, exchange = await here.lists(), here.exchange
    if await lists.store.is_copy():
        return Round({})  # the node that keeps the record does it for all
    told = await exchange.look(lists) if exchange.settings.givers else []
    faults = {one.partner: one.fault for one in told if one.fault}
    handed = ""
    if here.handing.named():
        from ringfence.exchange.handing import by_web

        handed = "; ".join(await here.handing.deliver(await here.open_desk(), by_web(time.monotonic)))
    return (await _give(here, lists, faults, now))._replace(handed=handed)


async def _give(here: Installation, lists: Lists, faults: dict[str, str], now: float) -> Round:
    """Give what the lists say, if they changed."""
    exchange = here.exchange
    settings = exchange.settings.publish
    if settings is None or not settings.by_itself:
        return Round(faults)
    mark = exchange.folder / "given.json"
    rows = await lists.store.connection.execute_fetchall("select revision from change")
    revision = next(iter(rows))[0]
    try:
        last = json.loads(mark.read_text())
        if last["revision"] == revision and 0.0 <= now - last["at"] < _SIGNED_ANEW_S:
            return Round(faults, last["fault"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never yet
    fault = ""
    try:
        if not here.giving.repository.begun:
            return Round(faults)  # nobody was handed a root yet
        fault = (await here.giving.publish(lists, exchange)).held_back
    except (ExchangeError, OSError) as error:
        fault = str(error)
    exchange.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    put_file(mark, json.dumps({"revision": revision, "at": now, "fault": fault}).encode(), 0o600)
    return Round(faults, fault)


async def beside(here: Installation, longest_s: float = LONGEST_S) -> Round:
    """Let a round be done by a process that gives way to calls; OSError where it comes to no end, with why."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ringfence.exchange.round", str(here.file)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _LEAST)
    try:
        async with asyncio.timeout(longest_s):
            said, _ = await process.communicate()
    except TimeoutError:
        raise OSError(None, f"it took longer than {longest_s:.0f} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        told = json.loads(said)
    except ValueError:
        raise OSError(None, f"it ended with {process.returncode}") from None
    if "fault" in told:
        raise OSError(None, told["fault"])
    return Round(told["faults"], told["given"], told["handed"])


async def _run(file: Path) -> Round:
    from ringfence.installation import Installation

    async with Installation.open(file) as here:
        with through("service"):
            return await work(here, time.time())


def main(file: str) -> None:
    """Say what came of it, in one line."""
    try:
        print(json.dumps(asyncio.run(_run(Path(file)))._asdict()))
    except Exception as error:  # whoever waits for it has to know why
        print(json.dumps({"fault": f"{type(error).__name__}: {error}"}))


if __name__ == "__main__":
    main(sys.argv[1])
