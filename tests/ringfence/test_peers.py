"""What the running node tells of its peers, and how one address of them is drained."""

import pytest
from structlog.testing import capture_logs

from ringfence.control import Question, Refused
from ringfence.peers import PeerCommands
from tests import wire
from tests.playbook import Playbook, briefs, hops


class Asked:
    """The commands on a core before a scripted world."""

    def __init__(self) -> None:
        self.play = Playbook()
        self.commands = PeerCommands(self.play.core, lambda: self.play.now)

    async def drain(self, address: str, *, peer: str = "office", drained: bool = True, anyway: bool = False) -> dict:
        words = {"peer": peer, "address": address, "drained": drained, "anyway": anyway}
        return await self.commands._drain(Question("peers-drain", words, "root"))

    def rows(self) -> dict[str, dict]:
        return {row["address"]: row for row in self.commands.rows(self.play.now, 2_000_000_000.0)}


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_each_address_is_told_with_all_that_is_known_of_it(asked: Asked):
    play = asked.play
    play.core.prober.begin(play.now)
    play.answered()
    play.wait(0.5)
    row = asked.rows()["203.0.113.10:5060"]
    assert row == {
        "peer": "office",
        "kind": "pbx",
        "address": "203.0.113.10:5060",
        "state": "up",
        "since": 1_999_999_999.5,
        "why": "",
        "last_at": 1_999_999_999.5,
        "last_status": 200,
        "calls": 1,
        "in_setup": 0,
        "probed": True,
        "responses": {"200": 1},
    }


def test_of_whom_nothing_came_yet_nothing_is_known(asked: Asked):
    row = asked.rows()["203.0.113.11:5060"]
    assert (row["state"], row["last_at"], row["last_status"]) == ("unknown", None, None)


def test_who_is_down_has_a_reason(asked: Asked):
    asked.play.core.peers.of("pbx", "office")[0].is_silent(asked.play.now)
    row = asked.rows()["203.0.113.10:5060"]
    assert (row["state"], row["why"], row["since"]) == ("down", "no answer to a call", 2_000_000_000.0)


def test_a_call_in_set_up_counts(asked: Asked):
    asked.play.forwarded()
    assert asked.rows()["203.0.113.10:5060"]["in_setup"] == 1


async def test_an_address_is_drained_and_has_calls_again(asked: Asked):
    with capture_logs() as said:
        told = await asked.drain("203.0.113.10")
    assert (told["state"], told["others"]) == ("drained", ["203.0.113.11:5060"])
    assert [(line["event"], line["address"], line["by"]) for line in said] == [
        ("address drained: it has no new calls", "203.0.113.10:5060", "root")
    ]
    assert "INVITE" in briefs(asked.play.trunk(wire.invite()))
    assert asked.play.log[-1].to == wire.PBX2
    with capture_logs() as said:
        await asked.drain("203.0.113.10:5060", drained=False)
        await asked.drain("203.0.113.10:5060", drained=False)
    assert len(said) == 1, "once more changes nothing"
    asked.play.trunk(wire.invite(via="SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKtwo", call_id="two"))
    assert asked.play.log[-1].to == wire.PBX


async def test_while_another_process_takes_over_nothing_is_drained_that_it_would_not_know(asked: Asked):
    asked.commands = PeerCommands(asked.play.core, lambda: asked.play.now, replaced=lambda: True)
    with pytest.raises(Refused, match="another process is taking over at this moment: ask again"):
        await asked.drain("203.0.113.10")


def test_a_name_that_leads_nowhere_has_a_row_and_is_said_as_long_as_it_does(asked: Asked):
    play = asked.play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example", "203.0.113.10"]}])
    asked.commands = PeerCommands(play.core, lambda: play.now)
    [named] = play.topology.named_targets()
    play.core.learn(named, [], play.now)
    row = asked.rows()["pbx.rook.example"]
    assert row.keys() == asked.rows()["203.0.113.10:5060"].keys()
    assert (row["peer"], row["state"], row["why"]) == ("office", "down", "the name leads to no address")
    assert play.core.ailments() == ["office: pbx.rook.example leads to no address"]
    play.core.learn(named, hops(["203.0.113.11"]), play.now)
    assert "pbx.rook.example" not in asked.rows()
    assert play.core.ailments() == []


def test_a_trunk_has_a_row_whether_it_is_anybodys_outbound_trunk_or_not(asked: Asked):
    """Its `send_to` is called by whoever names it in a Request-URI, and may be probed."""
    trunks = [
        {"name": "carrier", "country": "CN", "addresses": [wire.TRUNK[0]], "send_to": ["198.51.100.30"]},
        {"name": "other", "country": "CN", "send_to": ["198.51.100.40", "sip.wren.example"], "probe": {"every_s": 5}},
    ]
    play = asked.play = Playbook(trunks=trunks)
    asked.commands = PeerCommands(play.core, lambda: play.now)
    play.core.prober.begin(play.now)
    assert asked.rows()["198.51.100.40:5060"]["peer"] == "other"
    assert [each.host for each in play.topology.named_targets()] == ["sip.wren.example"]
    assert [each.to for each in play.wait(2) if each.method == "OPTIONS" and each.to[0] == "198.51.100.40"]


async def test_the_last_one_is_drained_only_by_whoever_insists(asked: Asked):
    await asked.drain("203.0.113.10")
    with pytest.raises(Refused, match=r"203.0.113.11:5060 is the only address of office that lives"):
        await asked.drain("203.0.113.11")
    await asked.drain("203.0.113.11", anyway=True)
    assert briefs(asked.play.trunk(wire.invite())) == ["503"]


@pytest.mark.parametrize(
    ("peer", "address", "what"),
    [
        ("nobody", "203.0.113.10", "no peer is named 'nobody'; known are office, carrier"),
        ("office", "203.0.113.99", "office has no address '203.0.113.99'; its own are 203.0.113.10:5060, 203.0.113.11"),
        ("office", "", "office has no address ''"),
    ],
)
async def test_what_is_not_there_is_said_with_what_is(asked: Asked, peer: str, address: str, what: str):
    with pytest.raises(Refused, match=what):
        await asked.drain(address, peer=peer)
