"""What was signed on each trunk, and what the signatures proved (STIR/SHAKEN), by the records of calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from desk.archive import Archive
from rules.model import ATTESTATIONS
from rules.records.decisions import first_decision

_NOBODY = ""  # signed it
_QUERY = (
    "select trunk, coalesce(facts ->> '$.facts.attestation', ''), count(*) from decision where id >= ? group by 1, 2"
)


class Signed(NamedTuple):
    """A trunk, its calls, and in percent what was proved of them."""

    trunk: str
    calls: int
    attested_a: float
    attested_b: float
    attested_c: float
    failed: float
    not_verified: float  # signed, and nobody could say by whom
    unsigned: float


async def attested_trunks(archive: Archive, *, since: float = 0.0) -> list[Signed]:
    """The trunks with most calls first."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for trunk, level, calls in await archive.decisions.connection.execute_fetchall(_QUERY, (first_decision(since),)):
        found[trunk][level if level in ATTESTATIONS else _NOBODY] += calls
    ranked = sorted(found.items(), key=lambda each: (-each[1].total(), each[0]))
    return [Signed(trunk, counts.total(), *_shares(counts)) for trunk, counts in ranked]


def _shares(counts: Counter[str]) -> list[float]:
    good, bad = ATTESTATIONS[:3], (ATTESTATIONS[4], ATTESTATIONS[3], _NOBODY)
    return [round(100 * counts[level] / counts.total(), 1) for level in (*good, *bad)]
