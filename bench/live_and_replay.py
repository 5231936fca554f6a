"""Replay equals live: generated calls are judged as they come, then their records by the same rules.

python -m bench.live_and_replay [--calls 50000] [--seed 7]

The rules count by ten things, ask for lists, neighbours, hours over there, names and other rules. Exit status
1 when a call got another verdict, a rule held for other calls than the record says, or anything stayed open.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ringfence.installation import Installation
from ringfence.replays import replay_log
from ringfence.rulebook import load_rulebook, trunks_of
from rules.lists.editing import Origin
from rules.model import Call, Outcome
from rules.numbering.numbers import read_number
from rules.screening.screen import Screen

CONFIGURATION = """\
version: 1
country: CN
time_zone: Asia/Shanghai
listen: [{address: "127.0.0.1:5060"}]
pbxes: [{name: pbx, addresses: ["127.0.0.1:5080"]}]
trunks:
- {name: carrier, country: CN, identity: trusted, addresses: [192.0.2.1]}
- {name: default, country: CN}
lists: {blocked: {kind: block}, suspected: {kind: suspect}, allowed: {kind: allow}, known: {kind: plain}}
facts: {ratio_calls: 3}
use: []
rules: [rules.yaml]
logging: {file: calls.log}
"""
WHENS = (
    "{count: {of: calls, per: pair, within: 1d, over: 1}}|tag",
    "{count: {of: callers, per: called, within: 10m, over: 12}}|reject",
    "{count: {of: calls, per: caller.block/1000, within: 1h, over: 15}}|{suspicion: 3}",
    "{count: {of: called_numbers, per: caller, within: 1h, over: 3}}|{suspicion: 4}",
    "{count: {of: unanswered, per: caller, within: 1h, over: 4}}|[tag, {suspicion: 2}]",
    "{count: {of: short_calls, per: caller, within: 1h, over: 60%}}|reject",
    "{count: {of: answered, per: list, within: 1h, under: 40%}}|{suspicion: 2}",
    "{count: {of: concurrent, per: source, within: 4h, over: 4}}|{suspicion: 1}",
    "{count: {of: ring_time, per: caller.block/1000, within: 1d, under: 2}}|tag",
    "{caller: {calls: {over: 2, within: 10m}}, hours: 21:00-20:00}|reject",
    "{similar: {digits: 7}}|{suspicion: 2}",
    "{called_hours: 22:00-07:00, believed: false}|{suspicion: 1}",
    "{display_name: {contains: bank}, days: working}|{suspicion: 5}",
    "{caller: {on_list: known}, fired: rule-10}|forward",
    "{fact: {entry_kind: number, entry_days: {under: 3}}}|tag",
)


class Compared(NamedTuple):
    """What came out."""

    live: Counter[str]  # verdicts
    changed: int
    left_open: int
    judged: int
    unusable: dict[str, int]
    held: Counter[str]  # by rule, of the records
    again: Counter[str]  # by rule, of the replay


def rules() -> str:
    """The rules of the comparison."""
    parts = (line.split("|") for line in WHENS)
    return "".join(
        f"- rule: rule-{n}\n  because: It is so.\n  when: {when}\n  then: {then}\n"
        for n, (when, then) in enumerate(parts)
    )


async def compare(folder: Path, calls: int, seed: int = 7) -> Compared:
    """Judge so many calls, and once more from the record."""
    (folder / "ringfence.yaml").write_text(CONFIGURATION)
    (folder / "rules.yaml").write_text(rules())
    book = load_rulebook(folder / "ringfence.yaml")
    begun = time.time() - calls * 0.4 - 60.0
    clock = [begun - 2 * 86_400.0]
    screen = await Screen.open(book.configuration, book.ruleset, folder, now=lambda: clock[0], log=io.StringIO())
    dice, live, held = random.Random(seed), Counter[str](), Counter[str]()
    try:
        for name in ("blocked", "suspected", "allowed", "known"):
            numbers = [f"+86139{dice.randrange(60):03d}{dice.randrange(12):05d}" for _ in range(60)]
            await screen.lists.add_all(name, sorted({*numbers}), Origin(source="bench"), force=True)  # type: ignore[union-attr]
        screen.poll()
        trunks, ends = trunks_of(book.configuration), list[tuple[float, str, bool]]()
        for number in range(calls):
            clock[0] = begun + number * 0.4
            while ends and ends[0][0] <= clock[0]:
                _, decision, _ = ends.pop(0)
                screen.hung_up(decision)
            trunk = dice.choice(trunks)
            caller = f"+86139{dice.randrange(60):03d}{dice.randrange(12):05d}"
            called = f"+86139{dice.randrange(60):03d}{dice.randrange(3):05d}"
            call = Call(
                caller=read_number(caller, trunk),
                called=read_number(called, trunk, called=True),
                trunk=trunk,
                at=clock[0],
                asserted_by_pai=trunk.identity_trusted,
                display_name=dice.choice(("", "", "Bank of all", "Anna")),
                user_agent=dice.choice(("phone/1", "dialler/2")),
                source=f"192.0.2.{dice.randrange(30)}",
                call_id=f"{number}@bench",
            )
            verdict = screen.judge(call)
            live[f"{verdict.action} {verdict.rule}"] += 1
            held.update(fired.name for fired in verdict.fired if fired.name.startswith("rule-"))
            _end(screen, dice, verdict.decision, str(verdict.action), clock[0], ends)
            if number % 500 == 0:
                await screen.journal.flush()
    finally:
        await screen.close()
    found = (await replay_log(Installation(folder / "ringfence.yaml", book.configuration, book.document), book, None,
                              since=None)).replay  # fmt: skip
    return Compared(live, found.changed, found.left_open, found.judged, dict(found.unusable), held, found.matched)


def _end(
    screen: Screen, dice: random.Random, decision: str, action: str, now: float, ends: list[tuple[float, str, bool]]
) -> None:
    """Rejected, answered for a while, or given up."""
    if action == "reject":
        screen.ended(decision, Outcome(603, False, 1))
    elif dice.random() < 0.5:
        screen.ended(decision, Outcome(200, True, 1000))
        ends.append((now + 1.0 + dice.choice((3, 3, 40)), decision, True))
        ends.sort()
    else:
        screen.ended(decision, Outcome(487, True, dice.choice((800, 900, 9000))))


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ringfence-live-") as folder:
        found = asyncio.run(compare(Path(folder), words.calls, words.seed))
    for verdict, times in found.live.most_common():
        print(f"{times:8,} {verdict}")
    print(f"judged again {found.judged:,}, other verdicts {found.changed}, open {found.left_open}, {found.unusable}")
    print(f"rules held otherwise: { {**(found.held - found.again), **(found.again - found.held)} }")
    same = found.held == found.again and not found.changed and not found.left_open and found.judged == words.calls
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
