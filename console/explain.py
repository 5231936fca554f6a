"""`ringfence explain`: why a recorded call got its verdict, or what a call would get now, in sentences."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, NamedTuple

import typer

from console.configuration import read_configuration
from console.decision_commands import as_data
from console.judged_by import judged_by, the_revision, what_rules_asked
from console.live_rules import live_rulebook
from console.options import moment
from console.rulebook import Rulebook, load_rulebook, trunks_of
from rules.judging.explain import Line, explain, on_the_wire
from rules.judging.fact_sources import FactSources, installed_sources
from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.model import Call, Fired, Hit, Number, NumberClass, Trunk, Verdict
from rules.numbering.emergency import emergency_table, is_emergency
from rules.numbering.numbers import read_number
from rules.records.decisions import Decision, Decisions
from rules.records.privacy import mask
from rules.screen import decisions_path

LOOK_UP_S = 1.0  # nobody rings while we explain: a slow disk is no reason for an unknown
DEFAULT_TRUNK = "default"


class Asked(NamedTuple):
    """A call to explain, as described on the command line."""

    caller: str
    called: str
    at: str = ""
    trunk: str = ""
    asserted: str = ""  # P-Asserted-Identity
    display_name: str = ""
    user_agent: str = ""
    headers: tuple[str, ...] = ()


class Explanation(NamedTuple):
    """Sentences for people, the same facts for programs."""

    lines: list[Line]
    data: dict[str, Any]

    def as_text(self) -> str:
        """One sentence a line, the step before it, a mark at what decided."""
        width = max(len(line.step) for line in self.lines)
        return "\n".join(
            f"{'=>' if line.won else '  '} {line.step:{width}}  {line.text}{f'  ({line.place})' if line.place else ''}"
            for line in self.lines
        )

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {**self.data, "lines": [line._asdict() for line in self.lines]}


def explain_decision(file: Path, decision_id: str, *, clear: bool) -> Explanation | None:
    """Why a recorded call got its verdict; None when there is no such record."""
    configuration, document = read_configuration(file)
    database = decisions_path(file.parent / configuration.storage.database)
    decision = asyncio.run(find(database, decision_id)) if database.exists() else None
    if decision is None:
        return None
    data = as_data(decision, configuration.time_zone, masked=not clear)
    fired = decision.fired if clear else [hidden(one, decision.caller) for one in decision.fired]
    data |= {"fired": [one._asdict() for one in fired], "facts": decision.facts if clear else {}}
    found = judged_by(file, configuration, document, decision)
    asked = what_rules_asked(found, configuration, decision)
    return Explanation(recorded(decision, data, asked, the_revision(found, decision, configuration.time_zone)), data)


def hidden(fired: Fired, caller: str) -> Fired:
    """What fired, without the caller's number where the entry is the number itself."""
    return fired._replace(detail=fired.detail.replace(caller, mask(caller))) if caller else fired


async def find(database: Path, decision_id: str) -> Decision | None:
    """The record with this id."""
    decisions = await Decisions.open(database)
    try:
        return await decisions.find(decision_id)
    finally:
        await decisions.close()


def recorded(decision: Decision, data: dict[str, Any], asked: list[Line], rules: Line) -> list[Line]:
    """A record in sentences, in the order of precedence; `asked` is what the rules of that time asked."""
    called = (
        f"a number of {data['called']} ({decision.called_class})" if decision.called_area else decision.called_class
    )
    believed = "the number could be believed" if decision.facts.get("believed") else "the number could not be believed"
    lines = [
        Line("call", f"{data['caller']} ({decision.caller_class}) called {called} by trunk {decision.trunk}"),
        Line("call", f"on {data['at']}, from {decision.source}, Call-ID {decision.call_id}; {believed}"),
    ]
    for fired in data["fired"]:
        detail = f", {fired['detail']}" if fired["detail"] else ""
        won = fired["name"] == decision.rule and fired["step"] is decision.step
        lines.append(Line(fired["step"], f"{fired['name']}: {fired['effect']}{detail}", won))
    lines += asked
    by = f" by {decision.rule}" if decision.rule else ""
    reason = f": {decision.reason}" if decision.reason else ""
    lines.append(Line("verdict", f"{decision.action}{by} ({decision.step}){reason}", True))
    ended = "is not over yet" if decision.status is None else f"got {decision.status} after {decision.setup_ms} ms"
    rang = {True: "the phone rang", False: "the phone did not ring", None: ""}[decision.rang]
    lines.append(Line("outcome", f"the call {ended}{f'; {rang}' if rang else ''}"))
    verdict = Verdict(decision.action, decision.step, rule=decision.rule, profile=decision.profile)
    lines += [Line("on the wire", text) for text in on_the_wire(verdict)]
    return [*lines, rules]


def explain_call(file: Path, asked: Asked, *, saved: bool = False) -> Explanation:
    """What a call would get now, with the rules that are live, or those `saved` on the disk, and the lists."""
    book, live = (load_rulebook(file), None) if saved else live_rulebook(file)
    call = described(book, asked)
    hits, called_hits = asyncio.run(covered(book, file, call))
    ask_plugins(book.ruleset.facts, call)
    verdict = book.ruleset.judge(call, hits, called_hits)
    lines = explain(call, verdict, book.ruleset, hits, called_hits)
    lines.append(Line("rules", f"by {live.shown}, which is live" if live else "by the files on the disk"))
    data = {
        "caller": call.caller.canonical or str(call.caller.kind),
        "called": call.called.canonical or call.called.raw,
        "trunk": call.trunk.name,
        "verdict": str(verdict.action),
        "step": str(verdict.step),
        "rule": verdict.rule,
        "reason": verdict.reason,
        "suspicion": verdict.suspicion,
        "fired": [fired._asdict() for fired in verdict.fired],
        "revision": verdict.revision,
    }
    return Explanation(lines, data)


def described(book: Rulebook, asked: Asked) -> Call:
    """The call that the command line describes, as the proxy would read it."""
    settings = trunk_named(book, asked.trunk)
    called_scheme, _, called_name = asked.called.partition(":")
    scheme, user = (called_scheme, called_name) if called_name else ("sip", asked.called)
    user = user.partition("@")[0]
    from_number = read_number(party(asked.caller), settings)
    asserted = read_number(party(asked.asserted), settings) if asked.asserted else None
    first = asserted if asserted is not None and settings.identity_trusted else from_number
    others = [number for number in (from_number, asserted) if number is not None and number != first]
    table = emergency_table(settings.country, *emergency_words(book, settings.name))
    called = Number("", NumberClass.SERVICE, raw=user) if scheme == "urn" else read_number(user, settings, called=True)
    zone, now = book.configuration.time_zone, time.time()
    return Call(
        caller=first,
        callers=(first, *others),
        called=called,
        trunk=settings,
        at=moment(asked.at, now=now, zone=zone, ahead=False) if asked.at else now,
        emergency=is_emergency(scheme, user, table),
        asserted_by_pai=asserted is not None and settings.identity_trusted,
        agrees=None if asserted is None else asserted.canonical == from_number.canonical,
        display_name=asked.display_name,
        user_agent=asked.user_agent,
        headers=headers_of(asked.headers),
    )


def ask_plugins(facts: frozenset[str], call: Call) -> None:
    """Let the plug-ins whose facts the rules read say what they know of the call, as they would when it rings."""
    if not facts or call.emergency:
        return
    sources = FactSources(installed_sources(), wait_s=LOOK_UP_S)
    sources.ask(facts)
    sources.measure(call)
    sources.close()


def party(text: str) -> str:
    """The user part of a number or URI as typed."""
    _, _, rest = text.rpartition("sip:")
    return rest.removeprefix("tel:").partition("@")[0]


def headers_of(texts: tuple[str, ...]) -> dict[str, str]:
    """NAME: VALUE as typed, by lower-case name."""
    found = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon:
            raise typer.BadParameter(f"--header {text!r}: write NAME: VALUE")
        found[name.strip().lower()] = value.strip()
    return found


def trunk_named(book: Rulebook, name: str) -> Trunk:
    """The trunk of this name; without a name `default`, else the first."""
    known = {trunk.name: trunk for trunk in trunks_of(book.configuration)}
    if not name:
        return known.get(DEFAULT_TRUNK) or next(iter(known.values()))
    if name not in known:
        raise typer.BadParameter(f"there is no trunk {name!r}; known are {', '.join(sorted(known))}")
    return known[name]


def emergency_words(book: Rulebook, trunk: str) -> tuple[list[str], list[str]]:
    """What a trunk adds to the emergency numbers, and what it takes away."""
    settings = next(one for one in book.configuration.trunks if one.name == trunk)
    return settings.emergency, settings.not_emergency


async def covered(book: Rulebook, file: Path, call: Call) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
    """The list entries that cover the numbers of the caller, and the called one where some rule asks."""
    configuration = book.configuration
    database = file.parent / configuration.storage.database
    if not await asyncio.to_thread(database.exists):
        return (), ()
    lists = await Lists.open(database, configuration.lists)
    lookup = Lookup(database, entries=16, budget_s=LOOK_UP_S, zone=configuration.time_zone)
    try:
        hits = [hit for number in call.callers for hit in lookup.look_up(number.canonical, call.at) or ()]
        called = lookup.look_up(call.called.canonical, call.at) or ()
        return tuple(hits), tuple(hit for hit in called if hit.list in book.ruleset.called_lists)
    finally:
        lookup.close()
        await lists.close()
