"""Owners over HTTP: where one is written to, which he confirms by the code that was mailed."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.complaint_shapes import Confirmation
from console.api.parts import Body, Text, TheDesk, needs, paths
from desk.reading import LONGEST_NAME
from ringfence.people.rights import Right

router = paths("/v1/owners", "ladder")
Writer = Annotated[Caller, needs(Right.LADDER_WRITE)]
_Owner = Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME, description="As a number was assigned to him.")]


class Addressing(Body):
    """Where an owner is written to."""

    owner: _Owner
    contact: Text = Field(min_length=1, max_length=254, description="One e-mail address; kept encrypted, never shown.")


class Addressed(BaseModel):
    """That it was set."""

    owner: str = Field(description="In its known spelling.")
    confirmed: bool = Field(description="false: a code was asked for there, and nothing else is sent until it is told.")


class OwnersConfirmation(Confirmation):
    """That the address belongs to him."""

    owner: _Owner


@router.post("/address")
async def set_owners_address(what: Addressing, desk: TheDesk, caller: Writer) -> Addressed:
    """Say where an owner is told of seals and releases of his numbers; to a new address a code is mailed, once."""
    found = await desk.letters.set_owner(what.owner, what.contact, actor=caller.actor, confirmed=False)
    return Addressed(**found._asdict())


@router.post("/confirm", status_code=204)
async def confirm_owners_address(what: OwnersConfirmation, desk: TheDesk, _: Writer) -> None:
    """Confirm an owner's address by the code that was sent there; what waits for him is sent from then on."""
    await desk.letters.confirm_owner(what.owner, what.code)
