"""Why a call was stopped, for whoever was stopped: by the decision's id, without an account; and his appeal.

Only the id leads here, which whoever was rejected got with the answer: ten of its digits are random. No number, no list
and no rule's name is shown, and what is not there, was not stopped or is too old looks the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from console.api.access.allowance import Buckets
from console.web.frame import NotThere, Visit
from console.web.gate import Gate, Pace, gate_of
from console.web.translation import mark
from desk.faults import ComplaintError, NotFound
from rules.model import Action, Step
from rules.records.decisions import Decision, is_decision

router = APIRouter()
LONGEST = 2_000  # characters of an appeal
NOT_THERE = mark(
    "No call that was stopped has this number, or its record is deleted by now. A new one takes some seconds."
)
ON_A_LIST = mark("The caller's number stands on a list of numbers whose calls are not put through there.")
WHY = {
    Step.SEALED: mark("The caller's number is sealed: complaints about it were verified by a person."),
    Step.LADDER: mark("Complaints about the caller, or about whom he calls for, came again and again."),
    Step.OPERATOR_BLOCK: ON_A_LIST,
    Step.SUBSCRIBER_BLOCK: ON_A_LIST,  # whoever was called is not told of
    Step.SHARED: ON_A_LIST,
    Step.SUSPICION: mark("Several signs together made the call suspicious."),
    Step.FAIL_OPEN: mark("The call could not be judged at that moment."),
}
BY_RULE = mark("A rule of the operator stops calls of this kind.")


class Strangers:
    """How much those may ask whom nobody knows: each address by itself, and all together."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._looks = Buckets(0.5, 30, now), Buckets(20.0, 200, now)
        self._appeals = Buckets(5 / 3600, 5, now), Buckets(100 / 3600, 100, now)

    def wait(self, address: str, *, appeals: bool = False) -> int:
        """Seconds to wait; 0: now."""
        one, all_of_them = self._appeals if appeals else self._looks
        return ceil(one.take(_network(address)) or all_of_them.take(""))

    def not_filed(self, address: str) -> None:
        """His appeal was none."""
        one, all_of_them = self._appeals
        one.give_back(_network(address))
        all_of_them.give_back("")


def _network(address: str) -> str:
    """An address of IPv6 is one of as many as somebody likes."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


@router.get("/{decision}")
async def why(request: Request, decision: str) -> Response:
    """What is known of the call, and how to appeal."""
    visit = request.state.visit
    return _too_often(request) or _page(visit, await _stopped(visit, decision))


@router.post("/{decision}")
async def appeal(
    request: Request,
    decision: str,
    text: Annotated[str, Form(max_length=4 * LONGEST)] = "",
    contact: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """File an appeal against what stopped the call."""
    visit = request.state.visit
    if told := _too_often(request):
        return told
    found = await _stopped(visit, decision)
    if not text.strip() or len(text) > LONGEST:
        wrong = mark("Say in your own words why the call should have rung, in %(n)s characters at most.")
        return _page(visit, found, wrong=visit.say(wrong, n=LONGEST), text=text[:LONGEST], contact=contact)
    if told := _too_often(request, appeals=True):
        return told
    try:
        filed = await visit.desk.appeals.file(decision=found.id, text=text, contact=contact)
    except NotFound:
        raise NotThere(visit.say(NOT_THERE)) from None
    except ComplaintError as error:  # a slip in his address, say: he may mend it
        _strangers_of(request).not_filed(_address_of(request))
        return _page(visit, found, wrong=error.reason, text=text, contact=contact)
    return _page(visit, found, reference=filed.reference)


def _too_often(request: Request, *, appeals: bool = False) -> Response | None:
    gate: Gate = gate_of(request)
    seconds = _strangers_of(request).wait(_address_of(request), appeals=appeals)
    if not seconds:
        return None
    answer = gate.problem(request, 429, mark("This was asked too often. Try again later."), title=mark("Too often"))
    answer.headers["retry-after"] = str(seconds)
    return answer


def _strangers_of(request: Request) -> Pace:
    gate: Gate = gate_of(request)
    if gate.strangers is None:
        gate.strangers = Strangers(gate.ground.now)
    return gate.strangers


def _address_of(request: Request) -> str:
    return request.client.host if request.client else ""


async def _stopped(visit: Visit, decision: str) -> Decision:
    """The record of a call that was stopped, by whatever."""
    decisions = await visit.here.recorded() if is_decision(decision) else None
    found = await decisions.find(decision) if decisions is not None else None
    stopped = found is not None and (
        found.action is Action.REJECT or (found.action is Action.DIVERT and found.step is not Step.RULES)
    )
    if found is None or not stopped:
        raise NotThere(visit.say(NOT_THERE))
    return found


def _page(visit: Visit, found: Decision, *, reference: str = "", wrong: str = "", **typed: str) -> Response:
    return visit.show(
        "why.html",
        status=422 if wrong else 200,
        at=found.at,
        why=WHY.get(found.step, BY_RULE),
        because=found.reason if found.step is Step.RULES else "",  # which its author wrote for whoever is stopped
        named=bool(found.caller),
        decision=found.id,
        reference=reference,
        wrong=wrong,
        longest=LONGEST,
        text=typed.get("text", ""),
        contact=typed.get("contact", ""),
    )
