"""Letters over HTTP: what has not left the outbox, and why; they leave by `ringfence letters send`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.cursors import cursor_at, place_of
from console.api.parts import Body, Cursor, Limit, MaybeUtc, Next, Shape, Text, TheDesk, Utc, Worded, needs, paths
from ringfence.people.rights import Right

router = paths("/v1/letters", "letters")
Reader = Annotated[Caller, needs(Right.CASES_READ)]
Writer = Annotated[Caller, needs(Right.CASES_WRITE)]


class LetterShape(Shape):
    """A letter that waits; neither its address nor its words are shown."""

    id: int
    kind: str = Field(description="confirm: asks for an address to be confirmed; answer, appeal, owner: tells a step.")
    about: Worded = Field(description="Reference of the complaint or appeal, or the owner.")
    outcome: str = Field(description="The step that it tells of.")
    created: Utc
    attempts: int = Field(description="How often the mail server did not take it.")
    state: str = Field(description="waits, unconfirmed, or given up: then `retry` puts it back.")
    next_try: MaybeUtc = Field(description="Not before; null: with the next `letters send`, or never.")
    waits_for: Worded


class AskBody(Body):
    """Whose address is to be confirmed."""

    about: Text = Field(max_length=200, description="Reference of a complaint or appeal, or the owner's name.")


class AskedShape(BaseModel):
    """Whether a request leaves."""

    asked: bool = Field(description="false: the address is confirmed already.")


class LetterPage(BaseModel):
    """Some letters, and where the next ones begin."""

    letters: list[LetterShape]
    next: Next


@router.get("")
async def list_letters(desk: TheDesk, _: Reader, limit: Limit = 50, cursor: Cursor = None) -> LetterPage:
    """List what has not left, and why: an address that nobody confirmed, or what the mail server said."""
    found = await desk.letters.kept(limit + 1, place_of(cursor))
    shown = [LetterShape.of(one) for one in found[:limit]]
    return LetterPage(letters=shown, next=cursor_at(found[limit - 1].id) if len(found) > limit else None)


@router.post("/{letter}/retry", status_code=204)
async def retry_letter(
    letter: Annotated[int, Path(ge=1, lt=2**53, description="Its id.")], desk: TheDesk, caller: Writer
) -> None:
    """Let a letter that was given up, or that pauses, leave with the next `letters send`."""
    await desk.letters.retry([letter], actor=caller.actor)


@router.post("/ask")
async def ask_again(body: AskBody, desk: TheDesk, caller: Writer) -> AskedShape:
    """Send the request to confirm an address once more: its code ran out, or the letter was lost."""
    return AskedShape(asked=await desk.letters.ask(body.about, actor=caller.actor))
