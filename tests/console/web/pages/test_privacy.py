"""Privacy: what is kept how long and what is overdue; a subscriber's data taken out and erased, with a reason."""

import pytest

from ringfence.people import Role
from tests.console.web.pages.desk_house import furnish

PAGE = "/console/privacy"
REPORTER = "13800138000"


@pytest.fixture
async def officer(house):
    await furnish(house)
    return await house.visitor(Role.PRIVACY_OFFICER)


async def did(browser, step, **fields):
    return await browser.send_form(f"{PAGE}/{step}", page=PAGE, **{"number": REPORTER, "reason": "he wrote", **fields})


async def deeds(house, step):
    rows = await house.desk.archive.store.connection.execute_fetchall(
        "select actor, subject, reason, door, subject_id from step where step = ?", (step,)
    )
    return [tuple(row) for row in rows]


async def test_each_class_of_data_and_what_is_overdue(house, officer):
    shown = (await officer.get(PAGE)).text
    assert "complaints.words_days" in shown
    assert "overdue" not in shown
    connection = house.desk.archive.store.connection
    await connection.execute("update complaint set state = 'answered', state_at = 1 where id = 1")
    shown = (await officer.get(PAGE)).text
    assert "1 classes of data are kept longer" in shown
    assert "▲ overdue" in shown


async def test_a_subscribers_data_is_taken_out_with_a_reason(house, officer):
    assert "Say who asked for it" in (await did(officer, "export", reason=" ")).text
    assert "no number of a subscriber" in (await did(officer, "export", number="anonymous")).text
    assert await deeds(house, "exported") == []
    out = await did(officer, "export")
    assert out.headers["content-disposition"].endswith('"ringfence-subscriber.json"')
    assert out.json()["complaints"][0]["words"]["contact"] == "a0@example.com"
    ((actor, subject, reason, door, about),) = await deeds(house, "exported")
    assert (actor, subject, reason, door) == ("privacy-officer", "number", "he wrote", "page")
    assert REPORTER not in about


async def test_it_is_erased_once_that_is_meant(house, officer):
    assert "Tick that it is meant" in (await did(officer, "erase")).text
    assert "say who asked for it" in (await did(officer, "erase", sure="yes", reason="")).text
    assert await deeds(house, "erased") == []
    assert "nobody but privacy-officer may confirm it" in (await did(officer, "erase", sure="yes")).text
    other = await house.visitor(Role.PRIVACY_OFFICER, Role.VIEWER)
    told = (await did(officer, "erase", sure="yes")).text
    assert "Proposed as 1. Once another person has confirmed it (privacy-officer-viewer)" in told
    assert await deeds(house, "erased") == [], "nothing is done yet"
    waits = await other.get("/console/approvals")
    assert "erase what is held of a subscriber" in waits.text
    assert REPORTER not in waits.text
    await other.send_form("/console/approvals/1/confirm", page="/console/approvals")
    assert "Erased: words of 1 complaints" in (await did(officer, "erase", sure="yes")).text
    assert [row[:4] for row in await deeds(house, "erased")] == [("privacy-officer", "number", "he wrote", "page")]
    assert (await did(officer, "export")).json()["complaints"][0]["words"] == {}


async def test_nobody_else_takes_out_or_erases(house):
    browser = await house.visitor(Role.COMPLAINT_OFFICER, Role.AUDITOR, Role.ADMIN)
    for step in ("export", "erase"):
        answer = await browser.send_form(
            f"{PAGE}/{step}", page="/console/queue", number=REPORTER, reason="x", sure="yes"
        )
        assert answer.status_code == 403
