"""The state of every address that requests go to: what calls and OPTIONS told of it, and the order that follows.

An address is up, down, or busy: a 503 of it asked for no calls for a while (RFC 3261 21.5.4). The memory belongs to the
node and outlives a change of the configuration; its bounds are those of the configuration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from proxy.neighbours import UNWEIGHED, Target
from proxy.next_hops import Draw, by_weight
from proxy.places import Owner, Places, Where

Drain = tuple[str, str, Where]  # kind and name of the owner, and the address
UP: Final = "up"
DOWN: Final = "down"
BUSY: Final = "busy"

SILENT: Final = "no answer to a call"
REFUSED: Final = "nobody listens there"
UNANSWERED: Final = "no answer to OPTIONS"
UNAVAILABLE: Final = "503 to OPTIONS"
ASKED_FOR: Final = "503 with Retry-After"

TURNED_AWAY_S: Final = 600.0  # so long it is remarked that a connection of a peer did not begin
MOST_AWAY: Final = 1_000  # addresses that names have led to and may lead to again
MOST_BUSY_S: Final = 300.0  # whatever a Retry-After says: somebody behind the address may have written it
_WHOLE: Final = 100  # a share of calls is counted in parts of this while an address starts slowly
_LEAST: Final = 5  # of these at the beginning
_MOST_WAITED: Final = 5
_SOON_S: Final = 60.0
_MOST_STRIKES: Final = 5  # 32 times as many answers
ALONE_S: Final = 10.0  # so long several addresses are believed that ask for no calls where one number alone was called
_ENOUGH: Final = 2  # claims that no calls are wanted: of two addresses, or for two who were called
_MOST_REFUTED: Final = 1_000
_NEVER: Final = float("-inf")


class PeerAddress:
    """One address of a PBX, destination or trunk."""

    __slots__ = (
        "answers_probes", "asked", "by_calls", "callers", "calls", "claimed_at", "claims", "domain", "drained",
        "finals", "heard", "hits", "host", "misses", "owner", "peers", "port", "probe_at", "refuted", "rose_at",
        "since", "state", "status", "strikes", "transport", "until", "why",
    )  # fmt: skip

    def __init__(self, peers: Peers, where: Where, owner: Owner, now: float) -> None:
        self.peers = peers
        self.host, self.port, self.transport = where
        self.owner = owner
        self.domain = ""  # the name that led there, which a certificate has to prove
        self.state = UP  # who was never asked is thought to live
        self.since = now
        self.why = ""  # it is not up
        self.until = 0.0  # from when a call may try it again, where no probe tells; busy: from when it is up again
        self.drained = (owner.kind, owner.name, where) in peers.drains  # by command: no new calls
        self.heard = _NEVER  # when anything last came from there
        self.status = 0  # of the last final response
        self.finals: Counter[int] = Counter()  # responses to INVITEs by status
        self.calls = 0  # that were answered there and have not ended
        self.answers_probes = False  # it answered one once, so that none is a sign
        self.asked = False  # an OPTIONS is under way
        self.misses = 0  # probes without an answer, in a row
        self.hits = 0  # and with one
        self.callers: set[bytes] = set()  # whose calls had to wait there in vain, in a row, while OPTIONS were answered
        self.by_calls = False  # it is down by these alone
        self.claims: set[bytes] = set()  # who was called when it asked for no calls, while it took none since
        self.claimed_at = 0.0  # when it did so last
        self.refuted: set[bytes] = set()  # and who was, while it took calls to others: it may be they who ask
        self.strikes = 0  # times that a call had to wait there soon after probes had said that it lives
        self.probe_at = _NEVER
        self.rose_at = _NEVER

    @property
    def name(self) -> str:
        """Of its PBX, destination or trunk."""
        return self.owner.name

    @property
    def shown(self) -> str:
        """As an operator writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.transport == "UDP" else f"{self.transport.lower()}:{host}:{self.port}"

    @property
    def is_probed(self) -> bool:
        """Do probes tell whether it lives?"""
        return self.owner.watch.every_s > 0 and self.answers_probes

    def spoke(self, now: float) -> None:
        """A response to a request that we passed on came from there: it lives."""
        self.heard = now
        self.callers.clear()
        if self.state == UP:
            self.misses = 0
        elif self.state == DOWN and self.why != UNAVAILABLE:
            self.rise(now)

    def answered(self, status: int) -> None:
        """A final response to an INVITE."""
        self.strikes = 0
        self.status = status
        self.finals[status] += 1

    def timed_out(self) -> None:
        """An INVITE got no final response within timer B: a 408, whoever makes it (RFC 3261 16.8)."""
        self.finals[408] += 1

    def is_silent(self, now: float) -> None:
        """A call had to wait there in vain.

        A PBX may answer OPTIONS and no call: the next time more of them are asked for, or calls would find it out again
        and again.
        """
        if self.state == UP and now - self.rose_at < _SOON_S:
            self.strikes = min(self.strikes + 1, _MOST_STRIKES)
        self.fall(SILENT, now)

    def let_wait(self, caller: bytes, now: float) -> None:
        """A call had to wait there in vain, while OPTIONS are answered.

        One caller may write what a PBX drops; several in a row tell, and only of where calls go first.
        """
        self.callers.add(caller)
        if len(self.callers) >= _MOST_WAITED:
            self.callers.clear()
            by_calls = self.by_calls or self.state != DOWN
            self.is_silent(now)
            self.by_calls = by_calls

    @property
    def lives(self) -> bool:
        """Has it not fallen, or by calls alone while it answers OPTIONS?"""
        return self.state != DOWN or self.by_calls

    def refused(self, now: float, why: str = REFUSED) -> None:
        """Nothing can be sent there; the system says why, or whoever is there. It says more than silence did before."""
        if self.state == DOWN:
            self.why = why
        self.fall(why, now)

    def fall(self, why: str, now: float) -> None:
        """Others have its calls from now on."""
        self.until = now + self.peers.retry_s
        self.hits = 0
        self.by_calls = False
        if self.state != DOWN:
            self._change(DOWN, why, now)

    def is_busy(self, seconds: float, now: float, called: bytes = b"") -> None:
        """It asks for no calls for so long, when somebody was called there."""
        self.until = max(self.until, now + min(seconds, MOST_BUSY_S))
        if self.state == UP:
            self._change(BUSY, ASKED_FOR, now)
        if called and self.state == BUSY and called not in self.refuted and len(self.claims) < _ENOUGH:
            self.claims.add(called)
            self.claimed_at = now

    def takes_calls(self, sent_at: float) -> None:
        """It took a call that was sent at that time: if it had asked for none before, it was not for itself."""
        if self.claims and sent_at > self.claimed_at:
            if len(self.refuted) > _MOST_REFUTED:
                self.refuted.clear()
            self.refuted |= self.claims
            self.claims.clear()

    def is_gone(self, now: float) -> bool:
        """Is it down, and no call may find out whether it still is?"""
        return not self.lives and (self.is_probed or now < self.until)

    def rise(self, now: float) -> None:
        """It has its share of calls again."""
        self.misses = self.hits = 0
        self.callers.clear()
        self.claims.clear()
        self.by_calls = False
        self.rose_at = now
        self._change(UP, "", now)

    def probe_answered(self, status: int, now: float) -> None:
        """OPTIONS was answered. What else the status says is between it and whoever it thinks we are."""
        self.heard, self.status = now, status
        self.answers_probes = True
        if status == 503:
            self._missed(UNAVAILABLE, now)
            return
        self.misses = 0
        if self.state == DOWN:
            self.hits += 1
            if self.hits >= self.owner.watch.rises << self.strikes:
                self.rise(now)

    def probe_missed(self, now: float) -> None:
        """OPTIONS was not answered, which says nothing of whoever never answers any."""
        if self.answers_probes:
            self._missed(UNANSWERED, now)

    def _missed(self, why: str, now: float) -> None:
        self.hits = 0
        self.misses += 1
        if self.lives and self.misses >= self.owner.watch.falls:
            self.fall(why, now)

    def share(self, now: float) -> int:
        """Of so many calls that it would have, how many in a hundred it gets: less while it starts slowly."""
        slowly = self.owner.watch.slow_start_s
        since = now - self.rose_at
        if slowly <= 0 or since >= slowly:
            return _WHOLE
        return max(_LEAST, int(_WHOLE * since / slowly))

    def _change(self, state: str, why: str, now: float) -> None:
        before, self.state, self.why = self.state, state, why
        since, self.since = self.since, now
        self.peers.changed(self, before, now - since, now)


class Peers:
    """The addresses of one node."""

    __slots__ = ("_addresses", "_away", "_nowhere", "_tell", "_turned_away", "drains", "plain", "retry_s", "unled")

    def __init__(self, retry_s: float, tell: Callable[[PeerAddress, str, float, float], None]) -> None:
        """`tell` hears of each change: the address, its state before, for how long it had that, and when."""
        self.retry_s = retry_s
        self._tell = tell
        self._addresses: dict[Where, PeerAddress] = {}
        self._away: dict[Where, PeerAddress] = {}  # nobody names them now: a name has led there, and may again
        self.drains: set[Drain] = set()  # those of addresses that nobody names now as well
        self._nowhere: frozenset[tuple[str, str]] = frozenset()  # kinds and names of owners whose names lead nowhere
        self.unled: dict[tuple[str, str, str], float] = {}  # kind, owner and a name that leads nowhere; since when
        self._turned_away: dict[str, tuple[str, float]] = {}  # by peer: why his last connection did not begin, and when
        self.plain = True  # all are up, none is drained or starts slowly: their order need not be looked at

    def __iter__(self) -> Iterator[PeerAddress]:
        return iter(list(self._addresses.values()))

    def keep(self, places: Places, now: float) -> None:
        """The addresses of this configuration, and where its names lead now: those that stay keep their state.

        So do those that come back: a configuration begins without knowing where its names lead, and what a name
        server leaves out of one answer is in the next.
        """
        before, self._addresses = {**self._away, **self._addresses}, {}
        self._follow(places, before)
        for where, owner in places.addresses.items():
            known = before.pop(where, None)
            if known is None or known.owner[:2] != owner[:2]:
                known = PeerAddress(self, where, owner, now)
            known.owner, known.domain = owner, places.domains.get(where, "")
            self._addresses[where] = known
        away = [where for where, each in before.items() if each.owner[:2] in places.owners]
        self._away = {where: before[where] for where in away[-MOST_AWAY:]}
        self._nowhere = places.nowhere
        self.unled = {each: self.unled.get(each, now) for each in places.unled}
        self.look(now)

    def _follow(self, places: Places, before: dict[Where, PeerAddress]) -> None:
        """Drains stay with their addresses when these get another owner, and go with owners that are gone."""
        if not self.drains:
            return
        for where, owner in places.addresses.items():
            known = before.get(where)
            if known is not None and known.drained:
                self.drains.discard((known.owner.kind, known.owner.name, where))
                self.drains.add((owner.kind, owner.name, where))
        self.drains = {each for each in self.drains if each[:2] in places.owners}

    @property
    def away(self) -> int:
        """How many are remembered that nobody names now."""
        return len(self._away)

    def drain(self, address: PeerAddress, drained: bool, now: float) -> None:
        """No new calls to this address from now on, or new calls again."""
        address.drained = drained
        address.rose_at = now  # it comes back slowly, where it is set so
        drain = (address.owner.kind, address.owner.name, (address.host, address.port, address.transport))
        if drained:
            self.drains.add(drain)
        else:
            self.drains.discard(drain)
        self.look(now)

    def take_up(self, drains: set[Drain], now: float) -> None:
        """These are drained, and no others: what the process before this one knew, of unresolved names as well."""
        self.drains = set(drains)
        for where, each in self._addresses.items():
            each.drained = (each.owner.kind, each.owner.name, where) in drains
        self.look(now)

    def begin(self, now: float) -> None:
        """The node has started: until now nothing was known of anybody."""
        for each in self._addresses.values():
            each.since = now

    def at(self, host: str, port: int, transport: str) -> PeerAddress | None:
        """The state of this address; None where it is none of the configuration."""
        return self._addresses.get((host, port, transport))

    def changed(self, address: PeerAddress, before: str, seconds: float, now: float) -> None:
        """Told by an address."""
        self.look(now)
        self._tell(address, before, seconds, now)

    def look(self, now: float) -> None:
        """Is there anything about any of them that an order has to heed?"""
        self.plain = all(
            each.state == UP and not each.drained and each.share(now) == _WHOLE for each in self._addresses.values()
        )

    def sweep(self, now: float) -> None:
        """Once a second: whoever asked for no calls has had his time."""
        for each in self._addresses.values():
            if each.state == BUSY and now >= each.until:
                each.rise(now)
        if not self.plain:
            self.look(now)
        if self._turned_away:
            self._turned_away = {
                name: told for name, told in self._turned_away.items() if now - told[1] < TURNED_AWAY_S
            }

    def turned_away(self, name: str, why: str, now: float) -> None:
        """A connection from an address of this peer did not begin."""
        self._turned_away[name] = why, now

    def let_in(self, name: str) -> None:
        """One has begun."""
        self._turned_away.pop(name, None)

    def of(self, kind: str, name: str) -> list[PeerAddress]:
        """The addresses of a PBX, destination or trunk."""
        return [each for each in self if each.owner.kind == kind and each.owner.name == name]

    def told_unled(self) -> list[str]:
        """The names that lead nowhere, a sentence each."""
        return [f"{name}: {host} leads to no address" for _, name, host in self.unled]

    def ailments(self) -> list[str]:
        """What an operator should see to, a sentence for each of their owners."""
        ill = [each for each in self if each.state != UP or each.drained]
        found = self.told_unled()
        for owner in dict.fromkeys(each.owner for each in ill):
            words = [f"{each.shown} ({'drained' if each.drained else each.why})" for each in ill if each.owner == owner]
            known = len(self.of(owner.kind, owner.name))
            found.append(f"{owner.name}: {len(words)} of {known} addresses without calls: {', '.join(words)}")
        return found + [f"{name}: its connections are refused: {why}" for name, (why, _) in self._turned_away.items()]

    def may_have_calls(self, kind: str, name: str, now: float) -> bool:
        """Is there an address of it, as far as is known, that takes new calls?

        One that only a call can find to live again counts when it is time for that: else nobody would send us one.
        """
        known = self.of(kind, name)
        if not known:
            return (kind, name) not in self._nowhere
        takes = any(not each.drained and (each.lives or (not each.is_probed and now >= each.until)) for each in known)
        return takes and not (not self.plain and self.closed_for(known, now))

    def closed_for(self, addresses: Iterable[PeerAddress], now: float) -> float:
        """For how long none of these takes new calls, since they ask for none or are gone; 0: one may.

        One claim is not enough: whoever is called may have written it. Nor are those of several addresses for long, if
        it was always the same who was called.
        """
        busy = []
        for each in addresses:
            if each.state == BUSY and now < each.until and each.claims and not each.drained:
                busy.append(each)
            elif not each.drained and not each.is_gone(now):
                return 0.0
        if sum(len(each.claims) for each in busy) < _ENOUGH:
            return 0.0
        until = min(each.until for each in busy)
        if len(frozenset().union(*(each.claims for each in busy))) < _ENOUGH:
            until = min(until, max(each.claimed_at for each in busy) + ALONE_S)
        return max(0.0, until - now)

    def targets_closed_for(self, targets: list[Target], now: float) -> float:
        """The same of where a call may go."""
        known = [self._addresses.get((each.host, each.port, each.transport)) for each in targets]
        addresses = [each for each in known if each is not None]
        return self.closed_for(addresses, now) if len(addresses) == len(known) else 0.0

    def owner_closed_for(self, address: PeerAddress, now: float) -> float:
        """The same of all addresses of whose one this is."""
        return self.closed_for(self.of(address.owner.kind, address.owner.name), now)

    # ---- the order of targets ------------------------------------------------------------------------------------

    def choose(self, targets: list[Target], now: float, draw: Draw, *, may_try: bool) -> list[Target]:
        """The targets of a request in the order in which it tries them: by weight where they have any, who lives first.

        `may_try`: it may be the one that finds out whether somebody lives again.
        """
        if len(targets) > 1 and targets[0].weight != UNWEIGHED:
            weighed = [each for each in targets if each.weight]
            shares = [each.weight * self._share(each, now) for each in weighed]
            # Unlike in SRV records, 0 is for one that has calls only where no other lives.
            targets = [*by_weight(weighed, shares, draw), *(each for each in targets if not each.weight)]
        elif len(targets) > 1 and not self.plain and draw() * _WHOLE >= self._share(targets[0], now):
            targets = [targets[1], targets[0], *targets[2:]]
        return targets if self.plain else self.living_first(targets, now, may_try=may_try)

    def living_first(self, targets: list[Target], now: float, *, may_try: bool) -> list[Target]:
        """Who is up, then who is busy and says so at once, then who is down; each group as it was."""
        if len(targets) < 2:
            return targets
        first: list[Target] = []
        busy: list[Target] = []
        last: list[Target] = []
        for target in targets:
            known = self._addresses.get((target.host, target.port, target.transport))
            if known is None or known.state == UP:
                first.append(target)
            elif known.state == BUSY:
                (first if now >= known.until else busy).append(target)
            elif may_try and now >= known.until and not known.is_probed:
                known.until = now + self.retry_s
                first.append(target)
            else:
                last.append(target)
        return first + busy + last

    def without_drained(self, targets: list[Target]) -> list[Target]:
        """Those that new calls may go to."""
        return [each for each in targets if not self._is_drained(each)]

    def _is_drained(self, target: Target) -> bool:
        known = self._addresses.get((target.host, target.port, target.transport))
        return known is not None and known.drained

    def _share(self, target: Target, now: float) -> int:
        known = self._addresses.get((target.host, target.port, target.transport))
        return _WHOLE if known is None else known.share(now)
