"""Asks what the proxy would make of a call: it is written as an INVITE, read by the core, and looked up as if it rang.

There is no other reader of a described call: `explain`, `why`, the examples of rules, test files and files of past
calls all come through here, so that none of them can say anything else than the proxy does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import copy
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from proxy.app import build_core
from proxy.context import Context
from proxy.effects import Send, Verify
from proxy.flows import PeerFlow
from proxy.neighbours import Pbx, Peer
from ringfence.node_settings import Configuration
from rules.judging.engine import RuleSet
from rules.judging.fact_sources import FactSources, installed_givers
from rules.judging.number_sources import AtOnce
from rules.language.examples import Described, NotJudged
from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.model import ATTESTATION, Action, Call, Hit, Step, Trunk, Verdict
from rules.numbering.emergency import emergency_table
from rules.numbering.plan_table import codes_of
from rules.screening.findings import Findings
from rules.storage.keys import Keys
from rules.storage.store import StoreError
from rules.texts.worded import worded

LOOK_UP_S = 1.0  # nobody rings while we ask: a slow disk is no reason for an unknown
_SOURCE = "192.0.2.1"  # RFC 5737: of an example, which comes from nowhere
_FORGOTTEN_S = 100.0  # by then a rejection that nobody acknowledges is (timer H: 32 s)
_REJECTED = Verdict(Action.REJECT, Step.DEFAULT, decision="0" * 20)
_CANONICAL = re.compile(r"(?:[A-Z]{2}|EXT):[0-9]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_SPELT = re.compile(r"[-+().0-9\s]+")  # a number as people write it
_KEPT = "!#$&'*+,;=?/()~_.-%[]:^`{|}\\"  # in a user part: what stands there on the wire, too, right or wrong
_BREAK = re.compile(r"[\r\n]+")


class Reader:
    """A core that nothing is sent from: it takes each described call, says what it read, and forgets it."""

    def __init__(self, configuration: Configuration, *, asked: bool = False) -> None:
        """`asked`: whoever describes them holds these calls, so that each is judged by what can be read of it."""
        self.unread = ""  # what of the last call could not be read
        self._asked = asked
        self._core = build_core(configuration, configuration, Keys.for_now())
        self._flows: dict[Trunk, PeerFlow] = {}
        self._now = 0.0

    def read(self, described: Described, trunk: Trunk, at: float) -> Call:
        """The call as the rules would see it; NotJudged where the proxy would answer it before anybody judges."""
        core = self._core
        self._now += _FORGOTTEN_S
        context = core.receive(invite(described, f"{self._now:.0f}"), self._flow(trunk), self._now)
        if context is None:  # it describes a signed call, whose signature was made for another moment
            waiting = (effect.context for effect in core.effects if isinstance(effect, Verify))
            context = next((each for each in waiting if isinstance(each, Context)), None)
        self.unread = ""
        if context is not None:
            self.unread = context.request.fault
            call = core.screening.read_call(context, at)
            core.decided(context, _REJECTED, self._now)
        core.tick(self._now + _FORGOTTEN_S)
        answers = [effect.data for effect in core.effects if isinstance(effect, Send)]
        core.effects.clear()
        if context is not None:
            return call
        if not answers:
            raise NotJudged(0, worded("it is no SIP message"))
        status, _, phrase = answers[-1].partition(b"\r\n")[0].decode("utf-8", "replace")[8:].partition(" ")
        raise NotJudged(int(status), phrase)

    def _flow(self, trunk: Trunk) -> PeerFlow:
        """Where calls of this trunk come from; an example may be of one that ringfence.yaml does not have."""
        flow = self._flows.get(trunk)
        if flow is None:
            topology = self._core.topology
            peer = topology.places.trunks.get(trunk.name)
            if peer is None or peer.trunk != trunk or peer.redirect:  # which would be told to go on in any case
                pbx = next(iter(topology.pbxes.values()), Pbx(""))
                table = emergency_table(trunk.country) if peer is None else peer.emergency
                if peer is not None and peer.trunk.country != trunk.country:
                    table = emergency_table(trunk.country)
                peer = Peer(trunk.name, pbx, from_pbx=False, trunk=trunk, emergency=table)
            if self._asked:
                peer = copy(peer)
                peer.redirect = 404
            listener = next((each for each in topology.listeners if each.side != "pbx"), topology.listeners[0])
            flow = self._flows[trunk] = PeerFlow(listener, (_SOURCE, 5060), peer)
        return flow


def invite(described: Described, name: str) -> bytes:
    """The INVITE that somebody describes; `name` tells it from all others."""
    lines = [
        f"INVITE {request_uri(described.called)} SIP/2.0",
        f"Via: SIP/2.0/UDP {_SOURCE}:5060;branch=z9hG4bK{name}",
        "Max-Forwards: 70",
        f"From: {party(described.caller, described.domain, described.display_name)};tag=a{name}",
        "To: <sip:anyone@invalid>",
        f"Call-ID: {name}@invalid",
        "CSeq: 1 INVITE",
        "Contact: <sip:192.0.2.1>",
    ]
    if described.asserted:
        lines.append(f"P-Asserted-Identity: {party(described.asserted)}")
    if described.user_agent:
        lines.append(f"User-Agent: {described.user_agent}")
    if described.diverted:
        lines.append("Diversion: <sip:anyone@invalid>")
    lines += [f"{field}: {value}" for field, value in described.headers]
    text = "\r\n".join(_BREAK.sub(" ", line) for line in lines)
    return f"{text}\r\nContent-Length: 0\r\n\r\n".encode("utf-8", "surrogateescape")


def party(text: str, domain: str = "", name: str = "") -> str:
    """The value of From or P-Asserted-Identity: what has < in it is one already."""
    if "<" in text:
        return text
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{uri_of(text, domain)}>' if name else f"<{uri_of(text, domain)}>"


def uri_of(text: str, domain: str = "") -> str:
    """The URI of a party; a number of no domain is a tel URI."""
    if is_uri(text):
        return text
    if "@" in text:
        return f"sip:{text}"
    user = user_part(text)
    return f"sip:{user}@{domain}" if domain else f"tel:{user}"


def is_uri(text: str) -> bool:
    """Is it a URI of any kind, rather than a number or name? CN:95588 is a number."""
    return _URI.match(text) is not None and _CANONICAL.fullmatch(text) is None


def request_uri(text: str) -> str:
    """The Request-URI of a call to a number or URI."""
    if is_uri(text):
        return text
    return f"sip:{text}" if "@" in text else f"sip:{user_part(text)}@invalid"


def user_part(text: str) -> str:
    """A number or name as people type it, as it can stand in a URI."""
    text = text.strip()
    if _CANONICAL.fullmatch(text):
        return spelt(text)
    if _SPELT.fullmatch(text):
        return "".join(text.split())
    return "".join(each if ord(each) > 127 and not each.isspace() else quote(each, safe=_KEPT) for each in text)


def spelt(canonical: str) -> str:
    """A canonical number as any trunk reads it: CN:95588 is +8695588 there."""
    plan, colon, digits = canonical.partition(":")
    if not colon:
        return canonical
    code, _ = codes_of(plan)
    return f"+{code}{digits}" if code else digits


class Asked(NamedTuple):
    """A call that somebody asks about."""

    described: Described
    trunk: Trunk
    at: float
    facts: Mapping[str, float | str | bool]  # that were measured, as he says


class Answer(NamedTuple):
    """What the proxy would make of it, and what it would see."""

    call: Call
    verdict: Verdict
    hits: tuple[Hit, ...]
    called_hits: tuple[Hit, ...]


async def answer(configuration: Configuration, base: Path, ruleset: RuleSet, asked: Asked) -> Answer:
    """What a call would get by these rules, and lists, ladder and ledger as they are now. Raises NotJudged."""
    call = Reader(configuration).read(asked.described, asked.trunk, asked.at)
    hits, called_hits = await look_up(configuration, base, ruleset, call)
    await asyncio.to_thread(ask_plugins, ruleset.facts, call)
    if asked.facts:
        call.facts = {**(call.facts or {}), **asked.facts}
        call.vouched = asked.facts.get(ATTESTATION[0]) in configuration.identity.believe
    return Answer(call, ruleset.judge(call, hits, called_hits), hits, called_hits)


Found = tuple[tuple[Hit, ...], tuple[Hit, ...]]


async def look_up(configuration: Configuration, base: Path, ruleset: RuleSet, call: Call) -> Found:
    """The entries for the caller, and for the called number where some rule asks; the call learns its facts."""
    async with look_ups(configuration, base, entries=16, facts=ruleset.facts) as known:
        if known is None:
            return (), ()
        found = known.findings.find(call, ruleset.called_lists)
    if found is None:
        raise StoreError(f"{base / configuration.storage.database}: the lists could not be read in time")
    return found[0], found[1]


class LookUps(NamedTuple):
    """What the call path looks up, open to be asked."""

    lookup: Lookup
    findings: Findings


@asynccontextmanager
async def look_ups(
    configuration: Configuration, base: Path, *, entries: int, facts: frozenset[str] = frozenset()
) -> AsyncIterator[LookUps | None]:
    """Lists, ladder and ledger as they are now, and these facts of them; None where no list was ever filled."""
    database, key_file = base / configuration.storage.database, base / configuration.storage.key_file
    if not await asyncio.to_thread(database.exists):
        yield None
        return
    lists = await Lists.open(database, configuration.lists)
    lookup = Lookup(database, entries=entries, budget_s=LOOK_UP_S, zone=configuration.time_zone)
    try:
        # Without a key file no subscriber has a list.
        load = Keys.load if await asyncio.to_thread(key_file.exists) else _no_keys
        keys = await asyncio.to_thread(load, key_file)
        findings = Findings(lookup, keys.pseudonym, configuration.complaints)
        findings.ask(facts, configuration.time_zone)
        try:
            yield LookUps(lookup, findings)
        finally:
            findings.close()
    finally:
        lookup.close()
        await lists.close()


def _no_keys(_file: Path) -> Keys:
    return Keys.for_now()


def ask_plugins(facts: frozenset[str], call: Call) -> None:
    """Let the plug-ins whose facts the rules read say what they know of the call, as they would when it rings."""
    if not facts or call.emergency:
        return
    givers, bounds = installed_givers(), AtOnce(deadline_s=LOOK_UP_S, wait_s=LOOK_UP_S)
    sources = FactSources(givers.sources, wait_s=LOOK_UP_S, numbers=givers.numbers, at_once=bounds)
    sources.ask(facts)
    sources.measure(call)
    sources.close()
