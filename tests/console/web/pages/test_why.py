"""Why a call was stopped: by the decision's id alone, to anybody, with nobody's number; and an appeal against it."""

import re
from pathlib import Path

import pytest

from console.web.pages.why import Strangers
from ringfence.people import Role
from ringfence.rulebook import load_rulebook
from rules.model import Hit
from tests.console.past import past_calls
from tests.console.web.conftest import House
from tests.rules.calls import rules

CALLER = "+8617012345678"
RULE = """
- rule: secret-name
  because: Callers who ring at night are stopped, such as 17012345678.
  when: {caller: {class: mobile}}
  then: reject
  catches: [{from: 17012345678, to: 13800138000}]
"""


def recorded(file: Path, **more: object) -> str:
    """The decision of a call that was recorded."""
    return past_calls(file, load_rulebook(file), ["17012345678"], **more)[0]  # type: ignore[arg-type]


@pytest.fixture
def stopped(file) -> dict[str, str]:
    """Decisions, by what stopped the call; the last one went through."""
    file.write_text(
        file.read_text().replace("complaints:", "complaints:\n  appeal_page: true", 1)
        if "complaints:" in file.read_text()
        else file.read_text() + "complaints: {appeal_page: true}\n"
    )
    block = Hit("secret-list", "block", CALLER, "officer Li", CALLER, 100)
    theirs = Hit("subscriber-block", "subscriber-block", CALLER, "subscriber", CALLER, 100)
    return {
        "rule": recorded(file, ruleset=rules(RULE)),
        "list": recorded(file, hits=(block,)),
        "subscriber": recorded(file, hits=(theirs,)),
        "none": recorded(file),
    }


@pytest.fixture
async def open_house(file, stopped):
    house = House(file)
    await house.open()
    await house.account(Role.VIEWER)
    yield house
    await house.opened.aclose()


async def test_whoever_was_stopped_reads_why_and_files_an_appeal(open_house, stopped):
    stranger = open_house.browser("203.0.113.9")
    where = f"/console/why/{stopped['rule']}"
    shown = await stranger.get(where)
    assert shown.status_code == 200
    assert shown.url.path == where, "nobody has to sign in"
    assert "Callers who ring at night are stopped" in shown.text
    for planted in ("secret-name", "secret-list", "17012345678", "13800138000", "192.0.2.9"):
        assert planted not in shown.text
    empty = await stranger.send_form(where, page=where, text=" ")
    assert empty.status_code == 422
    filed = await stranger.send_form(where, page=where, text="We are a bank.", contact="bank@example.com")
    reference = re.search(r"A-[0-9A-Z]{5}-[0-9A-Z]{5}", filed.text)
    assert reference is not None
    appeal, clocks, words = await open_house.desk.appeals.find(reference[0])
    assert (appeal.number, appeal.name, words["text"]) == (CALLER, "secret-name", "We are a bank.")
    assert clocks


async def test_a_list_of_the_subscriber_looks_like_any_other(open_house, stopped):
    stranger = open_house.browser("203.0.113.9")
    pages = [(await stranger.get(f"/console/why/{stopped[name]}")).text for name in ("list", "subscriber")]
    plain = [re.sub("[0-9a-f]{20,}|<time.*?</time>", "", page) for page in pages]
    assert plain[0] == plain[1]
    assert "stands on a list of numbers" in plain[0]
    chinese = await stranger.get(f"/console/why/{stopped['list']}", headers={"accept-language": "zh-CN"})
    assert "来电为何被拦截" in chinese.text


async def test_what_is_not_there_and_what_was_not_stopped_look_the_same(open_house, stopped):
    stranger = open_house.browser("203.0.113.9")
    answers = [await stranger.get(f"/console/why/{name}") for name in (stopped["none"], "0" * 20, "x", "%27or", CALLER)]
    assert {each.status_code for each in answers} == {404}
    assert len({re.sub("[0-9a-f]{32,}", "", each.text) for each in answers}) == 1
    assert (await stranger.get("/console/calls")).url.path == "/console/sign-in", "no other page is open"
    refused = await stranger.post(f"/console/why/{stopped['rule']}", data={"text": "no form of ours"})
    assert refused.status_code == 403


async def test_nobody_asks_without_end(open_house, stopped):
    open_house.gate.strangers = Strangers(lambda: 0.0)
    stranger, other = open_house.browser("203.0.113.9"), open_house.browser("203.0.113.10")
    where = f"/console/why/{stopped['list']}"
    answers = [(await stranger.send_form(where, page=where, text=f"{n}")).status_code for n in range(7)]
    assert answers == [200] * 5 + [429] * 2
    found = [await stranger.get(where) for _ in range(40)]
    assert found[-1].status_code == 429
    assert int(found[-1].headers["retry-after"]) > 0
    assert (await other.get(where)).status_code == 200


async def test_an_appeal_with_a_slip_is_none_of_those_that_one_may_file(open_house, stopped):
    open_house.gate.strangers = Strangers(lambda: 0.0)
    stranger = open_house.browser("203.0.113.9")
    where = f"/console/why/{stopped['list']}"
    slips = [{"text": " "}, {"text": "We are a bank.", "contact": "bank at example"}, {"text": "x" * 10_000}] * 2
    for slip in slips:
        assert (await stranger.send_form(where, page=where, **slip)).status_code == 422, slip
    answers = [(await stranger.send_form(where, page=where, text=f"{n}")).status_code for n in range(6)]
    assert answers == [200] * 5 + [429]


def test_addresses_of_one_network_of_ipv6_are_one():
    now = [0.0]
    strangers = Strangers(lambda: now[0])
    assert [strangers.wait(f"2001:db8::{n:x}", appeals=True) > 0 for n in range(6)] == [False] * 5 + [True]
    assert strangers.wait("2001:db8:0:1::1", appeals=True) == 0
    now[0] += 720.0
    assert strangers.wait("2001:db8::99", appeals=True) == 0


async def test_the_page_is_there_only_where_the_operator_wants_it(house, file):
    await house.account(Role.VIEWER)
    assert (await house.browser().get(f"/console/why/{'0' * 20}")).url.path == "/console/sign-in"


async def test_it_is_open_before_there_are_accounts_and_nothing_else_is(file, stopped):
    house = House(file)
    house.is_neighbour = False
    await house.open()
    stranger = house.browser("203.0.113.9")
    assert (await stranger.get(f"/console/why/{stopped['list']}")).status_code == 200
    assert (await stranger.get("/console/calls")).status_code == 403
    await house.opened.aclose()
