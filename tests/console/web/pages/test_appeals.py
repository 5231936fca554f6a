"""Appeals: hours left, what it is judged by, decided in time; the pack as a file."""

import re

from ringfence.people import Role
from tests.console.web.conftest import PASSWORD
from tests.console.web.pages.desk_house import furnish, planted_in


async def test_an_appeal_is_heard_and_granted(house):
    there = await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    listed = await officer.get("/console/appeals")
    assert there.appeal in listed.text
    assert "h left" in listed.text
    where = f"/console/appeals/{there.appeal}"
    shown = await officer.get(where)
    assert planted_in(shown.text) == []
    assert 'class="words"' in shown.text
    assert "/console/case/1" in shown.text
    pack = await officer.send_form(f"{where}/pack", page=where)
    assert pack.headers["content-disposition"].endswith('.json"')
    assert pack.json()["cases"][0]["id"] == 1
    drafted = await officer.send_form(f"{where}/letter/refuse", page=where, reason="Ms Wang said so")
    assert 'class="letter"' in drafted.text
    assert "Wang" not in drafted.text
    alone = await officer.send_form(f"{where}/grant", page=where, reason="it was forged", version="1")
    assert "takes two persons" in alone.text
    await house.account(Role.COMPLAINT_OFFICER, name="zhao")
    proposed = await officer.send_form(f"{where}/grant", page=where, reason="it was forged", version="1")
    assert "once another person confirms it (zhao)" in proposed.text
    assert "has to confirm what you proposed" in proposed.text
    other = house.browser()
    await other.send_form("/console/sign-in", name="zhao", password=PASSWORD)
    confirm = re.search(r'action="(/console/approvals/\d+/confirm)"', (await other.get(where)).text)
    await other.send_form(confirm[1], page=where)
    assert "released" in (await officer.get("/console/case/1")).text
    again = await officer.send_form(f"{where}/refuse", page=where, reason="x")
    assert "is granted already" in again.text
    assert (await officer.get("/console/appeals/A-00000-00000")).status_code == 404
