"""The office directory over HTTP: list, add, merge, part."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.parts import Body, Shape, Text, TheDesk, Utc, Worded, needs, paths
from desk.offices import NewOffice
from desk.reading import LONGEST_NAME
from ringfence.people.rights import Right

router = paths("/v1/offices", "leaks")
Reader = Annotated[Caller, needs(Right.CASES_READ)]
Writer = Annotated[Caller, needs(Right.CASES_WRITE)]
_Name = Annotated[Text, Field(max_length=LONGEST_NAME)]


class OfficeShape(Shape):
    """An office of the directory."""

    title: Worded = Field(description="What complaints and reports call it.")
    name: Worded
    bank: Worded = Field(description="Whose branch it is; empty: a bank or platform itself.")
    answers: Worded = Field(description="Who answers for it.")
    names: list[Worded] = Field(description="Others that people write.")
    complaints: int


class HeardShape(Shape):
    """A name that the directory does not know."""

    name: Worded
    complaints: int
    reporters: int
    last: Utc
    like: list[Worded] = Field(description="Offices that could be meant; a person says which, by merging.")


class DirectoryShape(BaseModel):
    """The directory, and what is not in it."""

    offices: list[OfficeShape]
    unknown: list[HeardShape]


class OfficeBody(Body):
    """An office to add, or names for one that is there."""

    name: Text = Field(min_length=1, max_length=LONGEST_NAME)
    bank: _Name = Field("", description="Added if it is new.")
    names: list[_Name] = Field(default=[], max_length=100)
    answers: _Name = ""


class OfficesBody(Body):
    """Offices to add, all of them or none."""

    offices: list[OfficeBody] = Field(min_length=1, max_length=1_000)  # fit in a body (api.body_kib)


class NamingBody(Body):
    """Which name, and which office."""

    name: Text = Field(min_length=1, max_length=LONGEST_NAME, description="As reporters write it.")
    office: Text = Field(min_length=1, max_length=3 * LONGEST_NAME, description="In any known spelling.")
    reason: Text = Field("", max_length=1_000)


class ChangedShape(Shape):
    """What a change of the directory did."""

    offices: list[Worded]
    complaints: int = Field(description="That stand under another name now.")


@router.get("")
async def list_offices(
    desk: TheDesk, _: Reader, unknown: Annotated[int, Query(ge=0, le=500, description="Unknown names at most.")] = 50
) -> DirectoryShape:
    """List the directory, each bank before its branches, and the names that no office has."""
    return DirectoryShape(
        offices=[OfficeShape.of(one) for one in await desk.offices.listed()],
        unknown=[HeardShape.of(one) for one in await desk.offices.unknown(unknown)],
    )


@router.post("")
async def add_offices(body: OfficesBody, desk: TheDesk, caller: Writer) -> ChangedShape:
    """Add offices, or names to those that are there; complaints of before that mean them stand under them at once."""
    news = [NewOffice(one.name, one.bank, tuple(one.names), one.answers) for one in body.offices]
    return ChangedShape.of(await desk.offices.take(news, actor=caller.actor))


@router.post("/merge")
async def merge_office(body: NamingBody, desk: TheDesk, caller: Writer) -> ChangedShape:
    """Say that a name means this office: complaints stand under it, those of before as well."""
    return ChangedShape.of(await desk.offices.merge(body.name, body.office, actor=caller.actor, reason=body.reason))


@router.post("/split")
async def split_office(body: NamingBody, desk: TheDesk, caller: Writer) -> ChangedShape:
    """Say that a name does not mean this office: its complaints go back to what their reporters wrote."""
    return ChangedShape.of(await desk.offices.split(body.name, body.office, actor=caller.actor, reason=body.reason))
