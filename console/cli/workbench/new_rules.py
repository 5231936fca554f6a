"""`ringfence rules recipes` and `rules new`: the first text of a rule, from a recipe or from a call in the log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command
from console.cli.answers import Answer, fail, table
from console.cli.files import finished_file
from console.cli.noted import least_callers, note_preview, note_unmasking
from console.cli.options import moment
from console.cli.workbench.rules_commands import rules_app

if TYPE_CHECKING:
    from ringfence.installation import Installation


@command(rules_app, name="recipes")
async def list_recipes(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Print this one; default: list them.")] = "",
) -> Answer:
    """List the recipes of the cookbook, or print one: rules for what happens every day, with examples."""
    from ringfence.new_rules import recipe_named, recipes
    from rules.texts.bad_value import BadValue

    if not name:
        rows = [{"recipe": one.name, "about": one.about, "needs": one.needs} for one in recipes()]
        return table(("recipe", "about", "needs"), rows, here.zone)
    try:
        found = recipe_named(name)
    except BadValue as error:
        fail(str(error))
    return Answer({"recipe": found.name, "about": found.about, "needs": found.needs, "text": found.text}, found.text)


@command(rules_app)
async def new(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the new rule.")],
    recipe: Annotated[str, typer.Option(metavar="RECIPE", help="As this one of the cookbook.")] = "",
    decision: Annotated[str, typer.Option(metavar="DECISION", help="From this call in the log: its id.")] = "",
    campaign: Annotated[str, typer.Option(metavar="ID", help="From this one of `ringfence campaigns`.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Where to look for the campaign.")] = "24h",
    by: Annotated[
        str, typer.Option(help="What of the call: caller, block, display_name, user_agent or domain.")
    ] = "caller",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A new file; default: print it.")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Let the rule name the caller of a call, where the law lets you.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why he has to be named; it stands in the audit.")] = "",
) -> Answer:
    """Write the first text of a rule: a recipe, or one that watches for calls like one in the log; none goes live."""
    from ringfence.new_rules import from_recipe, recipe_named
    from rules.texts.bad_value import BadValue

    if [bool(recipe), bool(decision), bool(campaign)].count(True) != 1:
        raise typer.BadParameter("name a --recipe, a call by --decision, or a --campaign")
    if out is not None and out.exists():
        fail(f"{out} is there already: name a new file")
    try:
        if recipe:
            text = from_recipe(name, recipe_named(recipe))
        elif campaign:
            text = await _of_campaign(here, name, campaign, since)
        else:
            text = await _of_call(here, name, decision, by, unmasked=unmasked, reason=reason)
    except BadValue as error:
        fail(str(error))
    faults = _faults(here, text)
    if out is None:
        return Answer({"rule": name, "text": text, "file": None, "faults": faults}, text.removesuffix("\n"), faults)
    with finished_file(out) as file:
        file.write(text)
    said = f"{out} is written; nothing is live: look at it, then `ringfence check`"
    return Answer({"rule": name, "text": text, "file": str(out), "faults": faults}, said, faults)


async def _of_campaign(here: Installation, name: str, campaign: str, since: str) -> str:
    from ringfence.campaigns import campaigns_of, proposed_rule
    from ringfence.people.door import ask_one_of
    from ringfence.people.rights import Right

    if here.who.roles:
        ask_one_of(here.who, [Right.RULES_WRITE])  # past calls are asked, as by `campaigns`
    begin = moment(since, now=time.time(), zone=here.zone, ahead=False)
    known = await campaigns_of(here, begin, least=least_callers(here))
    found = next((one for one in known if one.id == campaign), None)
    if found is None:
        fail(f"there is no campaign {campaign} since then; `ringfence campaigns` lists those that there are")
    await note_preview(here, found.calls, "past calls: rules new")
    return proposed_rule(name, found) or fail("it is told by its source alone, which no rule asks for")


async def _of_call(here: Installation, name: str, decision: str, by: str, *, unmasked: bool, reason: str) -> str:
    from ringfence.new_rules import BY, from_call
    from ringfence.recorded_calls import SeveralCalls, find

    if by not in BY:
        raise typer.BadParameter(f"--by {by!r}: write {', '.join(BY)}")
    if by in BY[:2] and not unmasked:
        fail(f"such a rule names the caller: say --unmasked and --reason, or tell it --by {', '.join(BY[2:])}")
    try:
        found = await find(here, decision)
    except SeveralCalls as error:
        raise typer.BadParameter(str(error)) from None
    if found is None:
        fail(f"there is no decision {decision} in the record; `ringfence log` lists those that there are")
    text = from_call(name, found, by)
    if unmasked:
        await note_unmasking(here, "call", [found.id], by="rules new", reason=reason)
    return text


def _faults(here: Installation, text: str) -> list[str]:
    """What is wrong with it in this installation: a list that there is not, or an example that fails."""
    from ringfence.rulebook import compiled
    from rules.language.source import read_document

    found = compiled(here.configuration, here.document, [read_document(text, "the new rule")])
    return [str(fault) for fault in found.faults if fault.file == "the new rule"]
