"""Every step that an officer takes with a case or an appeal: one table, which command line and HTTP are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desk.states import CASE_TABLE, AppealState, CaseStep, FoundBy

if TYPE_CHECKING:
    from desk.desk import Desk


class Need(NamedTuple):
    """What a step is told, beside what it is about and who takes it."""

    name: str  # as the desk, HTTP and, where nothing else is said, the command line call it
    meaning: str
    required: bool = False
    longest: int = 200
    kind: type = str
    option: str = ""  # on the command line: --by


class OfficersStep(NamedTuple):
    """One step."""

    name: str  # `ringfence cases NAME`, POST /v1/cases/{case}/NAME
    operation: str  # in the OpenAPI document
    right: str  # the scope that a key needs for it
    states: tuple[str, ...]  # in which it is possible
    needs: tuple[Need, ...]
    meaning: str
    method: Callable[[Desk], Callable[..., Awaitable[Any]]]
    versioned: bool = True  # may it be tied to the version that was looked at?
    counted: bool = False  # have the latest calls to be counted first?
    two_persons: bool = False  # does another have to confirm it, once there are accounts?
    file: Callable[[Desk, int], Awaitable[str]] | None = None  # made before it is taken, for whom it concerns

    @property
    def told(self) -> str:
        """What it does and when, for help and document."""
        return f"{self.meaning}\n\nPossible while it is {' or '.join(self.states)}."


def _from(step: CaseStep) -> tuple[str, ...]:
    return tuple(state.value for state, each in CASE_TABLE if each is step)


async def _handover(desk: Desk, case: int) -> str:
    from desk.exports import handover

    return await handover(desk.archive, case)


_REASON: Final = Need("reason", "Why; it is recorded, and told to whom it concerns.", True, 1_000)
_REMARK: Final = _REASON._replace(required=False)
_REFERENCE: Final = Need("reference", "Theirs, if known.")

CASE_STEPS: Final = (
    OfficersStep(
        *("take", "take_case", "cases:write", _from(CaseStep.TAKE), (_REMARK,)),
        "Begin to verify a case: its complaints are accepted.",
        lambda desk: desk.cases.take,
    ),
    OfficersStep(
        *("verify", "verify_case", "cases:write", _from(CaseStep.VERIFY)),
        (
            Need("found_by", "How it is known that the calls came from the number.", True, kind=FoundBy, option="--by"),
            _REASON,
        ),
        "State that the calls truly came from the number; only then can it be sealed.",
        lambda desk: desk.cases.verify,
        counted=True,
    ),
    OfficersStep(
        *("seal", "seal_case", "seals:write", _from(CaseStep.SEAL), (_REASON,)),
        "Reject every call of the verified number from the next one on, and suspend what allows it.",
        lambda desk: desk.cases.seal,
        two_persons=True,
        counted=True,
    ),
    OfficersStep(
        *("release", "release_seal", "seals:release", _from(CaseStep.RELEASE), (_REASON,)),
        "Take the seal off, and give back what it suspended.",
        lambda desk: desk.cases.release,
        two_persons=True,
    ),
    OfficersStep(
        *("seal-again", "seal_again", "seals:write", _from(CaseStep.SEAL_AGAIN), (_REASON,)),
        "Set the seal of a sealed case anew, whose number no list stops since an older copy of the lists was put back.",
        lambda desk: desk.cases.seal_again,
        two_persons=True,
    ),
    OfficersStep(
        *("release-again", "release_again", "seals:release", _from(CaseStep.RELEASE_AGAIN), (_REASON,)),
        "Take off a seal that was released already, and stands again since an older copy of the lists was put back.",
        lambda desk: desk.cases.release_again,
        two_persons=True,
    ),
    OfficersStep(
        *("keep", "keep_seal", "seals:write", _from(CaseStep.KEEP), (_REASON,)),
        "Let the seal stand although a complaint was withdrawn; the case is no longer on top.",
        lambda desk: desk.cases.keep,
    ),
    OfficersStep(
        *("unfounded", "close_as_unfounded", "cases:write", _from(CaseStep.UNFOUNDED), (_REASON,)),
        "Close a case: there is nothing against the number.",
        lambda desk: desk.cases.close_unfounded,
    ),
    OfficersStep(
        *("forged", "close_as_forged", "cases:write", _from(CaseStep.FORGED)),
        (_REASON, Need("trunk", "Where the calls came from; default: by the records.")),
        "Close a case: the number was not the true caller; it counts against the trunk (`ringfence trunks`).",
        lambda desk: desk.cases.close_forged,
        counted=True,
    ),
    OfficersStep(
        *("hand-over", "hand_over_case", "cases:write", _from(CaseStep.HAND_OVER)),
        (Need("to", "The operator that holds the number; default: the ledger's holder."), _REMARK, _REFERENCE),
        "Give a case to the operator that holds the number; the reporters' clock runs on until it answers.",
        lambda desk: desk.cases.hand_over,
        file=_handover,
    ),
    OfficersStep(
        *("answer", "record_their_answer", "cases:write", _from(CaseStep.ANSWER)),
        (Need("answer", "What the other operator answered.", True, 1_000), _REFERENCE),
        "Record the answer of the operator that a case was handed over to: its complaints are answered.",
        lambda desk: desk.cases.their_answer,
        versioned=False,
    ),
)

APPEAL_STEPS: Final = (
    OfficersStep(
        *("grant", "grant_appeal", "appeals:decide", (AppealState.FILED.value,), (_REASON,)),
        "The caller is right: a seal is released, a step of the ladder taken back.",
        lambda desk: desk.appeals.grant,
        two_persons=True,
    ),
    OfficersStep(
        *("refuse", "refuse_appeal", "appeals:decide", (AppealState.FILED.value,), (_REASON,)),
        "The caller is not right; everything stays.",
        lambda desk: desk.appeals.refuse,
    ),
)
