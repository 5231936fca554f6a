"""How a request looks when it leaves: Via, Route, Record-Route and everything that must not change (16.4, 16.6)."""

import pytest

from proxy.forwarding import make_response, record_routes, stamp_via
from proxy.sip.flow import Flow, Listener
from proxy.sip.message import parse_request
from tests import wire
from tests.playbook import ANY_METHOD, DECISION, Playbook, briefs, from_callee, in_dialog, only

US4 = Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060")
US6 = Listener(1, "UDP", "2001:db8::1", 5060, "[2001:db8::1]:5060")


def stamped(via: str, source: tuple[str, int] = ("198.51.100.21", 5060)) -> list[str]:
    """The Via lines after the top one is stamped."""
    request = parse_request(wire.request("OPTIONS", via=via))
    stamp_via(request, request.via, Flow(US4, source))
    return wire.headers(request.to_bytes(), "Via")


# Via on the way in (RFC 3261 18.2.1, RFC 3581)


@pytest.mark.parametrize(
    ("via", "after"),
    [
        # the sender is who it says: nothing to add
        ("SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKa", "SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKa"),
        ("SIP/2.0/UDP 198.51.100.21:7;branch=z9hG4bKa", "SIP/2.0/UDP 198.51.100.21:7;branch=z9hG4bKa"),
        # a name, or another address: received
        ("SIP/2.0/UDP h.example;branch=z9hG4bKa", "SIP/2.0/UDP h.example;branch=z9hG4bKa;received=198.51.100.21"),
        ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;received=198.51.100.21"),
        # a received that came is not believed
        ("SIP/2.0/UDP h.example;received=6.6.6.6;branch=a", "SIP/2.0/UDP h.example;branch=a;received=198.51.100.21"),
        # rport asks for both (RFC 3581 section 4)
        ("SIP/2.0/UDP 198.51.100.21;rport", "SIP/2.0/UDP 198.51.100.21;received=198.51.100.21;rport=5060"),
        ("SIP/2.0/UDP h.example;branch=a;rport", "SIP/2.0/UDP h.example;branch=a;received=198.51.100.21;rport=5060"),
        ("SIP/2.0/UDP h.example;RPORT ;branch=a", "SIP/2.0/UDP h.example;branch=a;received=198.51.100.21;rport=5060"),
        # an rport with a value was somebody's answer, and asks for nothing
        ("SIP/2.0/UDP 198.51.100.21;rport=9;branch=a", "SIP/2.0/UDP 198.51.100.21;rport=9;branch=a"),
    ],
)  # fmt: skip
def test_the_top_via_says_where_it_really_came_from(via: str, after: str):
    assert [value.replace(" ;", ";") for value in stamped(via)] == [after]


@pytest.mark.parametrize("comma", [",", ", ", " , ", ",\n "])
def test_only_the_top_value_of_a_line_is_stamped(comma: str):
    line = stamped(f"SIP/2.0/UDP h.example;branch=z9hG4bKa{comma}SIP/2.0/TCP far;branch=b")[0]
    top, _, rest = line.partition(",")
    assert top.rstrip() == "SIP/2.0/UDP h.example;branch=z9hG4bKa;received=198.51.100.21"
    assert rest.strip() in ("SIP/2.0/TCP far;branch=b", "")


def test_a_quoted_parameter_is_one_parameter():
    via = 'SIP/2.0/UDP h.example;x="a;rport;b,c";branch=z9hG4bKa'
    assert stamped(via) == [f"{via};received=198.51.100.21"]


def test_a_stamped_via_is_still_read_the_same():
    request = parse_request(wire.request("OPTIONS", via="SIP/2.0/UDP h.example:5062 ;branch=z9hG4bKa ;rport"))
    before = request.via
    stamp_via(request, before, Flow(US4, ("198.51.100.21", 9)))
    after = request.via
    assert (after.branch, after.host, after.port) == (before.branch, before.host, before.port)


# Via on the way out (16.6 step 8)


def test_our_via_is_on_top_and_the_others_are_untouched(play: Playbook):
    vias = ["SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone", "SIP/2.0/TCP loom;branch=x, SIP/2.0/UDP far;branch=y"]
    down = play.forwarded(via="\nVia: ".join(vias))
    ours, *others = wire.headers(down, "Via")
    assert ours.startswith("SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK")
    assert others == vias


def test_each_request_has_a_branch_of_its_own(play: Playbook):
    branches = {
        wire.branch(play.forwarded(via=f"SIP/2.0/UDP 198.51.100.21;branch=z9hG4bK{n}", call_id=str(n)))
        for n in range(50)
    }
    assert len(branches) == 50


def test_a_restart_does_not_repeat_a_branch():
    first, second = Playbook(), Playbook()
    second.core.salt = 8
    assert wire.branch(first.forwarded()) != wire.branch(second.forwarded())


def test_a_response_loses_our_via_and_nothing_else(play: Playbook):
    down = play.forwarded(via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone\nVia: SIP/2.0/UDP far;branch=y")
    answer = wire.answer(down)
    up = only(play.pbx(answer), to=wire.TRUNK)
    assert up == answer.replace(f"Via: {wire.top_via(down)}\r\n".encode(), b"", 1)


def test_a_pbx_that_joins_the_vias_is_understood(play: Playbook):
    """SIPp answers with all of them on one line."""
    down = play.forwarded()
    joined = ", ".join(wire.headers(down, "Via"))
    lines = [line for line in wire.response(180, down).split(b"\r\n") if not line.startswith(b"Via")]
    answer = b"\r\n".join([lines[0], b"Via: " + joined.encode(), *lines[1:]])
    up = only(play.pbx(answer), to=wire.TRUNK)
    assert wire.headers(up, "Via") == ["SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone"]


# What nobody need touch leaves byte for byte


def test_only_via_record_route_max_forwards_and_max_breadth_change(play: Playbook):
    odd = (
        "CONTACT:<sip:wren@198.51.100.21>\nX-Odd :  ;;,,\n  folded\nSubject: 一切正常\nv: SIP/2.0/UDP far;branch=b\n"
        'm: "W" <sip:w@x>;q=0.1\nAllow: INVITE\nAllow: BYE, ACK'
    )
    came = wire.invite(extra=odd, to="sip:+8613800138000@rook.example\n ;x=y")
    left = play.forwarded(came)
    expected = came.split(b"\r\n")
    expected[2:3] = [b"Max-Forwards: 69", b"Max-Breadth: 30"]  # its other address may have the rest
    got = [line for line in left.split(b"\r\n")[2:] if not line.startswith(b"Record-Route")]
    assert got == expected[1:]


@pytest.mark.parametrize("body", ["", "x", "\0\1\2", "ж" * 100, "\n\nINVITE sip:x SIP/2.0\n\n"])
def test_a_body_is_not_touched(play: Playbook, body: str):
    came = wire.invite(body=body)
    assert wire.body(play.forwarded(came)) == wire.body(came)


@pytest.mark.parametrize("octets", [1301, 9000, 60_000])
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_what_is_too_large_for_one_packet_goes_on_by_udp(method: str, octets: int):
    """RFC 3261 18.1.1 wants a stream above 1,300 octets; where the PBX has none it is fragmented, and never 513."""
    down = only(Playbook(**ANY_METHOD).trunk(wire.request(method, body="x" * octets)), to=wire.PBX)
    assert len(wire.body(down)) == octets


def test_an_unknown_method_is_forwarded_as_it_came():
    play = Playbook(**ANY_METHOD)
    down = only(play.trunk(wire.request("DANCE", extra="X-Style: tango")), to=wire.PBX)
    assert wire.start_line(down) == wire.start_line(wire.request("DANCE"))
    assert wire.header(down, "X-Style") == "tango"
    assert play.calls == []


@pytest.mark.parametrize(
    "from_",
    [
        "isbn:2983792873;tag=a",
        "<http://wren.example>;tag=a",
        "<mailto:w@x.example>;tag=a",
        "<tel:+8613912345678>;tag=a",
    ],
)
def test_any_scheme_may_stand_in_from(play: Playbook, from_: str):
    assert wire.header(play.forwarded(from_=from_), "From") == from_


# Record-Route (16.6 step 4)


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "REFER", "NOTIFY"])
def test_we_stay_in_the_path_of_what_opens_a_dialog(method: str):
    down = only(Playbook(**ANY_METHOD).trunk(wire.request(method)), to=wire.PBX)
    uri = wire.header(down, "Record-Route")
    assert uri.startswith("<sip:")
    assert uri.endswith(f"@{wire.US};lr>")


@pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "REGISTER", "BYE", "PUBLISH", "DANCE"])
def test_and_of_nothing_else(method: str):
    down = only(Playbook(**ANY_METHOD).trunk(wire.request(method)), to=wire.PBX)
    assert wire.headers(down, "Record-Route") == []


def test_record_route_stands_above_those_that_came(play: Playbook):
    theirs = "<sip:edge.wren.example;lr>"
    down = play.forwarded(extra=f"Record-Route: {theirs}")
    assert wire.headers(down, "Record-Route")[1] == theirs


def test_record_route_can_be_turned_off():
    assert wire.headers(Playbook(record_route=False).forwarded(), "Record-Route") == []


def test_a_request_that_crosses_families_gets_both_addresses():
    """RFC 5658: each side finds the listener that it can reach."""
    values = record_routes(US6, US4, b"t")
    assert values == [b"Record-Route: <sip:t@[2001:db8::1]:5060;lr>", b"Record-Route: <sip:t@203.0.113.1:5060;lr>"]
    assert len(record_routes(US4, US4, b"t")) == 1


# Route (16.4, 16.6 steps 6 and 7)


def test_our_own_route_is_taken_off(play: Playbook):
    _, up = play.answered()
    bye = only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)
    assert wire.headers(bye, "Route") == []
    assert wire.uri(bye) == "sip:desk@203.0.113.10:5060"


def test_a_phone_with_us_as_outbound_proxy_may_say_so(play: Playbook):
    """A top Route that names us is removed, token or not."""
    down = play.forwarded(extra=f"Route: <sip:{wire.US};lr>")
    assert wire.headers(down, "Route") == []
    assert len(play.calls) == 1, "and it is judged all the same"


@pytest.mark.parametrize("alias", ["proxy.rook.example", "PROXY.rook.example:5060"])
def test_we_are_named_by_alias_too(play: Playbook, alias: str):
    assert wire.headers(play.forwarded(extra=f"Route: <sip:{alias};lr>"), "Route") == []


def test_the_callee_hangs_up_through_us(play: Playbook):
    down, _ = play.answered()
    bye = only(play.pbx(from_callee("BYE", down)), to=wire.TRUNK)
    assert wire.uri(bye) == "sip:wren@198.51.100.21:5060"
    assert wire.headers(bye, "Route") == []


def test_the_callees_route_is_followed(play: Playbook):
    """Loose routing: the Request-URI is kept, the next hop is the top Route."""
    down = play.forwarded(extra="Record-Route: <sip:198.51.100.99;lr>\nContact: <sip:wren@10.0.0.1>")
    only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    bye = only(play.pbx(from_callee("BYE", down)), to=("198.51.100.99", 5060))
    assert wire.uri(bye) == "sip:wren@10.0.0.1"
    assert wire.headers(bye, "Route") == ["<sip:198.51.100.99;lr>"]


def test_a_strict_router_above_us_gets_its_uri_and_the_target_goes_last(play: Playbook):
    """16.6 step 6: a next hop without lr wants its own URI in the Request-URI."""
    down = play.forwarded(extra="Record-Route: <sip:198.51.100.99>\nContact: <sip:wren@10.0.0.1>")
    bye = only(play.pbx(from_callee("BYE", down)), to=("198.51.100.99", 5060))
    assert wire.uri(bye) == "sip:198.51.100.99"
    assert wire.headers(bye, "Route") == ["<sip:wren@10.0.0.1>"]


def test_what_a_strict_router_did_is_undone(play: Playbook):
    """16.4: our Record-Route URI came in the Request-URI, the true target last in Route."""
    down, _ = play.answered()
    ours = wire.header(down, "Record-Route").strip("<>")
    strict = wire.request(
        "BYE",
        uri=ours,
        via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKstrict",
        from_=wire.header(down, "To") + ";tag=rook",
        to=wire.header(down, "From"),
        extra="Route: <sip:wren@198.51.100.21:5060>",
    )
    bye = only(play.pbx(strict), to=wire.TRUNK)
    assert wire.uri(bye) == "sip:wren@198.51.100.21:5060"
    assert wire.headers(bye, "Route") == []


@pytest.mark.parametrize("route", ["<http://x/y>", "<mailto:a@b>", "<sip:1@x?Replaces=a>"])
def test_what_a_strict_router_did_is_not_undone_into_what_no_request_line_may_hold(play: Playbook, route: str):
    token = f"k1.{DECISION}.t.{'a' * 66}"
    assert briefs(play.trunk(wire.invite(uri=f"sip:{token}@{wire.US}", extra=f"Route: {route}"))) == ["400"]


@pytest.mark.parametrize(
    "route",
    [
        '"<" <sip:198.51.100.99;lr>',
        '"a, b" <sip:198.51.100.99;lr>;x="<y>"',
        "sip:198.51.100.99;lr",
        "<sip:u%40v@198.51.100.99;lr>",
        "<tel:+1234>",
        "<urn:service:sos>",
        '"a \\" <sip:6.6.6.6>" <sip:198.51.100.99;lr>',
    ],
)
@pytest.mark.parametrize("side", ["trunk", "pbx"])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "ACK"])
def test_odd_routes_do_no_harm(play: Playbook, route: str, side: str, method: str):
    data = wire.request(method, extra=f"Route: <sip:{wire.US};lr>, {route}", to="<sip:x@y>;tag=z")
    if side == "trunk":
        assert all(each.to in (wire.TRUNK, wire.PBX) for each in play.trunk(data))
    else:
        assert all(each.to != ("6.6.6.6", 5060) for each in play.pbx(data, wire.PBX))


@pytest.mark.parametrize(
    "route",
    [
        "<sip:victim@203.0.113.10>",
        "<sip:203.0.113.10;lr>, <sip:victim@203.0.113.10>",
        "<sip:victim@198.51.100.99>",
    ],
)
@pytest.mark.parametrize("to", ["<sip:110@rook.example>", "<sip:110@rook.example>;tag=made-up"])
def test_a_call_rings_whom_it_was_judged_for_whatever_route_it_brought(play: Playbook, route: str, to: str):
    """A strict router's swap (16.6 step 6) would ring whoever the Route names, past the judge who read 110."""
    down = play.forwarded(uri=f"sip:110@{wire.US}", to=to, extra=f"Route: {route}\nContact: <sip:wren@198.51.100.21>")
    assert play.calls[0].emergency
    assert wire.uri(down) == f"sip:110@{wire.US}"
    if "tag" not in to:
        assert b"victim" not in down


def test_a_call_in_a_dialog_that_we_left_keeps_the_route_to_the_proxies_of_the_pbx():
    play = Playbook(record_route=False)
    to = "<sip:x@rook.example>;tag=rook"
    down = play.forwarded(uri="sip:desk@10.0.0.9", to=to, extra="Route: <sip:203.0.113.10;lr>, <sip:10.0.0.8;lr>")
    assert wire.headers(down, "Route") == ["<sip:203.0.113.10;lr>, <sip:10.0.0.8;lr>"]
    assert len(play.calls) == 1, "and it is judged, since nothing proves the dialog"


@pytest.mark.parametrize("rewrite", [True, False])
def test_a_pbx_may_want_to_see_its_own_address(rewrite: bool):
    pbx = {"name": "office", "addresses": ["203.0.113.10"], "rewrite_host": rewrite}
    down = Playbook(pbxes=[pbx]).forwarded(uri=f"sip:+8613800138000;x=y@{wire.US};user=phone")
    wanted = (
        "sip:+8613800138000;x=y@203.0.113.10:5060;user=phone"
        if rewrite
        else f"sip:+8613800138000;x=y@{wire.US};user=phone"
    )
    assert wire.uri(down) == wanted


# Our own responses (8.2.6)


def test_a_trying_repeats_the_timestamp_and_has_no_tag():
    request = parse_request(wire.invite(extra="Timestamp: 54"))
    trying = make_response(request, 100, "Trying")
    assert wire.header(trying, "Timestamp") == "54"
    assert ";tag" not in wire.header(trying, "To")


# The Request-URI of calls out: a carrier that routes by its host would send the call back


OUT_VIA = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"


def called_out(uri: str, **trunk: object) -> str:
    """The Request-URI of a call of the PBX as its carrier gets it."""
    carrier = {"name": "carrier", "addresses": ["198.51.100.0/24"], "send_to": ["198.51.100.21"], **trunk}
    play = Playbook(trunks=[carrier])
    play.names = {"sip.carrier.example": ["198.51.100.21"]}
    return wire.uri(only([each for each in play.pbx(wire.invite(uri=uri, via=OUT_VIA)) if each.status != 100]))


@pytest.mark.parametrize(
    ("uri", "send_to", "onward"),
    [
        (f"sip:95588@{wire.US}", "198.51.100.21", "sip:95588@198.51.100.21"),
        (f"sip:95588@{wire.US}", "198.51.100.21:5070", "sip:95588@198.51.100.21:5070"),
        (f"sip:95588@{wire.US};user=phone", "sip.carrier.example", "sip:95588@sip.carrier.example;user=phone"),
        ("sip:95588@proxy.rook.example", "sip.carrier.example:5066", "sip:95588@sip.carrier.example:5066"),
        ("sip:a%20b;x=y:pw@203.0.113.1", "198.51.100.21", "sip:a%20b;x=y:pw@198.51.100.21"),
        ("tel:95588", "198.51.100.21", "tel:95588"),
        ("urn:service:sos", "198.51.100.21", "urn:service:sos"),
        ("sip:95588@198.51.100.21", "198.51.100.21", "sip:95588@198.51.100.21"),
    ],
)
def test_a_call_out_that_names_us_shows_the_carriers_host(uri: str, send_to: str, onward: str):
    assert called_out(uri, send_to=[send_to]) == onward


def test_it_can_be_left():
    assert called_out(f"sip:95588@{wire.US}", rewrite_host=False) == f"sip:95588@{wire.US}"


def test_each_address_of_a_carrier_finds_its_own_host():
    carrier = {"name": "carrier", "addresses": ["198.51.100.0/24"], "send_to": ["198.51.100.21", "198.51.100.22"]}
    play = Playbook(trunks=[carrier])
    first = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=OUT_VIA)), to=wire.TRUNK)
    second = only(play.trunk(wire.response(503, first)), to=("198.51.100.22", 5060))
    assert (wire.uri(first), wire.uri(second)) == ("sip:95588@198.51.100.21", "sip:95588@198.51.100.22")


def test_a_call_in_keeps_its_request_uri(play: Playbook):
    assert wire.uri(play.forwarded(uri=f"sip:1001@{wire.US}")) == f"sip:1001@{wire.US}"
