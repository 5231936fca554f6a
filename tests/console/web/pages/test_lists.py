"""Lists: browsed, searched, filled by hand and by a file that is looked at first, taken back, and what waits."""

import re

import pytest

from desk.seals import set_seal
from ringfence.people import Role
from rules.lists.origins import Origin
from tests.console.web.conftest import HOSTILE

FILE = "number,reason\n+8617099990001,rang\n+8617099990002,<script>alert(1)</script>\n12,short\n110,x\n"


@pytest.fixture
async def entries(house):
    lists = await house.here.lists()
    for n in range(60):
        await lists.add("blocked", f"+86170000000{n:02}", Origin(HOSTILE, HOSTILE, "li"))
    await lists.add("blocked", "+86171*", Origin("operator", "virtual operator", "li"), wide=True)
    return lists


def safe(text: str) -> bool:
    return not any(one in text for one in ("<script>alert", "\u202e", "\x1b", "50337", "1700000001", "1709999000"))


async def stands(house, name: str = "blocked") -> list[str]:
    return [one.text for one in await (await house.here.lists()).show(name, limit=200)]


async def test_a_list_is_browsed_page_by_page_and_masked(house, entries):
    viewer = await house.visitor(Role.LIST_KEEPER)
    first = await viewer.get("/console/lists/blocked")
    assert first.text.count("data-row>") == 50
    assert "+86171*" in first.text
    assert safe(first.text)
    more = re.search(r'href="(/console/lists/blocked\?after=[^"]+)"', first.text)[1]
    second = await viewer.get(more)
    typed = await viewer.send_form("/console/find", page="/console/lists", q="+8617000000030")
    elsewhere = await viewer.get("/console/lists/blocked", params={"after": typed.url.path.rpartition("/")[2]})
    assert elsewhere.status_code == 404, "a number that is typed elsewhere leads to no next one: halves would find it"
    assert second.text.count("data-row>") == 11
    assert "17000000049" not in more
    every = await viewer.get("/console/lists")
    assert every.status_code == 200
    assert safe(every.text)
    rows = await house.desk.archive.store.connection.execute_fetchall("select actor from step where step = 'listed'")
    assert [row[0] for row in rows] == ["list-keeper", "list-keeper"]


async def test_which_entries_cover_a_number(house, entries):
    viewer = await house.visitor(Role.LIST_KEEPER)
    found = await viewer.send_form("/console/lists/search", page="/console/lists", number="+8617000000001")
    assert ">blocked<" in found.text
    assert safe(found.text)
    none = await viewer.send_form("/console/lists/search", page="/console/lists", number="+8613912345678")
    assert "No list entry covers it" in none.text
    for odd in ("170*", "what?", ""):
        assert (
            'class="notice bad"'
            in (await viewer.send_form("/console/lists/search", page="/console/lists", number=odd)).text
        )


async def test_an_entry_is_put_on_and_taken_off_by_who_may(house):
    keeper, viewer = await house.visitor(Role.LIST_KEEPER), await house.visitor(Role.VIEWER)
    page = "/console/lists/blocked"
    fields = {"number": "170 1234 5678", "reason": "rang at night", "lasts": "30d"}
    assert (await viewer.send_form(f"{page}/add", page=page, **fields)).status_code == 403
    shown = await keeper.send_form(f"{page}/add", page=page, **fields)
    assert "It is on the list" in shown.text
    assert await stands(house) == ["+8617012345678"]
    wide = {"number": "+86171*", "reason": "x"}
    assert (await keeper.send_form(f"{page}/add", page=page, **wide)).status_code == 409
    assert "It is on the list" in (await keeper.send_form(f"{page}/add", page=page, ranges="true", **wide)).text
    entry = re.search(r'name="entry" value="([^"]+)"', shown.text)[1]
    assert (await viewer.send_form(f"{page}/remove", page=page, entry=entry, reason="x")).status_code == 403
    gone = await keeper.send_form(f"{page}/remove", page=page, entry=entry, reason="appeal")
    assert "It is off the list" in gone.text
    assert await stands(house) == ["+86171*"]


async def test_no_answer_to_a_step_on_a_masked_entry_holds_its_number(house):
    keeper = await house.visitor(Role.LIST_KEEPER)
    lists = await house.here.lists()
    for number in ("+8617098765432", "CN:95011088", "+8617000000009"):
        await lists.add("blocked", number, Origin("operator", "x", "li"))
    await set_seal(house.desk.archive, "+8617033334444", case_id=7, author="li", reason="five people")
    page, entries = "/console/lists/blocked", []
    for shown in (await keeper.get(page), await keeper.get("/console/lists/sealed")):
        entries += re.findall(r'name="entry" value="([^"]+)"', shown.text)
    assert len(entries) == 4
    for name in ("allowed", "suspects", "sealed", "blocked", "blocked"):  # the second time it is gone
        for entry in entries:
            said = await keeper.send_form(f"/console/lists/{name}/remove", page=page, entry=entry, reason="x")
            assert not re.findall(".{0,60}(?:17098765432|95011088|17033334444|17000000009).{0,40}", said.text), name
            if name in ("allowed", "suspects"):
                assert said.status_code == 404, "what names an entry is good on its own list alone"
    assert (await lists.counts()).get("blocked", 0) == 0


async def preview(browser, name: str = "blocked", content: str = FILE, **more):
    page = f"/console/lists/{name}"
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', (await browser.get(page)).text)[1]
    files = {"file": ("numbers.csv", content.encode(), "text/csv")}
    return await browser.post(f"{page}/preview", data={"form_token": token, **more}, files=files)


async def test_a_file_is_looked_at_then_imported_and_taken_back(house):
    keeper = await house.visitor(Role.LIST_KEEPER)
    shown = await preview(keeper)
    assert "What the file would do" in shown.text
    assert "has 2 digits" in shown.text
    assert "emergency" in shown.text
    assert await stands(house) == [], "nothing is changed by looking"
    key = re.search(r'name="key" value="([^"]+)"', shown.text)[1]
    other = await house.visitor(Role.LIST_KEEPER, Role.VIEWER)
    stolen = await other.send_form("/console/lists/blocked/import", page="/console/lists/blocked", key=key)
    assert "too long ago" in stolen.text
    done = await keeper.send_form("/console/lists/blocked/import", page="/console/lists/blocked", key=key)
    assert "Imported: 2 added" in done.text
    assert safe(done.text)
    assert await stands(house) == ["+8617099990001", "+8617099990002"]
    again = await keeper.send_form("/console/lists/blocked/import", page="/console/lists/blocked", key=key)
    assert "too long ago" in again.text
    back = await keeper.send_form("/console/lists/import/1/undo", page="/console/lists", reason="wrong file")
    assert "is taken back" in back.text
    assert await stands(house) == []


async def test_what_waits_is_let_through_by_another_person(house):
    keeper = await house.visitor(Role.LIST_KEEPER)
    many = "\n".join(f"+86170{n:08}" for n in range(300))
    await preview(keeper, content=many)
    key = re.search(r'name="key" value="([^"]+)"', (await preview(keeper, content=many)).text)[1]
    await keeper.send_form("/console/lists/blocked/import", page="/console/lists/blocked", key=key)
    cut = await preview(keeper, content="+8617000000001\n", replace="true")
    assert "It would wait for a second person" in cut.text
    key = re.search(r'name="key" value="([^"]+)"', cut.text)[1]
    held = await keeper.send_form("/console/lists/blocked/import", page="/console/lists/blocked", key=key)
    assert "It waits for a second person, as 1." in held.text
    own = await keeper.send_form("/console/lists/held/1/release", page="/console/lists", reason="mine")
    assert own.status_code == 409
    second = await house.visitor(Role.LIST_KEEPER, Role.VIEWER)
    done = await second.send_form("/console/lists/held/1/release", page="/console/lists", reason="looked at it")
    assert "is done" in done.text
    assert await stands(house) == ["+8617000000001"]
    missing = await second.send_form("/console/lists/held/7/drop", page="/console/lists", reason="x")
    assert missing.status_code == 409


async def test_a_file_that_is_none_and_one_that_is_too_large(house, monkeypatch):
    keeper = await house.visitor(Role.LIST_KEEPER)
    assert 'class="notice bad"' in (await preview(keeper, content="\x00\x01\x02")).text
    monkeypatch.setattr("console.web.gate.LARGEST_UPLOAD", 1_000)
    assert (await preview(keeper, content="+8617000000001\n" * 100)).status_code == 413


async def test_a_list_that_is_not_there(house):
    keeper = await house.visitor(Role.LIST_KEEPER)
    assert (await keeper.get("/console/lists/nothing")).status_code == 404
    refused = await keeper.send_form("/console/lists/nothing/add", page="/console/lists", number="+8617012345678")
    assert refused.status_code == 409
