"""Leak board: from the map to complaints, acknowledged and asked; unknown names merged by hand."""

from ringfence.people import Role
from tests.console.web.pages.desk_house import furnish, planted_in

TITLE = "ABC Bank / Chaoyang"


async def test_from_the_map_to_a_finding(house):
    await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    board = await officer.get("/console/leaks")
    assert "Chaoyang" in board.text
    assert "shop &lt;b&gt;at&lt;/b&gt; the lake" in board.text
    where = "/console/leaks/office?office=ABC+Bank+%2F+Chaoyang"
    shown = await officer.get(where)
    assert shown.status_code == 200
    assert planted_in(shown.text) == []
    assert "/console/case/1" in shown.text
    seen = await officer.send_form("/console/leaks/seen", page=where, office=TITLE, reason="we look")
    assert "It was seen" in seen.text
    asked = await officer.send_form("/console/leaks/ask", page=where, office=TITLE, asked="who exported?")
    assert "Inquiry 1 is open." in asked.text
    again = await officer.send_form("/console/leaks/ask", page=where, office=TITLE, asked="who?")
    assert "is not closed" in again.text
    answered = await officer.send_form("/console/leaks/inquiries/1/answer", page=where, answer="a clerk", version="1")
    assert "The answer is recorded." in answered.text
    end = await officer.send_form(
        "/console/leaks/inquiries/1/close", page=where, finding="confirmed", reason="the log", version="2"
    )
    assert "The inquiry is closed." in end.text
    merged = await officer.send_form(
        "/console/leaks/merge", page="/console/leaks", name="shop <b>at</b> the lake", office="ABC Bank Haidian"
    )
    assert "1 complaints stand under ABC Bank / Haidian now." in merged.text
    assert (await officer.get("/console/leaks/office?office=nowhere")).status_code == 404
