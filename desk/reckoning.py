"""The audit held against what it is about: the chain, and every case, complaint, appeal, clock, step and seal by it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from desk.archive import Archive
from desk.arrivals import Progress, compared, unwatched
from desk.case_files import CaseFile, every_case
from desk.evidence import Tie
from desk.holders import given_to
from desk.ladder_book import by_entries
from desk.leaks_by_entries import leak_faults
from desk.seals import FINISHED
from desk.seals_by_entries import apart, seal_faults
from desk.states import CASE_TABLE, MEETS, CaseState, CaseStep, ComplaintState, FoundBy
from desk.unrecorded import still_owed
from rules.audit import chain as audit
from rules.audit.chain import Break, Deed, Noted, Verified
from rules.storage.store import Connection

_TIES = frozenset(tie.value for tie in Tie)
_STEPS = frozenset(step.value for step in CaseStep)
_CLOSING = frozenset({CaseState.RELEASED, CaseState.UNFOUNDED, CaseState.FORGED, CaseState.HANDED_OVER})
_ANSWERING = frozenset({CaseStep.SEAL.value, CaseStep.UNFOUNDED.value, CaseStep.FORGED.value, CaseStep.ANSWER.value})
_SEAL = re.compile(r"seal (\d+)")
_MOMENTS = {CaseStep.VERIFY: "verified", CaseStep.SEAL: "sealed", CaseStep.HAND_OVER: "handed_at"}
_APART_S = 60.0  # a step of the ladder and its entry, in what was written before both had one time
_LOOKS_AGAIN = 2  # what is done between two questions to two databases is no fault: it is another one each time


class Reckoned(NamedTuple):
    """What was seen when the whole audit was held against what it is about."""

    chain: Verified
    older: dict[str, int]  # complaints, cases, appeals of before arrivals were entered: of these only steps are known

    @property
    def breaks(self) -> list[Break]:
        """Wherever something is not as it was entered."""
        return self.chain.breaks


async def verified(
    archive: Archive, noted: Sequence[Noted] = (), *, entries: Progress = unwatched, arrivals: Progress = unwatched
) -> Reckoned:
    """Compute the chain anew, and hold what stands in the databases against it.

    What it cannot see, beside what `audit.verified` says: who, when and deadlines of what came in before arrivals were
    entered.
    """
    async with archive.store.one_moment():
        connection = archive.store.connection
        chain = await audit.verified(connection, archive.chain_key, noted, entries)
        came_in = await compared(connection, arrivals)
        faults = [*came_in.faults, *await _orphans(connection), *await _cases(connection)]
        faults += [*await _complaints(connection), *await _appeals(connection), *await _on_top(connection)]
        faults += [*await _addresses(connection), *await leak_faults(connection)]
    beside = await _in_lists(archive)
    for _ in range(_LOOKS_AGAIN if beside else 0):
        again = await _in_lists(archive)
        beside = [one for one in beside if one in again]
    breaks = [*chain.breaks, *(Break(0, fault) for fault in dict.fromkeys([*faults, *beside]))]
    return Reckoned(chain._replace(breaks=breaks), came_in.older)


async def _orphans(connection: Connection) -> list[str]:
    """What speaks of a thing that is not there."""
    query = (
        "select distinct subject || ' ' || subject_id || ' is missing: its entries tell of it' from step where "
        "subject_id <> '' and case subject "
        "when 'case' then cast(subject_id as integer) not in (select id from case_file) "
        "when 'complaint' then subject_id not in (select reference from complaint) "
        "when 'appeal' then subject_id not in (select reference from appeal) else 0 end union all "
        "select distinct k.subject || ' ' || k.id || ' is missing: its clocks run' from clock k where not exists "
        "(select 1 from case_file c where k.subject = 'case' and c.id = k.id) and not exists "
        "(select 1 from appeal a where k.subject = 'appeal' and a.id = k.id) union all "
        "select distinct 'case ' || m.case_id || ' is missing: complaints of it stand' from complaint m "
        "where m.case_id not in (select id from case_file) union all "
        "select 'case ' || c.id || ': no complaint of it is left' from case_file c "
        "where not exists (select 1 from complaint m where m.case_id = c.id) union all "
        "select 'case ' || c.id || ': it stands elsewhere in the queue than its clocks say' from case_file c "
        "where next_due <> coalesce((select min(due) from clock where subject = 'case' and id = c.id "
        "and met is null), 1e18)"
    )
    return [row[0] for row in await connection.execute_fetchall(query)]


async def _deeds(connection: Connection, subject: str) -> dict[str, list[Deed]]:
    """What was done, by what it was done to."""
    query = (
        "select at, actor, subject, subject_id, step, reason, detail, after from step "
        "where subject = ? and subject_id <> '' order by id"
    )
    found: dict[str, list[Deed]] = defaultdict(list)
    async with connection.execute(query, (subject,)) as cursor:
        async for row in cursor:
            found[row[3]].append(Deed(*row[:7])._replace(after=row[7]))
    return found


async def _on_top(connection: Connection) -> list[str]:
    """A case is on top since a complaint was withdrawn after its seal, until somebody saw to it."""
    query = (
        "select f.id, f.on_top, f.state, f.sealed, f.last_at, (select max(s.at) from complaint c join step s "
        "on s.subject = 'complaint' and s.subject_id = c.reference and s.step = 'withdrawn' where c.case_id = f.id "
        "and c.state = 'withdrawn') from case_file f where f.sealed is not null or f.on_top <> ''"
    )
    faults = []
    for case, on_top, state, sealed, last, withdrawn in await connection.execute_fetchall(query):
        why = withdrawn is not None and sealed is not None and withdrawn >= sealed
        if on_top and not why:
            faults.append(f"case {case}: it is on top, and no complaint was withdrawn after its seal")
        elif not on_top and why and state == CaseState.SEALED and withdrawn > last:
            faults.append(f"case {case}: a complaint was withdrawn after its last step, and it is not on top")
    return faults


async def _addresses(connection: Connection) -> list[str]:
    """Where an owner is written to is what was set last; older entries do not say what that was."""
    query = (
        "select o.name, o.contact_key, (select s.detail from step s where s.subject = 'owner' "
        "and s.subject_id = o.name and s.step = 'address set' order by s.id desc limit 1) "
        "from owner_contact o order by o.name"
    )
    faults = []
    for name, key, told in await connection.execute_fetchall(query):
        if told is None:
            faults.append(f"owner {name}: the address has no entry")
        elif told and told != key:
            faults.append(f"owner {name}: the address is another than its entries say")
    return faults


async def _cases(connection: Connection) -> list[str]:
    done = await _deeds(connection, "case")
    met: dict[int, dict[str, float | None]] = defaultdict(dict)
    for of, name, at in await connection.execute_fetchall("select id, name, met from clock where subject = 'case'"):
        met[of][name] = at
    faults = []
    for case in await every_case(connection):
        steps = [deed for deed in done[str(case.id)] if deed.step in _STEPS]
        faults += [f"case {case.id}: {fault}" for fault in _case_faults(case, steps, met[case.id])]
    return faults


def _case_faults(case: CaseFile, steps: list[Deed], met: dict[str, float | None]) -> list[str]:
    last = (steps[-1].step, steps[-1].actor, steps[-1].at) if steps else ("", "", case.opened)
    if last != (case.last_step, case.last_actor, case.last_at):
        if case.last_step and not any(
            (one.step, one.actor, one.at) == (case.last_step, case.last_actor, case.last_at) for one in steps
        ):
            return [f"{case.last_step} by {case.last_actor} has no entry"]
        return [f"its last step is {case.last_step or 'none'}, by its entries {last[0] or 'none'} by {last[1]}"]
    told: dict[str, Any] = {"state": CaseState.COLLECTING, "version": 1 + len(steps)}
    told |= {"found_by": "", "trunk": "", "handed_to": "", "their_answer": "", "closed": None, "seal": None}
    clocks: dict[str, float | None] = dict.fromkeys(met)
    moments: dict[str, float | None] = {}  # None: the entry is of later than that
    unread = False  # a step that a stop cut short named no seal once
    for deed in steps:
        step = CaseStep(deed.step)
        if (state := CASE_TABLE.get((told["state"], step))) is None:
            return [f"{deed.step} by {deed.actor} follows on {told['state']}, where it is not possible"]
        told |= {"state": state} | _told_by(step, deed)
        if (name := _MOMENTS.get(step)) is not None:
            moments[name] = None if FINISHED in f"{deed.reason} {deed.detail}" else deed.at
        unread = unread or (step is CaseStep.SEAL and not _SEAL.match(deed.detail))
        clocks |= {name: deed.at for name in MEETS[step] if name in clocks and clocks[name] is None}
    faults = [
        f"{name.replace('_', ' ')} is {getattr(case, name)}, by its entries {value}"
        for name, value in told.items()
        if getattr(case, name) != value and not (name == "seal" and value is None and unread)
    ]
    for name in _MOMENTS.values():
        at = getattr(case, name)
        stands, entered = at is not None, moments.get(name)
        if stands is not (name in moments) or (stands and entered is not None and apart(at, entered, _APART_S)):
            faults.append(f"when it was {name.removesuffix('_at')} is not as its entries say")
    return faults + [f"clock {name} is not met as its entries say" for name, at in met.items() if at != clocks[name]]


def _told_by(step: CaseStep, deed: Deed) -> dict[str, Any]:
    """What a step wrote into its case, as far as its entry tells."""
    told: dict[str, Any] = {}
    with suppress(ValueError, TypeError, KeyError):  # older ones do not say; the chain tells of changed ones
        told |= {"their_reference": json.loads(deed.after)["their_reference"]} if deed.after else {}
    match step:
        case CaseStep.VERIFY if deed.detail in set(FoundBy):
            told["found_by"] = deed.detail
        case CaseStep.FORGED:
            told["trunk"] = deed.detail
        case CaseStep.HAND_OVER:
            told["handed_to"] = deed.detail
        case CaseStep.ANSWER:
            told["their_answer"] = deed.reason
        case CaseStep.SEAL | CaseStep.SEAL_AGAIN | CaseStep.RELEASE_AGAIN if found := _SEAL.match(deed.detail):
            told["seal"] = int(found[1])
    if step in (CaseStep.RELEASE, CaseStep.UNFOUNDED, CaseStep.FORGED, CaseStep.HAND_OVER):
        told["closed"] = deed.at
    return told


async def _complaints(connection: Connection) -> list[str]:
    """A complaint is as its own entries say, else as those of its case do."""
    answered, accepted = set(), set()
    for case_id, steps in (await _deeds(connection, "case")).items():
        names = {deed.step for deed in steps}
        answered |= {case_id} if names & _ANSWERING else set()
        accepted |= {case_id} if CaseStep.TAKE.value in names else set()
    query = (
        "select c.reference, c.state, c.tie, c.case_id, (select s.step from step s where s.subject = 'complaint' "
        "and s.subject_id = c.reference and s.step in ('withdrawn', 'rejected') order by s.id desc limit 1) "
        "from complaint c order by c.id"
    )
    faults = []
    async with connection.execute(query) as cursor:
        async for reference, state, tie, case_id, ended in cursor:
            if tie not in _TIES:
                faults.append(f"complaint {reference}: it is tied to a call by {tie}, which is no tie")
            told = ended or (
                ComplaintState.ANSWERED
                if str(case_id) in answered
                else ComplaintState.ACCEPTED
                if str(case_id) in accepted
                else ComplaintState.RECEIVED
            )
            if state != told:
                ending = state in (ComplaintState.WITHDRAWN, ComplaintState.REJECTED) and not ended
                what = f"{state} has no entry" if ending else f"it is {state}, by the entries {told}"
                faults.append(f"complaint {reference}: {what}")
    return faults


async def _appeals(connection: Connection) -> list[str]:
    done = await _deeds(connection, "appeal")
    query = (
        "select a.reference, a.state, a.decided_by, a.decided, a.reason, (select max(met) from clock k "
        "where k.subject = 'appeal' and k.id = a.id and k.name = 'answer') from appeal a order by a.id"
    )
    faults = []
    for reference, *found, met in await connection.execute_fetchall(query):
        decided = [deed for deed in done[reference] if deed.step in ("granted", "refused")]
        if not any(deed.step == "filed" for deed in done[reference]):
            faults.append(f"appeal {reference}: that it was filed has no entry")
        told = [decided[-1].step, decided[-1].actor, decided[-1].at, decided[-1].reason] if decided else None
        if found != (told or ["filed", "", None, ""]):
            what = f"it is {found[0]}, by its entries {told[0]} by {told[1]}" if told else f"{found[0]} has no entry"
            faults.append(f"appeal {reference}: {what}")
        elif met != (told[2] if told else None):
            faults.append(f"appeal {reference}: its clock is not met as its entries say")
    return faults


async def _in_lists(archive: Archive) -> list[str]:
    """Steps of the ladder, whose a number is, and seals stand in another database."""
    lists = archive.lists.store.connection
    standing = {
        f"{row[0]} {row[1]}": tuple(row[2:])
        for row in await lists.execute_fetchall(
            "select kind, name, level, offences, since, reason, author from standing"
        )
    }
    belongs = {
        (row[0], row[1]): (row[2], row[3])
        for row in await lists.execute_fetchall("select number, kind, name, since from belongs")
    }
    owed = await still_owed(archive)
    connection = archive.store.connection
    done = await _deeds(connection, "ladder")
    for deed in owed:
        if deed not in done[deed.subject_id]:
            done[deed.subject_id].append(deed)
    faults = []
    for who in sorted({*done, *standing}):
        deeds = sorted(done.get(who, ()), key=lambda deed: deed.at)
        kind, _, name = who.partition(" ")
        told = by_entries(deeds, kind, name)
        row = (*told[0][2:], told[1]) if told else None
        if not _same_step(standing.get(who), row):
            faults.append(f"ladder: {who} does not stand there as its entries say")
        if kind == "number":
            for holder, (whose, since) in _holders(deeds).items():
                stands, stands_since = belongs.pop((name, holder), ("", 0.0))
                if stands != whose:
                    faults.append(f"ladder: {who} is of another {holder} than its entries say")
                elif whose and apart(stands_since, since, _APART_S):
                    faults.append(f"ladder: since when {who} has its {holder} is not as its entries say")
    faults += [
        f"ladder: {number} has the {kind} {name}, which no entry says" for (number, kind), (name, _) in belongs.items()
    ]
    cases, of_cases = await every_case(connection), await _deeds(connection, "case")
    return [*faults, *await seal_faults(archive, cases, of_cases)]


def _same_step(stands: tuple[Any, ...] | None, told: tuple[Any, ...] | None) -> bool:
    """Level, offences, reason and author are the same, and the time but for what lay between step and entry once."""
    if stands is None or told is None:
        return stands is told
    return (*stands[:2], *stands[3:]) == (*told[:2], *told[3:]) and not apart(stands[2], told[2], _APART_S)


def _holders(deeds: list[Deed]) -> dict[str, tuple[str, float]]:
    """Owner and business of a number, and since when: a new owner has no business at first."""
    found = {"owner": ("", 0.0), "business": ("", 0.0)}
    for deed in deeds:
        if owner := given_to(deed):
            if found["owner"][0] not in ("", owner):
                found["business"] = ("", 0.0)
            found["owner"] = (owner, deed.at)
        elif deed.step == "business" or deed.step.startswith("business "):
            found["business"] = (deed.detail or deed.step.removeprefix("business "), deed.at)
    return found
