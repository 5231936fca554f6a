"""Whose certificate it is, and what it may sign."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proxy.stir.credentials import Numbers, read_authorities, read_credential, read_numbers
from proxy.stir.failures import Failure, Unverified
from tests.signing import CALLER, NOW, Authority, numbers, one, pem, provider, rsa_key, span

ROOT = Authority()
STORE = read_authorities(ROOT.pem)


@pytest.mark.parametrize(
    ("entries", "covered", "others"),
    [
        pytest.param([one("12155551212")], ["12155551212"], ["12155551213", "2155551212", "112155551212"], id="one"),
        pytest.param(
            [span("12155551000", 1000)], ["12155551000", "12155551999"], ["12155552000", "12155550999"], id="range"
        ),
        pytest.param([one("1"), span("49300", 2)], ["1", "49300", "49301"], ["49302", "2", "*1"], id="several"),
        pytest.param([provider("1234")], ["12155551212", "4930123"], [], id="those of a provider"),
    ],
)
def test_what_a_list_of_numbers_covers(entries: list[bytes], covered: list[str], others: list[str]):
    found = read_numbers(numbers(*entries))
    assert [found.covers(each) for each in (*covered, *others)] == [True] * len(covered) + [False] * len(others)


def test_a_list_of_numbers_as_an_authority_writes_it():
    # The octets of ATIS-1000080's example: one provider code, 709J.
    assert read_numbers(bytes.fromhex("3008a00616043730394a")).providers == ("709J",)


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30\x00", b"\x30\x80", b"\xff" * 9, numbers(one("abc")), numbers(span("1", -5)), numbers(one("1" * 40))],
    ids=lambda der: der[:12].hex(),
)
def test_a_list_that_cannot_be_read_is_none(der: bytes):
    with pytest.raises(Unverified) as refused:
        read_numbers(der)
    assert refused.value.failure is Failure.CERTIFICATE


def test_a_chain_leads_to_an_authority_of_the_operator():
    below = Authority("Below", by=Authority("Between", by=ROOT))
    for authority in (ROOT, below):
        found = read_credential(authority.sign(one(CALLER)).published, STORE, NOW)
        assert found.numbers.covers(CALLER)
        assert found.signer == "Carrier Inc"
    assert read_credential(ROOT.sign(name="Carrier").published, STORE, NOW).signer == "Carrier (1234)"


def test_who_signed_is_shown_on_one_short_line():
    assert len(read_credential(ROOT.sign(one("1"), name="x" * 60 + "\n").published, STORE, NOW).signer) == 60


def a_chain_of_fifty() -> bytes:
    above = ROOT
    for number in range(50):
        above = Authority(f"CA {number}", by=above)
    return above.sign().published


def deep() -> bytes:
    return Authority("Below", by=Authority("Between", by=Authority("Few", by=ROOT, depth=0))).sign().published


BAD = {
    "nothing": (lambda: b"", Failure.CERTIFICATE),
    "a page": (lambda: b"<html>not found</html>", Failure.CERTIFICATE),
    "damaged": (lambda: ROOT.sign().published.replace(b"M", b"N", 40), Failure.CERTIFICATE),
    "expired": (lambda: ROOT.sign(begins=NOW - 9, ends=NOW - 1).published, Failure.EXPIRED),
    "not valid yet": (lambda: ROOT.sign(begins=NOW + 5).published, Failure.NOT_YET_VALID),
    "of another authority": (lambda: Authority().sign().published, Failure.UNTRUSTED),
    "of another authority of that name": (lambda: Authority("Authority").sign().published, Failure.UNTRUSTED),
    "signed by a signer": (
        lambda: _signed_by(ROOT.sign()),
        Failure.UNTRUSTED,
    ),
    "deeper than its authority allows": (deep, Failure.UNTRUSTED),
    "a chain of fifty": (a_chain_of_fifty, Failure.CHAIN),
    "no numbers": (lambda: ROOT.sign(list_=b"\x30\x80").published, Failure.CERTIFICATE),
    "numbers lacking": (lambda: ROOT.sign(list_=b"").published, Failure.NO_NUMBERS),
    "RSA": (lambda: ROOT.sign(key=rsa_key()).published, Failure.CERTIFICATE_KEY),
    "P-384": (lambda: ROOT.sign(key=ec.generate_private_key(ec.SECP384R1())).published, Failure.CERTIFICATE_KEY),
    "the authority itself": (lambda: ROOT.pem, Failure.NO_NUMBERS),
}


def _signed_by(signer: object) -> bytes:
    """Of somebody who may sign calls, and no certificates."""
    false = Authority("False")
    false.key, false.name = signer.key, signer.certificate.subject
    return false.sign().published + pem(signer.certificate)


@pytest.mark.parametrize("name", BAD)
def test_what_nobody_may_believe_is_refused_by_name(name: str):
    made, failure = BAD[name]
    with pytest.raises(Unverified) as refused:
        read_credential(made(), STORE, NOW)
    assert refused.value.failure is failure


def test_nobody_signs_for_words():
    assert not Numbers((), ((3, 1, 999),)).covers("**1")
