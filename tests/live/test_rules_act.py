"""What rules do, seen by real peers: divert, label, ring, and short calls that make a rule act on the next one."""

from __future__ import annotations

import json

import pytest

from tests.peers.lanes import new_lane
from tests.peers.loopback import new_endpoint
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings
from tests.peers.sipp import Sipp

pytestmark = pytest.mark.live

LANES = 9
LABEL = "疑似推销"
DIVERTED, LABELLED, MACHINE, LISTED = "95012345", "95013345", "13900000077", "95014345"
RULES = f"""\
- rule: to-the-desk
  because: Somebody asks first what it is about.
  when: {{caller: {DIVERTED}}}
  then: {{divert: desk}}
- rule: seller
  because: It sells.
  when: {{caller: {LABELLED}}}
  then: {{tag: {{label: {LABEL}, ring: 'urn:alert:tone:caution'}}}}
- rule: machine
  because: Whose calls are nearly all short is a machine.
  when: {{caller: {{short_calls: {{over: 70%, within: 1h}}}}}}
  then: reject
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A proxy with these rules, its lanes, and a desk."""
    folder = tmp_path_factory.mktemp("rules-act")
    at, desk = new_endpoint(), new_endpoint()
    lanes = [new_lane(f"lane{i}", folder / f"lane{i}", proxy=at) for i in range(LANES)]
    (folder / "rules.yaml").write_text(RULES)
    configuration = settings(
        [at],
        lanes,
        rules=[str(folder / "rules.yaml")],
        destinations={"desk": f"sip:desk@{desk}"},
        lists={"nuisance": {"kind": "block", "divert": "desk"}},
        facts={"ratio_calls": 3, "short_call_s": 60},  # a busy machine may keep a caller from hanging up for long
    )
    with Ringfence(folder / "proxy", configuration, numbers={"nuisance": [LISTED]}) as proxy:
        yield proxy, iter(lanes), desk


def at_desk(lane, desk, scenario: str) -> Sipp:
    return Sipp(scenario, at=desk, to=lane.proxy, folder=lane.folder, hops=1)


@pytest.mark.parametrize(
    ("caller", "callee", "number", "by"),
    [
        ("caller_hangs_up", "callee_answers", DIVERTED, "to-the-desk"),
        ("caller_hears_bye", "callee_hangs_up", DIVERTED, "to-the-desk"),
        ("caller_hangs_up", "callee_answers", LISTED, "nuisance"),
    ],
)
def test_a_diverted_call_is_answered_talked_and_ended_at_its_destination(house, caller, callee, number, by):
    proxy, lanes, desk = house
    lane = next(lanes)
    with at_desk(lane, desk, callee).listens() as second, lane.trunk_side(caller, caller=number) as first:
        first.done()
        second.done()
    (sent,), (seen,) = first.sent("INVITE"), second.received("INVITE")
    assert seen.start == f"INVITE sip:desk@{desk} SIP/2.0"
    assert seen.field("Diversion").startswith(f"<{sent.start.split()[1]}>;reason=unconditional")
    assert seen.field("X-Ringfence-Verdict") == "diverted"
    assert seen.field("X-Ringfence-Rule") == by
    decision = seen.field("X-Ringfence-Decision")
    row = until(lambda: [one for one in recorded(proxy) if one["decision"] == decision], "the record")[0]
    assert (row["verdict"], row["destination"], row["status"]) == ("divert", "desk", 200)
    assert f"the call goes to desk (sip:desk@{desk})" in proxy.command("explain", decision)


def recorded(proxy):
    """Diverted calls that have ended, as the log shows them."""
    return [one for one in json.loads(proxy.command("log", "--verdict", "divert", "--json")) if one["status"]]


def test_a_destination_that_refuses_is_heard_by_the_caller(house):
    _, lanes, desk = house
    lane = next(lanes)
    busy = Sipp(
        "callee_refuses",
        at=desk,
        to=lane.proxy,
        folder=lane.folder,
        hops=1,
        values={"refusal": "486 Busy Here", "provisional": "100 Trying"},
    )
    with busy.listens(), lane.trunk_side("caller_refused", caller=DIVERTED, status="486") as caller:
        caller.done()


def test_a_label_is_seen_by_the_callee_alone(house):
    """The callee hangs up: its BYE carries in To what it got as From."""
    _, lanes, _ = house
    flow = next(lanes).call("caller_hears_bye", "callee_hangs_up", caller=LABELLED, name='"Li Si" ')
    (invite,) = flow.callee.received("INVITE")
    assert invite.field("From").startswith(f'"{LABEL} Li Si" <')
    assert invite.field("Alert-Info") == "<urn:alert:tone:caution>"
    assert LABEL in flow.callee.sent("BYE")[0].field("To")
    assert [packet for packet in flow.caller.packets() if LABEL in packet.text] == []


def test_short_calls_make_a_rule_act_on_the_next_one(house):
    """Three calls that are answered and end at once are a habit; another caller has none."""
    _, lanes, _ = house
    lane = next(lanes)
    for _ in range(3):
        lane.call("caller_hangs_up", "callee_answers", caller=MACHINE)
    lane.alone("caller_refused", status="603", caller=MACHINE)
    lane.call("caller_hangs_up", "callee_answers", caller="13900000078")
