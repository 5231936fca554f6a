"""Does somebody vouch for this caller? RFC 8224 section 6.2, with chains of diversions (RFC 8946).

What costs nothing is asked first: a certificate is needed only by a PASSporT that says the right things of this call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from proxy.stir.credentials import Credential
from proxy.stir.failures import Failure, Unverified
from proxy.stir.passports import DIV, MOST, RCD, SHAKEN, Passport, read_identity
from proxy.stir.replays import Replays
from rules.model import ATTESTATION, Call
from rules.records.numbers_in_text import without_numbers

FUTURE_S: Final = 10.0  # by which the signer's clock may be ahead of ours
NONE: Final = "none"
FAILED: Final = "failed"


class Claimed(NamedTuple):
    """What a PASSporT has to say of a call."""

    caller: str  # canonical; empty where he shows no number
    called: str  # canonical, of the Request-URI
    to: str  # canonical, whom the caller asked for
    call_id: bytes
    keys: frozenset[tuple[str, str]]  # fingerprints in its session description


class Attestation(NamedTuple):
    """What came of it."""

    level: str  # A, B, C, none or failed
    why: str = ""  # the name of a failure
    origid: str = ""
    signer: str = ""
    name: str = ""  # of the caller, by rich call data

    def enter(self, call: Call, believed: Collection[str] = ()) -> None:
        """Tell the call; `believed` are attestations by which its number is."""
        call.vouched = self.level in believed
        facts = call.facts
        if facts is None:
            facts = call.facts = {}
        for fact, value in zip(FACTS, self._replace(name=without_numbers(self.name)), strict=True):
            if value:
                facts[fact] = value


FACTS: Final = ATTESTATION


def failed(failure: Failure) -> Attestation:
    """Nobody vouches for it; where that says nothing of the call, it is as if nobody had signed."""
    return Attestation(FAILED if failure.is_verdict else NONE, failure.value)


class Chain(NamedTuple):
    """A PASSporT that says the right things of a call, with the diversions that led to here, and the caller's name."""

    shaken: Passport
    diverted: tuple[Passport, ...]
    named: Passport | None

    @property
    def needed(self) -> tuple[Passport, ...]:
        """Each of these has to be verified."""
        return (self.shaken, *self.diverted)

    @property
    def urls(self) -> list[str]:
        """Where their certificates lie, and that of the name."""
        found = [*self.needed, self.named] if self.named is not None else self.needed
        return list(dict.fromkeys(each.url for each in found if each is not None))


def find_chains(values: Sequence[bytes], claimed: Claimed, now: float, lasts_s: float) -> list[Chain]:
    """What of these Identity header fields could vouch for the call. Raises Unverified where none could."""
    if len(values) > MOST:
        raise Unverified(Failure.TOO_MANY)
    failures: list[Failure] = []
    passports: list[Passport] = []
    for value in values:
        try:
            passport = read_identity(value)
            if passport.ppt in (SHAKEN, DIV, RCD):
                _refuse_claims(passport, claimed, now, lasts_s)
            passports.append(passport)
        except Unverified as unverified:
            failures.append(unverified.failure)
    diverted = [each for each in passports if each.ppt == DIV]
    named = next((each for each in passports if each.ppt == RCD and each.name), None)
    chains = []
    for shaken in passports:
        if shaken.ppt != SHAKEN:
            continue
        try:
            chains.append(Chain(shaken, _diversions(shaken, diverted, claimed), named))
        except Unverified as unverified:
            failures.append(unverified.failure)
    if not chains:
        raise Unverified(failures[0] if failures else Failure.NOT_SHAKEN)
    return chains


def _refuse_claims(passport: Passport, claimed: Claimed, now: float, lasts_s: float) -> None:
    if max(passport.iat, passport.begins) > now + FUTURE_S:
        raise Unverified(Failure.FUTURE)
    if passport.iat < now - lasts_s or passport.ends <= now:
        raise Unverified(Failure.STALE)
    if not passport.orig or claimed.caller != f"+{passport.orig}":
        raise Unverified(Failure.OTHER_CALLER)
    if passport.keys and not claimed.keys.issuperset(passport.keys):
        raise Unverified(Failure.MEDIA_KEYS)


def _diversions(shaken: Passport, diverted: list[Passport], claimed: Claimed) -> tuple[Passport, ...]:
    """The diversions from whom it was signed for to whom it is for now, the last one first (RFC 8946 section 5)."""
    target = claimed.called.removeprefix("+")
    if not claimed.called.startswith("+"):  # an extension behind us: the caller has asked for its number
        target = claimed.to.removeprefix("+")
    if target in shaken.dest:
        return ()
    if not diverted:
        # Networks change the Request-URI and sign nothing (a toll-free number); so does whoever copies a PASSporT.
        to = claimed.to.removeprefix("+")
        raise Unverified(Failure.UNSIGNED_DIVERSION if to in shaken.dest else Failure.OTHER_CALLED)
    found: list[Passport] = []
    while target not in shaken.dest:
        step = next((each for each in diverted if target in each.dest and each not in found), None)
        if step is None:
            raise Unverified(Failure.DIVERSION)
        found.append(step)
        target = step.div
    return tuple(found)


Known = Mapping[str, Credential | Failure]


def conclude(
    chains: Sequence[Chain], known: Known, claimed: Claimed, now: float, lasts_s: float, replays: Replays
) -> Attestation:
    """What the best of them proves that proves anything, whoever wrote his first; else why the best one does not."""
    failure: Failure | None = None
    for chain in sorted(chains, key=_level):
        try:
            for passport in chain.needed:
                _verify(passport, known, now)
            # Whom it was diverted from may have got it before: the last diversion is what belongs to this call alone.
            own = chain.diverted[0] if chain.diverted else chain.shaken
            for passport in chain.needed:
                seen = replays.is_replay(passport.once, claimed.call_id, now, lasts_s + FUTURE_S)
                if seen and passport is own:
                    raise Unverified(Failure.REPLAYED)
        except Unverified as unverified:
            failure = failure or unverified.failure
            continue
        shaken = chain.shaken
        credential = known[shaken.url]
        assert isinstance(credential, Credential)
        return Attestation(shaken.attest, "", shaken.origid, credential.signer, _name_of(chain, known, now))
    assert failure is not None
    return failed(failure)


def _level(chain: Chain) -> str:
    return chain.shaken.attest


def _verify(passport: Passport, known: Known, now: float) -> None:
    credential = known.get(passport.url, Failure.UNREACHABLE)
    if not isinstance(credential, Credential):
        raise Unverified(credential)
    if now > credential.ends:
        raise Unverified(Failure.EXPIRED)
    # A diversion is signed by whoever is responsible for whom it was diverted from (RFC 8946 section 4.1).
    if not credential.numbers.covers(passport.div or passport.orig):
        raise Unverified(Failure.OTHER_NUMBERS)
    if not credential.verify(passport.signed, passport.signature):
        raise Unverified(Failure.SIGNATURE)


def _name_of(chain: Chain, known: Known, now: float) -> str:
    """What the caller is called: in what was verified just now, or in a PASSporT of its own."""
    if chain.shaken.name or chain.named is None:
        return chain.shaken.name
    try:
        _verify(chain.named, known, now)
    except Unverified:
        return ""
    return chain.named.name
