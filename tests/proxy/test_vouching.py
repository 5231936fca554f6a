"""Calls of the PBX leave signed, and signed calls that are diverted say so."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from proxy.stir.signing import Signing
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import Playbook, only
from tests.signing import URL, Authority

OWN, OTHER = "+861065550000", "+8613912345678"
SIGNING = Signing(Authority().sign().key, URL, ("86106555*",), "B")
OUT = wire.TRUNK


def play(signing: Signing = SIGNING, **settings: Any) -> Playbook:
    found = Playbook(**settings)
    found.core.signing = signing
    found.core.dialogs._epoch = 1_764_000_000.0
    return found


def out(number: str = OWN, **fields: Any) -> bytes:
    given = {
        "uri": f"sip:{wire.CALLED}@198.51.100.21",
        "via": "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout",
        "from_": f"<sip:{number}@rook.example>;tag=rook",
        **fields,
    }
    return wire.invite(**given)


def claims(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(urlsafe_b64decode(each.split(".")[1] + "==")) for each in wire.headers(data, "Identity")]


def test_a_call_with_a_number_of_the_pbx_is_signed_a():
    book = play()
    (said,) = claims(only(book.pbx(out()), to=OUT))
    assert (said["attest"], said["orig"], said["dest"]) == (
        "A",
        {"tn": OWN[1:]},
        {"tn": [wire.CALLED[1:]]},
    )
    assert said["iat"] == 1_764_001_000
    assert book.core.signed == {"A": 1}
    assert wire.header(book.log[-1].data, "Date") == "Mon, 24 Nov 2025 16:16:40 GMT"


@pytest.mark.parametrize(
    ("fields", "attest"),
    [
        pytest.param({"number": OTHER}, "B", id="another number"),
        pytest.param({"number": "01065550001"}, "A", id="spelt as at home"),
        pytest.param({"number": "anonymous"}, None, id="nobody"),
        pytest.param({"number": "1001"}, None, id="an extension"),
        pytest.param({"number": OTHER, "extra": f"P-Asserted-Identity: <sip:{OWN}@h>"}, "A", id="asserted"),
        pytest.param({"uri": "sip:8001@198.51.100.21"}, None, id="to no number"),
        pytest.param({"extra": "Identity: a.b.c;info=<https://x.example/>"}, "came", id="signed already"),
        pytest.param(
            {"number": "anonymous", "extra": f"P-Asserted-Identity: <sip:{OWN}@h>\nPrivacy: id"}, None, id="withheld"
        ),
        pytest.param({"uri": "sip:110@198.51.100.21"}, None, id="an emergency call"),
    ],
)
def test_what_is_attested_and_of_whom(fields: dict[str, str], attest: str | None):
    down = only(play().pbx(out(**fields)), to=OUT)
    found = wire.headers(down, "Identity")
    if attest is None:
        assert found == []
    elif attest == "came":
        assert found == ["a.b.c;info=<https://x.example/>"]
    else:
        assert [each["attest"] for each in claims(down)] == [attest]


def test_no_other_request_and_no_other_way_is_signed():
    book = play(SIGNING._replace(trunks=frozenset({"other"})))
    assert claims(only(book.pbx(out()), to=OUT)) == []
    assert claims(play().forwarded()) == []  # from the trunk


def test_others_may_be_left_unsigned():
    assert claims(only(play(SIGNING._replace(others="none")).pbx(out(OTHER)), to=OUT)) == []


def test_nothing_is_signed_by_what_has_ended():
    assert claims(only(play(SIGNING._replace(ends=1_764_000_999.0)).pbx(out()), to=OUT)) == []


def test_a_fault_of_signing_costs_no_call():
    broken: Any = SIGNING._replace(key=None)
    book = play(broken)
    assert claims(only(book.pbx(out()), to=OUT)) == []
    assert book.core.signed == {"fault": 1}


DIVERTS = {
    "destinations": {"desk": f"sip:{OTHER}@192.0.2.50"},
    "identity": {"authorities": "ca.pem", "hosts": ["a.example"]},
}
DIVERT = Verdict(Action.DIVERT, Step.RULES, decision="0" * 20, rule="r", destination="desk")
SIGNED = "Contact: <sip:wren@198.51.100.21>\nIdentity: a.b.c;info=<https://a.example/>"


@pytest.mark.parametrize(("level", "owned", "told"), [("A", True, True), ("failed", True, False), ("A", False, False)])
def test_a_signed_call_that_is_diverted_says_so(level: str, owned: bool, told: bool):
    book = play(SIGNING._replace(numbers=("86*",) if owned else ()), **DIVERTS)
    book.trunk(wire.invite(extra=SIGNED))
    context = book.to_verify.pop()
    context.attestation = level
    book.core.decided(context, DIVERT, book.now)
    book._perform()
    down = next(each.data for each in book.log if each.to[0] == "192.0.2.50")
    found = wire.headers(down, "Identity")
    assert found[0] == "a.b.c;info=<https://a.example/>"
    assert len(found) == 1 + told
    if told:
        said = json.loads(urlsafe_b64decode(found[1].split(".")[1] + "=="))
        assert said["div"] == {"tn": wire.CALLED[1:]}
        assert said["dest"] == {"tn": [OTHER[1:]]}
        assert said["orig"] == {"tn": wire.CALLER[1:]}
        assert found[1].endswith(";ppt=div")


def test_a_call_that_nobody_signed_is_diverted_without_a_word():
    book = play(**DIVERTS)
    book.verdict = DIVERT
    sent = book.trunk(wire.invite())
    down = next(each.data for each in sent if each.to[0] == "192.0.2.50")
    assert wire.headers(down, "Identity") == []
