"""The desk's pages in Chromium, full of five weeks of work: main tasks, nothing that axe finds, narrow and in Chinese.

With PICTURES set, its pictures of docs/console.md are made anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect, sync_playwright

from console.cli.desk.desk_demo import Lately
from desk.archive import Premises
from desk.desk import Desk
from ringfence.configuration import load_configuration
from ringfence.installation import Installation
from ringfence.people import Role
from ringfence.people.accounts import Wanted
from tests.console.api.served import Served
from tests.console.web.conftest import PASSWORD
from tests.console.web.test_in_a_browser import CHROMIUM, FLAGS, NAME, Looking, findings, tell
from tests.installed import CONFIGURATION, RULES

pytestmark = pytest.mark.live

PAGES = ("queue", "appeals", "leaks", "letters", "ladder", "reports?by=code")


async def fill(file) -> None:
    now = [time.time()]
    desk = await Desk.open(Premises(file.parent, load_configuration(file), "CN", lambda: now[0]))
    await Lately(desk, now, lambda _: None).fill()
    await desk.close()
    async with Installation.open(file) as here:
        people = await here.people()
        await people.accounts.add(Wanted("root-of-all", frozenset({Role.ADMIN})), author="root")
        for name in (NAME, "zhao"):
            await people.accounts.add(Wanted(name, frozenset({Role.COMPLAINT_OFFICER})), author="root-of-all")
            await people.set_password(name, PASSWORD, author="root-of-all")


@pytest.fixture(scope="module")
def looking(tmp_path_factory) -> Iterator[Looking]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "rules.d").mkdir()
    (folder / "rules.d" / "night.yaml").write_text(RULES)
    file = folder / "ringfence.yaml"
    file.write_text(CONFIGURATION.replace("rules:", "  sealed: {kind: sealed}\nrules:"))
    asyncio.run(fill(file))
    with Served(file) as api, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        looking = Looking(api.url, browser, [], {})
        looking.enter()
        yield looking
        browser.close()


def first(page, selector: str) -> str:
    """Where the first of these leads."""
    return page.locator(selector).first.get_attribute("href")


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1280, "en"), ("dark", 400, "zh-CN")])
def test_each_page_is_accessible_and_fits(looking, scheme, width, language):
    looking.said.clear()
    page = looking.page(scheme=scheme, width=width, language=language)
    found: list[str] = []
    ways = [f"/console/{name}" for name in PAGES]
    for name, selector in (("queue", "tbody tr td a"), ("leaks", ".cell"), ("appeals", "tbody tr td a")):
        page.goto(f"{looking.url}/console/{name}")
        ways.append(first(page, selector))
    for way in ways:
        page.goto(f"{looking.url}{way}")
        page.wait_for_selector("h1")
        for one in page.locator("details.act summary").all()[:3]:
            one.click()
        found += [f"{way}: {one}" for one in findings(page)]
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{way}: it is {wide} pixels wide")
    assert [*found, *looking.said] == []
    page.context.close()


def test_a_case_from_the_queue_to_its_letter(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/queue")
    tell(page, "queue")
    page.locator("[name=state]").select_option("verifying")
    page.wait_for_url("**state=verifying*")
    expect(page.locator("tbody .state").first).to_have_text("verifying")
    page.locator("tbody tr td a").first.click()
    page.wait_for_selector(".plot")
    page.locator("summary", has_text="Close as unfounded").click()
    page.locator("details[open] [name=reason]").fill("Ms Wang says it was a wrong number")
    page.locator("details[open] button", has_text="Show the letter").click()
    expect(page.locator(".letter")).to_contain_text("姓名已隐去")
    tell(page, "case")
    page.locator("button", has_text="Read").first.click()
    expect(page.locator("td .words, td .soft").last).to_be_visible()
    page.locator("details[open] button.strong").click()
    expect(page.locator("#notices")).to_contain_text("Done: Close as unfounded.")
    page.context.close()


def test_a_leak_is_asked_about(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/leaks")
    tell(page, "leaks")
    page.locator(".cell.alarms", has_text="Chaoyang").click()
    page.locator("summary", has_text="Open an inquiry").click()
    page.locator("[name=asked]").fill("Who exported these customers?")
    page.locator("details[open] button.strong").click()
    expect(page.locator("#notices")).to_contain_text("is open.")
    tell(page, "leak")
    page.context.close()


def test_a_seal_waits_for_the_second_person(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/queue?state=sealed")
    page.locator("tbody tr td a").first.click()
    page.locator("summary", has_text="Release").click()
    page.locator("details[open] [name=reason]").fill("the contract was ended")
    page.locator("details[open] button.strong").click()
    expect(page.locator(".waits")).to_contain_text("It waits for a second person")
    page.context.close()


def test_a_report_is_one_page_and_a_file(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/reports?by=category")
    tell(page, "reports")
    with page.expect_download() as loaded:
        page.locator("a", has_text="Excel").click()
    assert loaded.value.suggested_filename.endswith(".xlsx")
    page.goto(f"{looking.url}/console/ladder")
    tell(page, "ladder")
    page.goto(f"{looking.url}/console/appeals")
    tell(page, "appeals")
    page.context.close()
