"""`ringfence replay` and `ringfence rules`: what a candidate would have done, putting it live, and going back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, fail, table
from console.cli.noted import least_callers, note_preview
from console.cli.options import moment, shown_time
from rules.lists.few import coarse, for_programs
from rules.texts.blanks import is_blank

if TYPE_CHECKING:
    from ringfence.candidates import Candidate
    from ringfence.installation import Installation
    from ringfence.replays import Replayed
    from rules.records.rule_days import RuleDay
    from rules.screening.revisions import Revision, Texts

rules_app = typer.Typer(no_args_is_help=True)
group(rules_app, "Put rules live and take them back; saving a file changes nothing.")


def _given(reason: str) -> str:
    if is_blank(reason):
        raise typer.BadParameter("say why: it stands in the history")
    return reason.strip()


Reason = Annotated[str, typer.Option(callback=_given, help="Why; it stands in the history.")]
YesReally = Annotated[
    bool, typer.Option("--yes-really", help="Even if it newly catches over 1 % of yesterday's calls.")
]


async def replay(
    here: Installation,
    rules: Annotated[
        list[str],
        typer.Option("--rules", metavar="CANDIDATE", help="Rule file or folder; default: what is on the disk."),
    ] = [],  # noqa: B006
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "24h",
    calls: Annotated[
        Path | None, typer.Option("--file", metavar="CALLS.csv", help="Calls of a file in place of the log.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Name each call that changes, and each rule, not a few.")
    ] = False,
) -> Answer:
    """Judge past calls by rules that are not live: whom they would hit, which verdicts change, what each rule does."""
    from console.cli.workbench.replay import as_data, as_text, candidate_files, shown_progress
    from ringfence.live_rules import live_in, ruleset_of
    from ringfence.replays import replay_file, replay_log
    from ringfence.rulebook import load_rulebook
    from rules.records.replay import ALL, SAMPLES

    samples = ALL if every else SAMPLES
    book = load_rulebook(here.file, candidate_files(rules))
    revision = await live_in(here)
    live = ruleset_of(here.configuration, here.document, revision) if revision else None
    if calls is not None:
        found = await replay_file(here, book, live, calls, samples=samples)
    else:
        begin = moment(since, now=time.time(), zone=here.zone, ahead=False)
        with shown_progress() as progress:
            found = await replay_log(here, book, live, since=begin, progress=progress, samples=samples)
        await _hide_few(here, found, "replay")
    return Answer(as_data(found), as_text(found, here.zone, every=every))


async def _hide_few(here: Installation, found: Replayed, by: str) -> None:
    """Enter that past calls are asked: who asks by digits finds numbers; to who may see none, what few callers did."""
    await note_preview(here, found.replay.judged, f"past calls: {by}, {found.replay.candidate.revision}")
    if least := least_callers(here):
        found.replay.blur(least)


@command(rules_app)
async def activate(here: Installation, reason: Reason, yes_really: YesReally = False) -> Answer:
    """Check what is on the disk, show what it changes, and put it live; the running proxy swaps within a second."""
    from console.cli.workbench.replay import shown_progress
    from ringfence.candidates import on_disk

    with shown_progress() as progress:
        candidate = await on_disk(here, progress)
    for warning in candidate.book.warnings:
        typer.echo(str(warning), err=True)
    if candidate.is_live and candidate.live is not None:
        return already_live(candidate.live, f"{candidate.live.shown} is live and is what lies on the disk")
    return await go_live(here, candidate, reason, yes_really=yes_really)


@command(rules_app)
async def rollback(
    here: Installation,
    reason: Reason,
    number: Annotated[
        int | None, typer.Argument(metavar="[REVISION]", help="Default: the one before the live one.")
    ] = None,
    yes_really: YesReally = False,
) -> Answer:
    """Put an earlier revision live again, under a new number; the files on the disk stay as they are."""
    from console.cli.workbench.replay import shown_progress
    from ringfence.candidates import earlier

    with shown_progress() as progress:
        candidate = await earlier(here, number, progress)
    if candidate is None:
        fail(_no_revision(number) if number is not None else await nothing_before(here))
    if candidate.is_live and candidate.live is not None:
        return already_live(candidate.live, f"{candidate.live.shown}, which is live, holds the same files")
    words = f"back to revision {candidate.again}: {reason}"
    return await go_live(here, candidate, words, yes_really=yes_really)


def already_live(live: Revision, why: str) -> Answer:
    """Say that what was wished for is so already; no revision is made of it."""
    data = {"revision": live.number, "rules": live.hash, "replay": None}
    return Answer(data, f"Nothing to do: {why}.")


async def nothing_before(here: Installation) -> str:
    """Why there is nothing to go back to, and what to do instead."""
    from ringfence.live_rules import live_in

    live = await live_in(here)
    puts = "then `ringfence rules activate --reason ...` puts them live"
    if live is None:
        return f"the history is empty: nothing was ever put live, the files on the disk judge; change those, {puts}"
    first = f"the history holds {live.shown} only, which is live: there is nothing before it"
    return f"{first}; change the files on the disk, {puts}"


async def go_live(here: Installation, candidate: Candidate, reason: str, *, yes_really: bool) -> Answer:
    """Show the difference, ask for insistence where it is large, store."""
    from console.cli.workbench.replay import as_data, as_text
    from ringfence.candidates import activate as store
    from rules.screening.revisions import Superseded

    found, book, too_much = candidate.replayed, candidate.book, candidate.too_much
    share = 100 * found.replay.share_newly_caught
    await _hide_few(here, found, "rules activate")
    changes, data = as_text(found, here.zone) + "\n", {"rules": book.ruleset.revision, "replay": as_data(found)}
    if too_much and not yes_really:
        why = f"nothing was changed: it would newly catch {share:.1f} % of yesterday's calls; "
        return Answer({"revision": None} | data, changes, status=1, why=why + "if that is meant, say --yes-really")
    try:
        number = await store(here, candidate, reason)
    except Superseded as error:
        return Answer({"revision": None} | data, changes, status=1, why=str(error))
    live = f"Revision {number} ({book.ruleset.revision}) is live; a running proxy judges by it within a second."
    return Answer({"revision": number} | data, f"{changes}\n{live}")


_LISTED = ("rule", "mode", "then", "matched", "acted", "observed", "would change", "allow-listed", "last")
_BY_DAY = ("day", "rule", "matched", "acted", "observed", "would change", "allow-listed", "last")
Since = Annotated[str, typer.Option(metavar="TIME", help="7d, 24h, 2026-12-31; days are kept for 90.")]


@command(rules_app, name="list")
async def listing(here: Installation, since: Since = "7d") -> Answer:
    """List the rules that judge: how far each is live, what it does, and on how many calls it has done so."""
    from ringfence.live_rules import live_rulebook
    from rules.judging.explain import effect_of
    from rules.records.rule_days import totals

    book, _ = await live_rulebook(here)
    found, who = totals(await _days(here, since)), await _callers(here)
    rows = [
        {
            "rule": rule.name,
            "mode": _mode_of(rule.share),
            "then": str(effect_of(rule)),
            **_did(found.get(rule.name), here.zone, who.of(rule.name)),
            "because": rule.because,
            "place": rule.place,
        }
        for rule in book.ruleset.rules
    ]
    shown = table(_LISTED, rows, here.zone, narrow=_rule_in_lines, none="No rule judges.")
    return shown._replace(data=[for_programs(row) for row in rows])


@command(rules_app)
async def stats(
    here: Installation,
    rule: Annotated[str, typer.Argument(metavar="[RULE]", help="Its name; default: each rule.")] = "",
    since: Since = "30d",
) -> Answer:
    """Show by day on how many calls rules held, acted, or only watched, and whom of an allow list they met."""
    who = await _callers(here)
    days = [one for one in await _days(here, since) if rule in ("", one.rule)]
    days = [one for one in days if one.matched >= who.least and who.of(one.rule).enough]
    rows = [
        {
            "day": f"{one.day // 10_000:04}-{one.day // 100 % 100:02}-{one.day % 100:02}",
            "rule": one.rule,
            **_did(one, here.zone, who.of(one.rule)),
        }
        for one in days
    ]
    which = f"Rule {rule!r}" if rule else "No rule"
    none = f"{which} held for {'no' if rule else 'any'} call since then."
    if who.least:
        none = f"{which} held for calls of {who.least} callers or more since then; of fewer nothing is told."
    shown = table(_BY_DAY, rows, here.zone, none=none)
    return shown._replace(data=[for_programs(row) for row in rows])


ToShare = Annotated[str, typer.Option("--to", metavar="MODE", help="observe, 10%, live; default: the next step.")]
Insist = Annotated[
    bool,
    typer.Option("--yes-really", help="Even if it never watched a call, or newly catches over 1 % of yesterday's."),
]


@command(rules_app)
async def promote(
    here: Installation,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its name.")],
    reason: Reason,
    to: ToShare = "",
    yes_really: Insist = False,
) -> Answer:
    """Take a rule a step further, observe -> 10% -> live: in its file, and live; shows whom it would have hit."""
    return await _step(here, rule, reason, to, up=True, yes_really=yes_really)


@command(rules_app)
async def demote(
    here: Installation,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its name.")],
    reason: Reason,
    to: ToShare = "",
    yes_really: Insist = False,
) -> Answer:
    """Take a rule a step back, live -> 10% -> observe: in its file, and live."""
    return await _step(here, rule, reason, to, up=False, yes_really=yes_really)


async def _step(here: Installation, rule: str, reason: str, to: str, *, up: bool, yes_really: bool) -> Answer:
    """Change the mode in the rule's file and put that live; the file stays as it was where it does not go live."""
    from ringfence.live_rules import live_in
    from ringfence.promotion import LIVE, mode_named, promoted
    from ringfence.rulebook import load_rulebook
    from rules.language.values import read_mode
    from rules.records.rule_days import totals
    from rules.texts.bad_value import BadValue

    book, live = load_rulebook(here.file), await live_in(here)
    if live is not None and live.texts != book.texts:
        fail(f"the files on the disk are not {live.shown}, which is live: put those live first, or take them back")
    try:
        share = read_mode(to) if to else None
        change = promoted(book, rule, up=up, to=share if isinstance(share, float) else None)
    except BadValue as error:
        fail(str(error))
    days = [one for one in await _days(here, "90d") if one.rule == rule]
    who = (await _callers(here)).of(rule)
    watched = any(one.observed or one.acted for one in days) and who.enough
    if change.share >= LIVE and not watched and not yes_really:
        few = f"watched calls of under {who.least} callers" if who.least else "never watched a call"
        fail(f"rule {rule!r} {few}: observe it for a day first, or say --yes-really")
    change.write()
    try:
        answer = await _put_live(
            here, f"{rule}: {mode_named(change.was)} -> {mode_named(change.share)}; {reason}", yes_really
        )
    except BaseException:
        change.take_back()
        raise
    if answer.status:
        change.take_back()
    did = totals(days).get(rule)
    return answer._replace(
        said=f"{_told(did, who)}\n{answer.said}",
        data={"rule": rule, **for_programs(_did(did, here.zone, who))} | answer.data,
    )


async def _put_live(here: Installation, reason: str, yes_really: bool) -> Answer:
    from console.cli.workbench.replay import shown_progress
    from ringfence.candidates import on_disk

    with shown_progress() as progress:
        candidate = await on_disk(here, progress)
    return await go_live(here, candidate, reason, yes_really=yes_really)


async def _days(here: Installation, since: str) -> list[RuleDay]:
    """What rules did; lists that weigh as rules do are left out."""
    from rules.records.rule_days import rule_days
    from rules.screening.holding import thresholds_of

    begin = shown_time(moment(since, now=time.time(), zone=here.zone, ahead=False), here.zone)[:10]
    decisions = await here.recorded()
    if decisions is None:
        return []
    thresholds = thresholds_of(here.configuration)
    found = await rule_days(
        decisions.store, ZoneInfo(here.zone), thresholds=thresholds, since=int(begin.replace("-", ""))
    )
    lists = here.configuration.lists
    return [one for one in found if one.rule not in lists]


class Callers(NamedTuple):
    """For how many callers a rule held lately, and of how many whoever asks is told; 0: of one."""

    people: int
    least: int

    @property
    def enough(self) -> bool:
        """Is anything told of it?"""
        return self.people >= self.least

    def told(self, count: int) -> int:
        """A figure of the rule."""
        return coarse(count, self.people, self.least)


class EachRule(NamedTuple):
    """The same of every rule."""

    people: dict[str, int]
    least: int

    def of(self, rule: str) -> Callers:
        """Of one."""
        return Callers(self.people.get(rule, 0), self.least)


async def _callers(here: Installation) -> EachRule:
    from rules.records.rule_days import callers_of

    least = least_callers(here)
    decisions = await here.recorded() if least else None
    return EachRule(await callers_of(decisions.store) if decisions else {}, least)


def _told(did: RuleDay | None, who: Callers) -> str:
    if did is None and not who.least:
        return "In 90 days it held for no call."
    if did is None or not who.enough:
        return f"In 90 days it held for calls of under {who.least} callers, of which no more is told."
    matched, acted, watched, changing, allowed = map(
        who.told, (did.matched, did.acted, did.observed, did.would_change, did.allowed)
    )
    held = f"In 90 days it held for {matched:,} calls, acted on {acted:,} and watched {watched:,}"
    return f"{held}; it would have changed {changing:,}, and {allowed:,} were of callers on allow lists."


def _did(one: RuleDay | None, zone: str, who: Callers) -> dict[str, Any]:
    figures = {
        "matched": one.matched if one else 0,
        "acted": one.acted if one else 0,
        "observed": one.observed if one else 0,
        "would change": one.would_change if one else 0,
        "allow-listed": one.allowed if one else 0,
    }
    last = shown_time(one.last, zone) if one and who.enough else None
    if last and who.least:
        last = last[:10]  # the second would say of which call it was
    return {name: who.told(count) for name, count in figures.items()} | {"last": last}


def _mode_of(share: float) -> str:
    return "live" if share >= 100.0 else f"{share:g}%" if share > 0 else "observe"


def _rule_in_lines(row: dict[str, str]) -> str:
    """A rule where the window is too narrow for the table."""
    did = f"{row['matched']} matched, {row['acted']} acted, {row['observed']} observed"
    if row["would change"] != "0":
        did += f" ({row['would change']} would change)"
    return f"{row['rule']}  {row['mode']}, {row['then']}\n  {did}; last {row['last'] or 'never'}\n  {row['because']}"


@command(rules_app)
async def history(
    here: Installation,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Revisions at most.")] = 20,
) -> Answer:
    """Show what was put live, by whom and why, newest first; the first line is live."""
    from ringfence.candidates import history as read

    rows = [
        {
            "revision": one.number,
            "rules": one.hash,
            "at": shown_time(one.created, here.zone),
            "author": one.author,
            "reason": one.reason,
        }
        for one in await read(here, limit)
    ]
    return table(("revision", "rules", "at", "author", "reason"), rows, here.zone, none="Nothing was ever put live.")


@command(rules_app)
async def diff(
    here: Installation,
    old: Annotated[int | None, typer.Argument(metavar="[OLD]", help="A revision; default: the live one.")] = None,
    new: Annotated[int | None, typer.Argument(metavar="[NEW]", help="Default: what is on the disk.")] = None,
) -> Answer:
    """Show how the files of two revisions differ, or the live one and the disk; exit 1 if they do."""
    from ringfence.candidates import difference
    from ringfence.rulebook import load_rulebook

    before = await texts_of(here, old)
    after = ("disk", load_rulebook(here.file).texts) if new is None else await texts_of(here, new)
    lines = difference(before[1], after[1], names=(before[0], after[0]))
    said = "\n".join(lines) if lines else f"{before[0]} and {after[0]} are the same."
    return Answer({"old": before[0], "new": after[0], "diff": lines}, said, status=1 if lines else 0)


async def texts_of(here: Installation, number: int | None) -> tuple[str, Texts]:
    """The files of a revision, without a number of the live one, and what to call them."""
    from ringfence.candidates import stored
    from ringfence.live_rules import live_in

    revision = await live_in(here) if number is None else await stored(here, number)
    if revision is None:
        fail("nothing was ever put live" if number is None else _no_revision(number))
    return revision.shown, revision.texts


def _no_revision(number: int) -> str:
    """What to say of a number that no revision has."""
    return f"there is no revision {number}; `ringfence rules history` lists those that there are"
