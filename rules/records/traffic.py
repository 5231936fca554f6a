"""Made-up traffic to measure what finds campaigns: people who know each other, and three kinds of campaigns."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from rules.records.campaigns import Campaigns, Seen

PEOPLE: Final = 4_000
KINDS: Final = ("block", "user_agent", "display_name")
_DEVICES: Final = ("Yealink SIP-T46S", "Grandstream GXP2170", "Cisco-CP8841", "snom D785", "MicroSIP/3.21")
_LOOKED: Final = 50  # calls between two looks


class Figures(NamedTuple):
    """What came out."""

    calls: int
    campaigns: int
    found: int
    share: float  # of their calls that what is found would have met, in percent
    until: int  # calls of a campaign until it was found, on the average
    innocents: int  # callers of none who would be met by what is found
    people: int


def traffic(seed: int, calls: int) -> Iterator[tuple[Seen, str]]:
    """Calls in order, each with the campaign that it is of, or nothing."""
    chance = random.Random(seed)  # noqa: S311 - no secret: the same traffic each time
    people = [f"+861{chance.choice('35789')}{chance.randrange(10**9):09d}" for _ in range(PEOPLE)]
    device = {person: chance.choice(_DEVICES) for person in people}
    friends = {person: chance.sample(people, 8) for person in people}
    at, number = 1_795_500_000.0, 0
    while number < calls:
        at += chance.expovariate(1 / 3)
        number += 1
        kind = chance.choice(KINDS) if chance.random() < 0.12 else ""
        if kind:
            yield _campaign_call(chance, kind, at, number, chance.choice(people)), kind
            continue
        person = chance.choice(people)
        callee = chance.choice(friends[person]) if chance.random() < 0.8 else chance.choice(people)
        name = f"Person {person[-4:]}" if chance.random() < 0.5 else ""
        yield _seen(at, number, person, callee, (device[person], name), chance.random() < 0.7), ""


def _campaign_call(chance: random.Random, kind: str, at: float, number: int, called: str) -> Seen:
    stranger = f"+861{chance.choice('35789')}{chance.randrange(10**9):09d}"
    caller = f"+8617055512{chance.randrange(1000):03d}" if kind == "block" else stranger
    agent = "dialler/2.1" if kind == "user_agent" else chance.choice(_DEVICES)
    name = "Loans Today" if kind == "display_name" else ""
    return _seen(at, number, caller, called, (agent, name), chance.random() < 0.12)


def _seen(at: float, number: int, caller: str, called: str, shown: tuple[str, str], answered: bool) -> Seen:
    agent, name = shown
    return Seen(at, f"{number:020x}", caller, called, "carrier", "192.0.2.1", agent, name, "carrier.example", answered)


def measured(seed: int, calls: int) -> Figures:
    """Share found, calls until found, innocents touched, on such traffic."""
    found, met, seen_of, after = Campaigns(), dict[str, int](), dict.fromkeys(KINDS, 0), 0
    innocents, people = set[str](), set[str]()
    marks: frozenset[tuple[str, str]] = frozenset()
    for number, (seen, kind) in enumerate(traffic(seed, calls), 1):
        hit = _hit(seen, marks)
        if kind:
            seen_of[kind] += 1
            after += hit
            if hit and kind not in met:
                met[kind] = seen_of[kind]
        else:
            people.add(seen.caller)
            if hit:
                innocents.add(seen.caller)
        found.add(seen)
        if not number % _LOOKED:
            marks = frozenset((one.marks[0].by, one.marks[0].value) for one in found.found())
    until = sum(met.values()) // len(met) if met else 0
    total = sum(seen_of.values())
    return Figures(calls, len(KINDS), len(met), 100 * after / total, until, len(innocents), len(people))


def _hit(seen: Seen, marks: frozenset[tuple[str, str]]) -> bool:
    return any(seen.caller.startswith(value) if by == "block" else getattr(seen, by) == value for by, value in marks)
