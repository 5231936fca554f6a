"""Rules: looked at, compared over yesterday's calls, put live and back; the files are never written."""

import asyncio
import re

import pytest

from ringfence.people import Role
from ringfence.rulebook import load_rulebook
from tests.console.past import past_calls

DAY = "- rule: by-day\n  because: <script>alert(1)</script>\n  when: {caller: {starts_with: [+86170]}}\n  then: tag\n"


@pytest.fixture
async def past(house):
    book = load_rulebook(house.here.file)
    return await asyncio.to_thread(past_calls, house.here.file, book, ["17012345678", "13912345678", "95012345"])


@pytest.fixture
def own(house):
    return house.here.base / "rules.d" / "own.yaml"


async def activate(browser, **more):
    """Compare, and put live what was compared."""
    shown = await browser.send_form("/console/rules/compare", page="/console/rules")
    expected = re.search(r'name="expected" value="([^"]+)"', shown.text)
    assert expected is not None, shown.text
    fields = {"expected": expected[1], "reason": "complaints of May", "insisted": "true"} | more
    return await browser.send_form("/console/rules/activate", page="/console/rules", **fields)


async def test_the_files_their_rules_and_figures(house, past):
    viewer = await house.visitor(Role.VIEWER)
    shown = await viewer.get("/console/rules")
    assert "night-calls" in shown.text
    assert "The files on the disk judge" in shown.text
    file = await viewer.get("/console/rules/file/own.yaml")
    assert 'id="line-1"' in file.text
    for other in ("ringfence.yaml", "..%2fringfence.yaml", "%2fetc%2fpasswd", "nothing.yaml"):
        assert (await viewer.get(f"/console/rules/file/{other}")).status_code == 404


async def test_a_fault_stands_at_its_line_and_nothing_can_go_live(house, own):
    own.write_text(DAY.replace("tag", "tagg"))
    author = await house.visitor(Role.RULE_AUTHOR)
    shown = await author.get("/console/rules")
    assert "cannot go live" in shown.text
    file = await author.get("/console/rules/file/own.yaml")
    assert 'class="wrong"' in file.text
    assert "<script>alert" not in shown.text + file.text
    refused = await author.send_form("/console/rules/compare", page="/console/rules")
    assert refused.status_code == 409


async def test_from_a_candidate_to_the_history_and_back(house, past, own):
    author = await house.visitor(Role.RULE_AUTHOR)
    assert "Revision 1 is live" in (await activate(author)).text
    before = own.read_text()
    own.write_text(before + DAY)
    shown = await author.send_form("/console/rules/compare", page="/console/rules")
    assert "17012345678" not in shown.text
    assert "What fewer than 5 callers did is left out" in shown.text
    assert "/console/calls/" not in shown.text, "no call is named by which one could ask on"
    assert 'class="verdict tag"' not in shown.text
    store = house.desk.archive.store
    asked = "select actor, step from step where subject = 'call' and detail like '%rules compared%'"
    assert (
        list(await store.connection.execute_fetchall(asked)) == [("rule-author", "listed")] * 2
    )  # the first before it went live
    assert "nobody insisted" in (await activate(author, insisted="")).text
    assert "Revision 2 is live" in (await activate(author)).text
    revision = await author.get("/console/rules/revision/2")
    assert 'class="plus"' in revision.text
    assert "<script>alert" not in revision.text
    back = await author.send_form("/console/rules/compare/1", page="/console/rules")
    expected = re.search(r'name="expected" value="([^"]+)"', back.text)[1]
    fields = {"expected": expected, "reason": "too many", "insisted": "true", "back_to": "1"}
    done = await author.send_form("/console/rules/activate", page="/console/rules", **fields)
    assert "Revision 3 is live" in done.text
    assert "back to revision 1: too many" in done.text
    assert "The disk holds other rules" in done.text
    assert 'class="plus"' in (await author.get("/console/rules/unsaved")).text
    assert own.read_text() == before + DAY, "a page writes no file"
    revisions = await house.here.revisions()
    assert (await revisions.live()).author == "rule-author"


async def test_what_goes_live_is_what_was_looked_at(house, past, own):
    author = await house.visitor(Role.RULE_AUTHOR)
    await activate(author)
    own.write_text(own.read_text() + DAY)
    assert "Compare again" in (await activate(author, expected="0" * 12)).text
    assert "Say why" in (await activate(author, reason=" ")).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LIST_KEEPER, Role.ADMIN])
async def test_who_may_not_put_rules_live(house, role):
    other = await house.visitor(role)
    fields = {"expected": "x", "reason": "y"}
    refused = await other.send_form("/console/rules/activate", page="/console/rules", **fields)
    assert refused.status_code == 403


async def test_what_is_not_there(house):
    author = await house.visitor(Role.RULE_AUTHOR)
    for where in ("/console/rules/revision/1", "/console/rules/revision/99999999999999999999"):
        assert (await author.get(where)).status_code in (404, 422)
    assert (await author.send_form("/console/rules/compare/7", page="/console/rules")).status_code == 404
