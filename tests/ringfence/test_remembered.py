"""What a process tells the one after it: drains, and where names lead should DNS be silent by then."""

import pytest

from proxy.next_hops import Hop, Question, Ranked
from ringfence.handed import for_child, handed_over
from ringfence.remembered import NOTHING, Remembered, of_now, unpacked
from tests.playbook import Playbook, hops

NAMES = {
    Question("pbx.rook.example"): (Ranked((0, 10), 5, (Hop("203.0.113.10", 5060), Hop("203.0.113.11", 5062, "TCP"))),),
    Question("carrier.example", 5070, "TLS", True): (Ranked((1,), 0, (Hop("2001:db8::1", 5061, "TLS"),)),),
}
DRAINS = {("pbx", "office", ("203.0.113.11", 5060, "UDP"))}


def test_it_arrives_as_it_was():
    told = Remembered(NAMES, DRAINS)
    assert handed_over(for_child({}, [], 0, told.packed())).remembered == told


@pytest.mark.parametrize("text", ["", "{", "7", "[]", '{"names": 3, "drains": []}', '{"names": [], "drains": [["a"]]}'])
def test_what_can_not_be_read_is_nothing(text):
    assert unpacked(text) == NOTHING


def test_more_names_than_an_environment_has_room_for_prevent_no_restart():
    names = {Question(f"{number}.example"): NAMES[Question("pbx.rook.example")] for number in range(5_000)}
    assert unpacked(Remembered(names, DRAINS).packed()) == Remembered({}, DRAINS)


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
