"""Queue: the cases that wait, filtered and taken in bulk; for officers only."""

from ringfence.people import Role
from tests.console.web.pages.desk_house import furnish, planted_in


async def test_an_officer_filters_takes_and_ends_in_bulk(house):
    await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    shown = await officer.get("/console/queue")
    assert shown.status_code == 200
    assert "/console/case/2" in shown.text
    assert planted_in(shown.text) == []
    part = await officer.get("/console/queue", params={"state": "collecting"}, headers={"hx-request": "true"})
    assert "<html" not in part.text
    assert "/console/case/2" in part.text
    assert "/console/case/1" not in part.text
    done = await officer.send_form("/console/queue/bulk", page="/console/queue", step="take", case="2")
    assert "1 cases taken." in done.text
    assert "/console/case/2" in (await officer.get("/console/queue", params={"due": "mine"})).text
    again = await officer.send_form("/console/queue/bulk", page="/console/queue", step="take", case="2")
    assert "Case 2:" in again.text
    for step, reason, told in (("reject", "", "say why"), ("reject", "no call", "1 complaints rejected.")):
        ended = await officer.send_form(
            "/console/queue/bulk", page="/console/queue", step=step, case="2", reason=reason
        )
        assert told in ended.text
    none = await officer.send_form("/console/queue/bulk", page="/console/queue", step="withdraw")
    assert "tick at least one" in none.text


async def test_others_see_no_queue(house):
    await furnish(house)
    for role in (Role.VIEWER, Role.LIST_KEEPER, Role.ADMIN, Role.AUDITOR):
        visitor = await house.visitor(role)
        for page in (
            "queue",
            "case/1",
            "leaks",
            "leaks/office?office=ABC+Bank+Chaoyang",
            "letters",
            "ladder",
            "appeals",
        ):
            assert (await visitor.get(f"/console/{page}")).status_code == 403, (role, page)
