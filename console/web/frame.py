"""What every page is given: who looks, in which language, what he may do; and how it shows something or sends on.

    PAGE = Page("calls", mark("Calls"), Right.CALLS_READ, Section.WATCH, key="c")
    router = APIRouter()

    @router.get("")
    async def calls(visit: Annotated[Visit, PAGE.visited]) -> Response:
        return visit.show("calls.html", found=...)

    @router.post("/{id}/block")
    async def block(visit: Annotated[Visit, PAGE.doing(Right.LISTS_WRITE)], ...) -> Response:
        ...
        return visit.go("calls", id, notice=visit.say("The number is on the list."))

A GET changes nothing; a POST came from a form of ours (the gate has asked its token) and ends with `go`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from console.web.rendering import print_of, render, verdict
from console.web.tokens import Tokens
from console.web.translation import LANGUAGES, mark, words_of
from console.web.vocabulary import VERDICTS
from desk.desk import Desk
from ringfence.installation import Installation
from ringfence.people import Actor, Right
from rules.judging.explain import reason_told
from rules.texts.worded import translated

_PATIENCE_S = 0.15  # of a page, whose first answer is there within twice that


class Section(StrEnum):
    """Where a page stands in the navigation."""

    WATCH = mark("Watch")
    DECIDE = mark("Decide")
    DESK = mark("Complaint desk")
    HOUSE = mark("House")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the navigation: its place under /console/, its name, and who may see it."""

    name: str
    title: str  # marked for translation
    right: Right
    section: Section
    key: str = ""  # g and this letter lead to it
    order: int = 50  # within its section
    others: frozenset[Right] = frozenset()  # any of these is enough, too

    @property
    def visited(self) -> Dependency:
        """Whoever looks at it, who has its right."""
        return self.doing(self.right, *self.others)

    def doing(self, right: Right, *others: Right) -> Dependency:
        """Whoever takes a step on it, which may ask for another right, or one of several."""

        async def visit(request: Request) -> Visit:  # a plain function would be sent to another thread
            found: Visit = request.state.visit
            found.page = self
            if found.actor.rights.isdisjoint((right, *others)):
                raise NotAllowed(right)
            return found

        dependency: Dependency = Depends(visit)
        return dependency


class NotAllowed(Exception):
    """Whoever looks has not the right for it."""

    def __init__(self, right: Right) -> None:
        super().__init__(str(right))
        self.right = right


TYPED = "typed "  # in the address of a number: whoever came by it wrote the number himself
UNREADABLE = mark("This address is of another installation, or cut short. Look the number up again.")


class NotThere(Exception):
    """There is no such thing; the message, in the language of whoever looks, says of what."""


class Ground(NamedTuple):
    """What all pages of a process share."""

    here: Installation
    desk: Desk | None
    pages: tuple[Page, ...]
    tokens: Tokens
    root: str  # where the console is for a browser: /console, or what a reverse proxy puts before it
    now: Callable[[], float] = time.time


class Notice(NamedTuple):
    """What is told once, on the next page."""

    text: str
    good: bool = True


@dataclass(slots=True)
class Visit:
    """One request of somebody who looks at a page."""

    request: Request
    ground: Ground
    actor: Actor
    language: str
    token: str  # of the forms on this page
    theme: str = ""  # light or dark; empty: as the system has it
    unclaimed: bool = False  # nobody has an account yet
    notices: list[Notice] = field(default_factory=list)
    page: Page | None = None

    @property
    def here(self) -> Installation:
        """The installation."""
        return self.ground.here

    @property
    def desk(self) -> Desk:
        """The complaint desk that this process has open."""
        assert self.ground.desk is not None
        return self.ground.desk

    async def keep_up(self) -> None:
        """The latest calls are counted before evidence is shown, of a long backlog what was counted until now."""
        await self.desk.lately(_PATIENCE_S, again_s=0.0)

    @property
    def partial(self) -> bool:
        """Does a page ask for a part of itself (htmx)?"""
        return self.request.headers.get("hx-request") == "true" and "hx-boosted" not in self.request.headers

    def say(self, text: str, **values: object) -> str:
        """A text in the language of whoever looks."""
        said = words_of(self.language).gettext(text)
        return said % values if values else said

    def told(self, text: object) -> object:
        """A sentence of a service in the language of whoever looks; what a person wrote, as it is."""
        return translated(text, words_of(self.language).gettext)

    def may(self, right: str) -> bool:
        """Has whoever looks this right?"""
        return right in self.actor.rights

    @property
    def least_callers(self) -> int:
        """Of how many callers a count is told exactly to whoever looks; 0: of one, since he may see numbers."""
        return 0 if self.may(Right.NUMBERS_UNMASK) else self.here.configuration.privacy.least_callers

    def url(self, *path: object, **query: object) -> str:
        """Where something is, for a browser."""
        parts = "/".join(quote(str(part), safe="") for part in path)
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{self.ground.root}/{parts}{f'?{urlencode(asked)}' if asked else ''}"

    def sealed(self, text: str) -> str:
        """A number as it may stand in an address of a page."""
        return self.ground.tokens.sealed(text)

    def opened(self, sealed: str) -> str:
        """The number in an address; nothing for what was not sealed here."""
        return self.ground.tokens.opened(sealed)

    def short_name(self, number: str) -> Markup:
        """Four letters beside a masked number: two that look alike are told apart by them."""
        told = self.say(mark("Tells numbers apart that look alike here; the same letters are the same number."))
        name = self.desk.archive.secrecy.short_name(number)
        return Markup('<span class="short" title="{}">{}</span>').format(told, name)

    def reopened(self, sealed: str) -> str:
        """The same; NotThere for what was not sealed here: nobody takes all for what he asked for."""
        found = self.opened(sealed)
        if sealed and not found:
            raise NotThere(self.say(UNREADABLE))
        return found

    def static(self, name: str) -> str:
        """Where a file of ours is; the browser keeps it until there is another one."""
        return f"{self.ground.root}/static/{print_of(name)}/{name}"

    def show(self, template: str, *, block: str = "", status: int = 200, **values: Any) -> Response:
        """A page; ``block``: only this block of it, for a page that asks for a part of itself."""
        return HTMLResponse(self.text(template, block, **values), status)

    def text(self, template: str, block: str = "", **values: Any) -> str:
        """A page, or one block of it, as text."""
        known = {"visit": self, "url": self.url, "static": self.static, "may": self.may, "rights": Right}
        known |= {"moment": self.moment, "ago": self.ago, "verdict": self.verdict, "languages": LANGUAGES}
        known |= {"told": self.told, "reason_told": lambda reason: self.told(reason_told(reason))}
        return render(self.language, template, known | values, block=block)

    def go(self, *path: object, notice: str = "", good: bool = True, **query: object) -> Response:
        """To another page, on which something is told."""
        if notice:
            self.notices.append(Notice(notice, good))
        where = self.url(*path, **query)
        if self.partial:
            return Response(status_code=204, headers={"hx-redirect": where})
        return RedirectResponse(where, 303)

    def moment(self, at: float | None, form: str = "%Y-%m-%d %H:%M:%S") -> Markup:
        """A time of the configured zone, which a program can read, too."""
        if at is None:
            return Markup("")
        when = datetime.fromtimestamp(at, ZoneInfo(self.here.zone))
        return Markup('<time datetime="{}">{}</time>').format(when.isoformat("T", "seconds"), when.strftime(form))

    def ago(self, at: float) -> str:
        """How long ago something was, in one unit."""
        seconds = max(int(self.ground.now() - at), 0)
        for unit, name in ((86_400, mark("%(n)s d ago")), (3_600, mark("%(n)s h ago")), (60, mark("%(n)s min ago"))):
            if seconds >= unit:
                return self.say(name, n=seconds // unit)
        return self.say(mark("%(n)s s ago"), n=seconds)

    def verdict(self, action: str) -> Markup:
        """A verdict with its sign, in the language of whoever looks."""
        return verdict(action, self.say(VERDICTS.get(action, action)))

    def navigation(self) -> list[tuple[str, list[Page]]]:
        """The pages that whoever looks may see, by section."""
        found = []
        for section in Section:
            pages = [
                one
                for one in self.ground.pages
                if one.section is section and any(map(self.may, (one.right, *one.others)))
            ]
            if pages:
                found.append((str(section), sorted(pages, key=lambda one: (one.order, one.name))))
        return found
