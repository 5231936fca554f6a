"""`ringfence campaigns` and `demo --campaign`: calls that belong together, and how well they are found."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Answer
from console.cli.noted import least_callers, note_preview
from console.cli.options import moment

if TYPE_CHECKING:
    from ringfence.installation import Installation

DEMO_CALLS = 20_000
SHOWN = 20


async def campaigns(
    here: Installation,
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "24h",
    everyone: Annotated[bool, typer.Option("--all", help="Each, however many; otherwise the 20 largest.")] = False,
) -> Answer:
    """Find calls of the log that belong together though their numbers rotate, each with a rule to watch for them."""
    from ringfence.campaigns import campaigns_of, proposals, told

    begin = moment(since, now=time.time(), zone=here.zone, ahead=False)
    those = await campaigns_of(here, begin, least=least_callers(here))
    found = await proposals(here, begin, those if everyone else those[:SHOWN])
    await note_preview(here, sum(one.campaign.calls for one in found), "past calls: campaigns")
    data = [one.as_data() for one in found]
    if not found:
        return Answer(data, "No campaign is found: nothing that does not rotate is shared by many unwanted calls.")
    lines = [line for one in found for line in (*told(one), "")]
    hint = "`ringfence rules new NAME --campaign ID --out FILE` writes its rule; nothing is blocked by itself."
    if len(those) > len(found):
        lines += [f"{len(those) - len(found)} smaller ones are not shown: --all", ""]
    return Answer(data, "\n".join([*lines, hint]))


def demo_of_campaigns(calls: int = DEMO_CALLS) -> tuple[dict[str, Any], str]:
    """What comes of made-up traffic, as data and as sentences."""
    from rules.records.traffic import measured

    found = measured(1, calls)
    said = (
        f"{found.calls:,} made-up calls of {found.people:,} people and {found.campaigns} campaigns: one rotates in a "
        f"block of\nnumbers, of one the device is the same, of one the name.\n\n"
        f"found: {found.found} of {found.campaigns} campaigns, each after {found.until} of its calls on the average\n"
        f"of their calls: {found.share:.1f} % came after that, and would have met the proposed rule\n"
        f"of {found.people:,} people: {found.innocents} would have met one, too"
    )
    return found._asdict(), said
