"""Which step leads from which state to which; nothing else changes a state, and only `verify` leads towards a seal."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeVar

from desk.faults import ComplaintError
from rules.storage.statements import sql


class ComplaintState(StrEnum):
    """Of a complaint."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"


COUNTS = frozenset({ComplaintState.RECEIVED, ComplaintState.ACCEPTED, ComplaintState.ANSWERED})
COUNTED = sql("state not in ('withdrawn', 'rejected')")  # to the letter as the indexes of complaints say it


class CaseState(StrEnum):
    """Of a case: the first four are open, and a number has one open case at most."""

    COLLECTING = "collecting"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    SEALED = "sealed"
    RELEASED = "released"
    UNFOUNDED = "unfounded"
    FORGED = "forged"
    HANDED_OVER = "handed over"


class CaseStep(StrEnum):
    """What an officer does with a case."""

    TAKE = "take"
    VERIFY = "verify"
    SEAL = "seal"
    KEEP = "keep sealed"
    SEAL_AGAIN = "seal again"  # the lists were put back from before the seal
    RELEASE = "release"
    RELEASE_AGAIN = "release again"  # or from before the release
    UNFOUNDED = "close as unfounded"
    FORGED = "close as forged"
    HAND_OVER = "hand over"
    ANSWER = "their answer"  # of the operator that it was handed over to


class FoundBy(StrEnum):
    """How an officer knows that the call truly came from the number."""

    TRUNK = "trunk"
    IDENTITY = "identity"
    OWNER = "owner"


OPEN = frozenset({CaseState.COLLECTING, CaseState.VERIFYING, CaseState.VERIFIED, CaseState.SEALED})

CASE_TABLE: dict[tuple[CaseState, CaseStep], CaseState] = {
    (CaseState.COLLECTING, CaseStep.TAKE): CaseState.VERIFYING,
    (CaseState.COLLECTING, CaseStep.UNFOUNDED): CaseState.UNFOUNDED,
    (CaseState.COLLECTING, CaseStep.HAND_OVER): CaseState.HANDED_OVER,
    (CaseState.VERIFYING, CaseStep.VERIFY): CaseState.VERIFIED,
    (CaseState.VERIFYING, CaseStep.FORGED): CaseState.FORGED,
    (CaseState.VERIFYING, CaseStep.UNFOUNDED): CaseState.UNFOUNDED,
    (CaseState.VERIFYING, CaseStep.HAND_OVER): CaseState.HANDED_OVER,
    (CaseState.VERIFIED, CaseStep.SEAL): CaseState.SEALED,
    (CaseState.VERIFIED, CaseStep.FORGED): CaseState.FORGED,
    (CaseState.VERIFIED, CaseStep.UNFOUNDED): CaseState.UNFOUNDED,
    (CaseState.VERIFIED, CaseStep.HAND_OVER): CaseState.HANDED_OVER,
    (CaseState.SEALED, CaseStep.KEEP): CaseState.SEALED,
    (CaseState.SEALED, CaseStep.SEAL_AGAIN): CaseState.SEALED,
    (CaseState.SEALED, CaseStep.RELEASE): CaseState.RELEASED,
    (CaseState.RELEASED, CaseStep.RELEASE_AGAIN): CaseState.RELEASED,
    (CaseState.HANDED_OVER, CaseStep.ANSWER): CaseState.HANDED_OVER,
}

# The clocks that a step meets.
MEETS: dict[CaseStep, tuple[str, ...]] = {
    CaseStep.TAKE: ("accept",),
    CaseStep.VERIFY: (),
    CaseStep.SEAL: ("accept", "hand over", "decide", "answer"),
    CaseStep.KEEP: (),
    CaseStep.SEAL_AGAIN: (),
    CaseStep.RELEASE: (),
    CaseStep.RELEASE_AGAIN: (),
    CaseStep.UNFOUNDED: ("accept", "hand over", "decide", "answer"),
    CaseStep.FORGED: ("accept", "hand over", "decide", "answer"),
    CaseStep.HAND_OVER: ("accept", "hand over", "decide"),  # the reporter still waits for the holder's answer
    CaseStep.ANSWER: ("answer",),
}


class AppealState(StrEnum):
    """Of an appeal."""

    FILED = "filed"
    GRANTED = "granted"
    REFUSED = "refused"


class Attacks(StrEnum):
    """What an appeal is about."""

    RULE = "rule"
    ENTRY = "entry"
    LADDER = "ladder"
    SEAL = "seal"


_Word = TypeVar("_Word", bound=StrEnum)


def stored(words: type[_Word], text: str, of: str) -> _Word:
    """The word that the database holds of something; ComplaintError names one that nothing here writes."""
    try:
        return words(text)
    except ValueError:
        told = f"{text[:40]!r} stands in the database, which is none of {', '.join(words)}: it was changed by hand"
        raise ComplaintError(of, f"{told}; `ringfence audit verify` tells what it was") from None


Offender = Literal["number", "owner", "business"]  # who can stand on the ladder


def next_state(state: CaseState, step: CaseStep) -> CaseState | None:
    """Where a step leads; None: it does not fit this state."""
    return CASE_TABLE.get((state, step))
