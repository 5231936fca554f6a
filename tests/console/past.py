"""A log of past calls for tests of the console, judged by rules or by none."""

import asyncio
import time
from itertools import count
from pathlib import Path

from ringfence.node_settings import Configuration
from ringfence.rulebook import Rulebook, trunks_of
from rules.judging.engine import RuleSet
from rules.language.examples import Described
from rules.model import Hit, Outcome
from rules.records.decisions import Decisions, decisions_path, row
from rules.storage.keys import Keys
from tests.rules.calls import READ, rules

HOUR = 3600.0
# Two calls of one moment, or after a clock set back, must not share an id: the record would keep the first only.
NUMBERS = count()


def past_calls(
    file: Path,
    book: Rulebook,
    callers: list[str],
    *,
    ruleset: RuleSet | None = None,
    called: str = "13800138000",
    facts: dict[str, float] | None = None,
    hits: tuple[Hit, ...] = (),
    ago_s: float = 3 * HOUR,
) -> list[str]:
    """Record these calls, the first made so long ago, the others each a second later; their decisions."""
    storage = Configuration.model_fields["storage"].default
    key = Keys.load(file.parent / storage.key_file).pseudonym
    (trunk, *_) = trunks_of(book.configuration)
    begin, found, rows = time.time() - ago_s, [], []
    for n, caller in enumerate(callers):
        made = READ(Described(caller, called), trunk, begin + n)
        made.source, made.call_id, made.facts = "192.0.2.9", f"c{n}", facts
        verdict = (ruleset or rules("[]")).judge(made, hits)
        verdict.decision = f"{int(made.at * 256):010x}{next(NUMBERS):010x}"
        rows.append(row(made, verdict, Outcome(200, True, 100), key))
        found.append(verdict.decision)

    async def write() -> None:
        decisions = await Decisions.open(decisions_path(file.parent / storage.database))
        await decisions.write(rows, [])
        await decisions.close()

    asyncio.run(write())
    return found
