"""Live: what is seen and what goes out as events; what looks at the record stands in tests/console/web/test_feed.py."""

import asyncio
import json

from console.web.feed import Feed
from console.web.pages import live
from ringfence.people import Role
from tests.console.web.conftest import until
from tests.console.web.pages.test_calls import calls as calls  # a fixture


async def test_the_page_begins_with_what_is_known(house, calls):
    viewer = await house.visitor(Role.VIEWER)
    shown = (await viewer.get("/console/live")).text
    assert shown.count("data-row>") == 4
    assert "No node answers" in shown
    assert not any(one in shown for one in ("<script>alert", "\u202e", "\x1b", "17012345678", "50337"))


async def test_events_are_masked_encoded_and_end_with_the_session(house, calls, monkeypatch):
    monkeypatch.setattr("console.web.feed.EVERY_S", 0.01)
    monkeypatch.setattr(live, "_ASKED_AGAIN", 3)
    viewer = await house.visitor(Role.VIEWER)
    feed = house.gate.feed = Feed(house.here)
    look, looks = feed.look, []

    async def from_the_first():
        feed._behind = "0"
        looks.append(await look())
        return looks[-1]

    feed.look = from_the_first
    asking = asyncio.create_task(viewer.get("/console/live/events"))
    await until(lambda: looks)
    await house.people.accounts.disable("viewer", author="root")
    async with asyncio.timeout(20):
        answer = await asking
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert answer.text.rstrip().endswith("event: over\ndata: {}")
    seen = next(one for one in told if one.get("verdicts"))
    assert seen["verdicts"] == {"reject": 1, "tag": 1, "forward": 2}
    assert seen["rows"].count("data-row") == 4
    assert not any(one in answer.text for one in ("<script>alert", "17012345678", "\\u202e"))
    feed.stop()


async def test_who_may_not_see_calls_hears_nothing(house):
    privacy = await house.visitor(Role.PRIVACY_OFFICER)
    assert (await privacy.get("/console/live/events")).status_code == 403
