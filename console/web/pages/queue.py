"""Queue: the officer's first page: what is overdue, due today, his; found by state, holder, category; steps in bulk."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from pydantic import AfterValidator, BaseModel, Field

from console.api.cursors import turn_cursor, turn_of
from console.web.frame import Page, Section, Visit
from console.web.translation import mark
from desk.disclosure import note_listing
from desk.faults import ComplaintError
from desk.queue import InBulk, Wanted, counts, holders, in_bulk, officers, queue
from desk.states import CaseState
from ringfence.people import Right

PAGE = Page("queue", mark("Queue"), Right.CASES_READ, Section.DESK, key="q", order=10)
router = APIRouter()
_AT_ONCE = 50
Text = Annotated[str, Field(max_length=300), AfterValidator(str.strip)]
# `desk.deadlines`, `desk.states.CaseStep`, and why a case stands on top.
WORDS = (
    *(mark("accept"), mark("hand over"), mark("decide"), mark("answer")),
    *(mark("met"), mark("met late"), mark("running"), mark("overdue")),
    *(mark("take"), mark("verify"), mark("seal"), mark("release"), mark("keep sealed"), mark("seal again")),
    *(mark("release again"), mark("close as unfounded"), mark("close as forged"), mark("their answer")),
    mark("a complaint was withdrawn after the seal"),
)
DONE = {
    "take": mark("%(n)s cases taken."),
    "withdraw": mark("%(n)s complaints withdrawn."),
    "reject": mark("%(n)s complaints rejected."),
}


class Asked(BaseModel):
    """What somebody looks for."""

    due: Annotated[str, Field(pattern="^(overdue|today|mine)?$")] = ""
    state: Annotated[str, Field(pattern="^[a-z ]{0,20}$")] = ""
    holder: Text = ""
    category: Text = ""
    officer: Text = ""

    def wanted(self, actor: str) -> Wanted:
        """As the desk reads it; a state that is none is any."""
        state = CaseState(self.state) if self.state in set(CaseState) else None
        due = "overdue" if self.due == "overdue" else "today" if self.due == "today" else ""
        return Wanted(due, actor if self.due == "mine" else "", state, self.holder, self.category, self.officer)  # type: ignore[arg-type]


@router.get("")
async def cases(
    visit: Annotated[Visit, PAGE.visited],
    asked: Annotated[Asked, Query()],
    beyond: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The cases that fit, the most pressing first."""
    archive = visit.desk.archive
    found = await queue(
        archive, asked.wanted(visit.actor.name), limit=_AT_ONCE + 1, beyond=turn_of(beyond) if beyond else None
    )
    shown = found[:_AT_ONCE]
    await note_listing(archive, "case", len(shown), actor=visit.actor.name, state=asked.state)
    more = ""
    if len(found) > _AT_ONCE:
        more = visit.url("queue", **asked.model_dump(), beyond=turn_cursor(shown[-1].listed.turn))
    return visit.show(
        "queue.html",
        block=("rows" if beyond else "found") if visit.partial else "",
        asked=asked,
        found=shown,
        more=more,
        counts=await counts(archive, visit.actor.name),
        states=list(CaseState),
        holders=await holders(archive),
        officers=await officers(archive),
        categories=archive.settings.categories,
        now=archive.now(),
    )


@router.post("/bulk")
async def bulk(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)],
    step: Annotated[InBulk, Form()],
    case: Annotated[list[int], Form(max_length=500)] = [],  # noqa: B006
    reason: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """Take many cases, or end all their complaints."""
    try:
        done = await in_bulk(visit.desk, step, case, actor=visit.actor.name, reason=reason)
    except ComplaintError as error:
        return visit.go("queue", notice=error.reason, good=False)
    told = [visit.say(DONE[step], n=done.done)] if done.done else []
    told += [visit.say(mark("Case %(case)s: %(why)s."), case=number, why=why) for number, why in done.refused[:10]]
    return visit.go("queue", notice=" ".join(told), good=not done.refused)
