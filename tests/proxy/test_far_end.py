"""The far end of a dialog: callers behind translation are reached, and nobody's Contact leads us to inner addresses."""

from __future__ import annotations

import pytest

from proxy.effects import Resolve
from tests import wire
from tests.playbook import SETTINGS, Playbook, Sent, from_callee, in_dialog, only

NAT = ("192.0.2.66", 40123)  # how a caller behind translation appears
INNER = "10.0.0.5"
VIA_INNER = f"SIP/2.0/UDP {INNER}:5060;rport;branch=z9hG4bKnat"
VIA_OUT = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"
CARRIER = SETTINGS["trunks"][0]


class Asking(Playbook):
    """A playbook that notes which names are asked for."""

    def __init__(self, **settings: object) -> None:
        trunks = [CARRIER, {"name": "default", "country": "CN"}]
        super().__init__(**{"trunks": trunks, **settings})
        self.asked: list[str] = []

    def _perform_one(self, effect: object) -> None:
        if isinstance(effect, Resolve):
            self.asked.append(effect.target.host)
        super()._perform_one(effect)


def called_in(play: Playbook, contact: str, source: tuple[str, int] = NAT, extra: str = "") -> tuple[bytes, bytes]:
    """A call from outside with that Contact, answered: its INVITE at the PBX, its 200 at the caller."""
    lines = f"Contact: <{contact}>\n{extra}"
    down = only(play.trunk(wire.invite(via=VIA_INNER, extra=lines), source), to=wire.PBX)
    return down, only(play.pbx(wire.answer(down)), to=source)


def where(sent: list[Sent]) -> list[tuple[str, int]]:
    return [each.to for each in sent]


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO", "REFER"])
def test_a_caller_behind_translation_gets_what_his_callee_sends(method: str):
    play = Asking()
    down, _ = called_in(play, f"sip:wren@{INNER}:5060")
    sent = only(play.pbx(from_callee(method, down)), to=NAT)
    assert wire.uri(sent) == f"sip:wren@{INNER}:5060", (
        "the Request-URI is his Contact; only where it goes is ours to say"
    )


@pytest.mark.parametrize(
    "contact",
    [
        "sip:x@10.0.0.5", "sip:x@127.0.0.1:8080", "sip:x@169.254.169.254:80", "sip:x@203.0.113.1:5060",
        "sip:x@203.0.113.10:5060", "sip:x@203.0.113.99", "sip:x@[::1]:22", "sip:x@192.0.2.66.nip.example",
        "sip:x@0x7f.1", "sip:x@198.51.100.21", "tel:+8613912345678", "sip:x@192.0.2.66;maddr=10.0.0.5",
        "sip:x@inner.example;maddr=10.0.0.5", "sip:x@192.0.2.67:40123", "sip:x@proxy.rook.example",
    ],
)  # fmt: skip
def test_no_contact_of_a_stranger_sends_our_packets_elsewhere(contact: str):
    play = Asking()
    play.names = {"192.0.2.66.nip.example": ["192.0.2.66"], "inner.example": [INNER]}
    down, _ = called_in(play, contact)
    bye = from_callee("BYE", down, uri=contact)
    assert where(play.pbx(bye)) == [NAT]
    assert play.asked == [], "nor is a name in it asked for"


def test_a_contact_at_the_address_that_the_call_came_from_is_followed():
    """A caller that sends from one port and listens on another."""
    play = Asking()
    down, _ = called_in(play, "sip:wren@192.0.2.66:5062")
    assert where(play.pbx(from_callee("BYE", down))) == [("192.0.2.66", 5062)]


@pytest.mark.parametrize(
    ("contact", "to"),
    [
        ("sip:w@198.51.100.77:5070", ("198.51.100.77", 5070)),  # another machine of the carrier
        ("sip:w@10.0.0.5", wire.TRUNK),
        ("sip:w@media.carrier.example", ("198.51.100.88", 5060)),
        ("sip:w@inner.carrier.example", wire.TRUNK),  # a name that leads outside the trunk
        ("sip:w@unknown.example", wire.TRUNK),
    ],
)
def test_of_a_named_trunk_every_address_is_followed_and_names_are_asked_for(contact: str, to: tuple[str, int]):
    play = Asking()
    play.names = {"media.carrier.example": [INNER, "198.51.100.88"], "inner.carrier.example": [INNER]}
    down, _ = called_in(play, contact, wire.TRUNK)
    assert where(play.pbx(from_callee("BYE", down))) == [to]


def test_a_proxy_before_us_that_stays_in_the_path_is_followed_where_it_is_the_trunks():
    for proxy, to in (("198.51.100.99", ("198.51.100.99", 5060)), (INNER, wire.TRUNK)):
        play = Asking()
        down, _ = called_in(play, f"sip:w@{INNER}", wire.TRUNK, f"Record-Route: <sip:{proxy};lr>")
        bye = only(play.pbx(from_callee("BYE", down)), to=to)
        assert wire.headers(bye, "Route") == [f"<sip:{proxy};lr>"]


def test_calls_out_keep_to_the_trunk_as_well():
    """The callee's Contact and Record-Route are a stranger's words, too: ACK, BYE and re-INVITE of the PBX."""
    play = Asking()
    out = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT)), to=wire.TRUNK)
    answer = wire.answer(out, extra="Contact: <sip:x@10.0.0.5:5060>\nContent-Type: application/sdp")
    up = only(play.trunk(answer), to=wire.PBX)
    for number, method in enumerate(("ACK", "INVITE", "BYE")):
        via = f"{VIA_OUT}{number}"
        sent = play.pbx(in_dialog(method, up, cseq=2, via=via))
        assert [each.to for each in sent if each.status != 100] == [wire.TRUNK]


def test_an_ack_to_a_name_of_a_named_trunk_is_sent_where_it_leads():
    play = Asking()
    play.names = {"m.carrier.example": ["198.51.100.88"]}
    out = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT)), to=wire.TRUNK)
    for contact, to in (("m.carrier.example", ("198.51.100.88", 5060)), ("silent.example", wire.TRUNK)):
        up = only(play.trunk(wire.answer(out, extra=f"Contact: <sip:x@{contact}>")), to=wire.PBX)
        assert where(play.pbx(in_dialog("ACK", up, via=VIA_OUT + contact))) == [to]


def test_whom_the_pbx_calls_by_address_outside_every_trunk_is_held_to_it():
    play = Asking(trunks=[CARRIER])
    out = only(play.pbx(wire.invite(uri="sip:bob@192.0.2.80:5066", via=VIA_OUT)), to=("192.0.2.80", 5066))
    assert play.trunk(wire.answer(out, extra=f"Contact: <sip:x@{INNER}>"), ("192.0.2.80", 5066))
    up = only([play.log[-1]], to=wire.PBX)
    assert where(play.pbx(in_dialog("ACK", up, via=f"{VIA_OUT}a"))) == [("192.0.2.80", 5066)]


def test_two_pbxes_find_each_other_by_contact():
    """No trunk is at either end of this dialog: what a PBX says is followed."""
    other = ("203.0.113.11", 5060)
    play = Asking()
    out = only(play.pbx(wire.invite(uri="sip:desk@203.0.113.11", via=VIA_OUT)), to=other)
    up = only(play.pbx(wire.answer(out, extra="Contact: <sip:x@203.0.113.12:5090>"), other), to=wire.PBX)
    assert where(play.pbx(in_dialog("ACK", up, via=f"{VIA_OUT}a"))) == [("203.0.113.12", 5090)]


def test_after_a_restart_the_caller_is_still_reached():
    """The address stands in the token, whatever this node remembers."""
    down, _ = called_in(Asking(), f"sip:wren@{INNER}")
    assert where(Asking().pbx(from_callee("BYE", down))) == [NAT]


def test_the_address_cannot_be_read_from_the_token():
    """It is enciphered: callee and carrier learn nothing of where a caller sits."""
    down, _ = called_in(Asking(), f"sip:wren@{INNER}")
    route = wire.header(down, "Record-Route")
    assert bytes([192, 0, 2, 66]).hex() not in route
    assert f"{NAT[1]:04x}" not in route.partition("@")[0].rpartition(".")[2][:22]


def test_answers_leave_by_the_listener_that_the_call_came_by():
    """A translation lets nobody else in."""
    listen = [{"address": wire.US}, {"address": "203.0.113.2:5060"}]
    play = Asking(listen=listen)
    data = wire.invite(via=VIA_INNER, extra=f"Contact: <sip:wren@{INNER}>")
    down = only(play.receive(data, NAT, listener=1), to=wire.PBX)
    play.pbx(wire.answer(down))
    bye = only(play.pbx(from_callee("BYE", down)), to=NAT)
    assert wire.headers(bye, "Via")[0].startswith("SIP/2.0/UDP 203.0.113.2:5060")


def test_an_address_of_the_other_family_is_a_far_end_too():
    play = Asking(listen=[{"address": wire.US}, {"address": "[2001:db8::1]:5060"}])
    source = ("2001:db8:7::9", 6000)
    data = wire.invite(via="SIP/2.0/UDP [fd00::5]:5060;rport;branch=z9hG4bKsix", extra="Contact: <sip:w@[fd00::5]>")
    down = only(play.receive(data, source, listener=1), to=wire.PBX)
    assert where(play.pbx(from_callee("BYE", down))) == [source]


def test_what_the_pbx_says_without_a_dialog_goes_where_it_says():
    play = Asking()
    assert where(play.pbx(wire.request("OPTIONS", uri="sip:wren@192.0.2.80", via=VIA_OUT))) == [("192.0.2.80", 5060)]


# From and To of calls to a trunk, by choice


def rewriting(**choice: bool) -> Playbook:
    trunk = {**CARRIER, "send_to": ["198.51.100.21:5070"], **choice}
    return Playbook(trunks=[trunk])


AT = ("198.51.100.21", 5070)
DESK = '"Desk" <sip:02151@pbx.rook.example>;tag=desk'
OUT = {"uri": f"sip:95588@{wire.US}", "via": VIA_OUT, "from_": DESK, "to": "<sip:95588@pbx.rook.example>"}


def test_from_and_to_leave_as_they_came(play: Playbook):
    out = only(play.pbx(wire.invite(**OUT)), to=wire.TRUNK)
    assert (wire.header(out, "From"), wire.header(out, "To")) == (DESK, OUT["to"])


def test_from_and_to_show_the_host_of_the_trunk_where_that_is_set():
    play = rewriting(rewrite_from=True, rewrite_to=True)
    out = only(play.pbx(wire.invite(**OUT)), to=AT)
    assert wire.header(out, "From") == '"Desk" <sip:02151@198.51.100.21:5070>;tag=desk'
    assert wire.header(out, "To") == "<sip:95588@198.51.100.21:5070>"
    up = only(play.trunk(wire.answer(out), AT), to=wire.PBX)
    assert wire.header(up, "From") == DESK, "the PBX gets back what it wrote"
    assert wire.header(up, "To") == "<sip:95588@pbx.rook.example>;tag=rook"
    for number, method in enumerate(("ACK", "BYE")):
        sent = only(play.pbx(in_dialog(method, up, cseq=2, via=f"{VIA_OUT}{number}")))
        assert wire.header(sent, "From") == '"Desk" <sip:02151@198.51.100.21:5070>;tag=desk'
        assert wire.header(sent, "To") == "<sip:95588@198.51.100.21:5070>;tag=rook"


def test_each_of_them_alone():
    out = only(rewriting(rewrite_from=True).pbx(wire.invite(**OUT)), to=AT)
    assert (wire.header(out, "From").find("198.51.100.21"), wire.header(out, "To")) == (18, OUT["to"])
