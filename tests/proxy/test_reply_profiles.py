"""Reply profiles: 603+ (ATIS-1000099), 608 (RFC 8688), 433 (RFC 5079), own header lines, phrases in any script."""

import pytest

from proxy.reply_profiles import reserved
from tests import wire
from tests.playbook import DECISION, REJECT, Playbook, only

URL = "https://callers.example.com/why/{decision}"
PAGE = URL.replace("{decision}", DECISION)
CARD = "https://callers.example.com/card.jws"
KNOWS = "Feature-Caps: *;+sip.608"


def rejected(profile: dict[str, object], *more: str, others: dict[str, object] | None = None, **call: str) -> bytes:
    """The answer that a caller gets where this profile applies."""
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"], "profile": "own"}
    play = Playbook(trunks=[trunk], profiles={"own": profile, **(others or {})})
    play.verdict = REJECT
    invite = wire.invite(extra="\n".join(["Contact: <sip:wren@198.51.100.21:5060>", *more]), **call)
    return only(play.trunk(invite))


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({"url": URL}, f'SIP;cause=603;text="v=analytics1;url={PAGE};id={DECISION}"'),
        (
            {"url": URL, "email": "redress@example.com", "tel": "+18005550100", "location": "LN"},
            f'SIP;cause=603;text="v=analytics1;url={PAGE};tel=+18005550100;email=redress@example.com;id={DECISION}"'
            ";location=LN",
        ),
        (
            {"email": "a@example.com", "reason": "Q.850"},
            f'Q.850;cause=21;text="v=analytics1;email=a@example.com;id={DECISION}"',
        ),
    ],
)
def test_603_plus_says_that_the_network_blocked_it_and_whom_to_turn_to(profile: dict[str, object], reason: str):
    answer = rejected({"analytics": True, **profile})
    assert wire.start_line(answer) == "SIP/2.0 603 Network Blocked"
    assert wire.header(answer, "Reason") == reason


@pytest.mark.parametrize("shown", ["*;+sip.608", "*;+SIP.608;+sip.607", "*;+sip.607 , *;+sip.608", '*;+sip.608="x"'])
def test_608_goes_to_who_has_shown_that_he_knows_it(shown: str):
    answer = rejected({"status": 608, "card": CARD}, f"Feature-Caps: {shown}")
    assert wire.start_line(answer) == "SIP/2.0 608 Rejected"
    assert wire.header(answer, "Call-Info") == f"<{CARD}>;purpose=jwscard"
    assert wire.header(answer, "Reason") == f'SIP;cause=608;text="{DECISION}"'


@pytest.mark.parametrize("more", [(), ("Feature-Caps: *;+sip.607",), ("Feature-Caps: *;+sip.6080;x=sip.608",)])
def test_whoever_has_not_shown_it_gets_another_word(more: tuple[str, ...]):
    """RFC 8688 3.4: he would have to be told aloud."""
    named = {"status": 608, "otherwise": "busy"}
    assert wire.start_line(rejected({"status": 608}, *more)) == "SIP/2.0 603 Decline"
    assert wire.start_line(rejected(named, *more, others={"busy": {"status": 486}})) == "SIP/2.0 486 Busy Here"
    assert wire.start_line(rejected({"status": 608, "otherwise": "own"}, *more)) == "SIP/2.0 608 Rejected"


def test_a_second_line_of_feature_caps_counts():
    assert b" 608 " in rejected({"status": 608}, "Feature-Caps: *;+sip.607", KNOWS)


@pytest.mark.parametrize(
    ("caller", "more", "status"),
    [
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a', (), "433 Anonymity Disallowed"),
        ("<sip:+8613912345678@192.0.2.1>;tag=a", ("Privacy: id;critical",), "433 Anonymity Disallowed"),
        ("<sip:+8613912345678@192.0.2.1>;tag=a", ("Privacy: none",), "603 Decline"),
        ("<sip:+8613912345678@192.0.2.1>;tag=a", (), "603 Decline"),
    ],
)
def test_433_may_be_kept_for_who_is_anonymous(caller: str, more: tuple[str, ...], status: str):
    answer = rejected({"status": 433, "otherwise": "decline"}, *more, from_=caller)
    assert wire.start_line(answer) == f"SIP/2.0 {status}"


def test_header_lines_of_ones_own_hold_what_the_decision_gives():
    headers = {"Error-Info": "<{url}>", "X-Ref": "{decision}/{decision}", "X-Words": "按运营商规则拒绝"}
    answer = rejected({"headers": headers, "url": URL, "reason": "none"})
    assert wire.header(answer, "Error-Info") == f"<{PAGE}>"
    assert wire.header(answer, "X-Ref") == f"{DECISION}/{DECISION}"
    assert "X-Words: 按运营商规则拒绝\r\n".encode() in answer
    assert b"Reason:" not in answer


def test_a_phrase_may_be_in_any_script():
    assert rejected({"phrase": "骚扰电话已拦截"}).startswith("SIP/2.0 603 骚扰电话已拦截\r\n".encode())


@pytest.mark.parametrize(
    "name", ["Via", "v", "TO", "call-id", "Content-Length", "l", "Reason", "X-Ringfence-Rule", "Contact"]
)
def test_nobody_writes_what_the_proxy_writes(name: str):
    assert reserved(name)
