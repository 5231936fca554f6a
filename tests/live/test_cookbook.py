"""Every recipe of config/recipes beside all others in one proxy, each played by SIPp until its rule has fired."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from rules.language.source import load_document
from tests.cookbook import LISTS, RECIPES, TRUNKS
from tests.peers.lanes import new_lane
from tests.peers.loopback import new_endpoint
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings
from tests.peers.sipp import Packet

pytestmark = pytest.mark.live

ZONE = ZoneInfo("Asia/Shanghai")
NUMBERS = {
    "elderly": ["02161230001"],
    "wards": ["02161230002"],
    "pupils": ["02161230003"],
    "no-anonymous": ["02161230004"],
    "homes": ["02161230005"],
    "traps": ["02161230006"],
    "campaigners": ["13700000001"],
    "deliveries": ["95338"],
    "doctors": ["01066001234"],
    "ours": ["01065550000"],
}


class Played(NamedTuple):
    """A call of a recipe, made so often that the last of them fires."""

    caller: str
    called: str = "02161234567"
    name: str = ""
    host: str = "carrier.example"
    header: str = "Subject: none"
    times: int = 1


STRANGER = "13700000099"
CALLS = {
    "wangiri": Played("17099990001", times=4),
    "premium-caller": Played("+499001234567"),
    "neighbour": Played("13800138999", "13800138000"),
    "watch-for-an-hour": Played(STRANGER, "02161230006"),
    "two-reasons": Played("17099990009"),
    "many-different-numbers": Played("13700000003", "02161239[n]", times=2),
    "debt-collector": Played("13700000004", times=2),
    "bombing": Played("1370000005[n]", "02161230009", times=2),
    "elderly-at-night": Played(STRANGER, "02161230001"),
    "elderly-stranger": Played(STRANGER, "02161230001"),
    "false-bank": Played(STRANGER, name='"工商银行" '),
    "false-police": Played(STRANGER, name='"Police" '),
    "false-emergency": Played("110"),
    "spoofed-service-number": Played("95588"),
    "service-number-that-never-calls": Played("4006123456"),
    "sim-box": Played("1370000006[n]", times=2),
    "rotating-numbers": Played("1370010000[n]", times=2),
    "one-name-many-numbers": Played("1370020000[n]", name='"Loans" ', times=2),
    "scanner": Played("1001", header="User-Agent: friendly-scanner"),
    "elections": Played("13700000001"),
    "own-numbers-from-outside": Played("01065550000"),
    "delivery-must-ring": Played("95338"),
    "doctors-must-ring": Played("01066001234", header="P-Asserted-Identity: <tel:+861066001234>"),
    "school": Played(STRANGER, "02161230003"),
    "hospital-ward": Played(STRANGER, "02161230002"),
    "no-anonymous": Played("anonymous", "02161230004", host="anonymous.invalid"),
    "impossible-number": Played("955881"),
    "two-readings": Played("13912345678%23"),
    "two-identities": Played(STRANGER, header="P-Asserted-Identity: <tel:+8613700000098>"),
    "expired-code": Played("95077345"),
    "known-holder": Played("95078345"),
    "marketing-on-days-off": Played("95012345", "02161230005"),
    "trap-numbers": Played(STRANGER, "02161230006"),
    "forged-host": Played(STRANGER, host="sip.example.net"),
    "cautious-share": Played("1701234000[n]", times=1),
}
ABROAD = "spoofed-service-number"
BAIT = {"caller": "+261321234567", "silence": "1", "provisional": "180 Ringing"}
BY_PHONES = {"wangiri-from-abroad", "robot-dialler"}  # these are about how calls end


def settings_of(now: datetime) -> dict[str, str]:
    """Thresholds that few calls reach, and hours around now."""

    def hours(begin: int, end: int) -> str:
        return f"{now + timedelta(hours=begin):%H:00}-{now + timedelta(hours=end):%H:00}"

    few = dict.fromkeys(("calls", "people", "callers"), "1")
    return few | {"night": hours(-2, 4), "lessons": hours(-2, 4), "work": hours(8, 12)}


def live_text(path, now: datetime) -> str:
    """A recipe without examples, as the test needs it: it has to hold now, after few calls, for every caller."""
    data = load_document(path).data
    for name, value in settings_of(now).items():
        if name in data.get("settings", {}):
            data["settings"][name] = value
    for rule in data["rules"]:
        del rule["catches"], rule["spares"]
        rule.pop("mode", None)
        if "valid" in rule:
            rule["valid"] = {"from": f"{now - timedelta(days=1):%Y-%m-%d}"}
    return json.dumps(data, ensure_ascii=False)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    """A proxy with all recipes, and a lane for each trunk that they name."""
    folder = tmp_path_factory.mktemp("cookbook")
    at, now = new_endpoint(), datetime.now(ZONE)
    lanes = {name: new_lane(name, folder / name, proxy=at) for name in TRUNKS}
    (folder / "proxy").mkdir()
    for path in RECIPES:
        (folder / "proxy" / path.name).write_text(live_text(path, now))
    days = [f"{now + timedelta(days=ahead):%Y-%m-%d} work\n" for ahead in (-1, 0, 1)]
    (folder / "proxy" / "days.txt").write_text("".join(days))
    (folder / "proxy" / "codes.csv").write_text(
        "code,holder,valid until\n95077,Gone,2020-01-01\n95078,Example Call Centre,2099-01-01\n"
    )
    configuration = settings([at], lanes.values())
    configuration["trunks"][0]["identity"] = "trusted"
    more: dict[str, Any] = {"facts": {"ratio_calls": 3, "short_call_s": 60}, "time_zone": str(ZONE)}
    more |= {"destinations": {"desk": f"sip:desk@{lanes['carrier'].pbx}"}, "calendar": "days.txt", "lists": LISTS}
    more["thresholds"] = {"tag": 5, "reject": 99}  # what adds up rings: others hold for the same calls
    with Ringfence(
        folder / "proxy", {**configuration, **more, "rules": [path.name for path in RECIPES]}, numbers=NUMBERS
    ) as proxy:
        proxy.command("ranges", "import", str(folder / "proxy" / "codes.csv"), "--complete", "9507")
        yield proxy, lanes


def lines_of(played: Played) -> list[list[str]]:
    """What SIPp reads for its calls."""
    return [[part.replace("[n]", str(n)) for part in played[:5]] for n in range(played.times)]


def fired(proxy: Ringfence, call: Packet) -> set[str]:
    """The rules that held for a call, by its record; it is written a moment after the call."""

    def told() -> str | None:
        try:
            return proxy.command("explain", f"Call-ID: {call.field('Call-ID')}", "--json")
        except AssertionError:
            return None

    return {one["name"] for one in json.loads(until(told, "the record of a call"))["fired"]}


def test_each_recipe_is_played(kitchen):
    proxy, lanes = kitchen
    assert CALLS.keys() | BY_PHONES == {path.stem for path in RECIPES}
    asked = {path.stem: {rule["rule"] for rule in load_document(path).data["rules"]} for path in RECIPES}
    lane, last, lines = lanes["carrier"], {}, []
    for name, played in CALLS.items():
        if name != ABROAD:  # by another trunk
            lines += lines_of(played)
            last[name] = len(lines) - 1
    with (
        lane.pbx_side("callee_refuses", len(lines), refusal="486 Busy Here", provisional="180 Ringing").listens(),
        lane.trunk_side("caller_of_many", len(lines), lines=lines) as caller,
    ):
        caller.done()
    by_number = {int(one.field("Call-ID").partition("-")[0]): one for one in caller.sent("INVITE")}
    invites = [by_number[number] for number in range(1, len(lines) + 1)]
    silent = [name for name, number in last.items() if not fired(proxy, invites[number]) & asked[name]]
    foreign = lanes["international"]
    with foreign.trunk_side("caller_of_many", 1, lines=lines_of(CALLS[ABROAD])) as caller:
        caller.done()
    assert asked[ABROAD] <= fired(proxy, caller.sent("INVITE")[0])
    assert silent == []


def test_short_calls_and_short_rings_make_theirs_hold(kitchen):
    """Three calls that end at once, and three that are given up after a ring, make a rule hold for the next."""
    proxy, lanes = kitchen
    lane = lanes["mobile-operator"]
    for n in range(3):
        lane.call("caller_hangs_up", "callee_answers", caller="13700000007", called=f"0216123800{n}")
        lane.call("caller_cancels_ringing", "callee_cancelled", called=f"0216123801{n}", **BAIT)
    robot = lane.alone("caller_refused", status="603", caller="13700000007", called="02161238003")
    assert "robot-dialler" in fired(proxy, robot.sent("INVITE")[0])
    bait = lane.call("caller_cancels_ringing", "callee_cancelled", called="02161238013", **BAIT)
    assert "wangiri-from-abroad" in fired(proxy, bait.caller.sent("INVITE")[0])
