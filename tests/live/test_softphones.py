"""pjsua2 and baresip call each other through the proxy, with audio that is counted and measured."""

import asyncio

import pytest

from console.phones.processes import answering, host_port, place
from tests.live.conftest import BLOCKED, NUMBERS, SUSPECTED
from tests.peers.baresip_phone import LOUD, TALK_S, BaresipPhone, hears_a_tone
from tests.peers.lanes import new_lane
from tests.peers.loopback import new_endpoint
from tests.peers.ringfence import LISTS, Ringfence, settings

pytestmark = pytest.mark.live

CALLED = "02161234567"
ORDINARY = "+8613912345678"
LABEL = "疑似骚扰"
PAGE = "https://callers.example.com/why/{decision}"
PROFILES = {
    "analytics": {"analytics": True, "url": PAGE, "email": "redress@example.com", "location": "TN"},
    "rejected": {"status": 608, "card": "https://callers.example.com/card.jws", "otherwise": "rejected"},
    "spoken": {"phrase": "骚扰电话已拦截", "headers": {"X-Case": "{decision}"}},
}
ANSWERED = {name: {"kind": "block", "profile": name} for name in PROFILES}
STOPPED = {name: [f"+861390000002{n}"] for n, name in enumerate(PROFILES)}
HIDDEN = "+8613900000031"
RULES = f"""
- rule: hidden
  because: They are told by their number.
  when: {{caller: {HIDDEN}}}
  then: {{tag: {{label: 号码已隐藏, mask: true}}}}
"""
HALF_A_SECOND = 20  # packets of 20 ms, with room for the first ones


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """A proxy between softphones on 127.0.0.1, the only address that baresip takes, and one that answers there."""
    folder = tmp_path_factory.mktemp("softphones")
    at = new_endpoint()
    trunk, pbx = new_endpoint("127.0.0.1"), new_endpoint("127.0.0.1")
    lane = new_lane("softphones", folder, trunk=trunk, pbx=pbx, proxy=at)
    more = {"lists": {**LISTS, **ANSWERED}, "profiles": PROFILES}
    (folder / "rules.yaml").write_text(RULES)
    configuration = settings([at], [lane], label=LABEL, rules=[str(folder / "rules.yaml")], **more)
    with Ringfence(folder / "proxy", configuration, numbers={**NUMBERS, **STOPPED}):
        yield lane


async def test_pjsua2_talks_with_pjsua2(line):
    async with answering(*line.pbx) as callee:
        await callee.expect("ready")
        placed = await place(ORDINARY, CALLED, host_port(str(line.proxy)), talk_s=TALK_S)
        seen = await callee.expect("invite")
        ended = await callee.expect("ended")
    assert (placed.status, placed.rang) == (200, True)
    assert placed.heard >= HALF_A_SECOND
    assert ended["heard"] >= HALF_A_SECOND
    assert not [name for name in seen["headers"] if name.startswith("x-ringfence")]
    assert seen["headers"]["from"][0].startswith(f"<sip:{ORDINARY}@")


async def test_pjsua2_shows_the_tag_and_the_label_of_a_suspected_caller(line):
    async with answering(*line.pbx) as callee:
        await callee.expect("ready")
        placed = await place(SUSPECTED, CALLED, host_port(str(line.proxy)))
        seen = (await callee.expect("invite"))["headers"]
    assert placed.status == 200
    assert seen["x-ringfence-verdict"] == ["suspected"]
    assert seen["x-ringfence-rule"] == ["suspects"]
    assert LABEL in seen["from"][0]
    assert LABEL not in placed.headers["from"][0]  # the caller's own From comes back to it


async def test_pjsua2_and_baresip_show_a_label_in_place_of_a_masked_number(line):
    async with answering(*line.pbx) as callee:
        await callee.expect("ready")
        placed = await place(HIDDEN, CALLED, host_port(str(line.proxy)), talk_s=TALK_S)
        seen = (await callee.expect("invite"))["headers"]
    assert (placed.status, placed.heard >= HALF_A_SECOND) == (200, True)
    assert seen["from"][0].startswith('"号码已隐藏" <sip:anonymous@anonymous.invalid>')
    assert HIDDEN[3:] not in str([value for name, value in seen.items() if name != "call-id"])
    assert HIDDEN in placed.headers["from"][0]
    async with BaresipPhone("pbx", line.pbx) as phone:
        placing = asyncio.create_task(place(HIDDEN, CALLED, host_port(str(line.proxy)), talk_s=200))
        call = await phone.rings()
        await call.answer()
        await hears_a_tone(call)
        await call.hangup()
        assert (await asyncio.wait_for(placing, 100)).status == 200
    assert "号码已隐藏" in call.headers["From"]
    assert HIDDEN[3:] not in call.headers["From"]


async def test_pjsua2_is_told_603(line):
    placed = await place(BLOCKED, CALLED, host_port(str(line.proxy)))
    assert (placed.status, placed.phrase, placed.rang, placed.heard) == (603, "Decline", False, 0)
    assert "cause=603" in placed.headers["reason"][0]


@pytest.mark.parametrize(
    ("profile", "status", "phrase", "header", "value"),
    [
        ("analytics", 603, "Network Blocked", "reason", 'SIP;cause=603;text="v=analytics1;url=https://callers.'),
        ("rejected", 608, "Rejected", "call-info", "<https://callers.example.com/card.jws>;purpose=jwscard"),
        ("spoken", 603, "骚扰电话已拦截", "x-case", ""),
    ],
)
async def test_each_telephone_is_told_what_its_caller_is_to_know(line, profile, status, phrase, header, value):
    [caller] = STOPPED[profile]
    placed = await place(caller, CALLED, host_port(str(line.proxy)))
    assert (placed.status, placed.phrase) == (status, phrase)
    assert placed.headers[header][0].startswith(value)
    async with BaresipPhone(caller, line.trunk, proxy=line.proxy) as phone:
        assert (await phone.refused(f"sip:{CALLED}@{line.proxy}")).startswith(f"{status} {phrase}")


async def test_pjsua2_talks_with_baresip(line):
    async with BaresipPhone("pbx", line.pbx) as callee:
        placing = asyncio.create_task(place(SUSPECTED, CALLED, host_port(str(line.proxy)), talk_s=TALK_S))
        call = await callee.rings()
        await call.answer()
        loudness = await hears_a_tone(call)
        placed = await placing
    assert call.headers["X-Ringfence-Verdict"] == "suspected"
    assert LABEL in call.headers["From"]
    assert loudness > LOUD / 10
    assert placed.status == 200
    assert placed.heard >= HALF_A_SECOND


async def test_baresip_talks_with_pjsua2(line):
    async with answering(*line.pbx) as callee, BaresipPhone(ORDINARY, line.trunk, proxy=line.proxy) as caller:
        await callee.expect("ready")
        call = await caller.agent.dial(f"sip:{CALLED}@{line.proxy}")
        await call.wait_established(60)
        loudness = await hears_a_tone(call)
        await call.hangup()
        ended = await callee.expect("ended")
    assert loudness > LOUD / 10
    assert ended["heard"] >= 10


async def test_baresip_is_declined(line):
    async with BaresipPhone(BLOCKED, line.trunk, proxy=line.proxy) as caller:
        assert (await caller.refused(f"sip:{CALLED}@{line.proxy}")).startswith("603 Decline")
