"""Does somebody vouch for this caller? Each answer by name, and no certificate asked for in vain."""

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from proxy.stir.credentials import Credential, Numbers, read_authorities, read_credential
from proxy.stir.failures import Failure, Unverified
from proxy.stir.passports import ORDER, read_identity
from proxy.stir.replays import Replays
from proxy.stir.verification import Attestation, Claimed, conclude, failed, find_chains
from rules.model import Call, Number, NumberClass, Trunk
from tests.signing import CALLED, CALLER, NOW, ORIGID, URL, Authority, Signer, one, span

ROOT = Authority()
STORE = read_authorities(ROOT.pem)
SIGNER = ROOT.sign(name="Carrier")
OTHER_URL = "https://cert.example.net/other.pem"
OTHER = ROOT.sign(one(CALLED), name="Forwarder")
CALL = Claimed(f"+{CALLER}", f"+{CALLED}", f"+{CALLED}", b"call 1", frozenset())
FRESH_S = 60.0


def known(*signers: tuple[str, Signer]) -> dict[str, Credential | Failure]:
    return {url: read_credential(signer.published, STORE, NOW) for url, signer in signers}


USUAL = known((URL, SIGNER), (OTHER_URL, OTHER))


def verify(
    *identities: bytes, call: Claimed = CALL, at: float = NOW, certificates: object = USUAL, replays: object = None
) -> Attestation:
    try:
        chains = find_chains(identities, call, at, FRESH_S)
    except Unverified as unverified:
        return failed(unverified.failure)
    return conclude(chains, certificates, call, at, FRESH_S, replays or Replays())


def needed(*identities: bytes, call: Claimed = CALL) -> set[str]:
    """Certificates that would be fetched."""
    try:
        chains = find_chains(identities, call, NOW, FRESH_S)
    except Unverified:
        return set()
    return {url for chain in chains for url in chain.urls}


@pytest.mark.parametrize("level", ["A", "B", "C"])
def test_what_was_attested_and_by_whom(level: str):
    assert verify(SIGNER.identity(attest=level)) == Attestation(level, "", ORIGID, "Carrier (1234)", "")


def test_what_rules_and_records_are_told():
    call = Call(
        caller=Number(f"+{CALLER}", NumberClass.FIXED),
        called=Number("", NumberClass.NAME),
        trunk=Trunk("carrier"),
        at=NOW,
    )
    verify(SIGNER.identity(rcd={"nam": "Rook Ltd"})).enter(call)
    assert call.facts == {
        "attestation": "A",
        "origid": ORIGID,
        "signer": "Carrier (1234)",
        "rcd_name": "Rook Ltd",
    }
    verify(SIGNER.identity(rcd={"nam": "Call 12155551212 now"})).enter(call)
    assert "5551212" not in str(call.facts)  # what is recorded holds no number of a text
    call.facts = {"risk": 7}
    verify(SIGNER.identity(iat=1)).enter(call)
    assert call.facts == {"risk": 7, "attestation": "failed", "attestation_why": "stale"}


HEADER_OF_8225 = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9"
)


def test_the_example_of_rfc_8225_appendix_a_by_value():
    token = (
        f"{HEADER_OF_8225}."
        "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUx"
        "MjEyIn19.VLBCIVDCaeK6M4hLJb6SHQvacAQVvoiiEOWQ_iUkqk79UD81fHQ0E1b3_GluIkba7UWYRM47ZbNFdOJquE35cw"
    )
    read = read_identity(f"{token};info=<{URL}>;alg=ES256".encode())
    assert (read.ppt, read.orig, read.dest, read.iat) == ("", CALLER, (), 1471375418)
    # Soundly written, and nothing is attested by it.
    assert verify(f"{token};info=<{URL}>;alg=ES256".encode()).why == "not-shaken"


def test_the_signature_of_its_example_by_value():
    """The one that its key made: the RFC's last draft has it, with `iat` in quotation marks."""
    key = load_pem_public_key(
        b"-----BEGIN PUBLIC KEY-----\n"
        b"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH\n"
        b"78YTU8qLS8I5HLHSSmlATLcslQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==\n"
        b"-----END PUBLIC KEY-----\n"
    )
    claims = (
        "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6IjE0NDMyMDgzNDUiLCJvcmlnIjp7InRuIjoiMTIxNTU1"
        "NTEyMTIifX0"
    )
    signed = f"{HEADER_OF_8225}.{claims}".encode()
    signature = "rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w"
    credential = Credential(key, Numbers(("1234",), ()), "", 0.0, NOW)
    octets = urlsafe_b64decode(f"{signature}==")
    assert credential.verify(signed, octets)
    assert not credential.verify(signed[:-1] + b"8", octets)
    with pytest.raises(Unverified, match="claims"):
        read_identity(f"{signed.decode()}.{signature};info=<{URL}>;alg=ES256".encode())


def test_the_claims_of_rfc_8588_section_4_by_value():
    """Its header and claims in the order that RFC 8225 section 9 gives them, which the signature is made over."""
    claims = (
        b'{"attest":"A","dest":{"tn":["12155551213"]},"iat":1443208345,"orig":{"tn":"12155551212"},'
        b'"origid":"123e4567-e89b-12d3-a456-426655440000"}'
    )
    header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": URL}
    written = f"{SIGNER.token(header, claims)};info=<{URL}>;alg=ES256;ppt=shaken".encode()
    assert urlsafe_b64decode(written.split(b".")[0] + b"==").startswith(b'{"alg":"ES256","ppt":"shaken"')
    assert verify(written, at=1443208345.0).level == "A"


def with_keys(*keys: tuple[str, str]) -> Claimed:
    return CALL._replace(keys=frozenset(keys))


MKY = [{"alg": "sha-256", "dig": "AB:CD"}]
BAD = {
    "nothing": ([], CALL, "not-shaken"),
    "two of which one is good": ([b"x", SIGNER.identity()], CALL, ""),
    "two good ones": ([SIGNER.identity(attest="B"), SIGNER.identity(attest="C")], CALL, ""),
    "two bad ones": ([SIGNER.identity(iat=1), b"x"], CALL, "stale"),
    "forty": ([SIGNER.identity()] * 40, CALL, "too-many"),
    "ten thousand": ([SIGNER.identity()] * 10_000, CALL, "too-many"),
    "another kind alone": ([SIGNER.identity(ppt="rph")], CALL, "not-shaken"),
    "no kind": ([SIGNER.identity(ppt="")], CALL, "not-shaken"),
    "a name alone": ([SIGNER.identity(ppt="rcd", rcd={"nam": "x"})], CALL, "not-shaken"),
    "stale": ([SIGNER.identity(iat=int(NOW) - 61)], CALL, "stale"),
    "as old as it may be": ([SIGNER.identity(iat=int(NOW) - 60)], CALL, ""),
    "the clock there is ahead": ([SIGNER.identity(iat=int(NOW) + 9)], CALL, ""),
    "in the future": ([SIGNER.identity(iat=int(NOW) + 11)], CALL, "future"),
    "another caller": ([SIGNER.identity(orig={"tn": "12155551200"})], CALL, "other-caller"),
    "a caller by URI": ([SIGNER.identity(orig={"uri": "sip:a@b.example"})], CALL, "other-caller"),
    "a caller who shows no number": ([SIGNER.identity()], CALL._replace(caller=""), "other-caller"),
    "a caller of a plan of its own": ([SIGNER.identity()], CALL._replace(caller="CN:95588"), "other-caller"),
    "wrong dest": ([SIGNER.identity(dest={"tn": ["12155550000"]})], CALL, "other-called"),
    "copied to another number": (
        [SIGNER.identity()],
        CALL._replace(called="+12155550000", to="+12155550000"),
        "other-called",
    ),
    "copied, or diverted by somebody who signs nothing": (
        [SIGNER.identity()],
        CALL._replace(called="+12155550000"),
        "unsigned-diversion",
    ),
    "an extension behind us": ([SIGNER.identity()], CALL._replace(called="EXT:1001"), ""),
    "an extension, asked for as another": (
        [SIGNER.identity()],
        CALL._replace(called="EXT:1001", to="+12155550000"),
        "other-called",
    ),
    "one of several called": ([SIGNER.identity(dest={"tn": ["1", CALLED]})], CALL, ""),
    "media keys that are ours": ([SIGNER.identity(mky=MKY)], with_keys(("sha-256", "ABCD"), ("x", "y")), ""),
    "media keys, and none in the call": ([SIGNER.identity(mky=MKY)], CALL, "media-keys"),
    "other media keys": ([SIGNER.identity(mky=MKY)], with_keys(("sha-256", "AAAA")), "media-keys"),
    "certificate of other numbers": ([OTHER.identity(url=OTHER_URL)], CALL, "other-numbers"),
    "signed by another key": ([OTHER.identity()], CALL, "signature"),
    "certificate unknown": ([SIGNER.identity(url="https://gone.example/")], CALL, "unreachable"),
}
FETCHED = {"certificate of other numbers", "signed by another key", "certificate unknown"}


@pytest.mark.parametrize("name", BAD)
def test_each_identity_is_judged_by_name_and_asks_for_no_certificate_in_vain(name: str):
    identities, call, why = BAD[name]
    found = verify(*identities, call=call)
    assert found.why == why
    unknown = why in ("not-shaken", "unreachable", "unsigned-diversion")
    assert found.level in (("A", "B") if not why else ("none" if unknown else "failed"))
    assert bool(needed(*identities, call=call)) is (not why or name in FETCHED)


def test_a_certificate_that_ended_since_it_was_fetched_proves_nothing():
    ended = {URL: USUAL[URL]._replace(ends=NOW - 1)}
    assert verify(SIGNER.identity(), certificates=ended).why == "expired"


@pytest.mark.parametrize("failure", list(Failure))
def test_what_is_wrong_with_the_certificate_is_what_is_wrong(failure: Failure):
    found = verify(SIGNER.identity(), certificates={URL: failure})
    assert found == Attestation("failed" if failure.is_verdict else "none", failure.value)


def test_a_copied_one_is_a_replay_and_the_same_call_by_two_ways_is_none():
    replays, copied = Replays(), CALL._replace(call_id=b"call 2")
    identity = SIGNER.identity()
    assert verify(identity, replays=replays).level == "A"
    assert verify(identity, replays=replays).level == "A"
    assert verify(identity, call=copied, replays=replays) == Attestation("failed", "replayed")


def twin(identity: bytes) -> bytes:
    """The second signature that there is for each: nobody needs the key to make it."""
    token, semicolon, beside = identity.partition(b";")
    words, _, signature = token.rpartition(b".")
    octets = urlsafe_b64decode(signature + b"==")
    other = octets[:32] + (ORDER - int.from_bytes(octets[32:])).to_bytes(32)
    return words + b"." + urlsafe_b64encode(other).rstrip(b"=") + semicolon + beside


def test_a_copied_signature_turned_round_is_a_replay_and_one_signed_anew_is_none():
    replays, again = Replays(), CALL._replace(call_id=b"call 2")
    identity, anew = SIGNER.identity(), SIGNER.identity()
    assert identity != anew
    assert verify(identity, replays=replays).level == "A"
    assert verify(twin(identity), call=again, replays=replays) == Attestation("failed", "replayed")
    assert verify(anew, call=again, replays=replays).level == "A"


@pytest.mark.parametrize(
    ("claims", "why"),
    [({"exp": NOW - 1}, "stale"), ({"nbf": NOW + 60}, "future"), ({"exp": "x"}, "claims"), ({"nbf": True}, "claims")],
)
def test_a_time_that_it_names_itself_counts(claims: dict[str, object], why: str):
    assert verify(SIGNER.identity(**claims)).why == why
    assert verify(SIGNER.identity(exp=NOW + 60, nbf=NOW - 60)).level == "A"


def test_the_best_of_several_good_ones_counts_whoever_wrote_his_first():
    best, other = SIGNER.identity(), SIGNER.identity(attest="B")
    assert verify(best, other).level == verify(other, best).level == "A"
    assert verify(other, SIGNER.identity(url=OTHER_URL)).level == "B"


# ---- diversions (RFC 8946) -------------------------------------------------------------------------------------

FIRST = "12155559999"  # whom the caller called
SHAKEN = SIGNER.identity(dest={"tn": [FIRST]})


def div(signer: Signer, to: str, before: str, url: str = OTHER_URL, **claims: object) -> bytes:
    return signer.identity(ppt="div", url=url, dest={"tn": [to]}, div={"tn": before}, **claims)


FORWARDER = ROOT.sign(span(FIRST, 1), name="Forwarder")
LED = known((URL, SIGNER), (OTHER_URL, FORWARDER), ("https://third.example/", ROOT.sign(one("12155558888"))))
THIRD = "https://third.example/"


def test_a_call_that_was_diverted_is_vouched_for_by_the_chain():
    identities = (SHAKEN, div(FORWARDER, CALLED, FIRST))
    assert verify(*identities, certificates=LED) == Attestation("A", "", ORIGID, "Carrier (1234)")
    assert verify(*reversed(identities), certificates=LED).level == "A"
    assert needed(*identities) == {URL, OTHER_URL}


def test_one_that_came_here_before_it_was_diverted_to_here_is_no_copy_and_its_copy_is_one():
    replays = Replays()
    first = Claimed(f"+{CALLER}", f"+{FIRST}", f"+{FIRST}", b"call 1", frozenset())
    assert verify(SHAKEN, call=first, certificates=LED, replays=replays).level == "A"
    identities, second = (SHAKEN, div(FORWARDER, CALLED, FIRST)), CALL._replace(call_id=b"call 2")
    for _ in range(2):
        assert verify(*identities, call=second, certificates=LED, replays=replays).level == "A"
    third = CALL._replace(call_id=b"call 3")
    assert verify(*identities, call=third, certificates=LED, replays=replays).why == "replayed"
    assert verify(SHAKEN, call=first._replace(call_id=b"call 3"), replays=replays).why == "replayed"


def test_a_call_that_was_diverted_twice():
    between = ROOT.sign(one("12155558888"))
    certificates = LED | known((THIRD, between))
    first, second = div(FORWARDER, "12155558888", FIRST), div(between, CALLED, "12155558888", THIRD)
    assert verify(SHAKEN, second, first, certificates=certificates).level == "A"
    assert verify(SHAKEN, second, certificates=certificates).why == "diversion"


@pytest.mark.parametrize(
    ("diverted", "why"),
    [
        pytest.param(div(FORWARDER, CALLED, "12155550000"), "diversion", id="from somebody else"),
        pytest.param(div(FORWARDER, FIRST, CALLED), "diversion", id="to somebody else"),
        pytest.param(div(FORWARDER, CALLED, CALLED), "diversion", id="in a circle"),
        pytest.param(div(SIGNER, CALLED, FIRST), "signature", id="signed by another"),
        pytest.param(div(FORWARDER, CALLED, FIRST, orig={"tn": "4930123"}), "other-caller", id="of another caller"),
        pytest.param(div(FORWARDER, CALLED, FIRST, iat=1), "stale", id="stale"),
    ],
)
def test_a_diversion_that_proves_nothing(diverted: bytes, why: str):
    found = verify(SHAKEN, diverted, certificates=LED)
    assert found.level == "failed"
    assert found.why in (why, "other-called")


def test_a_diverter_may_divert_from_its_own_numbers_alone():
    certificates = LED | known((OTHER_URL, OTHER))
    assert verify(SHAKEN, div(OTHER, CALLED, FIRST), certificates=certificates).why == "other-numbers"


# ---- names (RFC 9795) ------------------------------------------------------------------------------------------


def test_the_callers_name_stands_in_what_was_signed_alone():
    named = OTHER.identity(ppt="rcd", url=OTHER_URL, rcd={"nam": "Rook Ltd"})
    certificates = USUAL | known((OTHER_URL, ROOT.sign(name="Names")))
    assert verify(SIGNER.identity(), named, certificates=certificates).name == ""
    signed = ROOT.sign()
    certificates = USUAL | known((OTHER_URL, signed))
    named = signed.identity(ppt="rcd", url=OTHER_URL, rcd={"nam": "Rook Ltd"})
    assert verify(SIGNER.identity(), named, certificates=certificates).name == "Rook Ltd"
    assert verify(SIGNER.identity(), named, certificates=USUAL).level == "A"


# ---- damage ----------------------------------------------------------------------------------------------------


def damaged(number: int) -> tuple[bytes, set[str]]:
    """A good token with one thing changed, and what may be said of it."""
    draw = random.Random(number)
    token, _, beside = SIGNER.identity().partition(b";")
    parts = token.split(b".")
    at = number % 3
    octets = bytearray(urlsafe_b64decode(parts[at] + b"=="))
    place = draw.randrange(len(octets))
    octets[place] ^= 1 << draw.randrange(8)
    parts[at] = urlsafe_b64encode(bytes(octets)).rstrip(b"=")
    reasons = {
        0: {"malformed", "algorithm", "type", "url", "url-differs", "claims", "signature"},
        1: {"malformed", "claims", "stale", "future", "other-caller", "other-called", "signature"},
        2: {"signature"},
    }[at]
    return b".".join(parts) + b";" + beside, reasons


def test_a_hundred_damaged_tokens_are_each_refused_for_a_reason_of_theirs():
    seen = set()
    for number in range(102):
        identity, reasons = damaged(number)
        found = verify(identity)
        assert found.level == "failed"
        assert found.why in reasons, number
        seen.add(found.why)
    assert len(seen) > 5


def test_the_other_signature_of_the_same_is_no_way_around_the_replay_table():
    """Of each signature (r, s) there is another, (r, n - s), that everybody can make."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    token, _, beside = SIGNER.identity().partition(b";")
    header, claims, signature = token.split(b".")
    octets = urlsafe_b64decode(signature + b"==")
    octets = octets[:32] + (order - int.from_bytes(octets[32:])).to_bytes(32)
    other = b".".join((header, claims, urlsafe_b64encode(octets).rstrip(b"="))) + b";" + beside
    replays = Replays()
    assert verify(token + b";" + beside, replays=replays).level == "A"
    assert verify(other, call=CALL._replace(call_id=b"call 2"), replays=replays).why == "replayed"
