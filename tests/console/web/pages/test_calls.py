"""Calls: searched, opened, explained; and what can be done about one."""

import re
import time

import pytest

from ringfence.people import Role
from ringfence.rulebook import load_rulebook, trunks_of
from rules.language.examples import Described
from rules.lists.origins import Origin
from rules.model import Action, Fired, Outcome, Step, Verdict
from rules.records.decisions import row
from tests.console.web.conftest import HOSTILE
from tests.console.web.pages.test_check import ENGLISH, sentences
from tests.rules.calls import READ

NIGHT = 1_795_500_000.0


@pytest.fixture
async def calls(house):
    """Five calls of different verdicts; each field that a stranger can write holds the worst."""
    book = load_rulebook(house.here.file)
    (trunk, *_) = trunks_of(book.configuration)
    decisions, rows, ids = await house.here.decisions(), [], []
    for n, (caller, action) in enumerate(
        [("95012345", "reject"), ("17012345678", "tag"), ("13912345678", "forward"), ("anonymous", "forward")]
    ):
        described = Described(caller, "13800138000", "", "", HOSTILE, HOSTILE)
        call = READ(described, trunk, time.time() - 60 + n)
        call.source, call.call_id, call.display_name, call.user_agent = "192.0.2.9", f"{HOSTILE}{n}", HOSTILE, HOSTILE
        call.headers = {"subject": HOSTILE}
        fired = (Fired("night-calls", Step.RULES, action, HOSTILE, HOSTILE),)
        verdict = Verdict(Action(action), Step.RULES, rule="night-calls", reason=HOSTILE, fired=fired)
        verdict.decision = f"{int(call.at * 256):010x}{n:010x}"
        ids.append(verdict.decision)
        rows.append(row(call, verdict, Outcome(603, False, 3), house.here.keys.pseudonym))
    await decisions.write(rows, [])
    return ids


def harmless(text: str) -> bool:
    """Is nothing of what the stranger wrote anything but text?"""
    return not re.search("<script>alert|\u202e|\x1b|50337", text)


async def test_what_strangers_wrote_is_text(house, calls):
    browser = await house.visitor(Role.VIEWER)
    for where in ("/console/calls", *(f"/console/calls/{one}" for one in calls)):
        shown = await browser.get(where)
        assert shown.status_code == 200
        assert harmless(shown.text), where
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e" in shown.text


async def test_no_number_stands_in_full(house, calls):
    browser = await house.visitor(Role.VIEWER)
    for where in ("/console/calls", *(f"/console/calls/{one}" for one in calls)):
        text = (await browser.get(where)).text
        for number in ("95012345", "17012345678", "13912345678", "13800138000"):
            assert number not in text, where


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"verdict": "reject"}, [0]),
        ({"caller": "170*"}, [1]),
        ({"caller": "+8613912345678"}, [2]),
        ({"caller": "+8613000000000..+8613999999999"}, [2]),
        ({"status": "6xx"}, [3, 2, 1, 0]),
        ({"status": "486"}, []),
        ({"rule": "night-calls", "trunk": "default"}, [3, 2, 1, 0]),
        ({"since": "1h"}, [3, 2, 1, 0]),
        ({"until": "1h"}, []),
    ],
)
async def test_a_search(house, calls, asked, shown):
    browser = await house.visitor(Role.COMPLAINT_OFFICER if ".." in asked.get("caller", "") else Role.VIEWER)
    found = await browser.send_form("/console/calls", page="/console/calls", **asked)
    assert found.status_code == 200
    assert re.findall(r'data-row>\s*<td class="when"><a href="/console/calls/([0-9a-f]+)"', found.text) == [
        calls[n] for n in shown
    ]
    for number in ("13912345678", "170*", "13999999999"):
        assert number not in str(found.url), "an address stays in histories and logs"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"caller": "what?"}, "no number"),
        ({"since": "soon"}, "no time"),
        ({"status": "9"}, "486, or 4xx"),
        ({"verdict": "x"}, "night-calls"),
        ({"caller": "+8613912345000..+8613912345999"}, "a whole number"),
        ({"caller": "+86139123*"}, "a whole number"),
        ({"caller": "950*"}, "a whole number"),
        ({"caller": "95012000..95012999"}, "a whole number"),
    ],
)
async def test_what_cannot_be_searched_for_is_told(house, calls, asked, told):
    browser = await house.visitor(Role.VIEWER)
    found = await browser.send_form("/console/calls", page="/console/calls", **asked)
    assert told in found.text.replace("is none", "no number")


async def test_a_page_asks_for_a_part_of_itself(house, calls):
    browser = await house.visitor(Role.VIEWER)
    part = await browser.get("/console/calls?verdict=tag", headers={"hx-request": "true"})
    assert part.text.lstrip().startswith('<section id="found"')
    assert part.headers["hx-push-url"] == "/console/calls?verdict=tag"


async def test_the_field_at_the_top_leads_to_a_decision_a_call_id_or_a_number(house, calls):
    browser = await house.visitor(Role.VIEWER)
    by_id = await browser.send_form("/console/find", page="/console/calls", q=calls[1])
    assert by_id.url.path == f"/console/calls/{calls[1]}"
    by_number = await browser.send_form("/console/find", page="/console/calls", q="139 1234 5678")
    assert "13912345678" not in str(by_number.url)
    nothing = await browser.send_form("/console/find", page="/console/calls", q="no such thing")
    assert "Nothing here has this number" in nothing.text


async def test_a_caller_is_put_on_a_list_by_who_may(house, calls):
    viewer = await house.visitor(Role.VIEWER)
    where, page = f"/console/calls/{calls[1]}/list", f"/console/calls/{calls[1]}"
    assert ">Block<" not in (await viewer.get(page)).text
    refused = await viewer.send_form(where, page=page, list="blocked", reason="rang at night")
    assert refused.status_code == 403
    keeper = await house.visitor(Role.LIST_KEEPER)
    done = await keeper.send_form(where, page=page, list="blocked", reason="rang at night", lasts="30d")
    assert "The number is on blocked" in done.text
    (entry,) = await (await house.here.lists()).show("blocked")
    assert (entry.text, entry.origin.author, entry.origin.reason) == ("+8617012345678", "list-keeper", "rang at night")
    query = "select subject, subject_id, reason, detail from step where step = 'unmasked'"
    (look,) = await house.desk.archive.store.connection.execute_fetchall(query)
    assert tuple(look) == ("call", calls[1], "rang at night", "put on blocked"), "he reads the number on his list"
    wrong = await keeper.send_form(where, page=page, list="no-such-list", reason="x")
    assert wrong.status_code == 409
    wrong = await keeper.send_form(where, page=page, list="blocked", reason="x", lasts="long")
    assert "is no duration" in wrong.text


async def test_a_complaint_about_a_call(house, calls):
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    page = f"/console/calls/{calls[1]}"
    done = await officer.send_form(
        f"{page}/complaint", page=page, reporter="13800138000", category="loan", text="again"
    )
    reference = re.search(r"Complaint (C-[0-9A-Z-]+) is filed", done.text)
    assert reference is not None
    again = await officer.send_form(f"{page}/complaint", page=page, reporter="13800138000", category="loan")
    assert f"It was filed before, as {reference[1]}" in again.text
    wrong = await officer.send_form(f"{page}/complaint", page=page, reporter="x\u202ey", category="loan")
    assert wrong.status_code == 409


async def test_a_rule_is_asked_about_a_call_and_changes_nothing(house, calls):
    author = await house.visitor(Role.RULE_AUTHOR)
    page = f"/console/calls/{calls[1]}"
    rule = "- rule: mine\n  because: x\n  when: {caller: {starts_with: [%s]}}\n  then: tag\n"
    held = await author.send_form(f"{page}/try", page=page, rule=rule % "+86170")
    assert 'class="won"><bdi>mine holds' in held.text
    not_held = await author.send_form(f"{page}/try", page=page, rule=rule % "+86171")
    assert "mine did not hold" in not_held.text
    for wrong in ("- rule: [", "include: [/etc/passwd]\nrules: []", rule % "+86170" + "  nonsense: 1\n"):
        shown = await author.send_form(f"{page}/try", page=page, rule=wrong)
        assert shown.status_code == 200
        assert "root:" not in shown.text
    assert 'class="fault"' in shown.text


async def test_a_call_that_nobody_knows(house):
    browser = await house.visitor(Role.VIEWER)
    assert (await browser.get("/console/calls/0123456789abcdef0123")).status_code == 404
    assert "No call was judged yet" in (await browser.get("/console/calls")).text


async def test_whoever_searches_for_a_number_stands_in_the_audit(house, calls):
    """By shorter and shorter ranges a viewer would read the digits that are hidden from him."""
    browser = await house.visitor(Role.VIEWER)
    await browser.send_form("/console/calls", page="/console/calls", caller="+8613912345678")
    store = house.desk.archive.store
    rows = await store.connection.execute_fetchall("select actor, detail from step where step = 'searched'")
    assert [tuple(row) for row in rows] == [("viewer", "calls")]


async def test_whoever_reads_chinese_is_told_why_in_chinese(house, calls):
    await (await house.here.lists()).add("blocked", "+8617012345678", Origin(author="li", reason="骚扰"))
    browser = await house.visitor(Role.RULE_AUTHOR)
    await browser.send_form("/console/preferences", page="/console/calls", language="zh", back="/calls")
    for one in calls:
        text = sentences((await browser.get(f"/console/calls/{one}")).text)
        assert "经中继" in text
        assert ENGLISH.findall(text) == []
    asked = "- rule: mine\n  because: x\n  when: {caller: {starts_with: [+86170]}}\n  then: tag\n"
    where = f"/console/calls/{calls[0]}"
    shown = (await browser.send_form(f"{where}/try", page=where, rule=asked)).text
    assert "不成立：主叫以 +86170 开头" in shown
