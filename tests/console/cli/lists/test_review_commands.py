"""`ringfence lists reviews`."""

import asyncio
import json
import time

from rules.lists.editing import Lists, Origin
from rules.lists.origins import Qualification
from rules.settings.screening import ListSettings


def test_what_is_due_is_shown_and_what_is_off(run, file):
    async def add():
        lists = await Lists.open(
            file.parent / "ringfence.db", {"allowed": ListSettings(kind="allow")}, now=lambda: time.time() - 864_000
        )
        for number, days in (("95588", -1), ("95599", 10)):
            shown = Qualification("l", "d", "p", "", time.time() + days * 86_400, "Bank", "wang")
            await lists.add("allowed", number, Origin(author="li", qualification=shown), country="CN")
        await lists.close()

    asyncio.run(add())
    assert run("lists", "reviews", "blocked").stdout == "No review is due within 30d.\n"
    rows = json.loads(run("lists", "reviews", "--json").stdout)
    assert [(one["entry"], one["off"]) for one in rows] == [("CN:95588", True), ("CN:95599", False)]
    shown = run("lists", "reviews", "allowed", "--within", "1d").stdout
    assert "CN:95588" in shown
    assert "off" in shown
    assert "CN:95599" not in shown
    assert "there is no list 'x'" in run("lists", "reviews", "x").stderr
