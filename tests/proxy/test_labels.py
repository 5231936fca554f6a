"""The label before a caller's name: seen by the callee alone, in every message of the dialog."""

from __future__ import annotations

import pytest

from proxy.labels import label_from, without_name, without_verstat
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, Playbook, from_callee, in_dialog, only

LABEL = "疑似骚扰"
CAME = f'"Wren" <sip:{wire.CALLER}@wren.example>;tag=wren'
BARE = f"<sip:{wire.CALLER}@wren.example>;tag=wren"
LABELLED = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", label=LABEL)


def answered(verdict: Verdict = LABELLED) -> tuple[Playbook, bytes, bytes]:
    """A labelled call that is up: the INVITE as the PBX got it, the 200 as the caller got it."""
    play = Playbook()
    play.verdict = verdict
    down = play.forwarded(from_=CAME)
    return play, down, only(play.pbx(wire.answer(down)), to=wire.TRUNK)


@pytest.mark.parametrize(
    ("line", "labelled"),
    [
        (b"From: <sip:a@b>;tag=1", b'From: "[!]" <sip:a@b>;tag=1'),
        (b"From: sip:a@b;tag=1", b'From: "[!]" <sip:a@b>;tag=1'),
        (b"f:Bob <sip:a@b>", b'f: "[!] Bob" <sip:a@b>'),
        (b'From: "B \\"x\\" \\\\" <sip:a@b>;tag=1', b'From: "[!] B \\"x\\" \\\\" <sip:a@b>;tag=1'),
        ('From: "Ёж" <sip:a@b>'.encode(), '"[!] Ёж" <sip:a@b>'.encode()),
        (b"From: nonsense", b"From: nonsense"),
    ],
)
def test_a_label_stands_before_the_display_name(line: bytes, labelled: bytes):
    assert label_from(line, "[!]").endswith(labelled)


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        (b'To: "[!] Bob" <sip:a@b>;tag=1', b"To: <sip:a@b>;tag=1"),
        (b"t:Bob <sip:a@b>;tag=1", b"t: <sip:a@b>;tag=1"),
        (b"To: <sip:a@b>;tag=1", b"To: <sip:a@b>;tag=1"),
        (b"To: sip:a@b;tag=1", b"To: sip:a@b;tag=1"),
        (b"To: nonsense", b"To: nonsense"),
    ],
)
def test_a_name_comes_off_and_nothing_else(line: bytes, bare: bytes):
    assert without_name(line) == bare


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO", "MESSAGE", "REFER"])
def test_requests_of_the_callee_do_not_carry_the_label_back(method: str):
    """The callee's UA writes into To what it got as From (RFC 3261 12.2.1.1)."""
    play, down, _ = answered()
    request = from_callee(method, down)
    assert LABEL in wire.header(request, "To")
    up = only(play.pbx(request), to=wire.TRUNK)
    assert wire.header(up, "To") == BARE
    answer = only(play.trunk(wire.response(200, up)), to=wire.PBX)
    assert wire.header(answer, "To") == wire.header(request, "To"), "as its own request had it (8.2.6.2)"


def test_neither_does_its_ack_nor_its_cancel():
    play, down, _ = answered()
    again = from_callee("INVITE", down)
    up = only(play.pbx(again), to=wire.TRUNK)
    play.trunk(wire.response(180, up))
    assert wire.header(only(play.pbx(wire.cancel(again)), to=wire.TRUNK), "To") == BARE
    acknowledged = only(play.pbx(from_callee("ACK", down, branch="z9hG4bKack")), to=wire.TRUNK)
    assert wire.header(acknowledged, "To") == BARE


def test_requests_of_the_caller_go_on_as_they_came():
    play, _, up = answered()
    bye = only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)
    assert wire.header(bye, "From") == CAME
    assert wire.header(only(play.pbx(wire.response(200, bye)), to=wire.TRUNK), "From") == CAME


def test_another_node_or_a_later_start_takes_it_off_too():
    """What has to be known stands in the token, signed."""
    _, down, _ = answered()
    assert wire.header(only(Playbook().pbx(from_callee("BYE", down)), to=wire.TRUNK), "To") == BARE


def test_a_dialog_without_a_label_keeps_its_names():
    play, down, _ = answered(Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance"))
    assert wire.header(only(play.pbx(from_callee("BYE", down)), to=wire.TRUNK), "To") == CAME


def test_a_rule_rings_in_its_own_way_whatever_the_caller_wishes():
    play = Playbook(distinct_ring="urn:alert:source:external")
    play.verdict = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", ring="urn:alert:tone:caution")
    extra = "Contact: <sip:wren@198.51.100.21:5060>\nAlert-Info: <http://wren.example/nice.wav>"
    assert wire.headers(play.forwarded(extra=extra), "Alert-Info") == ["<urn:alert:tone:caution>"]


# A trusted trunk: telephones take the name from P-Asserted-Identity and Remote-Party-ID, too


TRUSTED = [{"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "identity": "trusted"}]
ASSERTED = [
    (f'"Wren" <sip:{wire.CALLER}@h>', f'"{LABEL} Wren" <sip:{wire.CALLER}@h>'),
    (f"<tel:{wire.CALLER}>", f'"{LABEL}" <tel:{wire.CALLER}>'),
    (f"sip:{wire.CALLER}@h;x=1", f'"{LABEL}" <sip:{wire.CALLER}@h>;x=1'),
    (f'Wren <sip:{wire.CALLER}@h>, "W" <tel:1>', f'"{LABEL} Wren" <sip:{wire.CALLER}@h>, "{LABEL} W" <tel:1>'),
]
IDENTITIES = ["P-Asserted-Identity", "Remote-Party-ID"]


def trusted(verdict: Verdict = LABELLED) -> Playbook:
    play = Playbook(trunks=TRUSTED)
    play.verdict = verdict
    return play


@pytest.mark.parametrize("name", IDENTITIES)
@pytest.mark.parametrize(("came", "leaves"), ASSERTED)
def test_what_a_trusted_trunk_asserts_is_labelled_as_from_is(name: str, came: str, leaves: str):
    down = trusted().forwarded(from_=CAME, extra=f"{name}: {came}")
    assert wire.headers(down, name) == [leaves]
    assert wire.header(down, "From") == CAME.replace('"Wren"', f'"{LABEL} Wren"')


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_that_telephones_could_read_otherwise_is_dropped(name: str):
    assert not wire.headers(trusted().forwarded(extra=f"{name}: O/B <sip:1@h>, x/y <sip:2@h>"), name)


@pytest.mark.parametrize("name", IDENTITIES)
def test_a_call_without_a_label_keeps_what_was_asserted(name: str):
    verdict = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance")
    assert wire.headers(trusted(verdict).forwarded(extra=f"{name}: {ASSERTED[0][0]}"), name) == [ASSERTED[0][0]]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_request_of_the_caller_that_may_change_the_name_is_labelled_too(method: str):
    play = trusted()
    down = play.forwarded(from_=CAME, extra=f"P-Asserted-Identity: {ASSERTED[0][0]}")
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    play.trunk(in_dialog("ACK", up))
    extra = "".join(f"{name}: {ASSERTED[0][0]}\r\n" for name in IDENTITIES).encode()
    again = in_dialog(method, up, cseq=2).replace(b"Max-Forwards", extra + b"Max-Forwards", 1)
    sent = only([each for each in play.trunk(again) if each.method], to=wire.PBX)
    assert wire.header(sent, "From") == CAME.replace('"Wren"', f'"{LABEL} Wren"')
    assert [wire.headers(sent, name) for name in IDENTITIES] == [[ASSERTED[0][1]]] * 2
    answer = only([each for each in play.pbx(wire.response(200, sent)) if each.status == 200], to=wire.TRUNK)
    assert wire.header(answer, "From") == CAME


def test_after_a_restart_the_operators_label_stands_there_or_no_name_at_all():
    """A rule's label is not in the token, only its mark."""
    play = trusted()
    up = only(play.pbx(wire.answer(play.forwarded(from_=CAME))), to=wire.TRUNK)
    again = in_dialog("INVITE", up, cseq=2).replace(
        b"Max-Forwards", f"P-Asserted-Identity: {ASSERTED[0][0]}\r\nMax-Forwards".encode(), 1
    )
    for operator, name in (("[!]", '"[!] Wren" '), ("", "")):
        other = Playbook(trunks=TRUSTED, label=operator)
        sent = only([each for each in other.trunk(again) if each.method], to=wire.PBX)
        assert wire.header(sent, "From") == CAME.replace('"Wren" ', name)
        assert wire.headers(sent, "P-Asserted-Identity") == ([f"{name}<sip:{wire.CALLER}@h>"] if operator else [])


@pytest.mark.parametrize("name", ["O/Brien", "Smith, Bob", "#1"])
def test_a_name_as_telephones_write_it_is_labelled(name: str):
    play = Playbook()
    play.verdict = LABELLED
    down = play.forwarded(from_=f"{name} <sip:{wire.CALLER}@wren.example>;tag=wren")
    assert wire.header(down, "From") == f'"{LABEL} {name}" <sip:{wire.CALLER}@wren.example>;tag=wren'


# What was verified is not for a stranger to say


@pytest.mark.parametrize(
    ("came", "leaves"),
    [
        ("<sip:1;verstat=TN-Validation-Passed@h>;tag=a", "<sip:1@h>;tag=a"),
        ("<sip:1@h;verstat=TN-Validation-Passed>;tag=a", "<sip:1@h>;tag=a"),
        ("<tel:1;verstat=TN-Validation-Passed>;tag=a", "<tel:1>;tag=a"),
        ("tel:1;verstat=TN-Validation-Passed;tag=a", "tel:1;tag=a"),
        ("<sip:1@h>;verstat=TN-Validation-Passed;tag=a", "<sip:1@h>;tag=a"),
        ("<sip:1@h>;tag=a;Verstat=x", "<sip:1@h>;tag=a"),
        ("<sip:1;cpc=x;VERSTAT=No-TN-Validation;y=z@h;user=phone>;tag=a", "<sip:1;cpc=x;y=z@h;user=phone>;tag=a"),
        ("<sip:1;%76er%53tat=TN-Validation-Passed@h>;tag=a", "<sip:1@h>;tag=a"),
        ("<sip:1;verstat@h>;tag=a", "<sip:1@h>;tag=a"),
        ('<sip:1@h>;verstat="a;b";tag=a', "<sip:1@h>;tag=a"),
        ("<sip:1;verstat=a;verstat=b@h>;tag=a", "<sip:1@h>;tag=a"),
        ("<sip:1;verstatus=a@h>;tag=a", "<sip:1;verstatus=a@h>;tag=a"),
        ('";verstat=x" <sip:1@h;user=phone>;tag=a', '";verstat=x" <sip:1@h;user=phone>;tag=a'),
    ],
)
def test_verstat_of_a_stranger_never_reaches_the_pbx(came: str, leaves: str):
    play = Playbook()
    down = play.forwarded(from_=came)
    assert wire.header(down, "From") == leaves
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert wire.header(up, "From") == came
    bye = only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)
    assert wire.header(bye, "From") == leaves
    acknowledged = only(play.trunk(in_dialog("ACK", up)), to=wire.PBX)
    assert wire.header(acknowledged, "From") == leaves
    assert (
        wire.header(trusted(Verdict(Action.FORWARD, Step.DEFAULT, decision=DECISION)).forwarded(from_=came), "From")
        == came
    )


def test_verstat_goes_and_the_label_comes():
    play = Playbook()
    play.verdict = LABELLED
    down = play.forwarded(from_="<sip:1;verstat=TN-Validation-Passed@h>;tag=a")
    assert wire.header(down, "From") == f'"{LABEL}" <sip:1@h>;tag=a'


@pytest.mark.parametrize(
    "name",
    ["Attestation-Info", "Origination-Id", "P-Attestation-Indicator", "P-Origination-ID"],
)
def test_nor_does_an_attestation_of_a_stranger(name: str):
    assert not wire.headers(Playbook().forwarded(extra=f"{name}: A"), name)
    assert wire.headers(trusted().forwarded(extra=f"{name}: A"), name) == ["A"]


@pytest.mark.parametrize(("where", "named", "reasoned"), [("name", 1, 0), ("call-info", 0, 1), ("both", 1, 1)])
def test_the_operator_chooses_where_labels_stand(where: str, named: bool, reasoned: bool):
    play = Playbook(trunks=TRUSTED, label_in=where)
    play.verdict = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", label='A "b"')
    extra = (
        'Contact: <sip:a@198.51.100.21>\nCall-Info: <http://w/i>;purpose=icon\nCall-Info: <data:>;call-reason="Friend"'
    )
    down = play.forwarded(from_=CAME, extra=extra)
    assert wire.header(down, "From").startswith('"A \\"b\\" Wren"') is bool(named)
    said = '<data:>;purpose=jcard;call-reason="A \\"b\\""' if reasoned else '<data:>;call-reason="Friend"'
    assert wire.headers(down, "Call-Info") == ["<http://w/i>;purpose=icon", said]
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert wire.header(up, "From") == CAME


@pytest.mark.parametrize("written", ["%3bverstat=", "%3Bverstat%3D", ";verstat%3d"])
def test_an_escaped_verstat_of_a_stranger_goes_as_well(written):
    line = f"From: <sip:13700003333{written}TN-Validation-Passed@x>;tag=a".encode()
    assert without_verstat(line) == b"From: <sip:13700003333@x>;tag=a"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
def test_what_a_trusted_trunk_asserts_in_the_callers_responses_is_labelled_too(name: str, method: str):
    play = Playbook(trunks=TRUSTED)
    play.verdict = LABELLED
    down = play.forwarded(from_=CAME)
    only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    up = only(play.pbx(from_callee(method, down)), to=wire.TRUNK)
    came = f'{name}: "Wren" <sip:{wire.CALLER}@h>'
    answer = only(play.trunk(wire.response(200, up, extra=came)), to=wire.PBX)
    assert wire.headers(answer, name) == [f'"{LABEL} Wren" <sip:{wire.CALLER}@h>']


def test_in_a_call_without_a_label_they_stay():
    play = Playbook(trunks=TRUSTED)
    down = play.forwarded(from_=CAME)
    only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    up = only(play.pbx(from_callee("UPDATE", down)), to=wire.TRUNK)
    came = f'P-Asserted-Identity: "Wren" <sip:{wire.CALLER}@h>'
    assert came.encode() in only(play.trunk(wire.response(200, up, extra=came)), to=wire.PBX)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("where", ["call-info", "both", "name"])
def test_why_he_calls_is_told_whenever_the_caller_says_it_again(where: str, mask: bool, method: str):
    play = Playbook(trunks=TRUSTED, label_in=where)
    play.verdict = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", label=LABEL, mask=mask)
    down = play.forwarded(from_=CAME)
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    again = in_dialog(method, up, cseq=2, extra='Call-Info: <data:>;purpose=jcard;call-reason="It is Wren"')
    sent = only([each for each in play.trunk(again) if each.method], to=wire.PBX)
    ours = f'<data:>;purpose=jcard;call-reason="{LABEL}"'
    own = [] if mask else ['<data:>;purpose=jcard;call-reason="It is Wren"']
    assert wire.headers(sent, "Call-Info") == (own if where == "name" else [ours])
