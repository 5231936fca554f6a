"""Responses are cleaned as requests are: identities and headers of ours don't cross to a side that may not see them."""

from __future__ import annotations

from time import process_time

import pytest

from proxy.identity import clean_response
from proxy.sip.message import ResponseHead
from tests import wire
from tests.playbook import SETTINGS, Playbook, from_callee, in_dialog, only

CARRIER = SETTINGS["trunks"][0]
VIA_OUT = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"
OURS = ["X-Ringfence-Verdict: suspected", "x-ringfence-rule: r", "X-RINGFENCE-Decision : 1", "X-Ringfence-\n Rule: x"]
IDENTITIES = [
    "P-Asserted-Identity: <sip:desk@rook.example>",
    "p-asserted-identity : <sip:desk@rook.example>",
    "P-Preferred-Identity: <sip:desk@rook.example>",
    "Remote-Party-ID: <sip:desk@rook.example>;party=called",
    "P-Asserted-Identity: <sip:desk@rook.example>,\n <tel:+861>",
]
STATUSES = [180, 183, 200, 302, 404, 486, 603]


def trusting(identity: str) -> Playbook:
    return Playbook(trunks=[{**CARRIER, "identity": identity}])


def up(play: Playbook, status: int, extra: str) -> bytes:
    """The response of the PBX to a call from the trunk, as the trunk gets it."""
    return only(play.pbx(wire.response(status, play.forwarded(), extra=extra)), to=wire.TRUNK)


def back(play: Playbook, status: int, extra: str) -> bytes:
    """The response of the trunk to a call of the PBX, as the PBX gets it."""
    out = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT)), to=wire.TRUNK)
    return only(play.trunk(wire.response(status, out, extra=extra)), to=wire.PBX)


def names(data: bytes) -> bytes:
    return data.partition(b"\r\n\r\n")[0].lower()


@pytest.mark.parametrize("status", STATUSES)
def test_headers_of_ours_never_leave_in_a_response(play: Playbook, status: int):
    answer = up(play, status, "\n".join([*OURS, "Server: rook"]))
    assert b"ringfence" not in names(answer)
    assert wire.header(answer, "Server") == "rook"


@pytest.mark.parametrize("status", STATUSES)
def test_nor_do_they_come_in_by_one(status: int):
    for identity in ("trusted", "untrusted"):
        assert b"ringfence" not in names(back(trusting(identity), status, "\n".join(OURS)))


@pytest.mark.parametrize("line", IDENTITIES)
@pytest.mark.parametrize("status", [180, 200, 486])
def test_who_answered_does_not_leave_to_an_untrusted_trunk_where_privacy_is_asked_for(line: str, status: int):
    for privacy in ("Privacy: id", "privacy: critical;ID", "Privacy: user\nPrivacy: id"):
        assert (
            b"rook.example>" not in names(up(trusting("untrusted"), status, f"{line}\n{privacy}")).partition(b"to:")[0]
        )
        answer = names(up(Playbook(), status, f"{line}\n{privacy}"))
        assert b"identity" not in answer
        assert b"remote-party" not in answer


@pytest.mark.parametrize("line", IDENTITIES)
def test_it_does_to_a_trusted_one_and_where_nobody_asked(line: str):
    wanted = line.replace("\n", "\r\n").encode()
    assert wanted in up(trusting("trusted"), 200, f"{line}\nPrivacy: id")
    for privacy in ("Privacy: none", "X-Privacy: id", "Subject: x"):
        assert wanted in up(trusting("untrusted"), 200, f"{line}\n{privacy}")


@pytest.mark.parametrize("line", IDENTITIES)
def test_what_an_untrusted_trunk_asserts_of_its_callee_does_not_come_in(line: str):
    """RFC 3325 section 5: a name that it makes up would stand on the caller's display."""
    answer = names(back(trusting("untrusted"), 200, line))
    assert b"identity" not in answer
    assert b"remote-party" not in answer
    assert line.replace("\n", "\r\n").encode() in back(trusting("trusted"), 200, line)


@pytest.mark.parametrize(
    "name", ["Attestation-Info", "Origination-Id", "P-Attestation-Indicator", "P-Attestation-Info", "p-origination-id"]
)
def test_nor_does_what_it_says_it_verified(name: str):
    line = f"{name}: A"
    assert line.encode() not in back(trusting("untrusted"), 200, line)
    assert line.encode() in back(trusting("trusted"), 200, line)


def test_nor_does_that_of_somebody_in_no_trunk():
    play = Playbook()
    where = ("192.0.2.80", 5060)
    out = only(play.pbx(wire.invite(uri="sip:bob@192.0.2.80", via=VIA_OUT)), to=where)
    answer = only(play.trunk(wire.response(180, out, extra=IDENTITIES[0]), where), to=wire.PBX)
    assert b"identity" not in names(answer)


def test_what_only_looks_like_one_stays(play: Playbook):
    body = "P-Asserted-Identity: <sip:a@b>\nX-Ringfence-Rule: x\n"
    answer = up(play, 200, "X-Identity-Info: a\nContent-Type: text/plain\nSubject: X-Ringfence-Rule: y")
    assert wire.header(answer, "X-Identity-Info") == "a"
    assert wire.header(answer, "Subject") == "X-Ringfence-Rule: y"
    down = Playbook().forwarded(body=body)
    assert wire.body(down) == body.replace("\n", "\r\n").encode()


def test_two_pbxes_tell_each_other_what_they_like(play: Playbook):
    other = ("203.0.113.11", 5060)
    out = only(play.pbx(wire.invite(uri="sip:desk@203.0.113.11", via=VIA_OUT)), to=other)
    answer = only(
        play.pbx(wire.response(180, out, extra=f"{IDENTITIES[0]}\nPrivacy: id\n{OURS[0]}"), other), to=wire.PBX
    )
    assert b"\r\nP-Asserted-Identity:" in answer
    assert wire.header(answer, "X-Ringfence-Verdict") == "suspected"


@pytest.mark.parametrize("identity", ["trusted", "untrusted"])
def test_headers_of_ours_leave_in_no_request_of_the_pbx_either(identity: str):
    """A PBX that copies a tagged call's headers into the call that it forwards."""
    play = trusting(identity)
    extra = "\n".join(["Contact: <sip:desk@203.0.113.10>", *OURS])
    out = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT, extra=extra)), to=wire.TRUNK)
    assert b"ringfence" not in names(out)
    answer = only(play.trunk(wire.answer(out)), to=wire.PBX)
    ack = in_dialog("ACK", answer, via=f"{VIA_OUT}a", extra=OURS[0])
    assert b"ringfence" not in names(only(play.pbx(ack), to=wire.TRUNK))
    down, _ = Playbook().answered()
    assert b"ringfence" not in names(only(Playbook().pbx(from_callee("BYE", down, extra=OURS[0])), to=wire.TRUNK))


@pytest.mark.parametrize("line", ["X-Ringfence-", "P-Asserted-Identity", "Privacy", "Remote-Party-ID:"])
def test_a_line_that_never_ends_costs_no_square(line: str):
    head = b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP x\r\nX: -identity x-ringfence-\r\nContent-Length: 0\r\n"
    answer = ResponseHead(head + line.encode() + b" \r\n " * 15_000 + b"\r\n\r\n")
    play = Playbook()
    pbx, trunk = (play.core.flow_to(play.topology.listeners[0], *where).peer for where in (wire.PBX, wire.TRUNK))
    before = process_time()
    clean_response(answer, pbx, trunk)
    clean_response(answer, trunk, pbx)
    assert process_time() - before < 0.5


@pytest.mark.parametrize("identity", ["trusted", "untrusted"])
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_what_a_user_agent_prefers_to_be_called_goes_no_further(identity: str, method: str):
    """RFC 3325 9.2: it ends at the first proxy. Nobody judges it, and there are telephones that show it."""
    trunk = {**SETTINGS["trunks"][0], "identity": identity, "methods": "any"}
    play = Playbook(trunks=[trunk])
    data = wire.request(method, extra="P-Preferred-Identity: <sip:+8617012345678@wren.example>")
    down = only([each for each in play.trunk(data) if each.to == wire.PBX])
    assert wire.headers(down, "P-Preferred-Identity") == []


UNREAD = [
    ",".join(f"<sip:u{one}@h>" for one in range(10)) + ",<sip:17012345678@h>",
    ",".join(["<sip:+8613912345678@h>"] * 15) + ",<tel:+8617012345678>",
    "+86 170 1234 5678",
    "tel:+86 170 1234 5678",
    "170--1234--5678",
    "170/1234/5678",
    "\uff11\uff17\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
    "%31%37%30%31%32%33%34%35%36%37%38",
    "number=17012345678",
]


@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
@pytest.mark.parametrize("value", UNREAD)
def test_what_a_trusted_trunk_asserts_and_nobody_read_goes_no_further(name: str, value: str):
    """Nothing that a next hop could read goes on unread: too many values, or a number outside the grammar."""
    play = Playbook(trunks=[{**CARRIER, "identity": "trusted"}])
    down = only([each for each in play.trunk(wire.invite(extra=f"{name}: {value}")) if each.to == wire.PBX])
    assert wire.headers(down, name) == []


@pytest.mark.parametrize(
    "value",
    [
        *("<sip:+8613912345678@h>", '"B 2" <sip:+8613912345678@h;user=phone>', "<tel:+8613912345678>;x=12345"),
        *("<sip:+8613912345678@h>, <tel:+8613912345678>", "sip:+8613912345678@h", "+8613912345678"),
    ],
)
def test_what_was_read_goes_on(value: str):
    play = Playbook(trunks=[{**CARRIER, "identity": "trusted"}])
    down = only(
        [each for each in play.trunk(wire.invite(extra=f"P-Asserted-Identity: {value}")) if each.to == wire.PBX]
    )
    assert wire.headers(down, "P-Asserted-Identity") == [value]
