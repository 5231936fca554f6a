"""Letters: what has not left, without an address; tried again by hand."""

from ringfence.people import Role
from tests.console.web.pages.desk_house import furnish


async def test_what_was_given_up_is_put_back(house):
    there = await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    shown = await officer.get("/console/letters", params={"only": "given-up"})
    assert "the server refused the recipient (550)" in shown.text
    assert "@example.com" not in (await officer.get("/console/letters")).text
    none = await officer.send_form("/console/letters/retry", page="/console/letters")
    assert "Tick at least one." in none.text
    back = await officer.send_form("/console/letters/retry", page="/console/letters", letter=str(there.letter))
    assert "1 letters leave with the next turn." in back.text
    every = await officer.send_form("/console/letters/retry", page="/console/letters", every="yes")
    assert "0 letters leave with the next turn." in every.text
    asked = await officer.send_form("/console/letters/ask", page="/console/letters", about=there.appeal)
    assert "Another code leaves" in asked.text
    unknown = await officer.send_form("/console/letters/ask", page="/console/letters", about="C-00000-00000")
    assert "there is nothing under" in unknown.text
