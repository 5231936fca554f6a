"""A trunk whose calls are only asked about: each is judged as any other and answered, and none goes on from here."""

from __future__ import annotations

import pytest

from proxy.places import Known
from proxy.redirecting import marked_uri
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, FORWARD, REJECT, SETTINGS, TAG, Playbook, briefs, in_dialog, only

HELP = Verdict(Action.TAG, Step.EMERGENCY, decision=DECISION, rule="blocked")
DIVERT = Verdict(Action.DIVERT, Step.RULES, decision=DECISION, rule="nuisance", destination="desk")
URI = f"sip:{wire.CALLED}@{wire.US}"
MARKS = (
    ";x-ringfence-verdict=suspected;x-ringfence-rule=nuisance;x-ringfence-decision=" + DECISION,
    "?X-Ringfence-Verdict=suspected&X-Ringfence-Rule=nuisance&X-Ringfence-Decision=" + DECISION,
)


def asked(
    verdict: Verdict | None = FORWARD, forward: int = 404, trunk: dict[str, object] | None = None, **more: object
):
    """A node that is asked about calls, and gives each that verdict."""
    own = {**SETTINGS["trunks"][0], "answer": "redirect", "redirect": {"forward": forward}, **(trunk or {})}
    play = Playbook(trunks=[own], destinations={"desk": "sip:desk@203.0.113.77:5070"}, **more)
    play.verdict = verdict
    return play


@pytest.mark.parametrize(
    ("verdict", "forward", "status", "contact", "reason"),
    [
        (FORWARD, 404, 404, "", ""),
        (FORWARD, 503, 503, "", ""),
        (HELP, 404, 404, "", ""),  # nobody has to understand a 302 for an emergency call to go on
        (REJECT, 404, 603, "", f'SIP;cause=603;text="{DECISION}"'),
        (TAG, 404, 302, f"<{URI}{MARKS[0]}{MARKS[1]}>", ""),
        (DIVERT, 503, 302, f"<sip:desk@203.0.113.77:5070{MARKS[0]}{MARKS[1]}>".replace("suspected", "diverted"), ""),
        (Verdict(Action.FORWARD, Step.FAIL_OPEN), 503, 503, "", ""),  # it could not be judged
    ],
)
def test_each_verdict_has_its_answer_and_nothing_goes_on(
    verdict: Verdict, forward: int, status: int, contact: str, reason: str
):
    play = asked(verdict, forward)
    final = only(play.trunk(wire.invite()))
    assert (wire.status(final), wire.header(final, "Contact"), wire.header(final, "Reason")) == (
        status,
        contact,
        reason,
    )
    if status != 603:
        assert wire.header(final, "X-Ringfence-Decision") == verdict.decision
    said = {"tag": "suspected", "divert": "diverted"}[verdict.action] if status == 302 else ""
    assert wire.header(final, "X-Ringfence-Verdict") == said
    assert wire.header(final, "Retry-After") == ""
    play.trunk(wire.ack(wire.invite(), final))
    assert briefs(play.wait(60)) == []
    assert {each.to for each in play.log} == {wire.TRUNK}
    assert play.held == 0


def test_who_called_is_told_with_a_diversion():
    final = only(asked(DIVERT).trunk(wire.invite()))
    assert wire.header(final, "Diversion") == f"<{URI}>;reason=unconditional;counter=1"


def test_label_and_ring_of_a_tag_are_told_with_it():
    play = asked(TAG, label="[可疑 &]", distinct_ring="http://rings.example/slow?a=1")
    contact = wire.header(only(play.trunk(wire.invite())), "Contact")
    params, _, fields = contact.partition("?")
    assert ";x-ringfence-label=%5B%E5%8F%AF%E7%96%91%20%26%5D" in params
    assert "&X-Ringfence-Label=%5B%E5%8F%AF%E7%96%91%20%26%5D" in fields
    assert "Alert-Info=%3Chttp%3A%2F%2Frings.example%2Fslow%3Fa%3D1%3E" in fields
    assert "alert" not in params.lower()


@pytest.mark.parametrize(
    ("uri", "marked"),
    [
        (b"sip:1@h", b"sip:1@h;x-ringfence-verdict=suspected?X-Ringfence-Verdict=suspected"),
        (b"sip:1@h;lr?Subject=x", b"sip:1@h;lr;x-ringfence-verdict=suspected?X-Ringfence-Verdict=suspected"),
        (b"sips:1@h", b"sips:1@h;x-ringfence-verdict=suspected?X-Ringfence-Verdict=suspected"),
        (b"tel:+861", b"tel:+861;x-ringfence-verdict=suspected"),
    ],
)  # fmt: skip
def test_any_uri_carries_the_marks(uri: bytes, marked: bytes):
    assert marked_uri(uri, [b"X-Ringfence-Verdict: suspected"]) == marked


def test_an_invite_that_comes_again_gets_the_same_answer_and_a_cancel_ends_nothing():
    play = asked()
    first = only(play.trunk(wire.invite()))
    assert only(play.trunk(wire.invite())) == first
    assert briefs(play.trunk(wire.cancel(wire.invite()))) == ["200"]
    play.trunk(wire.ack(wire.invite(), first))
    assert play.wait(60) == []
    assert len(play.calls) == 1


def test_it_is_repeated_until_it_is_acknowledged():
    play = asked(TAG)
    final = only(play.trunk(wire.invite()))
    assert [each.data for each in play.wait(2)] == [final, final]


# What a proxy refuses, and whoever asks may well read and ring for.
UNREAD = {
    "From": wire.invite(from_="nobody <"),
    "no From": wire.invite().replace(b"\r\nFrom: ", b"\r\nX-F: "),
    "Call-ID": wire.invite(call_id=""),
    "CSeq": wire.invite(cseq=4_294_967_299),
    "Route": wire.invite(extra=f"Route: <sip:{wire.US};lr>, <sip:203.0.113.99;lr>"),
    "bad Route": wire.invite(extra="Route: <sip:"),
    "header of 17 kB": wire.invite(extra="X: " + "y" * 17_000),
    "420 lines": wire.invite(extra="X: y\n" * 420),
    "80 Vias": wire.invite(extra="Via: SIP/2.0/UDP a\n" * 80),
    "17 kB and 80 Vias": wire.invite(extra="Via: SIP/2.0/UDP a\n" * 80 + "X: " + "y" * 17_000),
    "control in From": wire.invite(from_=f"<sip:{wire.CALLER}%00@h>;tag=w"),
    "control in To": wire.invite(to=f"<sip:{wire.CALLED}%00@h>"),
    "control in URI": wire.invite(uri=f"sip:{wire.CALLED}%00@h"),
    "fields in URI": wire.invite(uri=f"{URI}?X=y"),
    "length": wire.invite().replace(b"Content-Length: ", b"Content-Length: 9"),
    # Kamailio and pjsip read names of methods without regard to capitals: theirs ring for this.
    "small letters": wire.invite().replace(b"INVITE sip:", b"invite sip:").replace(b" INVITE\r\n", b" invite\r\n"),
    "blanks in the request line": wire.invite().replace(b"INVITE sip:", b" InvitE\t  sip:"),
    "tabs alone in the request line": wire.invite().replace(
        f"INVITE {URI} SIP".encode(), f"INVITE\t{URI}\tSIP".encode()
    ),
    "NUL in the request line": wire.invite().replace(b"INVITE sip:", b"INVITE\0sip:"),
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_can_be_read_in_part_is_judged_by_that_and_marked(what: str):
    refused = only(asked(REJECT).trunk(UNREAD[what]))
    assert wire.status(refused) == 603
    play = asked(FORWARD)
    marked = only(play.trunk(UNREAD[what]))
    assert wire.status(marked) == 302
    assert wire.header(marked, "X-Ringfence-Verdict") == "suspected"
    assert wire.header(marked, "X-Ringfence-Decision") == DECISION
    assert wire.header(marked, "Warning").startswith('399 ringfence "not judged: ')
    assert ";x-ringfence-verdict=suspected" in wire.header(marked, "Contact")
    assert play.calls[0].facts == {"readings_differ": True}
    assert wire.status(only(asked(TAG).trunk(UNREAD[what]))) == 302
    closed = only(asked(trunk={"fail_closed": True}).trunk(UNREAD[what]))
    assert wire.status(closed) not in (404, 302)
    help_ = UNREAD[what].replace(f"sip:{wire.CALLED}".encode(), b"sip:112", 1)
    assert wire.status(only(asked(HELP).trunk(help_))) == 404


@pytest.mark.parametrize(
    ("invite", "contact"),
    [
        (wire.invite(uri="mailto:x@rook.example"), False),
        (wire.invite().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1), True),
        (wire.invite(via="nonsense"), True),
    ],
)
def test_what_can_not_be_judged_goes_on_with_a_mark_and_says_why(invite: bytes, contact: bool):
    final = only(asked().trunk(invite))
    assert wire.status(final) == 302
    assert wire.header(final, "X-Ringfence-Verdict") == "suspected"
    assert wire.header(final, "Contact").startswith("<sip:") is contact
    assert wire.header(final, "Warning").startswith('399 ringfence "not judged: ')
    closed = only(asked(trunk={"fail_closed": True}).trunk(invite))
    assert wire.status(closed) not in (404, 302)


@pytest.mark.parametrize(
    "invite",
    [wire.invite(max_forwards="0"), wire.invite(extra="Require: 100rel,none-such\nProxy-Require: none-such")],
)
def test_what_only_who_forwards_has_to_refuse_is_judged(invite: bytes):
    """RFC 3261 16.3 is for proxies: a listed caller would go on by a Max-Forwards of 0."""
    assert wire.status(only(asked(REJECT).trunk(invite))) == 603


@pytest.mark.parametrize("why", ["draining", "too_late"])
def test_nothing_that_ails_us_stops_a_call(why: str):
    play = asked(REJECT)
    setattr(play.core, why, True)
    assert wire.status(only(play.trunk(wire.invite()))) == 404


def test_over_its_rate_it_goes_on_unjudged():
    play = asked(REJECT, trunk={"calls_per_second": 1, "calls_burst": 1})
    play.trunk(wire.invite())
    again = wire.invite(call_id="other", via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKother")
    assert wire.status(only(play.trunk(again))) == 404
    assert len(play.calls) == 1


def test_a_fault_in_the_answer_costs_no_call():
    unspeakable = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="odd", label="\udcff")
    final = only(asked(unspeakable).trunk(wire.invite()))
    assert wire.status(final) == 404
    assert "UnicodeEncodeError" in wire.header(final, "Warning")


@pytest.mark.parametrize(
    ("method", "to", "status"),
    [
        ("OPTIONS", "", 200),
        ("SUBSCRIBE", "", 405),
        ("REGISTER", "", 405),
        ("MESSAGE", "", 405),
        ("BYE", ";tag=x", 481),
        ("UPDATE", ";tag=x", 481),
        ("INFO", ";tag=x", 481),
    ],
)
def test_nothing_else_goes_on_either(method: str, to: str, status: int):
    play = asked()
    play.core.peers.of("pbx", "office")[0].refused(play.now, "refused")
    uri = f"sip:someone@{wire.US}"
    sent = play.trunk(wire.request(method, uri=uri, to=f"<{URI}>{to}"))
    assert [(each.to, each.status) for each in sent] == [(wire.TRUNK, status)]
    assert play.trunk(wire.request("ACK", to=f"<{URI}>;tag=x", extra=f"Route: <sip:{wire.US};lr>")) == []


def test_a_text_is_answered_as_a_call_is_where_its_trunk_may_send_any():
    play = asked(TAG, trunk={"methods": ["MESSAGE"]})
    final = only(play.trunk(wire.request("MESSAGE", body="hello")))
    assert wire.header(final, "Contact").startswith(f"<{URI};x-ringfence-verdict=suspected")


def test_a_call_that_went_on_counts_as_one_that_rang_and_whose_end_nobody_knows():
    play = asked(TAG)
    play.trunk(wire.invite())
    [(decision, outcome)] = play.outcomes
    assert decision == DECISION
    assert (outcome.status, outcome.rang, outcome.open) == (302, True, True)
    play.verdict = REJECT
    play.trunk(wire.invite(call_id="two", via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKtwo"))
    assert play.outcomes[-1][1][:2] == (603, False)
    assert not play.outcomes[-1][1].open


def test_a_stranger_is_sent_no_more_than_he_sent_and_his_call_goes_on():
    default = {**SETTINGS["trunks"][0], "name": "default", "addresses": [], "answer": "redirect"}
    play = Playbook(trunks=[default])
    play.verdict = TAG
    small = wire.request("INVITE", from_="<sip:1@h>;tag=w", call_id="c", extra="", max_forwards="70")
    final = only(play.receive(small, wire.STRANGER))
    assert wire.status(final) == 404
    assert len(final) <= len(small)
    whole = wire.invite(extra="Contact: <sip:wren@192.0.2.66>\nX-Long: " + "y" * 400)
    play = Playbook(trunks=[default])
    play.verdict = TAG
    assert wire.status(only(play.receive(whole, wire.STRANGER))) == 302


def test_numbers_that_nobody_may_have_ban_nobody_who_asks():
    play = Playbook(trunks=[{**SETTINGS["trunks"][0], "name": "default", "addresses": [], "answer": "redirect"}])
    for number in range(30):
        uri = f"sip:+8613800138{number:03}@{wire.US}"
        via = f"SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK{number}"
        play.receive(wire.invite(uri=uri, via=via, call_id=str(number)), wire.STRANGER)
    assert play.banned == []


def test_a_dialog_of_before_the_change_goes_on_until_its_end():
    play = Playbook()
    _, up = play.answered()
    trunk = {**SETTINGS["trunks"][0], "answer": "redirect"}
    play.reload(trunks=[trunk])
    assert briefs(play.trunk(in_dialog("BYE", up, cseq=2))) == ["BYE"]
    assert briefs(play.trunk(wire.invite(call_id="new", via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKnew"))) == [
        "404"
    ]


@pytest.mark.parametrize("forward", ["404", 404, "503"])
def test_going_on_is_said_by_404_or_503(forward: object):
    assert asked(forward=forward).settings.trunks[0].redirect.forward in (404, 503)


@pytest.mark.parametrize("forward", ["603", 200, "go"])
def test_and_by_nothing_else(forward: object):
    with pytest.raises(ValueError, match="forward"):
        asked(forward=forward)


def test_it_needs_no_pbx():
    play = asked(TAG, pbxes=[])
    assert wire.status(only(play.trunk(wire.invite()))) == 302
    assert briefs(play.trunk(wire.request("OPTIONS", uri=f"sip:{wire.US}"))) == ["200"]
    assert play.core.pbx_lives(play.now)
    assert play.core.ailments() == []
    play.topology.places.remember([Known("host", "198.51.100.9", 0, "gone")])
    play.trunk(wire.request("ACK", call_id="none", to=f"<{URI}>;tag=x"))
    assert len(play.log) == 2


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        (b"sip:13800138000@h;x-ringfence-verdict=none", b"sip:13800138000@h"),
        (b"sip:13800138000@h;X-Ringfence-Verdict;user=phone", b"sip:13800138000@h;user=phone"),
        (b"sip:13800138000@h;x%2dringfence-verdict=diverted;lr", b"sip:13800138000@h;lr"),
        (b"sip:13800138000;x-ringfence-verdict=a@h", b"sip:13800138000;x-ringfence-verdict=a@h"),
        (b"sip:13800138000@h;x-ringfence-verdict=none;y=@z", b"sip:13800138000@h;y=@z"),
        (b"sip:13800138000@h;x-ringfence-verdict=none@z", b"sip:13800138000@h"),
        (b"sip:13800138000@h;a=;=;=b;a,b;a=b,c;;a=b=c;lr;user=phone", b"sip:13800138000@h;lr;user=phone"),
    ],
)
def test_a_mark_that_the_caller_wrote_into_the_uri_is_none_of_ours(uri: bytes, plain: bytes):
    """A dial plan takes the first parameter of a name."""
    marks = [b"X-Ringfence-Verdict: suspected"]
    marked = plain + b";x-ringfence-verdict=suspected?X-Ringfence-Verdict=suspected"
    assert marked_uri(uri, marks) == marked
    assert marked_uri(b"tel:13800138000;x-ringfence-verdict=none", marks) == (
        b"tel:13800138000;x-ringfence-verdict=suspected"
    )
