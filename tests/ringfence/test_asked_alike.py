"""The same calls get the same verdicts however they come: carried, or only asked about; with one record each."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from proxy.proxy_settings import TrunkSettings
from ringfence.node_settings import Configuration
from ringfence.opinions import Opinions, Question
from rules.lists.editing import Origin
from rules.model import Action, Verdict
from rules.records.decisions import Decisions, decisions_path
from rules.screening.screen import Screen
from rules.settings.screening import ListSettings, ScreeningSettings
from tests import wire
from tests.playbook import SETTINGS, Playbook
from tests.rules.calls import EVENING, rules

CALLS = 500
RULES = """\
- rule: machine
  because: It calls all day.
  when: {caller: {calls: {over: 8, within: 1h}}}
  then: {suspicion: 5}
- rule: many
  because: It calls everybody.
  when: {caller: {called_numbers: {over: 12, within: 1h}}}
  then: reject
- rule: odd-name
  because: It promises a prize.
  when: {display_name: {contains: prize}}
  then: {tag: {label: Prize, ring: 'urn:alert:tone:caution', mask: true}}
- rule: by-profile
  because: It is a machine.
  when: {caller: 95577}
  then: {reject: machine}
- rule: to-desk
  because: They ask for the desk.
  when: {caller: {starts_with: +86170}, called: {starts_with: +861380013}}
  then: {divert: desk}
"""
LISTS = {"blocked": ListSettings(kind="block"), "suspected": ListSettings(kind="suspect")}
TRUNK: dict[str, Any] = {**SETTINGS["trunks"][0], "identity": "trusted"}


def generated() -> list[bytes]:
    """Calls of a few callers to a few subscribers, emergency numbers among them, in any spelling that phones send."""
    draw = random.Random(15)
    callers = [
        "+8613912345678",
        "13912345678",
        "+8617012345678",
        "95588",
        "95577",
        "anonymous",
        "+8613900000002",
        "%2B8615",
    ]
    called = [f"+861380013800{digit}" for digit in range(8)] + ["112", "110", "013800138000", "desk", "+861380013800#1"]
    names = ["", '"Wren" ', '"A PRIZE" ', '"\u0440rize" ']
    found = []
    for number in range(CALLS):
        caller, at = draw.choice(callers), f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK{number}"
        extra = "Contact: <sip:wren@198.51.100.21:5060>"
        if draw.random() < 0.3:
            extra += f"\nP-Asserted-Identity: <sip:{draw.choice(callers)}@wren.example>"
        sender = f"{draw.choice(names)}<sip:{caller}@wren.example>;tag=w{number}"
        uri = f"sip:{draw.choice(called)}@{wire.US}"
        found.append(wire.invite(uri=uri, via=at, call_id=f"{number}@wren.example", from_=sender, extra=extra))
    return found


DESTINATIONS = {"desk": "sip:desk@203.0.113.77:5070"}
PROFILES: dict[str, Any] = {
    "machine": {"status": 608, "card": "https://callers.example.com/card.jws", "otherwise": "plain"},
    "plain": {"status": 603},
}


def asked_by(question: bytes) -> Question:
    """The same call, as whoever holds it tells it by HTTP."""
    return Question(
        caller=wire.header(question, "From"),
        called=wire.uri(question),
        asserted=wire.header(question, "P-Asserted-Identity"),
        call_id=wire.header(question, "Call-ID"),
    )


def carried_or_asked(play: Playbook, screen: Screen, data: bytes, number: int) -> tuple[Verdict, int]:
    """What an INVITE gets that comes by SIP, and with which status it is rejected."""
    flow = play.core.flow_to(play.topology.listeners[0], *wire.TRUNK)
    context = play.core.receive(data, flow, play.now + number)
    assert context is not None
    verdict = screen.judge(play.screening.read_call(context, EVENING + number))
    stopped = verdict.action is Action.REJECT
    status = play.screening.rejection(verdict, context.peer.trunk, context.request)[0] if stopped else 0
    play.core.decided(context, verdict, play.now + number)
    screen.secure()
    play.core.effects.clear()
    return verdict, status


async def verdicts(folder: Path, answer: str, calls: list[bytes]) -> list[tuple[object, ...]]:
    """What is on record of each, its id and its end left out, and what is to be done."""
    trunk = {**TRUNK, "answer": "proxy" if answer == "http" else answer}
    more: dict[str, Any] = {"destinations": DESTINATIONS, "profiles": PROFILES}
    play = Playbook(trunks=[trunk], **more)
    facts = TrunkSettings.model_validate(trunk).facts(tag_at=5, reject_at=10)
    known = rules(RULES, settings={"lists": LISTS}, trunks=(facts,))
    settings = ScreeningSettings(lists=LISTS, time_zone="Asia/Shanghai")
    screen = await Screen.open(settings, known, folder, now=lambda: EVENING)
    configuration = Configuration.model_validate({**SETTINGS, "trunks": [trunk], **more})
    at = [EVENING]
    opinions = Opinions(screen, lambda: configuration, lambda: at[0])
    ids, done = [], []
    try:
        assert screen.lists is not None
        await screen.lists.add("blocked", "CN:95588", Origin("test"))
        await screen.lists.add("suspected", "+8613900000002", Origin("test"))
        screen.poll()
        for number, data in enumerate(calls):
            at[0] = EVENING + number
            if answer == "http":
                opinion = opinions.ask(asked_by(data))
                verdict, status = opinion.verdict, opinion.status
            else:
                verdict, status = carried_or_asked(play, screen, data, number)
            ids.append(verdict.decision)
            done.append((status, verdict.label, verdict.ring, verdict.mask, verdict.destination, verdict.profile))
        await screen.journal.flush(everything=True)
    finally:
        await screen.close()
    decisions = await Decisions.open(decisions_path(folder / settings.storage.database))
    try:
        found = [await decisions.find(each) for each in ids]
    finally:
        await decisions.close()
    assert len(set(ids)) == CALLS
    return [
        (
            one.action,
            one.step,
            one.rule,
            one.suspicion,
            one.fired,
            one.facts,
            one.profile,
            one.caller,
            one.called_class,
            *way,
        )
        for one, way in zip(found, done, strict=True)
        if one is not None
    ]


async def test_five_hundred_calls_get_the_same_verdicts_carried_and_asked_about(tmp_path: Path):
    calls = generated()
    found = {}
    for name in ("proxy", "redirect", "http"):
        (tmp_path / name).mkdir()
        found[name] = await verdicts(tmp_path / name, name, calls)
    carried = found["proxy"]
    assert len(carried) == CALLS
    assert found["redirect"] == carried
    for number, (asked, one) in enumerate(zip(found["http"], carried, strict=True)):
        assert asked == one, calls[number].decode()
    assert {str(one[0]) for one in carried} == {"forward", "tag", "reject", "divert"}
    assert {0, 603} <= {one[9] for one in carried}
    assert {one[10] for one in carried} >= {"", "Prize"}
