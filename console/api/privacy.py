"""What is kept of people over HTTP: how long, and a subscriber's own data, told to him or erased."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from console.api.approvals import TWO_PERSONS
from console.api.authentication import Caller
from console.api.parts import Body, MaybeUtc, Reason, Shape, Text, TheDesk, maybe_utc, needs, paths, utc
from desk.keeping import kept
from desk.subscriber import erase, held_of
from ringfence.people.rights import Right

router = paths("/v1/privacy", "privacy")
Officer = Annotated[Caller, needs(Right.PRIVACY_WRITE)]
_TIMES = frozenset({"received", "call_at", "state_at", "at", "last"})


class KeptShape(Shape):
    """A class of data."""

    data: str
    days: int | None = Field(description="null: for ever.")
    setting: str = Field(description="Of ringfence.yaml; empty: it cannot be set.")
    oldest: MaybeUtc = Field(description="What is held of it; null: nothing, or nobody looks.")
    overdue: bool


class RetentionShape(BaseModel):
    """All classes, those that go first on top."""

    kept: list[KeptShape]


class SubscriberBody(Body):
    """Of whom, and who asked."""

    number: Text = Field(min_length=1, max_length=64, description="The subscriber's, in any spelling.")
    reason: Reason = Field(min_length=1)


class HeldShape(BaseModel):
    """All that is held of a subscriber."""

    complaints: list[dict[str, Any]] = Field(description="His, with his words.")
    calls: list[dict[str, Any]] = Field(description="To him.")
    own_lists: list[dict[str, Any]]
    rang: list[dict[str, Any]] = Field(description="Who rang him lately.")
    emergency_call: MaybeUtc = Field(description="When he last made one, as long as it is known.")


class ErasedShape(Shape):
    """How much of each went."""

    words: int
    calls: int = Field(description="Records that do not lead to him any more.")
    own_lists: int
    rang: int


@router.get("/retention")
async def show_retention(desk: TheDesk, _: Officer) -> RetentionShape:
    """How long each class of data is kept, since when it is held, and whether some of it should be gone."""
    found = await kept(desk.archive, desk.archive.storage)
    return RetentionShape(kept=[KeptShape.of(one) for one in found])


@router.post("/export")
async def export_subscriber(who: SubscriberBody, desk: TheDesk, caller: Officer) -> HeldShape:
    """All that is held of a subscriber, once it stands in the audit who takes it out and why.

    It counts as a number in full (`privacy.unmask_hour`), and is never kept for an Idempotency-Key.
    """
    held = await held_of(desk.archive, who.number, actor=caller.actor, reason=who.reason)
    told = {name: [_times(row) for row in getattr(held, name)] for name in ("complaints", "calls", "own_lists", "rang")}
    return HeldShape(**told, emergency_call=maybe_utc(held.emergency_call))


@router.post("/erase", responses=TWO_PERSONS)
async def erase_subscriber(who: SubscriberBody, desk: TheDesk, caller: Officer) -> ErasedShape:
    """Erase his words and address, his own lists, and what leads from calls to him; that he complained stays.

    Once there are accounts it is proposed first (202); confirmed, the same request does it, once and within a day.
    """
    return ErasedShape.of(await erase(desk.archive, who.number, actor=caller.actor, reason=who.reason))


def _times(row: dict[str, Any]) -> dict[str, Any]:
    return {name: utc(one) if name in _TIMES and isinstance(one, float) else one for name, one in row.items()}
