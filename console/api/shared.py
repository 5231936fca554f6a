"""What we give, asked for by single consumers: by the beginning of a hash, which tells nobody which number is meant."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Request, Response
from pydantic import Field

from console.api.authentication import Caller
from console.api.parts import HASH_PREFIX, Shape, needs, paths
from console.api.problems import Problem
from ringfence.exchange.shelving import Shelving
from ringfence.people.rights import Right
from rules.sharing.hashes import Shelves

router = paths("/v1", "shared")
Asker = Annotated[Caller, needs(Right.SHARED_ASK)]
IfNoneMatch = Annotated[str, Header(alias="If-None-Match", max_length=200, description="An ETag that is known.")]
_CACHED = "public, max-age=300"  # a shared cache may keep it, though a key was sent (RFC 9111 section 3.5)


class ListedShape(Shape):
    """A listed number, by its hash."""

    hash: Annotated[str, Field(description="SHA-256 of the canonical number, hexadecimal: of +8617012345678.")]
    reason: str
    strength: str


class PrefixShape(Shape):
    """The listed numbers whose hashes begin so."""

    version: int
    numbers: list[ListedShape]


class RangeShape(Shape):
    """A listed prefix or range."""

    number: Annotated[str, Field(description="+861380*, or CN:95500..CN:95599.")]
    reason: str
    strength: str


class RangesShape(Shape):
    """All listed prefixes and ranges, which no hash of a number finds."""

    version: int
    ranges: list[RangeShape]


async def shelves_of(request: Request) -> Shelves:
    """What is given."""
    shelving: Shelving | None = request.app.state.shelving
    if shelving is None:
        raise Problem(404, "not-found", "Nothing is shared here (exchange.publish).")
    return await shelving.shelves()


def _known(response: Response, version: int, known: str) -> bool:
    """Say how long the answer may be kept; does the client have it?"""
    tag = f'"{version}"'
    response.headers["cache-control"], response.headers["etag"] = _CACHED, tag
    if tag not in (each.strip().removeprefix("W/") for each in known.split(",")):
        return False
    response.status_code = 304
    return True


@router.get("/shared/prefix/{prefix}", responses={304: {"description": "It is as it was."}})
async def show_prefix(
    prefix: Annotated[str, Path(pattern=HASH_PREFIX, description="4 or 5 digits of the hash.")],
    request: Request,
    response: Response,
    _: Asker,
    if_none_match: IfNoneMatch = "",
) -> PrefixShape:
    """The listed numbers whose SHA-256 begins so: nobody learns here which of them was meant."""
    shelves = await shelves_of(request)
    if _known(response, shelves.version, if_none_match):
        return response  # type: ignore[return-value]  # as FastAPI wants an answer without a body
    found = shelves.beginning(prefix)
    return PrefixShape(version=shelves.version, numbers=[ListedShape.of(one) for one in found])


@router.get("/shared/ranges", responses={304: {"description": "It is as it was."}})
async def show_ranges(request: Request, response: Response, _: Asker, if_none_match: IfNoneMatch = "") -> RangesShape:
    """All listed prefixes and ranges: a client keeps them, and looks its numbers up in them by itself."""
    shelves = await shelves_of(request)
    if _known(response, shelves.version, if_none_match):
        return response  # type: ignore[return-value]
    ranges = [RangeShape(number=number, reason=reason, strength=told) for number, reason, told in shelves.ranges]
    return RangesShape(version=shelves.version, ranges=ranges)
