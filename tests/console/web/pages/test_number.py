"""Number: lists, rules, complaints and calls of one number, masked; the look stands in the audit."""

import pytest

from desk.complaint_rows import Channel
from desk.reading import NewComplaint
from ringfence.people import Role
from rules.lists.origins import Origin
from tests.console.web.conftest import HOSTILE


@pytest.fixture
async def number(house):
    lists = await house.here.lists()
    await lists.add("blocked", "+8617012345678", Origin(HOSTILE, HOSTILE, "li", note=HOSTILE))
    new = NewComplaint("+8617012345678", "+8613800138000", category="loan", text=HOSTILE, channel=Channel.OPERATOR)
    await house.desk.complaints.file(new)
    return "170 1234 5678"


async def page(browser, number: str):
    return await browser.send_form("/console/number", page="/console/number", number=number)


async def test_its_whole_story_for_an_officer_and_less_for_others(house, number):
    shown = await page(await house.visitor(Role.COMPLAINT_OFFICER), number)
    assert shown.status_code == 200
    assert "The latest complaints" in shown.text
    assert 'class="verdict reject"' in shown.text
    viewer = await page(await house.visitor(Role.VIEWER), number)
    assert viewer.status_code == 200
    assert "The latest complaints" not in viewer.text
    for text in (shown.text, viewer.text):
        assert "17012345678" not in text
        assert not any(one in text for one in ("<script>alert", "\u202e", "\x1b", "50337"))
    assert "17012345678" not in str(shown.url)
    rows = await house.desk.archive.store.connection.execute_fetchall("select actor from step where step = 'searched'")
    assert {row[0] for row in rows} == {"complaint-officer", "viewer"}


async def test_whoever_reads_chinese_is_told_in_chinese_what_befell_it_and_which_rules_ask(house, number):
    lists = await house.here.lists()
    await lists.remove("blocked", "+8617012345678", author="li", reason="y")
    await lists.add("blocked", "+86170*", Origin("hotline", "z", "li"), wide=True)
    browser = await house.visitor(Role.LIST_KEEPER)
    await browser.send_form("/console/preferences", page="/console/number", language="zh", back="/number")
    shown = await page(browser, number)
    for said in ("<bdi>添加</bdi>", "<bdi>移除</bdi>"):
        assert said in shown.text
    assert not any(f"<bdi>{word}</bdi>" in shown.text for word in ("added", "removed"))
    night = await page(browser, "95012345")
    assert "主叫以 " in night.text
    assert "时间为 21:00-08:00" in night.text


async def test_the_field_at_the_top_leads_there(house, number):
    viewer = await house.visitor(Role.VIEWER)
    shown = await viewer.send_form("/console/find", page="/console/number", q=number)
    assert "/console/number/" in str(shown.url)


@pytest.mark.parametrize("text", ["170*", "what?", "", HOSTILE])
async def test_what_is_no_number(house, text):
    shown = await page(await house.visitor(Role.VIEWER), text)
    assert 'class="notice bad"' in shown.text


async def test_an_address_that_was_not_sealed_here(house):
    assert (await (await house.visitor(Role.VIEWER)).get("/console/number/abc")).status_code == 404


async def test_it_is_shown_in_full_for_a_reason_to_who_may_and_so_many_in_an_hour(house, number):
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    where = (await page(officer, number)).url.path
    without = await officer.send_form(f"{where}/unmask", page=where, reason=" ")
    assert without.status_code == 409
    shown = await officer.send_form(f"{where}/unmask", page=where, reason="to ring the owner")
    assert "+8617012345678" in shown.text
    rows = await house.desk.archive.store.connection.execute_fetchall(
        "select actor, reason from step where step = 'unmasked'"
    )
    assert [tuple(row) for row in rows] == [("complaint-officer", "to ring the owner")]
    viewer = await house.visitor(Role.VIEWER)
    where = (await page(viewer, number)).url.path
    assert (await viewer.send_form(f"{where}/unmask", page=where, reason="curious")).status_code == 403
    for _ in range(house.desk.archive.privacy.unmask_hour):
        last = await officer.send_form(f"{where}/unmask", page="/console/number", reason="again")
    assert last.status_code == 409
    assert "17012345678" not in last.text
