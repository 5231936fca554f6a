"""What a process tells the one after it: drains, where names lead should DNS be silent by then, and who was who."""

import pytest

from proxy.next_hops import Hop, Question, Ranked
from proxy.places import Known
from ringfence.handed import for_child, handed_over
from ringfence.remembered import NOTHING, Remembered, of_now, unpacked
from tests import wire
from tests.playbook import SETTINGS, Playbook, briefs, from_callee, hops, in_dialog

NAMES = {
    Question("pbx.rook.example"): (Ranked((0, 10), 5, (Hop("203.0.113.10", 5060), Hop("203.0.113.11", 5062, "TCP"))),),
    Question("carrier.example", 5070, "TLS", True): (Ranked((1,), 0, (Hop("2001:db8::1", 5061, "TLS"),)),),
}
DRAINS = {("pbx", "office", ("203.0.113.11", 5060, "UDP"))}
KNOWN = [Known("source", "203.0.113.10", 5060, "office"), Known("network", "192.0.2.0/24", 0, "carrier")]


def test_it_arrives_as_it_was():
    told = Remembered(NAMES, DRAINS, KNOWN)
    assert handed_over(for_child({}, [], 0, told.packed())).remembered == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "7",
        "[]",
        '{"names": 3, "drains": []}',
        '{"names": [], "drains": [["a"]]}',
        '{"names": [], "drains": [], "known": [["network", "x", 0, "y"]]}',
    ],
)
def test_what_can_not_be_read_is_nothing(text):
    assert unpacked(text) == NOTHING


def test_more_names_than_an_environment_has_room_for_prevent_no_restart():
    names = {Question(f"{number}.example"): NAMES[Question("pbx.rook.example")] for number in range(5_000)}
    assert unpacked(Remembered(names, DRAINS, KNOWN).packed()) == Remembered({}, DRAINS, KNOWN)
    many = [Known("host", f"2001:db8::{number:x}", 0, "carrier") for number in range(5_000)]
    assert unpacked(Remembered(names, DRAINS, many).packed()) == Remembered({}, DRAINS, [])


def test_the_next_process_drains_what_a_name_leads_to_when_it_is_resolved():
    pbxes = [{"name": "office", "addresses": ["pbx.rook.example"]}]
    before, after = Playbook(pbxes=pbxes), Playbook(pbxes=pbxes)
    for play in (before, after):
        if play is after:
            play.core.peers.take_up(unpacked(of_now(before.core, {}).packed()).drains, play.now)
        play.core.learn(play.topology.named_targets()[0], hops(["203.0.113.10", "203.0.113.11"]), play.now)
        if play is before:
            play.core.peers.drain(play.core.peers.of("pbx", "office")[1], True, play.now)
    assert [each.drained for each in after.core.peers.of("pbx", "office")] == [False, True]
    assert not after.core.peers.plain


OTHERS = [{"name": "other", "addresses": ["192.0.2.0/24"], "country": "CN"}]
NEW_PBX = [{"name": "new-office", "addresses": ["203.0.113.77"]}]


@pytest.mark.parametrize("trunks", [SETTINGS["trunks"], [{"name": "default", "country": "CN"}]])
@pytest.mark.parametrize("pbxes", [SETTINGS["pbxes"], NEW_PBX, []])
def test_calls_end_by_what_they_began_with_though_the_next_process_finds_another_file(trunks, pbxes):
    """Their ACK, BYE and re-INVITE were refused: whoever sent them had left the file, or where they went had."""
    others = [{**OTHERS[0], "answer": "proxy" if pbxes else "redirect"}]
    before, after = Playbook(trunks=trunks), Playbook(trunks=others, pbxes=pbxes)
    after.topology.places.remember(unpacked(of_now(before.core, {}).packed()).known)
    after.core.flow_to.forget()
    down, up = before.answered()
    ack = after.trunk(in_dialog("ACK", up))
    assert [(each.to, each.brief) for each in ack] == [(wire.PBX, "ACK")]
    back = after.pbx(from_callee("INFO", down))
    assert [(each.to, each.brief) for each in back] == [(wire.TRUNK, "INFO")]
    after.trunk(wire.answer(back[0].data))
    bye = after.trunk(in_dialog("BYE", up, cseq=2))
    assert [(each.to, each.brief) for each in bye] == [(wire.PBX, "BYE")]
    after.pbx(wire.answer(bye[0].data))
    assert briefs(after.trunk(wire.invite(call_id="new", via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKnew"))) == [
        "403"
    ]
