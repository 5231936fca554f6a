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
    page.set_viewport_size({"width": 1280, "height": 1_500})
    page.evaluate("scrollTo(0, 0)")
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
    page.evaluate("document.getElementById('owners').scrollIntoView()")
    tell(page, "ladder")
    page.goto(f"{looking.url}/console/appeals")
    tell(page, "appeals")
    page.context.close()


class Typist:
    """Somebody with a keyboard and no mouse, who must see at each stop where he is; axe looks over his shoulder."""

    def __init__(self, page) -> None:
        self.page = page
        self.found: list[str] = []

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def at(self, selector: str, text: str = "") -> bool:
        self.found += self.page.evaluate(HIDDEN)
        return self.page.evaluate(
            "([selector, text]) => document.activeElement.matches(selector) "
            "&& document.activeElement.textContent.includes(text)",
            [selector, text],
        )

    def tab_to(self, selector: str, text: str = "") -> None:
        """By Tab alone; whoever is already there stays."""
        for _ in range(120):
            if self.at(selector, text):
                return
            self.press("Tab")
        pytest.fail(f"Tab never comes to {selector} {text}")

    def row(self, *, down: int = 1) -> None:
        """The next rows by j, back by k, and Enter."""
        self.press(*["j"] * (down + 1), "k")
        assert self.at("[data-row], [data-row] *")
        self.press("Enter")

    def told(self, text: str) -> None:
        expect(self.page.locator("#notices")).to_contain_text(text)

    def look(self) -> None:
        self.page.wait_for_selector("h1")
        self.found += [f"{self.page.url}: {one}" for one in findings(self.page)]
        if (wide := self.page.evaluate("document.documentElement.scrollWidth")) > 400:
            self.found.append(f"{self.page.url}: it is {wide} pixels wide")

    def take(self, step: str, **fields: str) -> None:
        """Open a step, fill it in, and confirm."""
        self.tab_to("details.act summary", step)
        self.press("Enter")
        self.look()
        for name, text in fields.items():
            self.tab_to(f"details[open] [name={name}]")
            self.page.keyboard.type(text)
        self.tab_to("details[open] button.strong", step)
        self.press("Enter")


# Focus that nobody sees: no ring around it, of no size, or beside the window.
HIDDEN = """() => {
  const at = document.activeElement, ring = getComputedStyle(at), box = at.getBoundingClientRect();
  if (at === document.body || at.matches("main")) return [];
  const seen = (ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 1) || ring.boxShadow !== "none";
  const there = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.left < innerWidth;
  return seen && there ? [] : [`focus is not seen on ${at.outerHTML.slice(0, 120)}`];
}"""


def test_the_keyboard_alone_does_the_work_of_the_desk_in_400_pixels(looking):
    """Queue, case, steps, the second person; appeals, leaks, letters: j, k, Enter, /, ?, g with a letter, and Tab."""
    looking.said.clear()
    typist = Typist(looking.page(width=400))
    page = typist.page
    page.goto(f"{looking.url}/console/queue")
    typist.press("?")
    expect(page.locator("dialog#help")).to_be_visible()
    typist.press("Escape", "/")
    assert typist.at("#find")
    typist.press("Escape")
    typist.tab_to("[name=state]")
    page.keyboard.type("collecting")
    page.wait_for_url("**state=collecting*")
    expect(page.locator("tbody .state").first).to_have_text("collecting")
    typist.look()
    typist.press("Escape")  # out of the field, in which letters are text
    typist.row()
    page.wait_for_url("**/console/case/*")
    case = page.url
    typist.take("Take it")
    typist.told("Done: Take it.")
    typist.take("Verify", reason="the owner admitted it")
    typist.told("Done: Verify.")
    typist.take("Seal", reason="it went on")
    typist.told("Proposed as")
    second = Typist(looking.page(width=400, known=False))
    second.page.goto(f"{looking.url}/console/sign-in")
    second.tab_to("[name=name]")
    second.page.keyboard.type("zhao")
    second.press("Tab")
    second.page.keyboard.type(PASSWORD)
    second.press("Enter")
    second.page.wait_for_selector("nav", state="attached")
    second.page.goto(case)
    second.look()
    second.tab_to("button.strong", "Confirm")
    second.press("Enter")
    second.told("Confirmed")
    page.reload()
    expect(page.locator(".why strong")).to_have_text("sealed")

    typist.press("g", "e")
    page.wait_for_url("**/console/appeals")
    typist.look()
    typist.row(down=0)
    page.wait_for_url("**/console/appeals/*")
    typist.take("Refuse", reason="it was no forgery")
    typist.told("Done: Refuse.")
    typist.press("g", "b")
    page.wait_for_url("**/console/leaks")
    typist.look()
    typist.row()
    page.wait_for_url("**/leaks/office*")
    typist.take("Acknowledge", reason="the bank was called")
    typist.told("It was seen")
    typist.press("g", "t")
    page.wait_for_url("**/console/letters")
    typist.look()
    typist.press("j", "j", "k")
    assert typist.at("tbody [type=checkbox]")
    typist.press("Enter")
    expect(page.locator("tbody [type=checkbox]").first).to_be_checked()
    typist.tab_to("button.strong", "Try the ticked again")
    typist.press("Enter")
    typist.told("leave with the next turn")
    assert [*typist.found, *second.found, *looking.said] == []
    for one in (page, second.page):
        one.context.close()
