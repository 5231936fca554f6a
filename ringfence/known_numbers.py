"""One number: how it is read, which entries and rules cover it, which of these win, when each was last hit."""

from __future__ import annotations

import time
from typing import Any

from ringfence.ask import Reader, look_up, spelt
from ringfence.explanations import BadWord, trunk_named
from ringfence.installation import Installation
from ringfence.live_rules import live_rulebook
from ringfence.recorded_calls import counted
from ringfence.rulebook import trunks_of
from ringfence.shown_values import entry_data
from ringfence.times import shown_time
from rules.judging.engine import CompiledRule, RuleSet
from rules.judging.explain import Covering, covering, effect_of, said
from rules.judging.facts import Facts
from rules.language.examples import Described, NotJudged
from rules.lists.editing import Entry, Lists
from rules.lists.history import periods
from rules.model import READINGS_DIFFER, Call, Hit, Trunk
from rules.numbering.typed import one_typed
from rules.numbering.within import no_number
from rules.records.decisions import Decision, Decisions
from rules.records.masked_callers import asks_hidden, hide_caller
from rules.records.replay import judge_rules
from rules.texts.worded import worded

CALLS_READ = 1_000  # of the number, to see when a rule hit it last


async def known(
    here: Installation, number: str, country: str, on: str = "", *, looking_back: bool = True, figures: bool = False
) -> dict[str, Any]:
    """Everything that is known of a caller's number, and what it gets on a trunk; BadWord where it is none.

    ``looking_back``: the whole record is asked when a rule hit it last, which takes a while where it is long.
    ``figures``: and with what was counted then, for whoever may see numbers.
    """
    book, _ = await live_rulebook(here)
    configuration, zone = here.configuration, here.zone
    trunk = trunk_named(book, on)
    try:
        read = one_typed(number, country or here.home)
        if not read.canonical and (why := no_number(number, read.kind, country or here.home)).hint:
            raise why
        sent = spelt(read.canonical) or read.raw or number
        described = Described(sent, asserted=sent if trunk.identity_trusted else "")
        call = Reader(configuration).read(described, trunk, time.time())
    except (ValueError, NotJudged) as error:
        raise BadWord(str(error)) from None
    lists, decisions = await here.lists(), await here.decisions()
    hits, _ = await look_up(configuration, here.base, book.ruleset, call)
    rules = covering(book.ruleset, call, hits)
    verdict = judge_rules(call, hits, [one.rule for one in rules if one.surely], book.ruleset)
    ledger = {name: value for name, value in (call.facts or {}).items() if name not in ("group", READINGS_DIFFER)}
    entries = await entries_of(lists, decisions, call, hits, zone, trunks_of(configuration))
    return {
        "number": read.canonical or number,
        "class": str(call.caller.kind),
        "region": read.region,
        "ledger": ledger or None,
        "entries": entries,
        "gone": await gone_of(lists, call.caller.canonical, entries, zone),
        "rules": await rules_of(
            here, book.ruleset, rules, read.canonical if looking_back else "", call, figures=figures
        ),
        "trunk": trunk.name,
        "verdict": str(verdict.action),
        "by": verdict.rule,
        "step": str(verdict.step),
    }


async def entries_of(
    lists: Lists, decisions: Decisions, call: Call, hits: tuple[Hit, ...], zone: str, trunks: list[Trunk]
) -> list[dict[str, Any]]:
    """The list entries that cover it, those too that do nothing now."""
    acting = {(hit.list, hit.entry) for hit in hits}
    entries = []
    for entry in await lists.covering(call.caller.canonical):
        hit = (await decisions.hits_of(entry.list, [entry.text])).get(entry.text)
        policy = lists.settings.get(entry.list)
        acts = (entry.list, entry.text) in acting
        here = where_it_counts(entry, trunks) if policy and policy.kind == "allow" else {}
        entries.append(
            entry_data(entry, zone)
            | {
                "kind": policy.kind if policy else None,
                "acts": acts and (not here or call.trunk.name in here["counts_on"]),
                "off": None if acts else idle(entry, call.at),
                "hits": hit.hits if hit else 0,
                "last_hit": shown_time(hit.last, zone) if hit else None,
                **here,
            }
        )
    return entries


def where_it_counts(entry: Entry, trunks: list[Trunk]) -> dict[str, Any]:
    """On which trunks an allow entry passes calls, and why not on the others: a forged number opens no door."""
    counts, passes_not = [], {}
    for trunk in trunks:
        if entry.origin.trunks and trunk.name not in entry.origin.trunks:
            passes_not[trunk.name] = "the entry is for others"
        elif trunk.identity_trusted or trunk.cli_screened:
            counts.append(trunk.name)
        else:
            passes_not[trunk.name] = "its callers cannot be believed"
    names = {trunk.name for trunk in trunks}
    passes_not |= {name: "there is no such trunk" for name in entry.origin.trunks if name not in names}
    return {"counts_on": counts, "passes_not_on": passes_not}


async def gone_of(lists: Lists, canonical: str, entries: list[dict[str, Any]], zone: str) -> list[dict[str, Any]]:
    """The entries that covered it and stand no more: how each ended last, the latest first."""
    stands = {(entry["list"], entry["entry"]) for entry in entries}
    last = {(one.entry.list, one.entry.text): one for one in await periods(lists, canonical)}
    gone = [(one.until, one) for key, one in last.items() if key not in stands and one.until is not None]
    return [
        {
            "list": one.entry.list,
            "entry": one.entry.text,
            "added_by": one.entry.origin.author,
            "reason": one.entry.origin.reason,
            "until": shown_time(until, zone),
            "ended": one.how,
            "ended_by": one.author,
            "ended_why": one.reason,
            "ended_by_import": one.import_id,
        }
        for until, one in sorted(gone, key=lambda one: -one[0])
    ]


async def rules_of(
    here: Installation, ruleset: RuleSet, rules: list[Covering], canonical: str, call: Call, *, figures: bool
) -> list[dict[str, Any]]:
    """The rules that cover it, what they ask besides, and the newest of its calls on which each held."""
    decisions = await here.decisions()
    last: dict[str, Decision] = {}
    for decision in await decisions.recent(CALLS_READ, caller=canonical) if canonical and rules else ():
        for fired in decision.fired:
            last.setdefault(fired.name, decision)

    def counts(rule: CompiledRule) -> list[str]:
        decision = last.get(rule.name) if figures else None
        return counted(here.configuration, ruleset, rule, decision) if decision is not None else []

    return [
        {
            "rule": one.rule.name,
            "place": one.rule.place,
            "does": effect_of(one.rule),
            "acts": one.rule.acts(call),
            "because_it": [said(part) for part in one.by],
            "if": [said(part) for part in one.asks],
            "unless": [said(part) for part in one.stops],
            "last_hit": shown_time(last[one.rule.name].at, here.zone) if one.rule.name in last else None,
            "counted": counts(one.rule),
        }
        for one in rules
    ]


def idle(entry: Entry, now: float) -> str:
    """Why an entry does nothing at this moment."""
    qualification = entry.origin.qualification
    hours = qualification.hours if qualification else ""
    if off := entry.off(now):
        return off
    if hours:
        return worded("outside its hours %(hours)s", hours=hours)
    return worded("its list is not in ringfence.yaml")


async def as_others_see(here: Installation, found: dict[str, Any], number: str) -> dict[str, Any]:
    """The same of a number that whoever looks sees masked: without what lies in digits that the mask hides."""
    book, _ = await live_rulebook(here)
    trunk = trunk_named(book, found["trunk"])
    described = Described(spelt(number) or number, asserted=number if trunk.identity_trusted else "")
    facts = Facts(Reader(here.configuration).read(described, trunk, time.time()), (), (), book.ruleset.clock)
    hide_caller(facts)
    hidden = {rule.name for rule in book.ruleset.rules if asks_hidden(rule, facts)}
    by = "" if found["by"] in hidden else found["by"]
    told = [one for one in found["rules"] if one["rule"] not in hidden]
    return found | {"rules": told, "by": by, "entries": [], "gone": [], "ledger": None}
