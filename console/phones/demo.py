"""`ringfence demo`: a real proxy, real softphones, five calls, and whether each ended as the rules say."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import yaml

from console.phones.processes import Event, Phone, PhoneError, Placed, answering, free_port, place
from desk.desk_settings import DeskSettings
from proxy.proxy_settings import HostPort, ListenerSettings
from ringfence.health import ask
from rules.audit.entering import Entering
from rules.language.source import load_document, shipped
from rules.lists.editing import Lists, Origin
from rules.model import Action
from rules.records.decisions import Decision, Decisions, decisions_path
from rules.storage.keys import Keys

HOST = "127.0.0.1"
MARK = "# Made by `ringfence demo`, which replaces this folder each time.\n"
START_S = 60.0
WRITTEN_S = 30.0  # a decision is on disk by then, and the PBX's phone has told of a call that it answered
LISTED, SUSPECTED, ORDINARY, CALLED = "+8617012345678", "+8617187654321", "+8613912345678", "+8613800138000"


class Step(NamedTuple):
    """One call of the demo, and what the rules say about it."""

    title: str
    caller: str
    called: str
    verdict: Action
    rings: bool


class Seen(NamedTuple):
    """What became of it, from all three sides."""

    step: Step
    placed: Placed
    invite: Event | None  # as the callee received it
    decision: Decision | None  # as the proxy recorded it
    problems: list[str]  # where that differs from what the rules say

    @property
    def added_ms(self) -> float:
        """The caller's wait for the first word, less what the callee took: proxy and loopback together."""
        return self.placed.first_ms - (self.invite["took_ms"] if self.invite else 0.0)


STEPS = (
    Step("a listed number", LISTED, CALLED, Action.REJECT, rings=False),
    Step("a suspected number", SUSPECTED, CALLED, Action.TAG, rings=True),
    Step("an ordinary number", ORDINARY, CALLED, Action.FORWARD, rings=True),
    Step("an anonymous caller", "anonymous", CALLED, Action.FORWARD, rings=True),
    Step("a listed number, to 110", LISTED, "110", Action.TAG, rings=True),
)


class Stage(NamedTuple):
    """Where the demo's proxy, PBX and files are."""

    folder: Path
    proxy: HostPort
    pbx: HostPort

    @property
    def configuration(self) -> Path:
        """The demo's ringfence.yaml."""
        return self.folder / "ringfence.yaml"


def prepare(folder: Path) -> Stage:
    """A fresh folder with the shipped configuration on free ports of loopback."""
    mark = folder / "ringfence.yaml"
    if folder.exists() and not (mark.exists() and mark.read_text().startswith(MARK)):
        if mark.exists():
            raise PhoneError(f"{folder} holds a ringfence.yaml that is not the demo's; name another folder with --dir")
        if not folder.is_dir() or any(folder.iterdir()):
            raise PhoneError(f"{folder} holds something that is not the demo's; name another folder with --dir")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stage = Stage(folder, *(HostPort(host=HOST, port=free_port(HOST)) for _ in range(2)))
    settings = load_document(shipped("ringfence.yaml")).data
    settings["listen"] = [{"address": str(stage.proxy)}]
    settings["pbxes"] = [{"name": "pbx", "addresses": [str(stage.pbx)]}]
    settings["metrics"] = f"{HOST}:{free_port(HOST)}"
    stage.configuration.write_text(MARK + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    return stage


def screening(stage: Stage) -> tuple[DeskSettings, Path]:
    """The deciding half's settings of the demo, and its database."""
    data = load_document(stage.configuration).data
    settings = DeskSettings(**{key: data[key] for key in DeskSettings.model_fields if key in data})
    return settings, stage.folder / settings.storage.database


async def fill_lists(stage: Stage) -> None:
    """Put the two callers on the lists that the shipped configuration has."""
    settings, database = screening(stage)
    database.parent.mkdir(exist_ok=True)
    keys = Keys.load(stage.folder / settings.storage.key_file)
    entering = Entering(lambda: keys)
    lists = await Lists.open(database, settings.lists, entering=entering)
    try:
        await lists.add("blocked", LISTED, Origin("demo", "reported by many"))
        await lists.add("suspected", SUSPECTED, Origin("demo", "calls all day"))
    finally:
        await lists.close()


@asynccontextmanager
async def serving(stage: Stage) -> AsyncIterator[None]:
    """The real proxy, as a process of its own, from its first answer to its orderly end."""
    with (stage.folder / "calls.log").open("w") as calls, (stage.folder / "serve.log").open("w") as service:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ringfence", "--config", str(stage.configuration), "serve"),
            stdout=calls,
            stderr=service,
            stdin=asyncio.subprocess.DEVNULL,
        )
    try:
        await answers(stage, process)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def answers(stage: Stage, process: asyncio.subprocess.Process) -> None:
    """Wait until the proxy answers SIP; one that ends instead is reported with its last words."""
    listener = ListenerSettings.model_validate({"address": str(stage.proxy)})
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.returncode is None:
        if (await asyncio.to_thread(ask, listener, wait_s=0.2)).status:
            return
        await asyncio.sleep(0.05)
    log = (stage.folder / "serve.log").read_text().strip()
    raise PhoneError(f"the proxy does not answer on {stage.proxy}; its log ({stage.folder}/serve.log) says:\n{log}")


async def run(folder: Path, show: Callable[[Seen], None]) -> tuple[Stage, list[Seen]]:
    """Place the five calls, one after the other, and show each as soon as it is over."""
    stage = prepare(folder)
    await fill_lists(stage)
    seen: list[Seen] = []
    async with answering(stage.pbx.host, stage.pbx.port) as pbx:
        await pbx.expect("ready")
        async with serving(stage):
            for step in STEPS:
                seen.append(await one_call(step, stage, pbx))
                show(seen[-1])
    return stage, seen


async def one_call(step: Step, stage: Stage, pbx: Phone) -> Seen:
    """One call, looked at from the caller's side, the callee's, and the proxy's record."""
    placed = await place(step.caller, step.called, stage.proxy)
    invite = await pbx.maybe("invite", within=WRITTEN_S if placed.status == 200 else 0.3)
    decision = await recorded(stage, placed.call_id)
    return Seen(step, placed, invite, decision, problems(step, placed, invite, decision))


async def recorded(stage: Stage, call_id: str) -> Decision | None:
    """The proxy's own record of the call, which is written off the call path."""
    decisions = await Decisions.open(decisions_path(screening(stage)[1]))
    try:
        end = time.monotonic() + WRITTEN_S
        while time.monotonic() < end:
            for decision in await decisions.recent(20):
                if decision.call_id == call_id and decision.status is not None:
                    return decision
            await asyncio.sleep(0.1)
    finally:
        await decisions.close()
    return None


def problems(step: Step, placed: Placed, invite: Event | None, decision: Decision | None) -> list[str]:
    """Everything in which the call differs from what the rules say."""
    found = []
    if decision is None:
        found.append("the proxy left no decision record")
    elif decision.action is not step.verdict:
        found.append(f"the verdict was {decision.action}, not {step.verdict}")
    if step.rings is (invite is None):
        found.append("the callee was not called" if step.rings else "the callee was called")
    if placed.status != (200 if step.rings else 603):
        found.append(f"the caller got {placed.status} {placed.phrase}")
    if step.rings and not placed.heard:
        found.append("no audio came back")
    tagged = verdict_seen(invite)
    if tagged != ("suspected" if step.verdict is Action.TAG else ""):
        found.append(f"the callee saw verdict {tagged!r}")
    if decision is not None and not step.rings and decision.id not in reason_of(placed):
        found.append("the response does not carry the decision id")
    return found


def verdict_seen(invite: Event | None) -> str:
    """The verdict that the proxy wrote into the INVITE."""
    return ", ".join(invite["headers"].get("x-ringfence-verdict", [])) if invite else ""


def reason_of(placed: Placed) -> str:
    """The Reason of the final response."""
    return ", ".join(placed.headers.get("reason", []))
