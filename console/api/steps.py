"""What officers do with cases and appeals over HTTP: one path for each step of the desk's table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, create_model

from console.api.approvals import TWO_PERSONS
from console.api.authentication import Caller
from console.api.parts import Body, Counted, Seen, TheDesk, Version, needs, text
from desk.steps import Need, OfficersStep
from ringfence.people.rights import Right

_NAMED = inspect.Parameter.KEYWORD_ONLY


def add_step(
    router: APIRouter,
    path: str,
    step: OfficersStep,
    about: Any,
    shown: Callable[..., BaseModel],
    answer: type[BaseModel],
) -> None:
    """POST to ``path``/NAME takes a step about what the path names; ``shown`` makes the answer of what came of it."""

    async def take(subject: Any, told: BaseModel, desk: Any, caller: Caller, version: int | None = None) -> BaseModel:
        given = told.model_dump(exclude={"version"}) | ({"version": version} if step.versioned else {})
        file = {"file": await step.file(desk, subject)} if step.file else {}
        return shown(await step.method(desk)(subject, actor=caller.actor, **given), **file)

    parameters = {"subject": about, "told": body_of(step), "desk": TheDesk}
    parameters |= {"caller": Annotated[Caller, needs(Right(step.right))]}
    parameters |= {"version": Seen} if step.versioned else {}
    named = [inspect.Parameter(name, _NAMED, annotation=what) for name, what in parameters.items()]
    take.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    router.add_api_route(
        *(f"{path}/{step.name}", take),
        methods=["POST"],
        name=step.operation,
        description=step.told,
        summary=step.operation.replace("_", " ").title(),
        response_model=answer,
        responses=TWO_PERSONS if step.two_persons else {},
        dependencies=[Counted] if step.counted else [],
    )


def body_of(step: OfficersStep) -> type[Body]:
    """What a client sends: each need of the step, and the version that it looked at."""
    fields: dict[str, Any] = {need.name: (_kind(need), _field(need)) for need in step.needs}
    if step.versioned:
        fields["version"] = (Version, None)
    name = "".join(word.capitalize() for word in step.operation.split("_"))
    return create_model(name, __base__=Body, __doc__=step.meaning, **fields)


def _kind(need: Need) -> Any:
    return need.kind if issubclass(need.kind, StrEnum) else text(need.longest, shortest=int(need.required))


def _field(need: Need) -> Any:
    if issubclass(need.kind, StrEnum):
        return Field(strict=False, description=need.meaning)
    return Field(... if need.required else "", description=need.meaning)
