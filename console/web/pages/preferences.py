"""Language and colours, kept in the browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from console.web.gate import LANGUAGE, THEME, gate_of
from console.web.translation import LANGUAGES

router = APIRouter()
_A_YEAR_S = 365 * 86_400


@router.post("")
async def choose(
    request: Request,
    language: Annotated[str, Form(max_length=10)] = "",
    theme: Annotated[str, Form(max_length=10)] = "",
    back: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Keep a choice and go back to the page it was made on."""
    visit, gate = request.state.visit, gate_of(request)
    answer: Response = visit.go(*[part for part in back.split("/") if part not in ("", ".", "..")] or [""])
    if language in LANGUAGES:
        answer.headers.append("set-cookie", gate.cookie(request, LANGUAGE, language, lasts_s=_A_YEAR_S))
    if theme in ("light", "dark"):
        answer.headers.append("set-cookie", gate.cookie(request, THEME, theme, lasts_s=_A_YEAR_S))
    return answer
