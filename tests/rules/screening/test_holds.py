"""A rule puts a caller on a list for a time: beside the call, under its name, and never over a person's entry."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from rules.lists.editing import Origin
from rules.numbering.readings import readings
from rules.screening.screen import Screen
from rules.settings.screening import ListSettings, ScreeningSettings
from tests.rules.calls import CN, EVENING, LISTS, TRUSTED, call, faults, rule, rules

HOUR = 3600.0
HELD = {**LISTS, "watch": ListSettings(kind="plain")}
SETTINGS = {"lists": HELD}
TEXT = rule("{called: 13800138000}", "[{list: {add: watch, for: 2h}}, {suspicion: 1}]", name="bait")


@asynccontextmanager
async def node(path, text=TEXT, **more):
    screen = await Screen.open(
        ScreeningSettings(time_zone="Asia/Shanghai", **SETTINGS),
        rules(text, settings=SETTINGS),
        path,
        now=lambda: EVENING,
    )
    try:
        yield screen
    finally:
        await screen.close()


async def written(screen):
    screen.poll()
    await asyncio.wait_for(screen._holds._task, 30)
    screen.poll()


async def entries(screen):
    return [
        (one.text, one.origin.author, one.origin.reason, one.origin.expires) for one in await screen.lists.show("watch")
    ]


async def test_whom_a_rule_catches_stands_on_its_list_for_a_time(tmp_path):
    async with node(tmp_path) as screen:
        verdict = screen.judge(call())
        assert verdict.suspicion == 1
        assert await entries(screen) == [], "nothing is written while the call is judged"
        await written(screen)
        assert await entries(screen) == [("+8613912345678", "rule bait", "It is so.", EVENING + 2 * HOUR)]
        assert screen.counters["holds_written"] == 1
        screen.judge(call(at=EVENING + 60))
        assert not screen._holds._waiting, "he is held for long enough"
        screen.judge(call(at=EVENING + 1.5 * HOUR))
        await written(screen)
        assert (await entries(screen))[0][3] == EVENING + 3.5 * HOUR, "he goes on, and is held for longer"
        await screen.lists.remove("watch", "+8613912345678", author="officer")
        assert await entries(screen) == [], "a person takes him off"


async def test_whom_a_person_takes_off_is_held_again_when_the_rule_fires_again(tmp_path):
    async with node(tmp_path) as screen:
        screen.judge(call())
        await written(screen)
        screen.judge(call(at=EVENING + 2))
        assert not screen._holds._waiting, "he stands there"
        await screen.lists.remove("watch", "+8613912345678", author="officer")
        screen.poll()
        screen.judge(call(at=EVENING + 4))
        await written(screen)
        assert [one[3] for one in await entries(screen)] == [EVENING + 4 + 2 * HOUR]


async def test_the_time_counts_from_the_last_call_by_which_the_rule_fired(tmp_path):
    """Within a twentieth of it, so that who calls all the time is not written all the time."""
    async with node(tmp_path) as screen:
        for minutes in (0, 7, 14, 21):
            screen.judge(call(at=EVENING + 60 * minutes))
            if screen._holds._waiting:
                await written(screen)
        assert [one[3] for one in await entries(screen)] == [EVENING + 21 * 60 + 2 * HOUR]


@pytest.mark.parametrize(
    ("caller", "context", "held"),
    [
        ("15500000005", ("+49",), {"+8615500000005", "+4915500000005"}),
        ("15500000002#", (), {"+8615500000002"}),
        ("15500000002*1", (), {"+8615500000002"}),
        ("15500000002,1", (), {"+8615500000002"}),
    ],
)
async def test_a_hold_enters_every_number_that_the_caller_may_be_read_as(tmp_path, caller, context, held):
    found = readings(caller, CN, contexts=context)
    made = call("anonymous")
    made.caller, made.asserted, made.resembled = found.first, (found.first, *found.others), found.resembled
    made.callers = made.asserted
    async with node(tmp_path) as screen:
        screen.judge(made)
        await written(screen)
        assert {one[0] for one in await entries(screen)} >= held


async def test_whom_a_killed_process_had_to_hold_is_held_by_the_next_one(tmp_path):
    """Whatever becomes of his call: the record that went to file before the answer left tells of it."""
    async with node(tmp_path) as screen:
        screen.judge(call())
        screen.secure()
        left = {file: file.read_bytes() for file in tmp_path.rglob("*.spool*")}
        assert any(left.values())
    for file, octets in left.items():
        file.write_bytes(octets)  # as a kill leaves them
    async with node(tmp_path) as screen:
        assert await entries(screen) == []
        await written(screen)
        assert [one[::3] for one in await entries(screen)] == [("+8613912345678", EVENING + 2 * HOUR)]


async def test_a_call_without_number_says_that_nobody_could_be_held(tmp_path):
    told = []
    async with node(tmp_path) as screen:
        screen._holds._tell = lambda what, cause: told.append((what, cause))
        screen.judge(call("anonymous"))
        assert told == [("a caller could not be held on a list", "his call shows no number (rule bait)")]
        assert screen.counters["holds_dropped"] == 1


async def test_what_a_person_entered_stays_as_it_is(tmp_path):
    async with node(tmp_path) as screen:
        await screen.lists.add("watch", "+8613912345678", Origin("hotline", "rang at night", "officer"))
        screen.judge(call())
        await written(screen)
        assert await entries(screen) == [("+8613912345678", "officer", "rang at night", None)]


@pytest.mark.parametrize("mode", ["observe", "live"])
async def test_a_rule_that_only_observes_and_a_call_without_number_hold_nobody(tmp_path, mode):
    text = rule("{called: 13800138000}", "{list: {add: watch, for: 2h}}", name="bait", mode=mode)
    async with node(tmp_path, text) as screen:
        screen.judge(call("anonymous"))
        if mode == "observe":
            assert [one.said for one in screen.judge(call()).fired] == ["observe: list"]
        assert not screen._holds._waiting


async def test_those_who_wait_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("rules.screening.holds._MOST", 3)
    async with node(tmp_path) as screen:
        for number in range(5):
            screen.judge(call(f"1391234567{number}", trunk=TRUSTED))
        assert (len(screen._holds._waiting), screen.counters["holds_dropped"]) == (3, 2)


@pytest.mark.parametrize(
    ("then", "says"),
    [
        ("{list: {add: allowed, for: 1h}}", "nobody is held on list 'allowed', since it is of kind allow"),
        ("{list: {add: ours, for: 1h}}", "since it is of kind own; name one of kind plain, suspect, block"),
        ("{list: {add: wach, for: 1h}}", "there is no list 'wach'; did you mean 'watch'?"),
        ("{list: {add: watch, for: 400d}}", "nobody is held for 400d; write 1m to 90d"),
        ("{list: {add: watch, for: 0s}}", "'0s' is no length of time"),
        ("{list: {add: watch}}", "'for' is missing"),
        ("[{list: {add: watch, for: 1h}}, {list: {add: blocked, for: 1h}}]", "a list stands here twice"),
    ],
)
def test_a_list_that_holds_nobody_is_named_at_its_place(then, says):
    (fault,) = faults(rule("{called: 13800138000}", then), settings=SETTINGS)
    assert says in fault
    assert fault.startswith("rules.yaml:4:")


def test_a_window_of_400_days_is_refused():
    (fault,) = faults(rule("{count: {of: calls, per: called, within: 400d, over: 3}}"))
    assert "400d is longer than anything is counted; write 90d or less" in fault
