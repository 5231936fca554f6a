"""The PBX is told what a signature proved, whatever a stranger had written there, and the caller sees his own From."""

from typing import Any

import pytest

from tests import wire
from tests.playbook import FORWARD, Playbook, only

SIGNED = "Contact: <sip:wren@198.51.100.21:5060>\nIdentity: a.b.c;info=<https://cert.example.org/>"
TRUSTED: dict[str, Any] = {
    "trunks": [{"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "identity": "trusted"}]
}


def forwarded(play: Playbook, level: str, **fields: str) -> bytes:
    play.trunk(wire.invite(**{"extra": SIGNED, **fields}))
    context = play.to_verify.pop()
    context.attestation = level
    mark = len(play.log)
    play.core.decided(context, FORWARD, play.now)
    play._perform()
    return only(play.log[mark:], to=wire.PBX)


def on(verstat: object = "uri", **settings: Any) -> Playbook:
    return Playbook(identity={"authorities": "ca.pem", "hosts": ["a.example"], "verstat": verstat}, **settings)


@pytest.mark.parametrize(
    ("level", "value"),
    [
        ("A", "TN-Validation-Passed"),
        ("C", "TN-Validation-Passed"),
        ("failed", "TN-Validation-Failed"),
        ("none", "No-TN-Validation"),
    ],
)
def test_the_pbx_is_told(level: str, value: str):
    down = forwarded(on(), level)
    assert wire.header(down, "From") == f"<sip:{wire.CALLER}@wren.example;verstat={value}>;tag=wren"
    assert wire.header(down, "Attestation-Info") == (level if level in "ABC" else "")


@pytest.mark.parametrize(
    ("came", "leaves"),
    [
        ("<sip:{n}@h>;tag=a", "<sip:{n};verstat=TN-Validation-Passed@h>;tag=a"),
        ("<sip:{n};verstat=x@h;user=phone>;tag=a", "<sip:{n};verstat=TN-Validation-Passed@h;user=phone>;tag=a"),
        ("<tel:{n}>;tag=a", "<tel:{n};verstat=TN-Validation-Passed>;tag=a"),
        ('"A <b>" <sip:{n}@h>;tag=a', '"A <b>" <sip:{n};verstat=TN-Validation-Passed@h>;tag=a'),
    ],
)  # fmt: skip
def test_as_3gpp_writes_it(came: str, leaves: str):
    down = forwarded(on("user"), "A", from_=came.format(n=wire.CALLER))
    assert wire.header(down, "From") == leaves.format(n=wire.CALLER)


def test_in_each_asserted_identity_of_a_trusted_trunk_in_place_of_what_came():
    pai = f"P-Asserted-Identity: <sip:{wire.CALLER};verstat=TN-Validation-Passed@h>, <tel:{wire.CALLER}>"
    extra = f"{SIGNED}\n{pai}\nAttestation-Info: A\nOrigination-ID: x"
    down = forwarded(on(**TRUSTED), "failed", extra=extra)
    failed = ";verstat=TN-Validation-Failed"
    assert wire.header(down, "P-Asserted-Identity") == f"<sip:{wire.CALLER}@h{failed}>, <tel:{wire.CALLER}{failed}>"
    assert b"Attestation-Info" not in down
    assert b"Origination-ID" not in down


@pytest.mark.parametrize("off", ["off", False])
def test_nothing_where_it_is_off(off: object):
    assert b"verstat" not in forwarded(on(off), "A")


def test_nothing_of_what_nobody_signed():
    down = on().forwarded()
    assert b"verstat" not in down


def test_the_caller_sees_his_own_from():
    play = on()
    down = forwarded(play, "A")
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert wire.header(up, "From") == f"<sip:{wire.CALLER}@wren.example>;tag=wren"


def test_a_uri_with_header_fields_keeps_them():
    down = forwarded(on(), "A", from_=f"<sip:{wire.CALLER}@h?a=b>;tag=a")
    assert wire.header(down, "From") == f"<sip:{wire.CALLER}@h;verstat=TN-Validation-Passed?a=b>;tag=a"
