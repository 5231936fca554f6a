"""What subscribers dial: emergency calls are told and go on, the feature code is answered by the proxy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.effects import Filing, Receipt
from proxy.outgoing import NOT_TAKEN, Outgoing
from proxy.proxy_settings import ProxySettings
from proxy.sip.uri import parse_uri
from proxy.urgency import AT_ONCE, haste
from tests import wire
from tests.playbook import COMPLAINT, SETTINGS, Playbook, briefs, in_dialog, only

CODE = "*33"
VIA = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKpbx"
SUBSCRIBER = "<sip:13800138000@rook.example>;tag=rook"
THANKS = "sip:thanks@203.0.113.30:5070"


def dialled(uri: str = f"sip:{CODE}@{wire.US}", *, from_: str = SUBSCRIBER, **fields: object) -> bytes:
    """An INVITE as the PBX sends it for one of its subscribers."""
    return wire.invite(**{"uri": uri, "from_": from_, "to": f"<{uri}>", "via": VIA, **fields})  # type: ignore[arg-type]


@pytest.fixture
def desk():
    """A proxy with a feature code; whatever a test leaves open must end by itself."""
    play = Playbook(code=CODE)
    yield play
    play.wait(1200)
    assert play.held == 0


# The feature code


def test_the_code_is_answered_with_the_number_of_the_complaint(desk: Playbook):
    [sent] = desk.pbx(dialled())
    assert sent.to == wire.PBX
    assert wire.start_line(sent.data) == f"SIP/2.0 480 Reported {COMPLAINT}"
    assert wire.header(sent.data, "Reason") == f'SIP;cause=480;text="{COMPLAINT}"'
    assert desk.reports[0].numbers == ["+8613800138000"]
    assert desk.calls == [], "nobody is called, so nothing is judged"
    assert desk.pbx(wire.ack(dialled(), sent.data)) == []


def test_it_is_reported_once_however_often_the_invite_comes(desk: Playbook):
    [sent] = desk.pbx(dialled())
    assert [again.data for again in desk.pbx(dialled())] == [sent.data]
    assert [again.data for again in desk.wait(0.5)] == [sent.data], "timer G, until the ACK"
    desk.pbx(wire.ack(dialled(), sent.data))
    assert desk.wait(60) == []
    assert len(desk.reports) == 1
    assert desk.core.outgoing.reports == {"taken": 1}


@pytest.mark.parametrize(
    "uri",
    ["sip:*33@carrier.example", "sip:%2A33@203.0.113.1", "tel:*33;phone-context=rook.example", "sip:*33;x=y@a.example"],
)
def test_the_code_in_any_spelling_to_any_host(desk: Playbook, uri: str):
    assert only(desk.pbx(dialled(uri))).startswith(b"SIP/2.0 480 ")


@pytest.mark.parametrize("uri", ["sip:*333@a.example", "sip:*3@a.example", "sip:33@a.example", "sip:x*33@a.example"])
def test_what_only_resembles_the_code_is_a_number(desk: Playbook, uri: str):
    desk.names["a.example"] = ["198.51.100.30"]
    assert briefs(desk.pbx(dialled(uri))) == ["100", "INVITE"]
    desk.wait(40)
    assert desk.reports == []


def test_a_hash_is_escaped_in_a_sip_uri():
    play = Playbook(code="#33#")
    assert only(play.pbx(dialled("sip:%2333%23@a.example"))).startswith(b"SIP/2.0 480 ")


def test_from_the_trunk_side_it_is_just_a_number(desk: Playbook):
    assert wire.uri(desk.forwarded(uri=f"sip:{CODE}@{wire.US}")) == f"sip:{CODE}@{wire.US}"
    assert desk.calls[0].called.canonical == "EXT:*33"
    desk.wait(400)
    assert desk.reports == []


def test_without_a_code_nothing_is_read(play: Playbook):
    assert briefs(play.pbx(dialled())) == ["100", "INVITE"]


def test_inside_a_dialog_nothing_is_reported(desk: Playbook):
    desk.pbx(dialled("sip:*33@198.51.100.21", to="<sip:*33@198.51.100.21>;tag=there"))
    desk.wait(400)
    assert desk.reports == []


def test_only_an_invite_reports(desk: Playbook):
    desk.pbx(wire.request("MESSAGE", uri="sip:*33@198.51.100.21", via=VIA))
    desk.wait(60)
    assert desk.reports == []


@pytest.mark.parametrize(
    ("filing", "answer"),
    [
        (Filing.NOTHING, "404 No Call To Report"),
        (Filing.REFUSED, "403 This Caller Cannot Be Reported"),
        (Filing.FAILED, "500 Not Reported, Please Dial Again"),
    ],
)
def test_when_nothing_was_taken_nothing_says_that_it_was(desk: Playbook, filing: Filing, answer: str):
    desk.receipt = Receipt(filing)
    sent = only(desk.pbx(dialled()))
    assert wire.start_line(sent) == f"SIP/2.0 {answer}"
    assert b"Reason" not in sent
    assert desk.core.outgoing.reports == {filing.value: 1}


def test_a_slow_desk(desk: Playbook):
    """RFC 3261 16.2: 100 within 200 ms, and nothing else until the desk has spoken."""
    desk.receipt = None
    assert desk.pbx(dialled()) == []
    assert briefs(desk.wait(2)) == ["100"]
    assert briefs(desk.pbx(dialled())) == ["100"]
    assert wire.status(only(desk.files(NOT_TAKEN))) == 500


def test_hung_up_before_the_desk_has_spoken(desk: Playbook):
    """RFC 3261 9.2: the CANCEL gets 200 and the INVITE 487; what the desk says then reaches nobody."""
    desk.receipt = None
    desk.pbx(dialled())
    assert briefs(desk.pbx(wire.cancel(dialled()))) == ["200", "487"]
    assert desk.files(Receipt(Filing.TAKEN, COMPLAINT)) == []
    assert desk.core.outgoing.reports == {"taken": 1}, "what was taken is taken"


@given(st.lists(st.sampled_from(["dial", "cancel", "ack", "taken", "not taken", "wait", "end"]), max_size=12))
def test_in_any_order_there_is_one_answer_and_nothing_is_held(script: list[str]):
    desk = Playbook(code=CODE)
    desk.receipt = None
    answered = []
    for step in [*script, "not taken"]:
        finals = [sent for sent in desk.log if sent.status >= 400 and wire.header(sent.data, "CSeq") == "1 INVITE"]
        if step == "dial":
            desk.pbx(dialled())
        elif step == "cancel":
            desk.pbx(wire.cancel(dialled()))
        elif step == "ack" and finals:
            desk.pbx(wire.ack(dialled(), finals[-1].data))
        elif step in ("taken", "not taken") and len(desk.reports) > len(answered):
            answered.append(step)
            desk.files(Receipt(Filing.TAKEN, COMPLAINT) if step == "taken" else NOT_TAKEN)
        elif step == "wait":
            desk.wait(1)
        elif step == "end":
            desk.core.give_up_all(desk.now)
            desk._perform()
    desk.wait(1200)
    assert desk.held == 0
    finals = {sent.data for sent in desk.log if sent.status >= 400 and b"1 INVITE" in sent.data}
    assert bool(desk.reports) <= len(finals) <= len(desk.reports), "one answer for each transaction"
    assert "taken" in answered or not [data for data in finals if wire.status(data) == 480]


def test_a_node_that_has_to_end_waits_for_no_desk(desk: Playbook):
    desk.receipt = None
    desk.pbx(dialled())
    desk.core.give_up_all(desk.now)
    desk._perform()
    assert [sent.status for sent in desk.log] == [503]
    assert desk.files(Receipt(Filing.TAKEN, COMPLAINT)) == []


def test_thanks_are_played_where_there_is_an_announcement():
    play = Playbook(code=CODE, announcement="thanks", destinations={"thanks": THANKS})
    route = f"Route: <sip:{wire.US};lr>\nRoute: <sip:198.51.100.99;lr>"
    down = only(play.pbx(dialled(extra=f"{route}\nContact: <sip:desk@203.0.113.10>")), to=("203.0.113.30", 5070))
    assert wire.uri(down) == THANKS
    assert wire.header(down, "X-Ringfence-Complaint") == COMPLAINT
    assert wire.headers(down, "Route") == []
    assert wire.header(down, "From") == SUBSCRIBER
    up = only(play.receive(wire.answer(down), ("203.0.113.30", 5070)), to=wire.PBX)
    assert wire.status(up) == 200


def thanking() -> tuple[Playbook, bytes]:
    """A proxy with an announcement, and the INVITE as that gets it."""
    play = Playbook(code=CODE, announcement="thanks", destinations={"thanks": THANKS})
    return play, only(play.pbx(dialled()), to=("203.0.113.30", 5070))


@pytest.mark.parametrize("status", [404, 408, 480, 486, 500, 503])
def test_where_nobody_plays_it_the_number_is_told_all_the_same(status: int):
    play, down = thanking()
    up = only(play.receive(wire.response(status, down), ("203.0.113.30", 5070))[1:], to=wire.PBX)
    assert wire.start_line(up) == f"SIP/2.0 480 Reported {COMPLAINT}"


def test_so_it_is_when_the_announcement_is_silent_or_can_not_be_reached():
    play, _ = thanking()
    assert wire.status(only(play.wait(33)[-1:])) == 480
    play, down = thanking()
    assert wire.status(only(play.fails(down))) == 480


def test_hung_up_while_the_announcement_rings():
    play, down = thanking()
    play.receive(wire.response(180, down), ("203.0.113.30", 5070))
    assert briefs(play.pbx(wire.cancel(dialled()))) == ["200", "CANCEL"]
    play.receive(wire.response(200, play.log[-1].data), ("203.0.113.30", 5070))
    assert briefs(play.receive(wire.response(487, down), ("203.0.113.30", 5070))) == ["ACK", "487"]


@pytest.mark.parametrize("filing", [Filing.NOTHING, Filing.REFUSED, Filing.FAILED])
def test_nobody_is_thanked_for_nothing(filing: Filing):
    play = Playbook(code=CODE, announcement="thanks", destinations={"thanks": THANKS})
    play.receipt = Receipt(filing)
    assert wire.status(only(play.pbx(dialled()))) in (403, 404, 500)


# Whose last call it was


@pytest.mark.parametrize(
    ("from_", "asserted", "numbers"),
    [
        ("<sip:+8613800138000@rook.example>;tag=1", "", ["+8613800138000"]),
        ("<sip:02161234567@rook.example>;tag=1", "<sip:1001@rook.example>", ["+862161234567", "EXT:1001"]),
        ("<tel:+86-21-6123-4567>;tag=1", "<tel:+862161234567>, <sip:9501@a.example>", ["+862161234567", "EXT:9501"]),
        ("<sip:anonymous@anonymous.invalid>;tag=1", "<sip:1001@rook.example>", ["EXT:1001"]),
        ("<sip:alice@rook.example>;tag=1", "", []),
        ("<sip:1001@rook.example>;tag=1", "<broken", ["EXT:1001"]),
        ("<http://rook.example>;tag=1", "<sip:%%@rook.example>", []),
    ],
)
def test_the_number_of_from_then_what_the_pbx_asserts(desk: Playbook, from_: str, asserted: str, numbers: list[str]):
    desk.pbx(dialled(from_=from_, extra=f"P-Asserted-Identity: {asserted}" if asserted else ""))
    assert desk.reports[0].numbers == numbers


def test_a_number_is_read_as_it_is_when_it_is_called(desk: Playbook):
    desk.forwarded(uri=f"sip:9501@{wire.US}")
    desk.pbx(dialled(from_="<sip:9501@rook.example>;tag=1"))
    assert desk.reports[0].numbers == [desk.calls[0].called.canonical]
    desk.wait(400)


def test_a_pbx_without_a_country_has_extensions_and_global_numbers():
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"]}
    play = Playbook(code=CODE, trunks=[trunk])
    play.pbx(dialled(from_="<sip:1001@rook.example>;tag=1"))
    assert play.reports[0].numbers == ["EXT:1001"]


# Emergency calls


@pytest.mark.parametrize(
    "uri",
    [
        "sip:110@198.51.100.30",
        "sip:+86110@198.51.100.30",
        "sip:1-1-0@198.51.100.30",
        "sip:%31%310@198.51.100.30",
        "tel:112",
        "urn:service:sos.police",
    ],
)
def test_an_emergency_call_in_any_spelling_is_told_and_goes_to_the_outbound_trunk(desk: Playbook, uri: str):
    sent = desk.pbx(dialled(uri, extra="P-Asserted-Identity: <sip:02161234567@rook.example>"))
    assert briefs(sent) == ["100", "INVITE"]
    assert wire.uri(sent[-1].data) == uri.replace("198.51.100.30", "198.51.100.21"), "the trunk's own host stands there"
    assert sent[-1].to == wire.TRUNK
    assert desk.help == [["+8613800138000", "+862161234567"]]
    desk.wait(400)


def test_other_calls_are_not_told(desk: Playbook):
    for number, uri in enumerate(("sip:13912345678@198.51.100.30", "sip:0110@198.51.100.30", "sip:1101@198.51.100.30")):
        desk.pbx(dialled(uri, via=f"{VIA}{number}", call_id=str(number)))
    desk.trunk(wire.invite(uri=f"sip:110@{wire.US}"))
    desk.wait(400)
    assert desk.help == []


def test_a_re_invite_of_a_call_for_help_is_no_new_one(desk: Playbook):
    desk.pbx(dialled("sip:110@198.51.100.30", to="<sip:110@198.51.100.30>;tag=there"))
    desk.wait(400)
    assert desk.help == []


def test_nobody_to_call_back(desk: Playbook):
    desk.pbx(dialled("sip:110@198.51.100.30", from_="<sip:anonymous@anonymous.invalid>;tag=1"))
    desk.wait(400)
    assert desk.help == []


def test_what_a_trunk_of_the_pbx_adds_is_help_too_even_if_it_is_the_code():
    trunk = SETTINGS["trunks"][0] | {"emergency": [CODE], "not_emergency": ["110"]}
    play = Playbook(code=CODE, trunks=[trunk])
    assert briefs(play.pbx(dialled())) == ["100", "INVITE"]
    assert play.help == [["+8613800138000"]]
    play.pbx(dialled("sip:110@198.51.100.30", via=f"{VIA}2", call_id="2"))
    assert len(play.help) == 1


def test_each_pbx_has_the_plan_of_its_own_trunks():
    trunks = [
        {"name": "north", "addresses": ["198.51.100.0/24"], "country": "CN", "pbx": "office"},
        {"name": "south", "addresses": ["192.0.2.0/24"], "country": "DE", "pbx": "works", "send_to": ["192.0.2.9"]},
    ]
    office = {"name": "office", "addresses": ["203.0.113.10"]}
    works = {"name": "works", "addresses": ["203.0.113.20"], "outbound_trunk": "south"}
    play = Playbook(code=CODE, trunks=trunks, pbxes=[office, works])
    via = "SIP/2.0/UDP 203.0.113.20:5060;branch=z9hG4bKworks"
    play.receive(dialled(from_="<sip:03012345678@w.example>;tag=1", via=via), ("203.0.113.20", 5060))
    assert play.reports[0].numbers == ["+493012345678"]
    play.receive(dialled("sip:120@192.0.2.9", via=f"{via}2", call_id="2"), ("203.0.113.20", 5060))
    assert play.help == [], "120 is an ambulance in China only"


# An emergency call from the PBX's address, but another port

OTHER_PORT = (wire.PBX[0], 5062)
OTHER_VIA = "SIP/2.0/UDP 203.0.113.10:5062;branch=z9hG4bKother"


@pytest.mark.parametrize("default", [False, True], ids=["no trunk takes strangers", "trunk default"])
@pytest.mark.parametrize("uri", [f"sip:110@{wire.US}", "urn:service:sos", "tel:112"])
def test_an_emergency_call_from_another_port_of_the_pbx_goes_to_the_outbound_trunk(uri: str, default: bool):
    """It got 403, or rang telephones behind the very PBX."""
    play = Playbook(trunks=[*SETTINGS["trunks"], *([{"name": "default"}] if default else [])])
    call = dialled(uri, via=OTHER_VIA, call_id="other", from_="<sip:13800138000@rook.example>;tag=subscriber")
    down = only(play.receive(call, OTHER_PORT), to=wire.TRUNK)
    assert play.calls == [], "it is not judged"
    assert play.help == [["+8613800138000"]]
    assert haste(call, play.core.flow_to(play.topology.listeners[0], *OTHER_PORT), play.core.outgoing) == AT_ONCE
    up = only(play.trunk(wire.answer(down)), to=OTHER_PORT)
    for method in ("ACK", "BYE"):
        inside = in_dialog(method, up, uri="sip:rescue@198.51.100.21", via=OTHER_VIA, branch=method)
        assert wire.method(only(play.receive(inside, OTHER_PORT), to=wire.TRUNK)) == method


@pytest.mark.parametrize("ends", ["CANCEL", "486"])
def test_such_a_call_can_be_given_up_or_refused(play: Playbook, ends: str):
    call = dialled(f"sip:110@{wire.US}", via=OTHER_VIA)
    down = only(play.receive(call, OTHER_PORT), to=wire.TRUNK)
    if ends == "CANCEL":
        play.trunk(wire.response(180, down))
        assert briefs(play.receive(wire.cancel(call), OTHER_PORT)) == ["200", "CANCEL"]
    up = play.trunk(wire.response(487 if ends == "CANCEL" else 486, down))[-1]
    play.receive(wire.ack(call, up.data), OTHER_PORT)
    play.wait(400)
    assert play.held == 0


@pytest.mark.parametrize("uri", [f"sip:13800138000@{wire.US}", f"sip:101@{wire.US}"])
def test_any_other_call_from_there_is_a_stranger_s(play: Playbook, uri: str):
    assert wire.status(only(play.receive(dialled(uri, via=OTHER_VIA), OTHER_PORT))) == 403


def test_nor_is_a_made_up_dialog_let_through(play: Playbook):
    bye = wire.request("BYE", uri="sip:x@198.51.100.21", via=OTHER_VIA, to="<sip:110@x>;tag=made-up")
    assert wire.status(only(play.receive(bye, OTHER_PORT))) == 403


def test_an_address_that_a_trunk_names_stays_the_trunk_s():
    """As on one machine: what comes from there is judged and rings the PBX."""
    play = Playbook(trunks=[{**SETTINGS["trunks"][0], "addresses": [wire.PBX[0]]}])
    assert only(play.receive(dialled(f"sip:110@{wire.US}", via=OTHER_VIA), OTHER_PORT), to=wire.PBX)
    assert play.calls[0].emergency


def test_without_a_trunk_to_send_to_it_is_what_it_was(play: Playbook):
    play = Playbook(trunks=[{"name": "carrier", "addresses": ["198.51.100.0/24"]}, {"name": "default"}])
    assert only(play.receive(dialled(f"sip:110@{wire.US}", via=OTHER_VIA), OTHER_PORT), to=wire.PBX)


def test_the_pbx_side_dials_the_emergency_numbers_of_the_home_country():
    trunks = [{"name": "abroad", "country": "JP", "send_to": ["198.51.100.21"], "emergency": ["7777"]}]
    settings = ProxySettings.model_validate({**SETTINGS, "trunks": trunks})
    play = Playbook(trunks=trunks)
    peer = play.topology.places.peer_of(play.topology.listeners[0], *wire.PBX)
    assert peer is not None
    for country, emergencies in (("", ["118", "119", "7777", "112"]), ("CN", ["122", "119", "7777", "112"])):
        outgoing = Outgoing(settings, country=country)
        found = [
            n
            for n in ("118", "122", "119", "7777", "112")
            if outgoing.is_emergency_call(parse_uri(f"sip:{n}@x".encode()), peer)
        ]
        assert sorted(found) == sorted(emergencies), country


@pytest.mark.parametrize("uri", ["sip:112@nowhere.example", "sip:110@203.0.113.66:5060", f"sip:110@{wire.PBX[0]}:5060"])
@pytest.mark.parametrize("route", ["", "Route: <sip:203.0.113.66:5060;lr>"])
def test_no_host_and_no_route_of_the_pbx_leads_an_emergency_call_past_the_outbound_trunk(
    desk: Playbook, uri: str, route: str
):
    sent = only(desk.pbx(dialled(uri, extra=route)), to=wire.TRUNK)
    assert wire.uri(sent).endswith("@198.51.100.21")
    assert not wire.headers(sent, "Route")


def test_a_call_that_names_the_pbx_itself_goes_to_the_outbound_trunk(desk: Playbook):
    """As Kamailio sends it on to us: it would ring the PBX with its own call."""
    sent = only(desk.pbx(dialled(f"sip:013612345678@{wire.PBX[0]}:{wire.PBX[1]}")), to=wire.TRUNK)
    assert wire.uri(sent) == "sip:013612345678@198.51.100.21"


@pytest.mark.parametrize(
    "uri", ["sip:110@203.0.113.66", "sip:110@nosuch.invalid", f"sip:110@{wire.PBX[0]}:5060", "tel:110"]
)
@pytest.mark.parametrize("source", [wire.PBX, (wire.PBX[0], 5999)])
def test_a_to_tag_that_nobody_gave_leads_no_emergency_call_elsewhere(desk: Playbook, uri: str, source: tuple[str, int]):
    data = dialled(uri, to=f"<{uri}>;tag=abc", extra="Route: <sip:203.0.113.66;lr>")
    sent = [each for each in desk.receive(data, source) if each.data.startswith(b"INVITE")]
    assert [each.to for each in sent] == [wire.TRUNK]


# Whom subscribers call


def test_whom_a_subscriber_calls_is_told_where_somebody_asks(desk: Playbook):
    def dials(number: str, branch: str) -> None:
        desk.pbx(dialled(f"sip:{number}@carrier.example", call_id=f"{branch}@rook", via=VIA + branch))

    dials("13912345678", "a")
    assert desk.calls_made == [], "nobody asks"
    desk.core.outgoing.tells_calls = True
    for branch, number in enumerate(("13912345678", "1001", "110", CODE)):
        dials(number, str(branch))
    assert desk.calls_made == [(["+8613800138000"], "+8613912345678")], "no extension, no emergency call, no code"
