"""Cases that other operators hand over to us, and their answers to ours: signed, and acknowledged."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.parts import Body, Text, TheDesk, needs, paths
from console.api.problems import Problem
from ringfence.exchange.handing import LONGEST, Handing, Unproven
from ringfence.people.rights import Right

router = paths("/v1", "handed over")
Operator = Annotated[Caller, needs(Right.HANDED_WRITE)]


class Signed(Body):
    """A message of one operator to another."""

    signed: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=LONGEST,
            description="A JWS in compact form (RFC 7515), by the Ed25519 key that was handed over before.",
        ),
    ]


class Acknowledged(BaseModel):
    """We have it."""

    reference: Annotated[str, Field(description="Under which we have it.")]


@router.post("/handed-over", status_code=201)
async def hand_over(sent: Signed, desk: TheDesk, request: Request, _: Operator) -> Acknowledged:
    """Hand a case over, or answer one that was: whoever hears no answer sends the same again."""
    handing: Handing | None = request.app.state.handing
    if handing is None:
        raise Problem(404, "not-found", "Nothing is handed over here (exchange.partners.NAME.handing).")
    try:
        proven = handing.proven(sent.signed)
    except Unproven as error:
        raise Problem(403, "refused", f"This message is not taken: {error}.") from None
    return Acknowledged(reference=await desk.handing.take(proven.partner, proven.operator, proven.message))
