"""What the paths of the API share: the desk, a caller with the right scope, times, texts, and how errors are told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, Security
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from console.api.authentication import REALM, Caller
from console.api.problems import Problem, field_problem
from desk.desk import Desk
from desk.showing import masked, worded
from ringfence.people.rights import Right

bearer = HTTPBearer(auto_error=False, scheme_name="key", description="`Authorization: Bearer rf_...`")
RFC_3339 = r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)$"


class Body(BaseModel):
    """What a client sends: an unknown name is an error, and nothing is turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)


class SentRequest(Request):
    """A request whose body was read at the gate, strictly: nobody parses it again."""

    async def json(self) -> Any:
        """What was sent."""
        return self.state.sent


class SentOnce(APIRoute):
    """A path that takes the body as the gate read it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        answer = super().get_route_handler()

        async def take(request: Request) -> Response:
            return await answer(SentRequest(request.scope, request.receive))

        return take


def paths(prefix: str, tag: str) -> APIRouter:
    """Some paths of the API, which belong together in its document."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=SentOnce)


class Shape(BaseModel):
    """What clients are shown of a value of ours: the fields that both have, times as RFC 3339."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, value: object, **others: object) -> Self:
        """The shape of a value, and what it does not have itself, or has in another form."""
        own = {name: getattr(value, name) for name in cls.model_fields if name not in others}
        return cls(**own, **others)


def _checked(text: str) -> str:
    moment(text)
    return text


Moment = Annotated[
    str,
    Field(pattern=RFC_3339, json_schema_extra={"format": "date-time"}),
    AfterValidator(_checked),
]
NO_NUL = r"^[^\x00]*$"  # tools that read the database end a text at NUL
Text = Annotated[str, Field(pattern=NO_NUL)]


def text(longest: int, *, shortest: int = 0) -> Any:
    """A text of so many characters."""
    return Annotated[str, Field(pattern=NO_NUL, min_length=shortest or None, max_length=longest)]


DECISION = "^([0-9A-Fa-f]{20})?$"
DecisionId = Annotated[str, Field(pattern=DECISION)]
HASH_PREFIX = "^[0-9a-f]{4,5}$"
VERSION_TAG = r'^"[0-9]{1,9}"$'
Reason = Annotated[Text, Field(max_length=1_000, description="It is recorded, and told to whom it concerns.")]
Version = Annotated[
    int | None,
    Field(ge=1, le=2**31, description="The version that was looked at; if somebody was faster, nothing is done."),
]
AnyNumber = Annotated[str, Path(max_length=64, description="In any spelling; write + as %2B.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Next = Annotated[str | None, Field(description="Send it as `cursor` for the next page; null: these were the last.")]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many.")]


def moment(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time."""
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("there is no such time") from None


def utc(at: float) -> str:
    """A moment as clients read it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def maybe_utc(at: float | None) -> str | None:
    """The same, None for none."""
    return None if at is None else utc(at)


Masked = Annotated[
    str, AfterValidator(masked), Field(description="A number, masked; POST /v1/numbers/unmask shows one.")
]
Worded = Annotated[str, AfterValidator(worded)]  # a name or a reason, without a number that somebody wrote into it
Utc = Annotated[str, BeforeValidator(lambda at: at if isinstance(at, str) else utc(at))]
MaybeUtc = Annotated[str | None, BeforeValidator(lambda at: at if isinstance(at, str) else maybe_utc(at))]


async def seen(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", pattern=VERSION_TAG, description="The version, as ETag gave it."),
    ] = None,
) -> int | None:
    """The version that the client looked at, from `version` of the body or If-Match."""
    body = request.state.sent
    version: int | None = body.get("version") if isinstance(body, dict) else None
    if if_match is None:
        return version  # an integer, or the body is refused
    tagged = int(if_match.strip('"'))
    if version not in (None, tagged):
        raise field_problem("/version", "it is another one than that of If-Match")
    return tagged


def desk_of(request: Request) -> Desk:
    """The desk that this process has open."""
    desk: Desk = request.app.state.desk
    return desk


def needs(*scopes: Right) -> Any:
    """The caller, who must have one of these scopes."""
    documented = Security(bearer, scopes=list(scopes))

    def allowed(request: Request, _: Any = documented) -> Caller:
        caller: Caller = request.state.caller
        if not caller.who.rights.intersection(scopes):
            wanted = " or ".join(scopes)
            if caller.key.scopes.intersection(scopes):
                raise Problem(403, "not-allowed", f"{caller.actor}, as whom this key acts, may not: {wanted}.")
            headers = (("www-authenticate", f'{REALM}, error="insufficient_scope", scope="{" ".join(scopes)}"'),)
            raise Problem(403, "scope", f"This key lacks {wanted}.", headers=headers)
        return caller

    dependency: Dependency = Depends(allowed)
    return dependency


async def up_to_date(request: Request) -> None:
    """The latest calls are counted before evidence is shown."""
    catch_up: Callable[[], Coroutine[Any, Any, None]] = request.app.state.catch_up
    await catch_up()


TheDesk = Annotated[Desk, Depends(desk_of)]
Seen = Annotated[int | None, Depends(seen)]
Counted = Depends(up_to_date)
