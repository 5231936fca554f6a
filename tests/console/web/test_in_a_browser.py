"""The console in Chromium: each page's main task, nothing that axe finds, by keyboard, 400 pixels wide, both languages.

With PICTURES set, the pictures of docs/console.md are made anew.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from console.api.access.key_book import KeyBook
from console.web.pages import served
from ringfence.control import Control, Question
from ringfence.installation import Installation
from ringfence.people import Right, Role
from ringfence.people.accounts import Wanted
from ringfence.rulebook import load_rulebook, trunks_of
from rules.audit.second import let_pass
from rules.language.examples import Described
from rules.lists.origins import Origin
from rules.model import Hit, Outcome
from rules.records.decisions import row
from tests.console.api.served import Served
from tests.console.cli.node.test_top import PEER, later
from tests.console.web.conftest import HOSTILE, PASSWORD
from tests.installed import CONFIGURATION, RULES
from tests.rules.calls import READ

pytestmark = pytest.mark.live

PICTURES = Path(__file__).resolve().parents[3] / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
NAME = "wang"
PLACE = "console.localhost"  # what passkeys are made for: a browser makes none for an address
BAD = [f"+861701234{n:04}" for n in range(20)]
RULE = "- rule: mine\n  because: x\n  when: {caller: {starts_with: [+86170]}}\n  then: tag\n"
MORE_RULES = """\
- rule: promises-money
  because: A name that promises money.
  when: {display_name: {contains: loan}}
  then: tag
- rule: odd-code
  because: Nobody holds this code.
  when: {caller: {class: cn-9-odd}}
  then: {suspicion: 4}
  mode: observe
"""


def installed(folder: Path) -> Path:
    """An installation with lists, a person who may do everything, and a day of calls, some by the worst of callers."""
    (folder / "rules.d").mkdir(parents=True)
    (folder / "rules.d" / "night.yaml").write_text(RULES)
    (folder / "rules.d" / "money.yaml").write_text(MORE_RULES)
    file = folder / "ringfence.yaml"
    passkeys = f"api: {{hosts: [{PLACE}]}}\npeople: {{console: 'http://{PLACE}:8607/console'}}\n"
    file.write_text(CONFIGURATION.replace("rules:", "  sealed: {kind: sealed}\nrules:") + passkeys)
    asyncio.run(fill(file))
    return file


async def fill(file: Path) -> None:
    async with Installation.open(file) as here:
        let_pass("by the test")
        people, lists, decisions = await here.people(), await here.lists(), await here.decisions()
        await people.accounts.add(Wanted("root-of-all", frozenset({Role.ADMIN})), author="root")
        await people.accounts.add(Wanted(NAME, frozenset(Role)), author="root")
        await people.set_password(NAME, PASSWORD, author="root")
        await KeyBook(await here.access()).add("12321", [Right.COMPLAINTS_WRITE, Right.REPORTS_READ], author="root")
        for number in BAD:
            await lists.add("blocked", number, Origin("hotline", "rang at night", "li"))
        await lists.add("suspected", "CN:95013*", Origin("operator", HOSTILE, "li"), wide=True)
        await lists.add("allowed", "+8613912345678", Origin("operator", "the clinic", "li"))
        await here.open_desk()
        await decisions.write(list(calls(file, here.keys.pseudonym)), [])


def calls(file: Path, key: bytes) -> Iterator[tuple]:
    book, draw, now = load_rulebook(file), random.Random(7), time.time()
    trunks = trunks_of(book.configuration)
    for n in range(600):
        ago = (600 - n) * (1.4 if n > 300 else 60.0)
        caller = draw.choice(
            [draw.choice(BAD), "95012345", "95013888", "anonymous", *[f"139{draw.randrange(10**8):08}"] * 8]
        )
        shown = HOSTILE if n % 97 == 5 else draw.choice(["", "", "", "Sunny loan", "Clinic"])
        call = READ(Described(caller, f"138{draw.randrange(10**8):08}", "", "", shown), trunks[n % 2], now - ago)
        call.source, call.call_id = "192.0.2.9", f"{n}@example"
        listed = "blocked" if caller in BAD else "suspected" if caller == "95013888" else ""
        kind = {"blocked": "block", "suspected": "suspect"}.get(listed, "")
        hits = (Hit(listed, kind, call.caller.canonical, "hotline", call.caller.canonical, 100, 5),) if listed else ()
        verdict = book.ruleset.judge(call, hits)
        verdict.decision = f"{int(call.at * 256):010x}{n:010x}"
        ended = Outcome(603, False, draw.randrange(1, 5)) if verdict.action == "reject" else None
        ended = ended or Outcome(draw.choice([200, 200, 486, 487]), True, draw.randrange(300, 9_000))
        yield row(call, verdict, ended, key)


class Looking(NamedTuple):
    """The console as a process, and a browser before it."""

    url: str
    browser: Browser
    said: list[str]  # by the browser: whatever a policy forbids, or breaks
    signed_in: dict[str, Any]  # what a browser keeps of that

    def page(self, *, width: int = 1280, scheme: str = "light", language: str = "en", known: bool = True) -> Page:
        """A page of somebody, who is signed in unless nobody knows him."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 860},
            color_scheme=scheme,
            locale=language,
            reduced_motion="reduce",
            storage_state=self.signed_in if known else None,
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        return page

    def enter(self) -> None:
        """Sign in as somebody does."""
        page = self.page(known=False)
        page.goto(f"{self.url}/console/sign-in")
        page.locator("[name=name]").fill(NAME)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_selector("nav")
        self.signed_in.update(page.context.storage_state())
        page.context.close()


@contextmanager
def running(path: Path) -> Iterator[None]:
    """A node of which only the control socket is there, one of its peers down."""
    ready, over, asked = threading.Event(), threading.Event(), count(1)
    quiet = {"calls": 42, "in_setup": 3, "queue": 0, "remarks": ["list police: no new version for 9 days"]}

    async def figures(_: Question) -> dict[str, Any]:
        n = next(asked)
        verdicts = {"forward": 1_000 + 7 * n, "tag": 10 + n, "reject": 5 + n, "divert": 0}
        return later(n, **quiet, verdicts=verdicts, judging={"up_to_s": [1e-5, 2e-5, 0.05], "times": [90 * n, n, 0, 0]})

    async def peers(_: Question) -> list[dict[str, Any]]:
        down = {"peer": "carrier", "address": "192.0.2.1:5060", "state": "down", "why": "no answer", "calls": 0}
        return [PEER | {"calls": 42}, PEER | down]

    async def answer() -> None:
        control = Control(path)
        control.register("figures", figures)
        control.register("peers", peers)
        await control.open()
        ready.set()
        await asyncio.to_thread(over.wait)
        await control.close()

    thread = threading.Thread(target=lambda: asyncio.run(answer()), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield
    over.set()
    thread.join(60)


@pytest.fixture(scope="module")
def looking(tmp_path_factory) -> Iterator[Looking]:
    file = installed(tmp_path_factory.mktemp("console") / "here")
    with running(file.with_name("ringfence.control")), Served(file) as api, sync_playwright() as playwright:
        here = f"--host-resolver-rules=MAP {PLACE} {api.address.partition(':')[0]}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, here])
        looking = Looking(api.url, browser, [], {})
        looking.enter()
        yield looking
        browser.close()


NAMES = [one.page.name for one in served() if one.page is not None]


def tell(page: Page, name: str) -> None:
    """Keep a picture, where somebody asked for new ones."""
    if os.environ.get("PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png")


def findings(page: Page) -> list[str]:
    """What axe finds, by WCAG 2.2 AA."""
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(
    ("scheme", "width", "language", "lang"), [("light", 1280, "en", "en"), ("dark", 400, "zh-CN", "zh-CN")]
)
def test_each_page_is_accessible_fits_and_speaks_the_language(looking, scheme, width, language, lang):
    looking.said.clear()
    found: list[str] = []
    for name in ("sign-in", *NAMES):
        page = looking.page(scheme=scheme, width=width, language=language, known=name != "sign-in")
        page.goto(f"{looking.url}/console/{name}")
        page.wait_for_selector("h1")
        found += [f"{name}: {one}" for one in findings(page)]
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{name}: it is {wide} pixels wide")
        assert page.get_attribute("html", "lang") == lang
        page.context.close()
    assert [*found, *looking.said] == []


def test_the_keyboard_alone(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/calls")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("tbody [data-row] a").first
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector("ol.steps")
    page.keyboard.press("?")
    expect(page.locator("dialog#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/console/rules")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("170 1234 0001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/number/*")
    page.goto(f"{looking.url}/console/calls")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("?")
    page.locator("[data-keys]").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("r")
    assert page.url.endswith("/console/calls"), "single keys can be switched off (WCAG 2.1.4)"
    page.context.close()


def test_live_and_calls(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/live")
    expect(page.locator("#beat")).to_have_text("as it happens")
    page.wait_for_selector("#curve canvas")
    expect(page.locator(".peers .down")).to_contain_text("carrier")
    page.wait_for_timeout(2_500)
    tell(page, "live")
    page.goto(f"{looking.url}/console/calls")
    tell(page, "calls")
    page.locator("[name=verdict]").select_option("reject")
    expect(page.locator("tbody .verdict.forward")).to_have_count(0)
    page.wait_for_url("**verdict=reject*")
    page.locator("tbody [data-row]:has-text('blocked') a").first.click()
    page.wait_for_selector("ol.steps li.won")
    tell(page, "call")
    page.locator("summary", has_text="Test a rule on it").click()
    page.locator("[name=rule]").fill(
        "- rule: mine\n  because: x\n  when: {caller: {starts_with: [+86170]}}\n  then: tag\n"
    )
    page.locator("button", has_text="Ask it").click()
    expect(page.locator(".result .won")).to_contain_text("mine holds")
    page.locator("summary", has_text="Complain").click()
    page.locator("[name=reporter]").fill("13800138000")
    page.locator("button", has_text="File it").click()
    expect(page.locator("#notices")).to_contain_text("is filed")
    page.context.close()


def test_check_and_number(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/check")
    page.locator("[name=caller]").fill("95012345")
    page.locator("[name=called]").fill("13800138000")
    page.locator("[name=at]").fill("2026-11-24T22:10")
    page.locator(".ask button").click()
    expect(page.locator("h2.answer .verdict")).to_have_text("reject")
    tell(page, "check")
    page.goto(f"{looking.url}/console/number")
    page.locator("main [name=number]").fill(BAD[0])
    page.locator("main form button").first.click()
    page.wait_for_selector(".facts")
    assert BAD[0] not in page.content()
    assert BAD[0].strip("+") not in page.url
    tell(page, "number")
    page.context.close()


def test_rules_from_a_candidate_to_the_history(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/rules")
    page.locator("button", has_text="Judge yesterday").click()
    page.wait_for_selector("text=Verdicts that change")
    tell(page, "rules-compared")
    page.locator("[name=reason]").fill("the first rules")
    if page.locator("[name=insisted]").count():
        page.locator("[name=insisted]").check()
    page.locator(".golive button").click()
    expect(page.locator("#notices")).to_contain_text("Revision 1 is live")
    tell(page, "rules")
    page.locator("a", has_text="night-calls").click()
    page.wait_for_selector("tr:target")
    assert findings(page) == []
    page.context.close()


def test_a_file_comes_into_a_list_and_goes_again(looking, tmp_path):
    page, file = looking.page(), tmp_path / "numbers.csv"
    file.write_text("number,reason\n+8617099990001,rang\n+8617099990002,rang\n12,short\n110,no\n")
    page.goto(f"{looking.url}/console/lists")
    page.locator("a", has_text="blocked").first.click()
    page.locator("[name=file]").set_input_files(file)
    page.locator("button", has_text="Look at it first").click()
    page.wait_for_selector("text=What the file would do")
    assert findings(page) == []
    tell(page, "list-preview")
    page.locator("button", has_text="Import it").click()
    expect(page.locator("#notices")).to_contain_text("2 added")
    page.goto(f"{looking.url}/console/lists")
    tell(page, "lists")
    page.locator("summary", has_text="Take back").click()
    page.locator("details[open] [name=reason]").fill("the wrong file")
    page.locator("details[open] button").click()
    expect(page.locator("#notices")).to_contain_text("is taken back")
    page.context.close()


def test_nothing_that_a_stranger_wrote_does_anything(looking):
    looking.said.clear()
    page = looking.page()
    page.on("dialog", lambda dialog: looking.said.append(f"dialog: {dialog.message}"))
    page.goto(f"{looking.url}/console/lists/suspected")
    page.wait_for_selector("text=<script>alert(1)</script>")
    page.goto(f"{looking.url}/console/number")
    page.locator("main [name=number]").fill("95013888")
    page.locator("main form button").first.click()
    page.wait_for_selector("text=<script>alert(1)</script>")
    page.locator("aside a").first.click()
    page.wait_for_selector("ol.steps")
    assert looking.said == []
    page.context.close()


def test_the_audit_is_looked_at_and_taken_out(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/audit")
    page.locator("[name=by]").fill(NAME)
    page.locator("main .filters button").click()
    page.wait_for_selector("td:has-text('listed')")
    assert findings(page) == []
    tell(page, "audit")
    with page.expect_download() as loaded:
        page.locator("button", has_text="Save as a file").click()
    assert loaded.value.suggested_filename == "ringfence-audit.jsonl"
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#standing")).to_contain_text("It is being verified")
    expect(page.locator("#standing")).to_contain_text("It is whole", timeout=30_000)
    assert findings(page) == []
    page.context.close()


def test_a_key_waits_for_the_second_admin(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/keys")
    page.locator("main [name=name]").fill("hotline")
    page.locator("[value='complaints:write']").check()
    page.locator("button", has_text="Make the key").click()
    page.wait_for_url("**/console/approvals")  # there are two admins
    page.goto(f"{looking.url}/console/keys")
    expect(page.locator("main .secret")).to_have_count(0)
    page.locator("summary", has_text="Revoke or renew").click()
    assert findings(page) == []
    tell(page, "keys")
    page.context.close()


def test_when_something_is_due(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/calendar")
    page.locator("[name=received]").fill("2026-09-30T16:00")
    page.locator("main button", has_text="Show").click()
    page.wait_for_selector("td:has-text('2026-10-09 00:00')")
    tell(page, "calendar")
    page.context.close()


def test_what_is_kept_and_a_subscriber_who_asks(looking):
    page = looking.page()
    page.goto(f"{looking.url}/console/privacy")
    page.locator("summary", has_text="What is held of me?").click()
    page.locator("details[open] [name=number]").fill("13800138000")
    page.locator("details[open] [name=reason]").fill("he wrote, and we rang back")
    assert findings(page) == []
    tell(page, "privacy")
    with page.expect_download() as loaded:
        page.locator("details[open] button").click()
    assert loaded.value.suggested_filename == "ringfence-subscriber.json"
    page.context.close()


def test_a_passkey_is_made_and_lets_in_alone(looking):
    looking.said.clear()
    page = looking.page(known=False)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    telephone = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    one = {**telephone, "isUserVerified": True, "automaticPresenceSimulation": True}
    device = devices.send("WebAuthn.addVirtualAuthenticator", {"options": one})["authenticatorId"]
    at = f"http://{PLACE}:8607/console"
    page.goto(f"{at}/sign-in")
    page.locator("[name=name]").fill(NAME)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_selector("nav")
    page.goto(f"{at}/own")
    form = page.locator("form:has([data-passkey=make])")
    form.locator("[name=name]").fill("my telephone")
    form.locator("[name=old]").fill("a wrong password")
    form.locator("button").click()
    expect(form.locator("[data-passkey-told]")).to_have_text("The password is wrong.")
    form.locator("[name=old]").fill(PASSWORD)
    form.locator("button").click()
    expect(page.locator("#notices")).to_contain_text("The passkey is there")
    assert findings(page) == []
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-told]")).to_contain_text("The passkey was not used.")
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_selector("nav")
    assert [one for one in looking.said if "403" not in one] == [], "no policy forbids it"
    page.goto(f"{at}/own")
    section = page.locator("section[aria-labelledby=passkeys]")
    expect(section).to_contain_text("used last")
    section.locator("summary").click()
    section.locator("details[open] [name=old]").fill(PASSWORD)
    section.locator("details[open] button").click()
    expect(page.locator("#notices")).to_contain_text("The passkey is gone")
    page.context.close()
