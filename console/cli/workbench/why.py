"""`ringfence why NUMBER`: how it is read, which entries and rules cover it, which wins, when it was last hit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Answer, counted, fail
from console.cli.lists.list_commands import Country
from console.cli.noted import least_callers, note_search

if TYPE_CHECKING:
    from ringfence.installation import Installation

GONE_SHOWN = 3  # entries that were taken off, the latest


async def why(
    here: Installation,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any spelling.")],
    trunk: Annotated[str, typer.Option(help="The trunk it calls on; default: default, else the first.")] = "",
    country: Country = "",
) -> Answer:
    """Say how a number is read, which entries and rules cover it, which wins, and when it was last hit."""
    from ringfence.explanations import BadWord
    from ringfence.known_numbers import known

    try:
        found = await known(here, number, country, trunk, figures=not least_callers(here))
    except BadWord as error:
        fail(str(error))
    await note_search(here, found["number"], "why")
    return Answer(found, sentences(found))


def sentences(found: dict[str, Any]) -> list[str]:
    """What is known of a number, one sentence a line."""
    region = f", {found['region']}" if found["region"] else ""
    lines = [f"{found['number']} is of class {found['class']}{region}."]
    ledger = found["ledger"]
    if ledger:
        lines.append(_standing_of_code(ledger))
    for entry in found["entries"]:
        reason = f": {entry['reason']}" if entry["reason"] else ""
        until = f", until {entry['expires']}" if entry["expires"] else ""
        last = f", the last on {entry['last_hit']}" if entry["last_hit"] else ""
        state = f"; off: {entry['off']}" if entry["off"] else ""
        lines.append(
            f"{entry['entry']} on {entry['list']} ({entry['kind'] or 'asleep'}) by {_who(entry)}, since "
            f"{entry['created']}{until}{reason}{state}; {counted(entry['hits'], 'call')}{last}."
        )
        if "counts_on" in entry:
            lines.append(f"  {_where(entry)}")
    if not found["entries"]:
        lines.append("No list entry covers it.")
    lines += [_gone(one) for one in found["gone"][:GONE_SHOWN]]
    if len(found["gone"]) > GONE_SHOWN:
        lines.append(f"Earlier ones: ringfence lists history {found['number']}")
    lines += [_rule(rule) for rule in found["rules"]] or ["No rule asks for it."]
    by = f" by {found['by']}" if found["by"] else ""
    lines.append(
        f"On trunk {found['trunk']}, by these alone: {found['verdict']}{by} ({found['step']}). "
        f"What a call would get: ringfence explain --from {found['number']} --to NUMBER"
    )
    return lines


def _who(entry: dict[str, Any]) -> str:
    """Who says so; of what came from partners, whose word it is and how far it came."""
    shared = entry["source"].startswith("partner") and entry["note"]
    return f"{entry['source']} ({entry['note']})" if shared else str(entry["source"])


def _where(entry: dict[str, Any]) -> str:
    """The trunks on which an allow entry passes calls, as a sentence."""
    on = f"It counts on {', '.join(entry['counts_on'])}" if entry["counts_on"] else "It counts on no trunk"
    others = "; ".join(f"not on {name}: {why}" for name, why in entry["passes_not_on"].items())
    return f"{on}{f'; {others}' if others else ''}."


def _gone(one: dict[str, Any]) -> str:
    """How an entry went that covered the number, as a sentence."""
    ways = {
        "import": f"removed by import {one['ended_by_import']}",
        "undo": f"removed when import {one['ended_by_import']} was undone",
        "release": "removed with the release of its seal",
    }
    by = f" by {one['ended_by']}" if one["ended_by"] else ""
    why = f": {one['ended_why']}" if one["ended_why"] else ""
    return f"{one['entry']} was on {one['list']} until {one['until']}, {ways.get(one['ended'], 'removed')}{by}{why}."


def _standing_of_code(ledger: dict[str, Any]) -> str:
    """Who holds the code of a number, or held it, as a sentence."""
    code = f"Its code {ledger['code']}" if "code" in ledger else "Its code"
    holder = f" by {ledger['holder']}" if "holder" in ledger else ""
    if ledger["ledger"] == "expired":
        return f"{code} was held{holder} until its validity ended."
    return f"{code} is {ledger['ledger']}{holder}."


def _rule(rule: dict[str, Any]) -> str:
    by = f", since {' and '.join(rule['because_it'])}" if rule["because_it"] else ""
    asks = f", if {' and '.join(rule['if'])}" if rule["if"] else ""
    stops = f", unless {' or '.join(rule['unless'])}" if rule["unless"] else ""
    mode = "" if rule["acts"] else "; it does not act on this caller"
    last = f"; last held on {rule['last_hit']}" if rule["last_hit"] else ""
    last += f", with {' and '.join(rule['counted'])}" if rule["counted"] else ""
    return f"Rule {rule['rule']} ({rule['place']}): {rule['does']}{by}{asks}{stops}{mode}{last}."
