"""The proxy core as a whole: who is judged, what a verdict does on the wire, what is stripped, what bounds it."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import Action, NumberClass, Step, Verdict
from tests import wire
from tests.playbook import ANY_METHOD, DECISION, REJECT, SETTINGS, TAG, Playbook, briefs, from_callee, in_dialog, only
from tests.torture import VECTORS, WILD

VIA2 = "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKother"
OURS = "X-Ringfence-Verdict: allowed\nX-Ringfence-Rule: mine\nx-ringfence-anything: x\nX-RINGFENCE- : y"
ASSERTED = (
    "P-Asserted-Identity: <sip:95588@bank.example>\nP-Preferred-Identity: <sip:1@x>\nRemote-Party-ID: <sip:2@x>\n"
    "P-ASSERTED-identity : <tel:+1>"
)


def rejecting(**settings: object) -> Playbook:
    play = Playbook(**settings)
    play.verdict = REJECT
    return play


# Forward


def test_a_call_goes_to_the_pbx_of_its_trunk(play: Playbook):
    """Trunk-side calls end at the PBX, whatever host the Request-URI names; it is kept as it came."""
    for number, uri in enumerate(["sip:+8613800138000@203.0.113.1", "sip:1001@third.example", "tel:+8613800138000"]):
        down = play.forwarded(uri=uri, call_id=str(number), via=f"{VIA2}{number}")
        assert wire.uri(down) == uri


def test_a_judged_call_carries_no_header_of_ours(play: Playbook):
    assert b"ringfence" not in play.forwarded().lower()


def test_the_call_is_judged_by_its_facts(play: Playbook):
    play.trunk(wire.invite(extra="User-Agent: Loom/1"))
    [call] = play.calls
    assert (call.caller.canonical, call.called.canonical) == ("+8613912345678", "+8613800138000")
    assert (call.trunk.name, call.source, call.call_id) == ("carrier", "198.51.100.21", "call-1@wren.example")
    assert (call.domain, call.user_agent, call.emergency) == ("wren.example", "Loom/1", False)


# Reject


def test_a_rejection_on_the_wire():
    play = rejecting()
    [sent] = play.trunk(wire.invite())
    assert sent.to == wire.TRUNK
    assert wire.start_line(sent.data) == "SIP/2.0 603 Decline"
    assert wire.header(sent.data, "Reason") == f'SIP;cause=603;text="{DECISION}"'
    assert ";tag=" in wire.header(sent.data, "To")
    assert b"blocked" not in sent.data.lower(), "neither rule nor list is named"


def test_no_100_goes_before_an_immediate_rejection():
    assert briefs(rejecting().trunk(wire.invite())) == ["603"]


def test_a_rejection_is_repeated_until_the_ack():
    play = rejecting()
    [first] = play.trunk(wire.invite())
    assert [each.data for each in play.wait(2)] == [first.data] * 2
    assert briefs(play.trunk(wire.invite())) == ["603"], "and when the INVITE comes again"
    assert play.trunk(wire.ack(wire.invite(), first.data)) == []
    assert play.wait(60) == []
    assert play.held == 0
    assert len(play.calls) == len(play.outcomes) == 1


def test_a_rejection_is_repeated_until_timer_h_and_then_forgotten():
    play = rejecting()
    play.trunk(wire.invite())
    times = [each.at for each in play.wait(100)]
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert play.held == 0


def test_a_flood_that_acknowledges_nothing_holds_no_more_than_the_limit():
    play = rejecting(limits={"unacknowledged_rejections": 10})
    for number in range(30):
        play.trunk(wire.invite(via=f"{VIA2}{number}", call_id=str(number)))
    assert briefs(play.log) == ["603"] * 10
    assert play.core.layer.unacknowledged == 10
    assert len(play.core.layer.servers) == 10
    assert play.core.dropped["too many unacknowledged rejections"] == 20
    assert len(play.outcomes) == 30
    play.wait(100)
    assert play.held == 0


@pytest.mark.parametrize(
    ("profile", "status", "reason"),
    [
        ({}, "603 Decline", f'SIP;cause=603;text="{DECISION}"'),
        ({"status": 433, "phrase": "Not So"}, "433 Not So", f'SIP;cause=433;text="{DECISION}"'),
        ({"status": 403, "phrase": "No", "reason": "Q.850"}, "403 No", f'Q.850;cause=21;text="{DECISION}"'),
        ({"status": 486, "phrase": "Busy", "reason": "none"}, "486 Busy", ""),
    ],
)  # fmt: skip
def test_a_profile_says_how_a_rejection_looks(profile: dict[str, object], status: str, reason: str):
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"], "profile": "own"}
    play = rejecting(trunks=[trunk], profiles={"own": profile})
    answer = only(play.trunk(wire.invite()))
    assert wire.start_line(answer) == f"SIP/2.0 {status}"
    assert wire.header(answer, "Reason") == reason


# Tag


def test_a_tag_on_the_wire():
    play = Playbook()
    play.verdict = TAG
    down = play.forwarded()
    assert wire.header(down, "X-Ringfence-Verdict") == "suspected"
    assert wire.header(down, "X-Ringfence-Rule") == "nuisance"
    assert wire.header(down, "X-Ringfence-Decision") == DECISION
    assert wire.header(down, "From") == wire.header(wire.invite(), "From")
    assert wire.body(down) == wire.body(wire.invite())


def test_an_emergency_call_carries_the_three_marks_and_nothing_that_makes_somebody_hesitate():
    play = Playbook(label="[suspected]", distinct_ring="urn:alert:source:external")
    play.verdict = Verdict(Action.TAG, Step.EMERGENCY, decision=DECISION, rule="blocked")
    down = play.forwarded(uri=f"sip:110@{wire.US}")
    assert wire.header(down, "X-Ringfence-Verdict") == "suspected"
    assert wire.header(down, "X-Ringfence-Rule") == "blocked"
    assert wire.header(down, "X-Ringfence-Decision") == DECISION
    assert wire.header(down, "From") == wire.header(wire.invite(), "From")
    assert b"Alert-Info" not in down


@pytest.mark.parametrize("user", ["112#", "112%23", "112%00", "112,", "112*", "112p1", "110%00x@rook", "++112", "_112"])
def test_decorated_digits_of_an_emergency_number_are_forwarded_as_they_came(play: Playbook, user: str):
    uri = f"sip:{user.replace('@', '%40')}@{wire.US}"
    assert wire.uri(play.forwarded(uri=uri)) == uri
    assert play.calls[0].emergency


@pytest.mark.parametrize("user", ["101;phone-context=+91", "118;phone-context=+81", "191;phone-context=+55"])
def test_a_phone_context_makes_no_emergency_call_of_an_extension(user: str):
    play = Playbook()
    play.verdict = REJECT
    assert wire.status(only(play.trunk(wire.invite(uri=f"sip:{user}@{wire.US}")))) == 603
    assert not play.calls[0].emergency


def test_a_tag_that_the_caller_brought_is_replaced():
    play = Playbook()
    play.verdict = TAG
    assert wire.header(play.forwarded(extra=OURS), "X-Ringfence-Verdict") == "suspected"


def test_a_distinct_ring():
    play = Playbook(distinct_ring="urn:alert:source:external")
    play.verdict = TAG
    assert wire.header(play.forwarded(), "Alert-Info") == "<urn:alert:source:external>"


def test_a_label_changes_the_display_name_below_and_nothing_above():
    play = Playbook()
    play.verdict = Verdict(Action.TAG, Step.SUSPICION, decision=DECISION, rule="nuisance", label="[suspected]")
    came = '"W \\"x\\"" <sip:+8613912345678@wren.example>;tag=wren'
    down = play.forwarded(from_=came)
    assert wire.header(down, "From") == '"[suspected] W \\"x\\"" <sip:+8613912345678@wren.example>;tag=wren'
    for answer in (wire.response(180, down), wire.answer(down), wire.answer(down)):
        assert wire.header(only(play.pbx(answer), to=wire.TRUNK), "From") == came


# What a trunk may not bring along (semantics: on the wire, the caller)


@pytest.mark.parametrize("method", ["INVITE", "BYE", "OPTIONS", "MESSAGE", "REGISTER", "DANCE", "ACK"])
@pytest.mark.parametrize("to", ["<sip:x@rook.example>", "<sip:x@rook.example>;tag=in-dialog"])
def test_headers_of_ours_are_removed_from_every_request_of_a_trunk(method: str, to: str):
    down = only(Playbook(**ANY_METHOD).trunk(wire.request(method, extra=OURS, to=to)), to=wire.PBX)
    assert b"x-ringfence" not in down.lower()


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "ACK"])
def test_identities_of_an_untrusted_trunk_are_removed(method: str):
    data = wire.request(method, extra=ASSERTED, to="<sip:x@rook.example>;tag=a")
    down = only(Playbook(**ANY_METHOD).trunk(data), to=wire.PBX)
    for name in ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"):
        assert wire.headers(down, name) == []


def test_identities_of_a_trusted_trunk_pass():
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"], "identity": "trusted"}
    down = Playbook(trunks=[trunk]).forwarded(extra="P-Asserted-Identity: <sip:+8613912345678@wren.example>")
    assert wire.header(down, "P-Asserted-Identity") == "<sip:+8613912345678@wren.example>"


def test_an_identity_that_asks_for_privacy_does_not_leave_to_an_untrusted_trunk(play: Playbook):
    """RFC 3325 section 7; without Privacy: id it goes out."""
    identity = "<sip:1001@rook.example>"
    asked = [("id", []), ("header;id", []), ("user ; id", []), ("none", [identity]), ("", [identity])]
    for number, (privacy, shown) in enumerate(asked):
        data = wire.invite(
            uri="sip:+8613912345678@198.51.100.21",
            extra=f"P-Asserted-Identity: {identity}\nPrivacy: {privacy}",
            via=f"SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bK{number}",
            call_id=f"privacy-{number}",
        )
        assert wire.headers(only(play.pbx(data), to=wire.TRUNK), "P-Asserted-Identity") == shown


# OPTIONS to the proxy


@pytest.mark.parametrize(
    "uri", [f"sip:{wire.US}", "sip:proxy.rook.example", "sip:203.0.113.1", f"sip:{wire.US};transport=udp"]
)
@pytest.mark.parametrize("forwards", ["70", "0"])
def test_an_options_that_names_us_is_answered(play: Playbook, uri: str, forwards: str):
    sent = play.trunk(wire.request("OPTIONS", uri=uri, max_forwards=forwards))
    assert [(each.brief, each.to) for each in sent] == [("200", wire.TRUNK)]


@pytest.mark.parametrize("uri", [f"sip:1001@{wire.US}", "sip:rook.example", "sip:203.0.113.1:5070"])
def test_an_options_for_somebody_else_is_forwarded(play: Playbook, uri: str):
    assert briefs(play.trunk(wire.request("OPTIONS", uri=uri))) == ["OPTIONS"]


# The end, and too much


def test_while_it_drains_new_calls_get_503_and_old_ones_go_on(play: Playbook):
    down, up = play.answered()
    play.core.draining = True
    sent = play.trunk(wire.invite(via=VIA2, call_id="new"))
    assert briefs(sent) == ["503"]
    assert wire.header(sent[0].data, "Retry-After")
    assert briefs(play.trunk(in_dialog("BYE", up, cseq=2))) == ["BYE"]
    assert briefs(play.pbx(from_callee("INFO", down))) == ["INFO"]


def test_what_rings_when_time_is_up_gets_503_and_is_cancelled(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    assert play.core.in_setup == 1
    mark = len(play.log)
    play.core.give_up_all(play.now)
    play._perform()
    assert sorted(briefs(play.log[mark:])) == ["503", "CANCEL"]
    assert play.core.in_setup == 0


# A full node

FULL = {"max_transactions": 100, "trunk_percent": 100, "source_percent": 100}


def options(number: int | str, host: str = "198.51.100.21") -> bytes:
    via = f"SIP/2.0/UDP {host}:5060;branch=z9hG4bKopt{number}"
    return wire.request("OPTIONS", via=via, call_id=str(number))


def test_more_transactions_than_allowed_get_503():
    """Three tenths are kept for those who need them most."""
    play = Playbook(limits=FULL)
    for number in range(90):
        play.trunk(options(number))
    assert briefs(play.log).count("503") == 20
    assert play.core.load.refused == {"node": 20}
    play.wait(40)
    assert play.core.load.held == 0


def test_huge_requests_that_nobody_answers_count_as_many_small_ones():
    """100 transactions of 4 KiB: of 60 kB each, four are as many as everybody may hold, and they end as all do."""
    play = Playbook(limits=FULL)
    for number in range(9):
        play.trunk(wire.invite(via=f"{VIA2}{number}", call_id=str(number), body="v=0\n" + "x" * 60_000))
    assert briefs(play.log).count("503") == 5
    play.wait(400)
    assert play.core.load.held == play.held == 0
    assert briefs(play.trunk(wire.invite(via=f"{VIA2}after", call_id="after"))) == ["100", "INVITE"]


def test_a_trunk_leaves_half_of_the_node_to_others():
    trunks = [
        {"name": name, "addresses": [at], "country": "CN"}
        for name, at in (("loud", "198.51.100.21"), ("calm", "198.51.100.9"))
    ]
    play = Playbook(limits={"max_transactions": 100}, trunks=trunks)
    for number in range(60):
        play.trunk(options(number))
    assert briefs(play.log).count("503") == 10
    assert play.core.load.refused == {"trunk": 10}
    assert briefs(play.receive(options("calm", "198.51.100.9"), ("198.51.100.9", 5060))) == ["OPTIONS"]


def test_a_trunk_may_be_given_its_own_share():
    play = Playbook(trunks=[{**SETTINGS["trunks"][0], "addresses": ["198.51.100.21"], "max_transactions": 3}])
    for number in range(5):
        play.trunk(options(number))
    assert briefs(play.log).count("503") == 2


def test_a_source_that_no_trunk_names_leaves_room_to_the_others_of_its_trunk():
    play = Playbook(limits={"max_transactions": 100}, trunks=[{"name": "default"}])
    for number in range(15):
        play.trunk(options(number))
    assert briefs(play.log).count("503") == 5
    assert play.core.load.refused == {"source": 5}
    assert briefs(play.receive(options("other", "198.51.100.9"), ("198.51.100.9", 5060))) == ["OPTIONS"]
    play.wait(40)
    assert play.core.load._by_source == {}, "nothing is remembered of sources that hold nothing"


HELP = [f"sip:110@{wire.US}", f"sip:%3112@{wire.US}", "tel:110;phone-context=+86", "urn:service:sos"]


@pytest.mark.parametrize("uri", HELP)
def test_a_call_for_help_passes_while_it_drains(play: Playbook, uri: str):
    play.core.draining = True
    assert wire.uri(play.forwarded(uri=uri)) == uri


def test_so_does_one_of_the_pbx(play: Playbook):
    play.core.draining = True
    via = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"
    only(play.pbx(wire.invite(uri=f"sip:110@{wire.US}", via=via)), to=wire.TRUNK)
    assert briefs(play.pbx(wire.invite(uri=f"sip:10086@{wire.US}", via=f"{via}2", call_id="other"))) == ["503"]


def fill(play: Playbook) -> None:
    """It takes requests until there is no room for anybody."""
    number = 0
    while not play.core.load.refused:
        play.trunk(wire.request("OPTIONS", via=f"{VIA2}fill{number}", call_id=f"fill{number}"))
        number += 1


def emergency(play: Playbook, side: str, number: int) -> list[str]:
    """What became of an emergency call of either side."""
    via = {"trunk": f"{VIA2}help{number}", "pbx": f"SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKhelp{number}"}[side]
    data = wire.invite(uri=HELP[number % 4], via=via, call_id=f"{side}{number}")
    return briefs((play.trunk if side == "trunk" else play.pbx)(data))


@pytest.mark.parametrize(("first", "second"), [("trunk", "pbx"), ("pbx", "trunk")])
def test_a_full_node_takes_emergency_calls_of_either_side_whatever_the_other_holds(first: str, second: str):
    """A tenth each: who forges emergency calls on the trunk side takes nothing from subscribers behind the PBX."""
    trunks = [SETTINGS["trunks"][0], {"name": "other", "addresses": ["198.51.100.9", "198.51.100.8"], "country": "CN"}]
    play = Playbook(limits=FULL, trunks=trunks)
    fill(play)
    passed = [emergency(play, first, number) for number in range(30)].count(["100", "INVITE"])
    assert passed == (5 if first == "trunk" else 10), "of the trunk side's, one trunk may have half"
    assert emergency(play, second, 40) == ["100", "INVITE"]
    via = "SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKother"
    call = wire.invite(uri=HELP[0], via=via, call_id="other")
    assert briefs(play.receive(call, ("198.51.100.9", 5060))) == ["100", "INVITE"], "another trunk's, in any case"
    assert play.core.load.held <= 100


def test_a_full_node_lets_calls_that_it_judged_end():
    play = Playbook(limits=FULL)
    down, up = play.answered()
    fill(play)
    assert briefs(play.trunk(in_dialog("BYE", up, cseq=2))) == ["BYE"]
    assert briefs(play.pbx(from_callee("INFO", down))) == ["INFO"]
    forged = wire.request("BYE", to="<sip:x@y.example>;tag=made-up", via=f"{VIA2}forged")
    assert briefs(play.trunk(forged)) == ["503"], "a To tag proves nothing"


# What is too large, or has too much of something


@pytest.mark.parametrize("source", [wire.TRUNK, wire.PBX])
@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({"extra": "Subject: " + "x" * 17_000}, "SIP/2.0 513 Message Too Large"),
        ({"extra": "X: b\n" * 500}, "SIP/2.0 400 Too Many Header Field Values"),
        ({"extra": "Route: " + ", ".join(["<sip:x@y;lr>"] * 500)}, "SIP/2.0 400 Too Many Header Field Values"),
        ({"extra": "Route: " + ",".join(["<sip:x@y;lr>"] * 5000)}, "SIP/2.0 400 Too Many Header Field Values"),
        ({"extra": "Via: " + ", ".join(["SIP/2.0/UDP a"] * 71)}, "SIP/2.0 483 Too Many Hops"),
        ({"extra": "Via: SIP/2.0/UDP a\n" * 71}, "SIP/2.0 483 Too Many Hops"),
    ],
)
def test_what_has_too_much_of_something_hears_so(
    play: Playbook, more: dict[str, str], answer: str, source: tuple[str, int]
):
    (sent,) = play.receive(wire.invite(uri="sip:x@198.51.100.21", **more), source)
    assert wire.start_line(sent.data) == answer
    assert wire.header(sent.data, "Call-ID") == wire.header(wire.invite(), "Call-ID")
    assert len(sent.data) < 4500, "nobody is sent more than the beginning of what came"
    assert play.held == 0


@pytest.mark.parametrize(
    "extra", ["Allow: " + ", ".join(["INVITE"] * 300), "Via: " + ", ".join(["SIP/2.0/UDP a"] * 60)]
)
def test_what_is_long_but_not_too_long_goes_on(play: Playbook, extra: str):
    assert play.forwarded(extra=extra)


def test_the_length_of_an_emergency_call_is_no_reason_to_refuse_it(play: Playbook):
    subject = "Subject: " + "x" * 40_000
    assert wire.header(play.forwarded(uri=HELP[0], extra=subject), "Subject") == "x" * 40_000
    assert play.calls[0].emergency


@pytest.mark.parametrize("octets", [9_000, 20_000])
@pytest.mark.parametrize("where", ["uri", "to", "from", "both", "number", "commas"])
def test_whatever_in_it_is_long_an_emergency_call_goes_on_and_another_hears_513(where: str, octets: int):
    long = "y" * octets
    for number, emergency in (("110", True), ("13800138000", False)):
        uri, to = f"sip:{number}@{wire.US}", f"<sip:{number}@h;x={long}>"
        how = {
            "uri": {"uri": f"{uri};x={long * 2}"},
            "to": {"uri": uri, "to": f"<sip:{number}@h;x={long * 2}>"},
            "from": {"uri": uri, "from_": f"<sip:1@h;x={long * 2}>;tag=a"},
            "both": {"uri": f"{uri};x={long}", "to": to},
            "number": {"uri": f"sip:{'-' * octets * 2}{number}@{wire.US}"},
            "commas": {"uri": f"sip:{number}{',1' * octets}@{wire.US}"},
        }[where]
        play = Playbook()
        sent = play.trunk(wire.invite(**how))
        if emergency:
            assert only(sent, to=wire.PBX), where
            assert play.calls[0].emergency
        else:
            assert [each.status for each in sent] == [513], where


@pytest.mark.parametrize("data", [wire.invite(body="x" * 17_000), wire.invite(extra="X: b\n" * 9000)])
def test_a_stranger_s_large_message_is_read_no_further_than_its_answer_needs(play: Playbook, data: bytes):
    (sent,) = play.receive(data, wire.STRANGER)
    assert sent.status == 403


@pytest.mark.parametrize(
    "data", [b"INVITE sip:x@y SIP/2.0\r\nX: " + b"x" * 60_000, b"INVITE sip:" + b"x" * 60_000, b"," * 60_000]
)
def test_a_large_message_that_cannot_be_answered_is_dropped(play: Playbook, data: bytes):
    for source in (wire.TRUNK, wire.STRANGER):
        assert play.receive(data, source) == []
    assert sum(play.core.dropped.values()) == 2


def test_a_response_of_too_many_values_is_dropped(play: Playbook):
    answer = wire.answer(play.forwarded())
    many = answer.replace(b"\r\nFrom:", b"\r\n" + b"X: b\r\n" * 9000 + b"From:")
    assert play.pbx(many) == []
    assert play.core.dropped == {"response of too many values": 1}
    assert briefs(play.pbx(answer)) == ["200"]


def test_a_verdict_that_takes_longer_than_200_ms_lets_a_100_go(play: Playbook):
    """RFC 3261 17.2.1: or the caller sends its INVITE again."""
    play.verdict = None
    play.trunk(wire.invite())
    assert play.wait(0.19) == []
    assert briefs(play.wait(0.02)) == ["100"]
    assert briefs(play.decide(REJECT)) == ["603"]


@pytest.mark.parametrize("source", [wire.TRUNK, wire.STRANGER])
@pytest.mark.parametrize(
    "extra",
    [
        "\n".join(f"{number:x}: b" for number in range(6000)) + "\nSubject: a\nSubject: b",
        "P-Asserted-Identity: " + ", ".join(f"<sip:139{number:08d}@w>" for number in range(2400)),
        "X: b\n" * 9000,
        "Route: " + ", ".join(["<sip:x@y;lr>"] * 4000),
    ],
    ids=["names", "identities", "one name", "routes"],
)
def test_one_datagram_costs_no_more_than_its_length(extra: str, source: tuple[str, int]):
    """One took two seconds, whoever sent it: each name was counted among all the others."""
    play = Playbook(trunks=[{**SETTINGS["trunks"][0], "identity": "trusted"}])
    data = wire.invite(extra=extra)
    start = process_time()
    play.receive(data, source)
    assert process_time() - start < 0.5


# No bytes at all can make it fall


@pytest.mark.parametrize("message", WILD, ids=[wild.name for wild in WILD])
def test_messages_of_real_devices_reach_the_pbx_and_name_their_caller(message):
    # 194 is Brazil's, E1112 one operator's own spelling of 112: a trunk may add such numbers.
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "emergency": ["194", "E1112"]}
    trunk["numbers"] = "international" if message.caller_e164 else "national"
    trunk["methods"] = "any"
    play = Playbook(trunks=[trunk])
    sent = [each for each in play.trunk(message.data) if each.status != 100]
    if b"\nProxy-Require: sec-agree" in message.data:
        assert briefs(sent) == ["420"]
        return
    if message.name == "corpora/wild/twilio-masked-malformed-host-port.sip":
        assert briefs(sent) in (["400"], ["INVITE"])
        return
    assert [each.to for each in sent] == [wire.PBX]
    if message.method == "INVITE":
        [call] = play.calls
        assert number_kind(call.caller.kind) == message.caller_class
        assert not message.emergency or call.emergency
        if message.caller_e164:
            assert call.caller.canonical == message.caller_e164


def number_kind(kind: NumberClass) -> str:
    """The four classes of the corpus."""
    if kind in (NumberClass.NAME, NumberClass.ANONYMOUS, NumberClass.MALFORMED):
        return kind.value
    return "number"


def test_a_byte_that_is_no_text_in_the_user_is_passed_on_as_it_came(play: Playbook):
    """What the proxy need not understand is opaque to it (RFC 3261 16.3)."""
    before, after = b"sip:+8613800138000@", b"sip:+8613800138000\x80@"
    sent = play.trunk(wire.invite().replace(before, after, 1))
    assert briefs(sent) == ["100", "INVITE"]
    assert sent[1].data.startswith(b"INVITE " + after)


ALL = [vector.data for vector in VECTORS] + [wild.data for wild in WILD]


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    play = Playbook()
    for source in (wire.TRUNK, wire.PBX, wire.STRANGER):
        play.receive(data, source)


@given(
    st.sampled_from(ALL),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=6)), max_size=6),
    st.booleans(),
)
def test_any_damaged_message_is_survived_and_none_rings_unjudged(original: bytes, damages, from_pbx: bool):
    play = Playbook()
    play.verdict = REJECT
    data = original
    for place, length, put in damages:
        at = int(place * len(data))
        data = data[:at] + put + data[at + length :]
    sent = play.receive(data, wire.PBX if from_pbx else wire.TRUNK)
    if not from_pbx:
        assert all(each.method != "INVITE" for each in sent)
    play.wait(40)


EVENTS = ["trunk", "pbx", "reply", "cancel", "ack", "wait", "fail", "invite"]


@given(
    st.lists(
        st.tuples(st.sampled_from(EVENTS), st.integers(100, 699)),
        max_size=14,
    )
)
def test_any_order_of_events_is_survived_and_ends(script: list[tuple[str, int]]):
    """Whatever both sides do, in whatever order, nothing is held in the end."""
    play = Playbook()
    number = 0
    for what, value in script:
        downs = [each.data for each in play.log if each.method == "INVITE"]
        ups = [each.data for each in play.log if each.to == wire.TRUNK and each.status >= 300]
        if what in ("trunk", "invite"):
            number += what == "invite"
            play.trunk(wire.invite(via=f"{VIA2}{number}", call_id=str(number)))
        elif what == "pbx":
            play.pbx(
                wire.request(
                    "OPTIONS", uri="sip:x@198.51.100.21", via=f"SIP/2.0/UDP 203.0.113.10;branch=z9hG4bK{value}"
                )
            )
        elif what == "reply" and downs:
            play.pbx(wire.response(value, downs[value % len(downs)]))
        elif what == "cancel":
            play.trunk(wire.cancel(wire.invite(via=f"{VIA2}{number}", call_id=str(number))))
        elif what == "ack" and ups:
            play.trunk(wire.ack(wire.invite(via=f"{VIA2}{number}", call_id=str(number)), ups[-1]))
        elif what == "wait":
            play.wait((value - 100) / 10)
        elif what == "fail" and downs:
            play.fails(downs[value % len(downs)])
    play.wait(1200)
    assert play.held == 0


# When a call ends


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_the_bye_of_a_judged_call_tells_its_decision(play: Playbook, side: str):
    """How long it lasted is known by its end, whoever hangs up."""
    down, up = play.answered()
    if side == "caller":
        bye = only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)
        assert play.hung_up == [], "who was called has not said so"
        play.pbx(wire.response(200, bye))
    else:
        play.pbx(from_callee("BYE", down))
    assert play.hung_up == [play.outcomes[0][0]]


def test_a_repeated_or_a_forged_bye_ends_nothing_twice(play: Playbook):
    _, up = play.answered()
    bye = in_dialog("BYE", up, cseq=2)
    answer = wire.response(200, only(play.trunk(bye), to=wire.PBX))
    play.trunk(bye)
    play.pbx(answer)
    play.pbx(answer)
    play.trunk(wire.request("BYE", extra="Route: <sip:k1.d.t." + "0" * 32 + "@203.0.113.1;lr>", via=f"{VIA2}forged"))
    assert len(play.hung_up) == 1


@pytest.mark.parametrize(
    ("status", "tag", "over"),
    [(500, "", 0), (401, "", 0), (481, ";tag=wrong", 0), (200, ";tag=wrong", 0), (481, "", 1), (408, "", 1)],
)
def test_a_bye_of_the_caller_ends_the_call_only_as_its_callee_says(play: Playbook, status: int, tag: str, over: int):
    """A caller who sends one that must be refused would go on, and count as one who has hung up."""
    _, up = play.answered()
    to = {"to": wire.header(up, "To").partition(";")[0] + tag} if tag else {}
    bye = only(play.trunk(in_dialog("BYE", up, cseq=2, **to)), to=wire.PBX)
    play.pbx(wire.response(status, bye))
    assert len(play.hung_up) == over
    if not over:
        again = only(play.trunk(in_dialog("BYE", up, cseq=9, branch="z9hG4bKagain")), to=wire.PBX)
        play.pbx(wire.response(200, again))
        assert len(play.hung_up) == 1, "the true one does"


# Asked about ourselves from this machine


OPTIONS = wire.request("OPTIONS", uri=f"sip:{wire.US}")
HERE = ("127.0.0.1", 40_000)


@pytest.mark.parametrize("trunks", [None, [{"name": "default"}]], ids=["refused", "answered"])
def test_what_ails_us_is_told_whoever_asks_on_this_machine(trunks: list | None):
    play = Playbook(**({"trunks": trunks} if trunks else {}))
    play.core.further_ailments = lambda: ['the disk is "full"']
    play.forwarded()
    play.wait(4)
    (answer,) = play.receive(OPTIONS, HERE)
    assert answer.status == (200 if trunks else 403)
    assert wire.headers(answer.data, "Warning") == [
        '399 ringfence "office: 1 of 2 addresses without calls: 203.0.113.10:5060 (no answer to a call)"',
        "399 ringfence \"the disk is 'full'\"",
    ]


def test_nobody_else_is_told_what_ails_us():
    play = Playbook(trunks=[{"name": "default"}])
    play.core.draining = True
    (answer,) = play.receive(OPTIONS, wire.STRANGER)
    assert (answer.status, wire.headers(answer.data, "Warning")) == (503, [])
    (answer,) = play.receive(OPTIONS, HERE)
    assert answer.status == 503
    assert wire.headers(answer.data, "Warning") == ['399 ringfence "stopping: new calls get 503"']
