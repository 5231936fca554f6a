"""What is shown of a message: no number, no secret, and still all that a fault is looked for in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.masking import masked, masked_call_id, without_secrets
from tests.wire import header, invite, request, response

NUMBER = "+8613912345678"


def test_numbers_are_hidden_wherever_a_caller_may_write_them():
    found = masked(
        invite(
            uri=f"sip:{NUMBER}@192.0.2.5:5060;user=phone",
            extra='P-Asserted-Identity: "139 1234 5678" <tel:+86-139-1234-5678>\n'
            "Diversion: <sip:%31%33%39%31%32%33%34%35%36%37%38@203.0.113.9>;reason=unconditional\n"
            "X-Anything: call (139) 1234.5678 back\n"
            "Contact: <sip:13912345678@198.51.100.21:50600>\n"
            "X-Full: １３９１２３４５６７８",
        )
    ).decode()
    assert "1234" not in re.sub(r"[\s().\-%]|%3", "", found.replace("%3", ""))
    assert "１２３４" not in found
    assert "sip:+861********78@192.0.2.5:5060;user=phone" in found
    assert "Contact: <sip:139******78@198.51.100.21:50600>" in found


def test_what_leads_through_it_stays():
    data = invite(
        via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK12a34567b890;rport=50600;received=203.0.113.100",
        cseq=1234567890,
        extra="Record-Route: <sip:203.0.113.100:5060;lr>\nContact: <sip:[2001:db8::1234]:5060>\nExpires: 4294967295",
    )
    found = masked(data)
    for name in ("Via", "CSeq", "Record-Route", "Contact", "Expires", "Content-Length"):
        assert header(found, name) == header(data, name)
    assert found.partition(b"\r\n\r\n")[2] == data.partition(b"\r\n\r\n")[2], "SDP without a name in it"
    assert header(found, "Call-ID") == "call-1@wren.example"


HIDING_PLACES = [
    "Via: SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK%s",
    "v: SIP/2.0/UDP 198.51.100.21:5060 ; Branch = %s",
    "Via: SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKa;maddr=%s",
    "Via: SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKa;note=%s",
    "Event: dialog;id=%s",
    "Subscription-State: active;note=%s",
    "CSeq: %s INVITE",
    "Expires: %s",
    "Date: %s",
    "Timestamp: %s",
    'WWW-Authenticate: Digest realm="%s"',
    "Content-Type: multipart/mixed;boundary=%s",
    "Call-ID: %s@h",
    "Call-ID: a@%s",
    "From: <sip:a@h>;tag=%s",
    "Replaces: a@h;to-tag=%s;from-tag=b",
    "Session-ID: %s",
    "Contact: <sip:a@h>;+sip.instance=%s",
]


@pytest.mark.parametrize("line", HIDING_PLACES)
@pytest.mark.parametrize(
    "number", ["13987654321", "139.8765.4321", "139*8765-4321", "139_8765~4321", "1.3.9.8.7.6.5.4.3.2.1"]
)
def test_no_identifier_shows_a_number(line: str, number: str):
    if number.isdigit() and line.startswith(("CSeq", "Expires")):
        number = "139876543210"
    [shown] = [
        each
        for each in masked(f"INVITE sip:a@h SIP/2.0\r\n{line % number}\r\n\r\n".encode()).split(b"\r\n")[1:]
        if each
    ]
    assert "8765" not in re.sub(r"[^0-9]", "", shown.decode().replace("198.51.100.21:5060", "")), shown


def test_a_transaction_is_known_by_a_branch_that_is_hidden():
    via = "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK139.8765.4321;rport=5060"
    found = header(masked(invite(via=via)), "Via")
    assert found == header(masked(response(200, invite(via=via))), "Via")
    assert re.fullmatch(r"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK\*[a-z]{8};rport=5060", found)
    assert found != header(masked(invite(via=via.replace("4321", "4322"))), "Via")


def test_the_token_of_a_dialog_stays_in_the_routes_that_lead_by_it():
    token = "4cbc.6b0de21a473a8ec2d1cc4.tua77c5db8.3b2de419a4e0b1eb1ecc82c4d7cee3aae918bd5e66b2c5"
    found = masked(invite(extra=f"Record-Route: <sip:{token}@203.0.113.100:5060;lr>"))
    assert header(found, "Record-Route") == f"<sip:{token}@203.0.113.100:5060;lr>"


def test_a_call_id_looks_as_in_the_log():
    assert header(masked(invite(call_id="13912345678-1@host")), "Call-ID") == masked_call_id("13912345678-1@host")
    assert "12345" not in masked_call_id("13912345678-1@host")


@pytest.mark.parametrize(
    ("user", "shown"), [("95588", "95***"), ("1001", "10**"), ("110", "110"), ("anonymous", "anonymous"), ("", "")]
)
def test_short_numbers_are_hidden_by_half(user, shown):
    at = "@" if user else ""
    assert f"INVITE sip:{shown}{at}192.0.2.5 SIP/2.0" in masked(invite(uri=f"sip:{user}{at}192.0.2.5")).decode()


def test_responses_are_masked_too():
    found = masked(response(200, invite())).decode()
    assert found.startswith("SIP/2.0 200 Whatever\r\n")
    assert "12345678" not in found


def test_the_id_of_a_decision_stays_so_that_explain_can_be_asked_by_it(monkeypatch):
    decision, number = "6b0dd39d4123456c5ae6", "13987654321abcdef012"
    for now, shown in ((0x6B0DD39D, True), (0x6B0DD39D + 100_000, False)):
        monkeypatch.setattr("proxy.masking.time", lambda now=now: now)
        for line in ('Reason: SIP;cause=603;text="%s"', "X-Ringfence-Decision: %s"):
            assert (line % decision in masked(invite(extra=line % decision + f";x={now}")).decode()) is shown
            assert "13987654321" not in masked(invite(extra=line % number)).decode(), "of another time"
    for name in ("X-Ringfence-Rule", "X-Ringfence-Verdict"):
        assert "13987654321" not in masked(invite(extra=f"{name}: 13987654321")).decode()


SECRET = (
    'Proxy-Authorization: Digest username="1001", realm="x", nonce="n", uri="sip:x", response="6629fae4"\n'
    "Identity: eyJhbGciOiJFUzI1NiJ9.eyJvcmlnIjp7InRuIjoiODYxMzkifX0.sig;info=<https://x.example/c.pem>"
)
KEYED = "v=0\no=13912345678 1 1 IN IP4 198.51.100.21\ns=Li of 139 1234 5678\np=+86 139 1234 5678\nk=clear:open\n"
KEYED += (
    "c=IN IP4 198.51.100.21\nt=0 0\nm=audio 30000 RTP/SAVP 8\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVC\n"
)


def test_secrets_are_hidden_also_from_who_may_see_numbers():
    for hide in (masked, without_secrets):
        found = hide(invite(extra=SECRET, body=KEYED)).decode()
        assert "6629fae4" not in found
        assert "Proxy-Authorization: Digest ****" in found
        assert "d0RmdmcmVC" not in found
        assert "clear:open" not in found
        assert "m=audio 30000 RTP/SAVP 8" in found
    assert NUMBER in without_secrets(invite(extra=SECRET)).decode()


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_other_line_ends_hide_as_much(end):
    data = invite(extra=SECRET, body=KEYED).replace(b"\r\n", end)
    for left in (b"6629fae4", b"d0RmdmcmVC", b"eyJ", b"Li of", b"12345678"):
        assert left not in masked(data)
    folded = invite(extra=SECRET.replace("Digest ", "Digest\n "))
    assert b"6629fae4" not in without_secrets(folded.replace(b"\r\n", end))


def test_who_speaks_is_hidden_in_sdp_and_in_passports():
    found = masked(invite(extra=SECRET, body=KEYED)).decode()
    assert "eyJ" not in found
    for left in ("Li of", "139", "1234"):
        assert left not in found.partition("\r\n\r\n")[2]
    assert "c=IN IP4 198.51.100.21" in found


def test_of_other_bodies_only_the_length_is_left():
    data = request("MESSAGE", body="my code is 99\nand my name is Li\n").replace(b"application/sdp", b"text/plain")
    found = masked(data)
    body = found.partition(b"\r\n\r\n")[2]
    assert set(body) == set(b"*\r\n")
    assert len(body) == int(header(found, "Content-Length"))


@pytest.mark.parametrize("body", [KEYED, "hello 13912345678 \u4f60\u597d"])
def test_a_body_keeps_its_length(body):
    for sort in (b"application/sdp", b"text/plain"):
        data = invite(body=body).replace(b"application/sdp", sort)
        assert len(masked(data).partition(b"\r\n\r\n")[2]) == len(data.partition(b"\r\n\r\n")[2])


@given(st.binary(max_size=300))
def test_no_octets_make_it_fail(data):
    masked(data)
    without_secrets(invite() + data)


@given(st.text(alphabet="0123456789-. ()", min_size=7, max_size=30))
def test_no_spelling_of_a_number_shows_more_than_its_ends(text):
    digits = re.sub(r"\D", "", text)
    if len(digits) < 7 or re.search(r"\D{4}", text) or re.match(r"\D*\d{1,3}(\.\d{1,3}){3}", text):
        return
    found = masked(invite(extra=f"X-Said: {text}"))
    assert len(re.sub(r"[^0-9]", "", header(found, "X-Said"))) <= 6
