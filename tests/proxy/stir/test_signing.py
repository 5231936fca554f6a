"""What we sign is what the RFCs have, and others verify it."""

import json
from base64 import urlsafe_b64decode

from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from proxy.stir.credentials import read_authorities, read_credential
from proxy.stir.passports import read_identity
from proxy.stir.replays import Replays
from proxy.stir.signing import Signing, own_numbers
from proxy.stir.verification import Claimed, conclude, find_chains
from tests.signing import CALLED, CALLER, NOW, ORIGID, URL, Authority, one

ROOT = Authority()
SIGNER = ROOT.sign(one(CALLER))
SIGNING = Signing(SIGNER.key, URL, ("12155551212", "4930123*"), "C", ORIGID)


def parts(identity: bytes) -> tuple[str, str]:
    header, claims, _ = identity.partition(b";")[0].split(b".")
    return urlsafe_b64decode(header + b"==").decode(), urlsafe_b64decode(claims + b"==").decode()


def test_it_is_written_as_rfc_8588_writes_its_example():
    identity = SIGNING.shaken(CALLER, CALLED, 1443208345.9, "A")
    assert parts(identity) == (
        '{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/passport.cer"}',
        '{"attest":"A","dest":{"tn":["12155551213"]},"iat":1443208345,"orig":{"tn":"12155551212"},'
        '"origid":"123e4567-e89b-12d3-a456-426655440000"}',
    )
    assert identity.endswith(b";info=<https://cert.example.org/passport.cer>;alg=ES256;ppt=shaken")


def test_another_library_verifies_it():
    token = SIGNING.shaken(CALLER, CALLED, NOW, "A").partition(b";")[0].decode()
    registry = jws.JWSRegistry({"ppt": HeaderParameter("kind", "str")}, algorithms=["ES256"])
    found = jws.deserialize_compact(token, ECKey.import_key(SIGNER.certificate.public_key()), registry=registry)
    assert json.loads(found.payload)["attest"] == "A"


def test_we_verify_it_ourselves_diverted_too():
    known = {URL: read_credential(ROOT.sign(one(CALLER), one(CALLED), key=SIGNER.key).published, _store(), NOW)}
    call = Claimed(f"+{CALLER}", "+4930999", "+4930999", b"1", frozenset())
    identities = [SIGNING.shaken(CALLER, CALLED, NOW, "B"), SIGNING.div(CALLER, "4930999", CALLED, NOW)]
    chains = find_chains(identities, call, NOW, 60.0)
    assert conclude(chains, known, call, NOW, 60.0, Replays()).level == "B"
    assert read_identity(identities[1]).div == CALLED


def _store():
    return read_authorities(ROOT.pem)


def test_what_we_attest_depends_on_whose_the_number_is():
    assert [SIGNING.level(tn) for tn in (CALLER, "4930123", "49301234", "493012", "1")] == ["A", "A", "A", "C", "C"]
    assert SIGNING._replace(others="none").level("1") == ""
    listed = SIGNING._replace(listed=lambda number: number == "+1")
    assert [listed.level(tn) for tn in ("1", "2", CALLER)] == ["A", "C", "A"]
    assert own_numbers(["+4930123*", "+1"]) == ("4930123*", "1")


def test_an_exchange_has_a_mark_of_its_own_that_stays():
    plain = SIGNING._replace(origid="")
    first, second = (json.loads(parts(plain.shaken(CALLER, CALLED, at, "A"))[1])["origid"] for at in (NOW, NOW + 1))
    assert first == second != ORIGID
    assert len(first) == 36


def test_calls_are_signed_to_some_trunks_or_to_all():
    assert SIGNING.signs_to("carrier")
    assert not SIGNING._replace(trunks=frozenset({"other"})).signs_to("carrier")


def test_the_end_of_its_certificate_is_told_in_time():
    ends = SIGNING._replace(ends=NOW)
    assert SIGNING.trouble(NOW) == ends.trouble(NOW - 15 * 86_400) == ""
    assert ends.trouble(NOW - 60) == "the certificate of identity.sign ends on 2025-11-24 16:00 UTC"
    assert ends.trouble(NOW).startswith("calls leave unsigned: the certificate of identity.sign ended on")
