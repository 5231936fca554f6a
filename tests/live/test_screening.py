"""What a screened call looks like to real peers: the caller, and the PBX behind the proxy."""

import re
import time

import pytest

from tests.live.conftest import BLOCKED, BLOCKED_SERVICE, SUSPECTED
from tests.peers.loopback import new_endpoint
from tests.peers.process import SOON_S, until
from tests.peers.sipp import Sipp

pytestmark = pytest.mark.live


def test_a_listed_caller_hears_603_and_the_pbx_nothing(lane):
    with lane.pbx_side("callee_answers").listens() as pbx:
        caller = lane.alone("caller_refused", status="603", caller=BLOCKED)
        assert not pbx.packets()
    (refusal,) = caller.received("SIP/2.0 603")
    assert refusal.start == "SIP/2.0 603 Decline"
    assert re.fullmatch(r'SIP\s*;\s*cause=603\s*;\s*text="[0-9a-f]{20}"', refusal.field("Reason"))
    assert ";tag=" in refusal.field("To")
    assert "blocked" not in refusal.text
    assert not refusal.fields("X-Ringfence-Rule")


@pytest.mark.parametrize(
    "spelling",
    ["8613900000001", "008613900000001", "13900000001", "013900000001", "%2B86139%300000001", "+86-139-0000-0001"],
)
def test_a_listed_caller_is_known_in_every_spelling(lane, spelling):
    lane.alone("caller_refused", status="603", caller=spelling)


def test_a_listed_service_number(lane):
    lane.alone("caller_refused", status="603", caller=BLOCKED_SERVICE)


def test_a_refusal_is_repeated_until_its_acknowledgement(lane):
    """One of three at least: a busy machine may keep the caller from its ACK, and then there are more."""
    assert any(heard_until_acknowledged(lane) == 2 for _ in range(3))  # at once and after T1, none in the 1.2 s after


def heard_until_acknowledged(lane):
    """How often a caller that is slow to acknowledge its refusal hears it."""
    return len(lane.alone("caller_slow_to_acknowledge", status="603", caller=BLOCKED).copies("SIP/2.0 603"))


def test_the_pbx_sees_the_tag_of_a_suspected_caller(lane):
    flow = lane.call("caller_hangs_up", "callee_answers", caller=SUSPECTED)
    (invite,) = flow.callee.received("INVITE")
    assert invite.field("X-Ringfence-Verdict") == "suspected"
    assert invite.field("X-Ringfence-Rule") == "suspects"
    assert re.fullmatch("[0-9a-f]{20}", invite.field("X-Ringfence-Decision"))


def test_an_ordinary_call_arrives_untouched_but_for_the_way(lane):
    flow = lane.call("caller_hangs_up", "callee_answers", name='"Li Si" ', headers="X-Kept: as it  came, really")
    (sent,), (seen,) = flow.caller.sent("INVITE"), flow.callee.received("INVITE")
    for name in ("From", "To", "Call-ID", "CSeq", "Contact", "Allow", "X-Kept", "Content-Type"):
        assert seen.field(name) == sent.field(name)
    assert seen.text.partition("\n\n")[2] == sent.text.partition("\n\n")[2]
    assert seen.start == sent.start
    assert seen.field("Max-Forwards") == "69"
    assert "X-Ringfence" not in seen.text


@pytest.mark.parametrize("caller", ["+8613912345678", SUSPECTED])
def test_a_caller_cannot_bring_its_own_verdict(lane, caller):
    forged = "X-Ringfence-Verdict: trusted\nx-ringfence-other: 1"
    flow = lane.call("caller_hangs_up", "callee_answers", caller=caller, headers=forged)
    (invite,) = flow.callee.received("INVITE")
    assert "trusted" not in invite.text
    assert "ringfence-other" not in invite.text.lower()


def test_an_untrusted_trunk_asserts_no_identity(lane):
    asserted = "P-Asserted-Identity: <sip:+862161230000@example.com>\nRemote-Party-ID: <sip:1@example.com>"
    flow = lane.call("caller_hangs_up", "callee_answers", headers=asserted)
    (invite,) = flow.callee.received("INVITE")
    assert not invite.fields("P-Asserted-Identity")
    assert not invite.fields("Remote-Party-ID")


@pytest.mark.parametrize("number", ["110", "112", "120"])
def test_a_listed_caller_reaches_an_emergency_number(lane, number):
    flow = lane.call("caller_hangs_up", "callee_answers", caller=BLOCKED, called=number)
    assert "X-Ringfence-Verdict: suspected" in flow.callee.received("INVITE")[0].text


def test_an_anonymous_caller_is_forwarded_untagged(lane):
    flow = lane.call("caller_hangs_up", "callee_answers", caller="anonymous", name='"Anonymous" ')
    assert "X-Ringfence" not in flow.callee.received("INVITE")[0].text


def test_the_pbx_is_not_judged(lane):
    lane.call_out("caller_hangs_up", "callee_answers", caller=BLOCKED)


def test_a_stranger_is_forbidden(house, tmp_path):
    with Sipp("caller_refused", at=new_endpoint(), to=house.at, folder=tmp_path, values={"status": "403"}) as stranger:
        stranger.done()


def test_a_number_listed_by_another_process_is_refused_within_a_second(lane, house):
    """One of three at least: a busy machine may keep a process waiting as long as that, but not each time."""
    with lane.pbx_side("callee_refuses", 1000, refusal="486 Busy Here", provisional="100 Trying").listens() as pbx:
        assert any(refused_within_a_second(lane, house, pbx, f"+861390000000{n}") for n in (3, 4, 5))


def refused_within_a_second(lane, house, pbx, number):
    """Did no call get through that began later than a second after its number was listed? None may in the end."""
    assert not refused(lane, number)
    house.proxy.command("lists", "add", "blocked", number)
    begun = [time.monotonic()]
    while not refused(lane, number):
        begun.append(time.monotonic())
        assert begun[-1] < begun[0] + SOON_S
    reached = len(pbx.received("INVITE"))
    assert refused(lane, number)
    assert len(pbx.received("INVITE")) == reached
    return begun[-1] <= begun[0] + 1.0


def refused(lane, number):
    """Is a call from that number refused by the proxy by now?"""
    with lane.trunk_side("caller_refused", caller=number, status="603") as caller:
        return caller.wait() == 0


def test_each_judged_call_leaves_one_masked_line(lane, house):
    flow = lane.call("caller_hangs_up", "callee_answers", caller=SUSPECTED)
    call_id = flow.caller.sent("INVITE")[0].field("Call-ID")
    lines = until(lambda: [each for each in house.proxy.calls() if call_id in each.values()], "a line of the call")
    assert len(lines) == 1
    assert SUSPECTED not in str(lines[0])
    assert lane.name in lines[0].values()
