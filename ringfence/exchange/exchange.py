"""Taking from partners: look at what each offers, let what counts of it stand on lists, and what they agree on.

Each step can be taken again: what stands on the lists is made of what lies in the partners' folders, so that a process
that was killed anywhere has changed nothing that the next look does not put right.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ringfence.exchange.exchange_settings import ExchangeSettings, PartnerSettings
from ringfence.exchange.offers import Look, Offer
from ringfence.exchange.partner_files import PartnerFiles, Standing
from ringfence.exchange.refused import ExchangeError, Refused
from ringfence.exchange.web import Web
from ringfence.exchange.whole_files import put_file
from rules.audit.chain import Deed, record
from rules.lists.import_batch import ImportReport
from rules.lists.imports import Wishes, import_rows
from rules.lists.list_files import FileLine
from rules.lists.origins import Origin
from rules.numbering.intervals import interval_of
from rules.sharing.agreement import Heard, Voice, agreement, standing_of
from rules.sharing.contradictions import claimed, contradicted, own_numbers
from rules.sharing.entries import SharedEntry, Withdrawal, day_of
from rules.sharing.taking import SOURCE, Wanted, choose, nearest, rows_of, word_of
from rules.sharing.versions import withdrawn_for

if TYPE_CHECKING:
    from rules.lists.editing import Lists

AGREED: Final = "partners"  # the source of what several agree on
_REMEMBERED_S: Final = 365 * 86_400.0  # a release by an appeal
_HEARD: Final = 0.5  # of his weight: below it what a partner lists does nothing by itself
_AT_ONCE: Final = 8  # partners: a slow one holds up no other
_FEWEST: Final = 100  # entries that a version may add whatever it had


class Told(NamedTuple):
    """What came of a look at a partner."""

    partner: str
    version: int
    entries: int  # that count
    fault: str = ""  # why nothing was taken
    changed: bool = False


class _Counted(NamedTuple):
    """What counts of a partner's version."""

    version: int
    entries: list[SharedEntry]
    left_out: dict[str, int]
    waiting: dict[str, str]
    left: bool
    released: frozenset[str]
    listed: int
    weight: float = 1.0  # what is left of it


class Exchange:
    """The partners of one installation. ``clock`` measures deadlines, ``now`` is the time of day."""

    def __init__(
        self,
        settings: ExchangeSettings,
        base: Path,
        folder: Path,
        *,
        now: Callable[[], float],
        clock: Callable[[], float],
        released: Callable[[float], frozenset[str]] = lambda _: frozenset(),
    ) -> None:
        """``released`` knows the numbers whose appeals were granted here since a moment."""
        self.settings, self._base, self.folder = settings, base, folder
        self._now, self._clock, self._released = now, clock, released

    def files(self, name: str) -> PartnerFiles:
        """The folder of a partner."""
        return PartnerFiles(self.folder / name)

    def partner(self, name: str) -> PartnerSettings:
        """Whom ringfence.yaml calls so."""
        if name not in self.settings.givers:
            known = ", ".join(sorted(self.settings.givers)) or "none"
            raise ExchangeError(f"no partner who gives lists is called {name!r}", f"`exchange.partners` has {known}")
        return self.settings.givers[name]

    async def look(self, lists: Lists, names: Iterable[str] = (), *, whole: bool = False) -> list[Told]:
        """Fetch what these partners offer, all by default, and let it count. ``whole``: however much they grew."""
        ours, wanted = await own_numbers(lists.store), sorted(names) or sorted(self.settings.givers)
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def fetched(name: str, partner: PartnerSettings) -> bool:
            async with at_once:
                return await asyncio.to_thread(self._fetch, name, partner, ours, whole)

        done = await asyncio.gather(*[fetched(name, self.partner(name)) for name in wanted])
        found = dict(zip(wanted, done, strict=True))
        changed = await self.apply(lists)
        told = []
        for name in found:
            standing = self.files(name).standing()
            told.append(Told(name, standing.version, standing.entries, standing.said, found[name] or name in changed))
        return told

    async def go_back(self, lists: Lists, name: str, version: int, *, author: str, reason: str) -> int:
        """Let an earlier version of a partner count, until somebody says otherwise; 0: his newest counts again."""
        files, into = self.files(name), self.partner(name).into
        if version and version not in files.versions():
            known = ", ".join(map(str, files.versions())) or "none"
            raise ExchangeError(f"version {version} of {name} is not kept", f"there are {known}")
        with files.changing() as standing:
            standing.pinned = version
        await self.apply(lists)
        step = f"version {version} counts" if version else "the newest version counts"
        await self._enter(lists, ("list", into), step, author, reason, name)
        return files.standing().version

    async def leave(self, lists: Lists, name: str, *, author: str, reason: str) -> None:
        """Forget all that a partner gave, and fetch nothing more of him."""
        files, into = self.files(name), self.partner(name).into
        with files.changing() as standing:
            standing.left, standing.index, standing.pinned = self._now(), {}, 0
            standing.waiting, standing.decided = {}, {}
            standing.fault = standing.said = ""
        await asyncio.to_thread(files.forget_versions)
        await self.apply(lists)
        await self._enter(lists, ("list", into), "partner left", author, reason, name)

    async def join(self, lists: Lists, name: str, *, author: str, reason: str) -> None:
        """Take from a partner again who was left."""
        files, into = self.files(name), self.partner(name).into
        with files.changing() as standing:
            if standing.left is None:
                raise ExchangeError(f"{name} was not left", "`ringfence share fetch` takes what he gives")
            standing.left = None
        await self._enter(lists, ("list", into), "partner taken from again", author, reason, name)

    async def decide(self, lists: Lists, name: str, number: str, *, let: bool, author: str, reason: str) -> None:
        """Say of an entry that waits whether it counts."""
        files = self.files(name)
        self.partner(name)
        with files.changing() as standing:
            if let and number not in standing.waiting:
                raise ExchangeError(f"{number} of {name} does not wait", "`ringfence share waiting` shows what does")
            standing.decided[number] = let
            standing.waiting.pop(number, None)
        await self.apply(lists)
        about = ("number", lists.entering.pseudonym(number))
        await self._enter(lists, about, "let through" if let else "kept off", author, reason, name)

    async def _enter(
        self, lists: Lists, about: tuple[str, str], step: str, author: str, reason: str, name: str
    ) -> None:
        """What a person did, in the audit."""
        deed = Deed(self._now(), author, *about, f"shared: {step}", reason, f"partner {name}")
        async with lists.store.transaction() as connection:
            await record(connection, [deed])

    def _fetch(self, name: str, partner: PartnerSettings, ours: Callable[[int, int], bool], whole: bool) -> bool:
        """Take what he offers into his folder; is there a new version? What is refused is noted there."""
        files = self.files(name)
        with files.fetching():
            before, now = files.standing(), self._now()
            if before.left is not None:
                return False
            try:
                offer = self._offer(files, partner, before)
                if offer.state is not None and (range_of_ours := claimed(offer.state.values(), ours)):
                    raise Refused("ours", range_of_ours)
                self._refuse_growth(files, partner, before, offer, whole)
            except Refused as error:
                with files.changing() as standing:
                    standing.since = standing.since if standing.fault == error.code else now
                    standing.fault, standing.said = error.code, str(error)
                return False
            if offer.state is not None:
                files.keep_version(offer.newest.version, offer.state, self.settings.kept_versions)
            with files.changing() as standing:
                if standing.left is not None:  # meanwhile
                    files.forget_versions()
                    return False
                standing.looked, standing.fault, standing.said, standing.since = now, "", "", None
                if offer.state is not None:
                    standing.index, standing.taken = offer.newest._asdict(), now
            return offer.state is not None

    def _offer(self, files: PartnerFiles, partner: PartnerSettings, standing: Standing) -> Offer:
        assert partner.root is not None  # who gives lists has one
        try:
            root = (self._base / partner.root).read_bytes()
        except OSError as error:
            raise Refused("root", f"{partner.root}: {error.strerror}") from error
        known = standing.known
        if known is not None and known.version not in files.versions():
            known = None  # its file is gone: the whole is fetched again
        web = Web(partner.networks, partner.deadline_s, clock=self._clock)
        try:
            look = Look(partner, root, files.folder, web, self._now())
            files.keep_feed(look.feed())
            return look.offer(known, lambda: files.state(known.version) if known else {})
        finally:
            web.close()

    @staticmethod
    def _refuse_growth(
        files: PartnerFiles, partner: PartnerSettings, standing: Standing, offer: Offer, whole: bool
    ) -> None:
        known = standing.known
        if whole or offer.state is None or known is None:
            return
        old = files.state(known.version)
        more = sum(key not in old for key in offer.state)
        if more > max(len(old) * partner.most_growth / 100, _FEWEST):
            raise Refused(
                "growth", f"{more:,} entries come to {len(old):,}; `ringfence share fetch NAME --whole` takes them"
            )

    async def apply(self, lists: Lists) -> set[str]:
        """Make the lists say what the folders say; whose list was changed? One process at a time."""
        await asyncio.to_thread(self.folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lists.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
            applied = self.folder / "applied"
            if await asyncio.to_thread(_read, applied) == await self._all_that_counts(lists):
                return set()
            changed = await self._apply(lists)
            mark = await self._all_that_counts(lists)
            await asyncio.to_thread(put_file, applied, mark.encode(), 0o600)
            return changed
        finally:
            os.close(descriptor)

    async def _all_that_counts(self, lists: Lists) -> str:
        """A digest of all that the lists are made of: while it is the same, a million entries are not read again."""
        rows = await lists.store.connection.execute_fetchall("select revision, ledger from change")
        told: list[object] = [self.settings.model_dump(mode="json"), day_of(self._now()), *map(tuple, rows)]
        told += sorted(await self.released())
        for name in sorted(self.settings.givers):
            files = self.files(name)
            standing = await asyncio.to_thread(files.standing)
            told.append((name, standing.version, standing.left, sorted(standing.decided.items())))
            told.append(await asyncio.to_thread(_read, files.folder / "withdrawn.jsonl"))
        told += await asyncio.to_thread(lambda: sorted(path.name for path in self.folder.iterdir() if path.is_dir()))
        return sha256(repr(told).encode()).hexdigest()

    async def _withdraw(self, lists: Lists) -> None:
        """Take off at once what was withdrawn: to make lists of a million entries anew takes most of a minute."""
        feeds = await self._feeds()
        for name, partner in sorted(self.settings.givers.items()):
            withdrawn = withdrawn_for(partner.operator, feeds)
            off = []
            for origin, number in sorted(withdrawn):
                for entry in await lists.standing(partner.into, [number]):
                    if (
                        (said := word_of(entry.origin.note))
                        and said[1] == origin
                        and said[0] <= withdrawn[origin, number]
                    ):
                        off.append(entry.text)
            if off:
                await lists.remove_all(partner.into, off, author=SOURCE + name, reason="withdrawn")

    async def _feeds(self) -> dict[str, list[Withdrawal]]:
        """What each operator withdrew."""
        feeds: dict[str, list[Withdrawal]] = {}
        for name, partner in self.settings.givers.items():
            feeds.setdefault(partner.operator, []).extend(await asyncio.to_thread(self.files(name).feed))
        return feeds

    async def _apply(self, lists: Lists) -> set[str]:
        await self._forget_strangers(lists)
        await self._withdraw(lists)
        changed, counted = set(), await self._counted(lists)
        for name, one in counted.items():
            heard = one.weight >= _HEARD
            rows = rows_of(name, nearest(one.entries).values()) if heard else []
            list_name = self.settings.givers[name].into
            report = await self._write(lists, list_name, SOURCE + name, rows, f"version {one.version}")
            if report.import_id is not None:
                changed.add(name)
            if one.version or one.left:
                await asyncio.to_thread(self._note, name, one, len(rows), list_name)
        if self.settings.agreed is not None:
            await self._apply_agreed(lists, counted)
        return changed

    async def counting(self, lists: Lists) -> list[SharedEntry]:
        """All that counts of all partners."""
        return [entry for one in (await self._counted(lists)).values() for entry in one.entries]

    async def released(self) -> frozenset[str]:
        """The numbers whose appeals were granted here within a year."""
        return await asyncio.to_thread(self._released, self._now() - _REMEMBERED_S)

    async def _counted(self, lists: Lists) -> dict[str, _Counted]:
        """What counts of each partner at this moment."""
        feeds = await self._feeds()
        released = await self.released()
        found = {}
        for name, partner in sorted(self.settings.givers.items()):
            files = self.files(name)
            standing = await asyncio.to_thread(files.standing)
            state = await asyncio.to_thread(files.state, standing.version)
            withdrawn = withdrawn_for(partner.operator, feeds)
            today = day_of(self._now())
            chosen = choose(state.values(), wanted_of(partner), withdrawn, ours=self.settings.operator, today=today)
            against = await contradicted(lists.store, chosen.entries, self._now())
            decided = standing.decided
            off = {number for number in against if not decided.get(number)} | released
            off |= {number for number, let in decided.items() if not let}
            waiting = {number: against[number] for number in sorted(against.keys() - decided.keys() - released)}
            counting = [one for one in chosen.entries if one.number not in off]
            wrong = released & ({number for _, number in state} | set(standing.released))
            found[name] = _Counted(
                *(standing.version, counting, dict(chosen.left_out), waiting),
                left=standing.left is not None,
                released=wrong,
                listed=len(state),
            )
        return _weighed(found)

    def _note(self, name: str, one: _Counted, entries: int, into: str) -> None:
        """Keep what became of a partner's version."""
        with self.files(name).changing() as standing:
            standing.entries, standing.left_out, standing.waiting = entries, one.left_out, one.waiting
            standing.released, standing.listed, standing.into = sorted(one.released), one.listed, into
            standing.left_of_weight = one.weight

    async def _forget_strangers(self, lists: Lists) -> None:
        """Of whom ringfence.yaml knows nothing any more nothing stays."""
        there = await asyncio.to_thread(lambda: [*self.folder.iterdir()] if self.folder.exists() else [])
        used = {partner.into for partner in self.settings.givers.values()}
        for path in there:
            if path.is_dir() and path.name not in self.settings.givers:
                files = PartnerFiles(path)
                name = (await asyncio.to_thread(files.standing)).into
                if name in lists.settings and name not in used:
                    await self._write(lists, name, SOURCE + path.name, [], "he is no partner any more")
                await asyncio.to_thread(files.forget)

    async def _apply_agreed(self, lists: Lists, counted: dict[str, _Counted]) -> None:
        """Let stand what enough of them agree on."""
        agreed = self.settings.agreed
        assert agreed is not None
        voices: dict[str, list[tuple[Voice, SharedEntry]]] = {}
        weights: dict[str, float] = {}
        for name, one_partner in counted.items():
            partner = self.settings.givers[name]
            holder = partner.holder or partner.operator
            weights[holder] = max(weights.get(holder, 0.0), partner.weight * one_partner.weight)
            for one in one_partner.entries:
                voices.setdefault(one.number, []).append((Voice(holder, one.origin), one))
        kept = []
        for number in sorted(voices):
            said = voices[number]
            if agreement((voice for voice, _ in said), weights) >= agreed.partners:
                kept.append(min((one for _, one in said), key=lambda one: (one.hop, one.origin)))
                holders = sorted({voice.holder for voice, _ in said})
                kept[-1] = kept[-1]._replace(origin=", ".join(holders))
        rows = [
            (at, number, dict(more) | {"note": f"agreed by {one.origin}"})
            for (at, number, more), one in zip(rows_of("", kept), kept, strict=True)
        ]
        await self._write(lists, agreed.into, AGREED, rows, "what they agree on")

    async def _write(self, lists: Lists, name: str, source: str, rows: Sequence[FileLine], reason: str) -> ImportReport:
        """Make a list hold these rows and nothing else, in one transaction."""
        origin = Origin(source, reason=reason, author=source)
        wishes = Wishes(on_error="skip", replace_all=True, wide=True, force=True, insist=True, standing=True)
        return await import_rows(lists, name, rows, origin, wishes)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _weighed(found: dict[str, _Counted]) -> dict[str, _Counted]:
    """With what is left of each partner's weight, which depends on the others."""
    weighed = {}
    for name, one in found.items():
        others = [other for other_name, other in found.items() if other_name != name]
        released, listed = sum(len(other.released) for other in others), sum(other.listed for other in others)
        left = standing_of(Heard(len(one.released), one.listed), Heard(released, listed))
        weighed[name] = one._replace(weight=left)
    return weighed


def wanted_of(partner: PartnerSettings) -> Wanted:
    """What is taken from a partner."""
    ranges = tuple((one.start, one.stop) for one in map(interval_of, partner.ranges))
    return Wanted(frozenset(partner.reasons), ranges, partner.hops, partner.ttl_days)
