"""A desk with something on it, for the tests of its pages: hostile words, a sealed case, a leak, an appeal, letters."""

from __future__ import annotations

import re
from types import SimpleNamespace

from desk.complaint_rows import Channel
from desk.offices import NewOffice
from desk.outbox import Fault
from desk.reading import NewComplaint
from desk.states import FoundBy
from tests.console.web.conftest import HOSTILE

NUMBER = "+8617012345678"
PLANTED = ("<script>alert", "\u202e", "\x1b", "50337", "17012345678")


def planted_in(text: str) -> list[str]:
    """What must stand on no page; pseudonyms and ids, which are drawn, may hold any digits."""
    shown = re.sub("[0-9a-f]{16,}", "", text)
    return [one for one in PLANTED if one in shown]


async def furnish(house) -> SimpleNamespace:
    """Case 1 is sealed, case 2 waits."""
    desk = house.desk
    await desk.offices.take([NewOffice("Chaoyang", "ABC Bank"), NewOffice("Haidian", "ABC Bank")], actor="li")
    filed = []
    for person in range(6):
        new = NewComplaint(
            *(NUMBER, f"+861380013800{person}"),
            category="loan",
            text=HOSTILE,
            contact=f"a{person}@example.com",
            knew={"branch": "ABC Bank Chaoyang", "plan": "199", "name": "Zhou Min"},
            channel=Channel.OPERATOR,
        )
        filed.append(await desk.complaints.file(new))
    hostile = f"<script>alert(1)</script> 100% money %s %(x)s {NUMBER}"
    knew = {"branch": "shop <b>at</b> the lake"}
    await desk.complaints.file(NewComplaint("95013333", "+8613800138009", knew=knew, business=hostile))
    await desk.cases.take(1, actor="li")
    await desk.cases.verify(1, actor="li", found_by=FoundBy.OWNER, reason=f"he rang {NUMBER} and {HOSTILE[:20]}")
    await desk.cases.seal(1, actor="li", reason="six people said so")
    await desk.ladder.assign(NUMBER, owner="Loan King", actor="li")
    await desk.ladder.climb("owner", "Loan King", actor="li", reason=f"again, {NUMBER}")
    appeal = await desk.appeals.file(number=NUMBER, text=HOSTILE, contact="owner@example.com")
    first, *_ = await desk.letters.waiting()
    await desk.letters.failed([first.id], "the server refused the recipient (550)", Fault.PERMANENT)
    return SimpleNamespace(filed=filed, appeal=appeal.reference, letter=first.id)
