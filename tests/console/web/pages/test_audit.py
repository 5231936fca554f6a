"""Audit: entries found by what they are about, numbers hidden; its state; all of it as a file, which is on record."""

import json
import re

import pytest

from desk.offices import NewOffice
from ringfence.anchoring import note_heads
from ringfence.audits import verify
from ringfence.people import Role
from rules.audit.chain import entries
from tests.console.web.pages.desk_house import NUMBER, furnish, planted_in


@pytest.fixture
async def auditor(house):
    await furnish(house)
    return await house.visitor(Role.AUDITOR)


@pytest.fixture
def file(file, request):
    if asked := getattr(request, "param", {}):
        file.write_text(file.read_text() + f"audit: {{anchors: {{file: {asked['anchors']}}}}}\n")
    return file


async def found(auditor, **asked):
    return (await auditor.send_form("/console/audit", page="/console/audit", **asked)).text


async def test_entries_are_found_by_person_step_subject_chain_and_time(house, auditor):
    assert "take" not in re.findall(r"<td><bdi>(.*?)</bdi></td>", await found(auditor, step="seal"))
    assert "six people said so" in await found(auditor, about="case 1", by="li", since="1h")
    assert "six people said so" not in await found(auditor, about="case 2")
    assert "No entry fits." in await found(auditor, until="2020-01-01")
    assert "six people said so" not in await found(auditor, chain="people")
    everything = await found(auditor)
    assert planted_in(everything) == []
    by_number = await auditor.send_form("/console/audit", page="/console/audit", about=NUMBER)
    assert NUMBER.strip("+") not in str(by_number.url), "in an address a number is sealed"
    assert "is none; write case 1" in await found(auditor, about="nonsense")
    assert "is no time" in await found(auditor, since="yesterday")
    assert "listed" in await found(auditor, by="auditor"), "whoever reads it stands in it"


async def test_what_is_older_is_a_page_on(house, auditor):
    offices = [NewOffice(f"branch {n}", "ABC Bank") for n in range(101)]
    await house.desk.offices.take(offices, actor="li")
    shown = (await auditor.get("/console/audit", params={"by": "li"})).text
    assert "branch 0" not in shown
    assert "Older entries" in shown
    assert "No entry fits." in (await auditor.get("/console/audit", params={"upto": 1.0})).text


async def test_when_it_was_verified(house, auditor):
    shown = (await auditor.get("/console/audit")).text
    assert "It was never verified" in shown
    assert "is noted nowhere outside" in shown
    await verify(house.here)
    assert "It is whole" in (await auditor.get("/console/audit")).text
    await house.desk.archive.store.connection.execute("drop trigger step_stays")
    await verify(house.here)
    assert "It is not as it was written: 1 faults" in (await auditor.get("/console/audit")).text


async def test_it_is_verified_now_one_at_a_time_and_who_asked_stands_in_it(house, auditor):
    assert "No verification has found a fault." in (await auditor.get("/console/audit")).text
    await house.desk.archive.store.connection.execute("drop trigger step_stays")
    begun = await auditor.send_form("/console/audit/verify", page="/console/audit")
    assert "It is being verified" in begun.text
    assert 'hx-trigger="every 1s"' in (await auditor.get("/console/audit/standing")).text
    again = await auditor.send_form("/console/audit/verify", page="/console/audit")
    assert "A verification is on its way" in again.text
    await house.gate.verification.wait()
    shown = (await auditor.get("/console/audit/standing")).text
    assert "It is not as it was written: 1 faults" in shown
    assert "the trigger step_stays" in shown
    assert "hx-trigger" not in shown
    told = [
        one.deed for one in await entries(house.desk.archive.store.connection, about=("audit", ""), actor="auditor")
    ]
    told = [(one.step, one.detail, one.role, one.door) for one in told if one.step.startswith("verif")]
    assert told == [("verification begun", "", "auditor", "page"), ("verified", "1 faults", "auditor", "page")]
    await verify(house.here)
    await house.desk.archive.store.connection.execute(
        "create trigger step_stays before delete on step begin select raise(abort, 'steps are never deleted'); end"
    )
    await verify(house.here)
    shown = (await auditor.get("/console/audit")).text
    assert "It is whole" in shown
    assert "A verification last found faults" in shown


async def test_a_verification_that_comes_to_no_end_says_why(house, auditor):
    house.here.file.write_text("nonsense: true")
    await auditor.send_form("/console/audit/verify", page="/console/audit")
    await house.gate.verification.wait()
    shown = (await auditor.get("/console/audit")).text
    assert "The last verification came to no end:" in shown
    assert "nonsense" in shown


async def test_it_is_taken_out_as_a_file_which_stands_in_it(house, auditor):
    out = await auditor.send_form("/console/audit/export", page="/console/audit", since="1h")
    rows = [json.loads(line) for line in out.text.splitlines()]
    assert out.headers["content-disposition"].endswith('"ringfence-audit.jsonl"')
    assert {row["chain"] for row in rows} >= {"complaints", "people"}
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    taken = [row for row in rows if row["step"] == "exported"]
    assert [(row["actor"], row["role"], row["door"]) for row in taken] == [("auditor", "auditor", "page")]
    wrong = await auditor.send_form("/console/audit/export", page="/console/audit", since="soon")
    assert "is no time" in wrong.text


@pytest.mark.parametrize("file", [{"anchors": "heads"}], indirect=True)
async def test_heads_that_lie_outside(house, auditor):
    assert "none lies in a file here" in (await auditor.get("/console/audit")).text
    await note_heads(house.here, house.here.keys.audit, 1_790_000_000.0)
    assert "1 heads are noted outside, the latest <bdi>2026-09-21" in (await auditor.get("/console/audit")).text
    house.here.base.joinpath("heads").write_text("nothing")
    assert "The anchors cannot be read: <bdi>heads: it holds no anchor" in (await auditor.get("/console/audit")).text


async def test_who_has_no_right_takes_nothing_out(house):
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    for step in ("export", "verify"):
        assert (await officer.send_form(f"/console/audit/{step}", page="/console/queue")).status_code == 403
    assert not house.gate.verification.running
