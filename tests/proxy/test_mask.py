"""A masked caller: the callee sees the label in place of the number, in the whole dialog; the caller sees himself."""

from __future__ import annotations

import re

import pytest

from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, FORWARD, Playbook, from_callee, in_dialog, only

LABEL = "疑似骚扰"
CAME = f'"Wren 139 1234 5678" <sip:{wire.CALLER}@wren.example;user=phone>;tag=wren'
BARE = f"<sip:{wire.CALLER}@wren.example;user=phone>;tag=wren"
SHOWN = f'"{LABEL}" <sip:anonymous@anonymous.invalid>;tag=wren'
MASKED = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", label=LABEL, mask=True)
TRUSTED = [{"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "identity": "trusted"}]
CONTACT = f'<sip:{wire.CALLER}@198.51.100.21:5060;transport=udp>;+sip.instance="<urn:x:13912345678>"'
TELLING = (
    f"Contact: {CONTACT}\n"
    f'P-Asserted-Identity: "Wren" <sip:{wire.CALLER}@h>\n'
    f"Remote-Party-ID: <sip:13912345678@h>;party=calling\n"
    f"Referred-By: <sip:{wire.CALLER}@h>\n"
    "History-Info: <sip:%2b86139%31%32345678@h>;index=1\n"
    "History-Info: <sip:13600000009@h>;index=1\n"
    "Diversion: <tel:+86-139-1234-5678>;reason=unconditional\n"
    "Diversion: <tel:13600000009>;reason=unconditional\n"
    "X-Caller: 139 1234 5678\n"
    "X-Other: 42\n"
    "User-to-User: 3133393132333435363738;encoding=hex\n"
    "Subject: call (139) 1234-5678 back"
)


def digits(message: bytes) -> str:
    """All that a reader could take for a number in its header but for what a dialog lives by."""
    head = message.partition(b"\r\n\r\n")[0].decode()
    lines = [
        line
        for line in head.split("\r\n")
        if not re.match(r"(?i)(via|call-id|record-route|route|to|cseq|x-ringfence-decision):", line)
    ]
    return re.sub(r"[^0-9]", "", "".join(lines).replace("%31", "1").replace("%32", "2"))


def masked(verdict: Verdict = MASKED, **more: object) -> tuple[Playbook, bytes, bytes]:
    """A masked call that is up: the INVITE as the PBX got it, the 200 as the caller got it."""
    play = Playbook(trunks=TRUSTED, **more)
    play.verdict = verdict
    down = play.forwarded(from_=CAME, extra=TELLING)
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    return play, down, up


def test_nothing_of_the_invite_tells_the_number():
    play, down, up = masked()
    assert wire.header(down, "From") == SHOWN
    assert "12345678" not in digits(down)
    for name in ("P-Asserted-Identity", "Remote-Party-ID", "Referred-By", "X-Caller", "User-to-User", "Subject"):
        assert not wire.headers(down, name)
    assert wire.headers(down, "History-Info") == ["<sip:13600000009@h>;index=1"]
    assert wire.headers(down, "Diversion") == ["<tel:13600000009>;reason=unconditional"]
    assert wire.header(down, "X-Other") == "42"
    assert wire.header(down, "Call-ID") == "call-1@wren.example"
    assert wire.header(down, "X-Ringfence-Decision") == DECISION
    assert wire.header(up, "From") == CAME
    assert play.calls[0].caller.canonical == wire.CALLER, "the record has the true one"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "BYE", "REFER", "MESSAGE", "NOTIFY"])
@pytest.mark.parametrize("forgotten", [False, True])
def test_no_request_of_the_caller_tells_it(method: str, forgotten: bool):
    play, _, up = masked()
    play.trunk(in_dialog("ACK", up))
    if forgotten:
        play.core.dialogs._calls.clear()
        play.verdict = MASKED
    extra = "".join(f"{line}\r\n" for line in TELLING.split("\n")).encode()
    again = in_dialog(method, up, cseq=2).replace(b"Max-Forwards", extra + b"Max-Forwards", 1)
    down = only([each for each in play.trunk(again) if each.method], to=wire.PBX)
    assert wire.header(down, "From") == SHOWN
    assert "12345678" not in digits(down)
    answer = only(play.pbx(wire.response(200, down)), to=wire.TRUNK)
    assert wire.header(answer, "From") == CAME


def test_nor_does_his_ack_or_his_cancel():
    play, _, up = masked()
    ack = only(play.trunk(in_dialog("ACK", up)), to=wire.PBX)
    assert wire.header(ack, "From") == SHOWN
    assert "12345678" not in digits(ack)
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    invite = wire.invite(from_=CAME, extra=TELLING)
    down = only([each for each in play.trunk(invite) if each.method], to=wire.PBX)
    play.pbx(wire.response(180, down))
    cancel = only([each for each in play.trunk(wire.cancel(invite)) if each.method], to=wire.PBX)
    assert wire.header(cancel, "From") == SHOWN


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "BYE", "REFER", "MESSAGE"])
def test_what_the_callee_sends_reaches_the_caller_as_himself(method: str):
    play, down, _ = masked()
    request = from_callee(method, down)
    assert wire.CALLER not in wire.uri(request)
    up = only([each for each in play.pbx(request) if each.method], to=wire.TRUNK)
    assert wire.uri(up) == f"sip:{wire.CALLER}@198.51.100.21:5060;transport=udp"
    assert wire.header(up, "To") == BARE
    extra = f"Contact: {CONTACT}\nP-Asserted-Identity: <tel:{wire.CALLER}>\nX: 13912345678"
    answer = only([each for each in play.trunk(wire.response(200, up, extra=extra)) if each.status > 100], to=wire.PBX)
    assert wire.header(answer, "To") == wire.header(request, "To")
    assert "12345678" not in digits(answer)
    if method == "INVITE":
        ack = from_callee("ACK", down, branch="z9hG4bKack")
        sent = only(play.pbx(ack), to=wire.TRUNK)
        assert (wire.uri(sent), wire.header(sent, "To")) == (wire.uri(up), BARE)


def test_another_node_or_a_later_start_still_finds_the_caller():
    """His Contact stands in what the callee sends, enciphered; his From is known to the node alone that saw it."""
    _, down, _ = masked()
    up = only(Playbook(trunks=TRUSTED).pbx(from_callee("BYE", down)), to=wire.TRUNK)
    assert wire.uri(up) == f"sip:{wire.CALLER}@198.51.100.21:5060;transport=udp"
    assert wire.header(up, "To") == "<sip:anonymous@anonymous.invalid>;tag=wren"


def test_without_a_label_nobody_calls():
    _, down, _ = masked(Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", mask=True))
    assert wire.header(down, "From") == '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=wren'
    _, down, _ = masked(Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="n", mask=True), label="[!]")
    assert wire.header(down, "From") == '"[!]" <sip:anonymous@anonymous.invalid>;tag=wren'


def test_the_label_in_call_info_stays_and_the_callers_own_does_not():
    play = Playbook(trunks=TRUSTED, label_in="both")
    play.verdict = MASKED
    extra = 'Contact: <sip:a@198.51.100.21>\nCall-Info: <data:>;call-reason="It is Wren"\nCall-Info: <http://w/i>'
    down = play.forwarded(from_=CAME, extra=extra)
    assert wire.headers(down, "Call-Info") == [f'<data:>;purpose=jcard;call-reason="{LABEL}"']
    assert wire.header(down, "From") == SHOWN


SPELLINGS = [
    "+86 (139) 1234-5678",
    "1.3.9.1.2.3.4.5.6.7.8",
    "%2b86139%31%32%33%34%35678",
    "139%25%33%31234%35678",
    "１３９１２３４５６７８",
    "sip:013912345678;phone-context=+86@h",
]
HIDING_PLACES = [
    "X-Any: %s",
    "Diversion: <tel:%s>",
    "b: <sip:%s@h>",
    "y: %s",
    "Error-Info: <sip:%s@h>",
    "X-A: a\r\n %s",
]


@pytest.mark.parametrize("place", HIDING_PLACES)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "user",
    [
        "+8613912345678",
        "13912345678;phone-context=+86",
        "5678;phone-context=+861391234",
        "139-1234-5678",
        "13912345678%2399",
    ],
)
def test_no_spelling_of_the_number_goes_on(place: str, spelling: str, user: str):
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    extra = "Contact: <sip:a@198.51.100.21>\nX-Marker: 1"
    data = wire.invite(from_=f"<sip:{user}@h>;tag=wren", extra=extra).replace(
        b"X-Marker: 1", (place % spelling).encode(), 1
    )
    down = only([each for each in play.trunk(data) if each.method], to=wire.PBX)
    assert spelling.encode() not in down
    assert wire.header(down, "From") == SHOWN


@pytest.mark.parametrize("user", ["95577", "+8695577", "01095577", "95577%2399", "95577;phone-context=+86"])
@pytest.mark.parametrize(
    "line", ["X-A: 95577", "X-D: <sip:95577@h>", "X-D: +8695577", "User-Agent: call 010-95577 now", "X-D: 9 55.77"]
)
def test_nor_does_a_short_one(user: str, line: str):
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    contact = "<sip:a@198.51.100.21>"
    down = play.forwarded(from_=f"<sip:{user}@h>;tag=wren", extra=f"Contact: {contact}\n{line}")
    assert b"95577" not in wire.header(down, "From").encode() + b"\r\n".join(down.split(b"\r\n")[5:])
    assert line.encode() not in down


def test_a_short_number_takes_nothing_from_a_call_that_it_needs():
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    lines = ["Supported: 100rel, timer", "Session-Expires: 100", "X-A: 95577100234", "X-B: 2100x9"]
    extra = "\n".join(("Contact: <sip:198.51.100.100>", *lines))
    down = play.forwarded(from_="<sip:100@h>;tag=wren", extra=extra).decode()
    assert all(line in down for line in lines[:3])
    assert "<sip:198.51.100.100>" in down


def test_the_name_in_to_is_none_of_his_and_the_caller_meets_his_own_to():
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    came = f'"for 139 1234 5678" <sip:{wire.CALLED}@h>;x=13912345678'
    down = play.forwarded(from_=CAME, to=came)
    assert wire.header(down, "To") == f"<sip:{wire.CALLED}@h>"
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert wire.header(up, "To").startswith(came)
    ack = only([each for each in play.trunk(in_dialog("ACK", up, cseq=1)) if each.method], to=wire.PBX)
    assert "12345678" not in wire.header(ack, "To")
    named = f'"The desk" <sip:{wire.CALLED}@h>'
    assert (
        wire.header(
            play.forwarded(from_=CAME, to=named, call_id="b", via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKtwo"),
            "To",
        )
        == named
    )


def test_an_emergency_call_is_never_masked():
    play = Playbook(trunks=TRUSTED)
    play.verdict = Verdict(Action.TAG, Step.EMERGENCY, decision=DECISION, rule="nuisance", label=LABEL, mask=True)
    assert wire.header(play.forwarded(from_=CAME, uri=f"sip:110@{wire.US}"), "From") == CAME


@pytest.mark.parametrize(
    "contact", ["nonsense <", f"sip:{wire.CALLER}@198.51.100.21", "<sip:198.51.100.21>", f"<tel:{wire.CALLER}>"]
)
def test_any_contact(contact: str):
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    down = play.forwarded(from_=CAME, extra=f"Contact: {contact}")
    assert "12345678" not in digits(down)


@pytest.mark.parametrize(
    "said",
    [
        "Remote-Party-ID: <sip:13700002222@h>;party=calling",
        "P-Asserted-Identity: <sip:13600001111@h>, <tel:13700002222>",
        "P-Asserted-Identity: <sip:13700002222@h>, <sip:13600001111@h>",
    ],
)
def test_each_number_that_a_trunk_asserts_is_his(said: str):
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    down = play.forwarded(from_=CAME, extra=f"Contact: <sip:a@198.51.100.21>\n{said}\nX-B: 13700002222")
    assert b"13700002222" not in down


def test_nor_does_the_reason_of_his_cancel():
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    invite = wire.invite(from_=CAME, extra=TELLING)
    down = only([each for each in play.trunk(invite) if each.method], to=wire.PBX)
    play.pbx(wire.response(180, down))
    kept, telling = "SIP;cause=200;text=elsewhere", 'SIP;cause=487;text="139 1234 5678"'
    data = wire.cancel(invite).replace(b"\r\n", f"\r\nReason: {kept}\r\nReason: {telling}\r\n".encode(), 1)
    cancel = only([each for each in play.trunk(data) if each.method], to=wire.PBX)
    assert wire.headers(cancel, "Reason") == [kept]


GATEWAY = "<sip:main@wren.example>;tag=wren"
BY_WHOM = ["P-Asserted-Identity: <sip:13700002222@h>", "Remote-Party-ID: <sip:13700002222@h>;party=calling"]


def gateways(said: str) -> tuple[Playbook, bytes, bytes]:
    """A call that is up, by a gateway that says only in its first INVITE whose it is."""
    play = Playbook(trunks=TRUSTED)
    play.verdict = MASKED
    down = play.forwarded(from_=GATEWAY, extra=f"Contact: <sip:gw@198.51.100.21>\n{said}")
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    return play, down, up


@pytest.mark.parametrize("said", BY_WHOM)
@pytest.mark.parametrize("method", ["ACK", "INVITE", "UPDATE", "INFO", "MESSAGE", "BYE"])
def test_the_call_knows_the_number_that_only_its_invite_told(method: str, said: str):
    play, _, up = gateways(said)
    again = in_dialog(method, up, cseq=1 if method == "ACK" else 2, extra="X-B: 137 0000 2222")
    sent = only([each for each in play.trunk(again) if each.method], to=wire.PBX)
    assert not wire.headers(sent, "X-B")
    assert "anonymous.invalid" in wire.header(sent, "From")


@pytest.mark.parametrize("said", BY_WHOM)
def test_and_leaves_it_out_of_the_callers_responses(said: str):
    play, down, _ = gateways(said)
    asked = only([each for each in play.pbx(from_callee("UPDATE", down)) if each.method], to=wire.TRUNK)
    extra = "Server: 13700002222\nX-B: 137-0000-2222\nP-Asserted-Identity: <sip:13600001111@h>\nX-C: 13600001111"
    told = play.trunk(wire.response(200, asked, extra=extra))
    answer = only([each for each in told if each.status > 100], to=wire.PBX)
    assert not any(wire.headers(answer, name) for name in ("Server", "X-B", "X-C", "P-Asserted-Identity"))


def test_a_text_of_a_masked_call_is_masked_after_a_restart_whatever_it_is_judged_to_be():
    play, _, up = masked()
    play.core.dialogs._calls.clear()
    play.verdict = FORWARD
    sent = play.trunk(in_dialog("MESSAGE", up, cseq=2, extra=f"X-B: {wire.CALLER}"))
    down = only([each for each in sent if each.method], to=wire.PBX)
    assert wire.header(down, "From") == SHOWN
    assert "12345678" not in digits(down)
