"""What callers may write to be believed, or to make us fetch something: a name for each, and the call goes on without.

From header field to web server, which stands on loopback, whatever addresses its names have.
"""

import hmac
import inspect
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from proxy.identity_settings import IdentitySettings
from proxy.stir.credentials import read_authorities
from proxy.stir.verification import Attestation, Claimed
from ringfence.stir.certificates import Certificates
from ringfence.stir.guarded_web import GuardedWeb
from ringfence.stir.verifier import Seen, Verifier
from tests.signing import CALLED, CALLER, NOW, URL, Authority, Signer, one
from tests.web_of_certificates import PUBLIC, Web, answer

ROOT = Authority()
GOOD, NARROW, ENDED = ROOT.sign(), ROOT.sign(one("4930123")), ROOT.sign(begins=NOW - 9, ends=NOW - 1)
CALL = Claimed(f"+{CALLER}", f"+{CALLED}", f"+{CALLED}", b"call 1", frozenset())
OURS = "93.184.215.200"


def chain_of_fifty() -> Signer:
    above = ROOT
    for number in range(50):
        above = Authority(f"CA {number}", by=above)
    return above.sign()


LONG = chain_of_fifty()
BASE = "https://cert.example.org"


def at(path: str, signer: Signer = GOOD, **claims: object) -> bytes:
    return signer.identity(url=path if "://" in path else f"{BASE}/{path}", **claims)


def unsigned(algorithm: str, sign: Callable[[bytes], bytes]) -> bytes:
    """A token of another algorithm."""
    header = {"alg": algorithm, "ppt": "shaken", "typ": "passport", "x5u": URL}
    head = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    signed = head + b"." + GOOD.identity().split(b".")[1]
    signature = urlsafe_b64encode(sign(signed)).rstrip(b"=")
    return signed + b"." + signature + f";info=<{URL}>;alg={algorithm};ppt=shaken".encode()


GOOD_ONE = at("passport.cer")
#      what comes, why it proves nothing, what was asked of the web
TABLE: dict[str, tuple[list[bytes], str, list[str]]] = {
    "a good one": ([GOOD_ONE], "", ["/passport.cer"]),
    "two, one of them bad": ([b"bad", GOOD_ONE], "", ["/passport.cer"]),
    "forty": ([GOOD_ONE] * 40, "too-many", []),
    "ten thousand": ([GOOD_ONE] * 10_000, "too-many", []),
    "alg none": ([unsigned("none", lambda _: b"")], "algorithm", []),
    "HS256 with the public key": (
        [unsigned("HS256", lambda signed: hmac.digest(GOOD.published, signed, sha256))],
        "algorithm",
        [],
    ),
    "huge x5u": ([at("a" * 1500)], "url", []),
    "huge": ([at("a.pem", rcd={"nam": "x" * 9000})], "too-large", []),
    "x5u to a metadata address": ([at("https://169.254.169.254/latest")], "host", []),
    "x5u to a name of a metadata address": ([at("https://meta.example.org/latest")], "address", []),
    "x5u to us": ([at("https://us.example.org/")], "address", []),
    "x5u to this machine": ([at("https://localhost/")], "host", []),
    "x5u slow": ([at("slow.pem")], "late", ["/slow.pem"]),
    "x5u in clear": ([at("http://cert.example.org/passport.cer")], "url", []),
    "x5u a file": ([at("file:///etc/passwd")], "url", []),
    "x5u redirecting to a file": ([at("to-file")], "url", ["/to-file"]),
    "x5u redirecting inside": ([at("to-meta")], "address", ["/to-meta"]),
    "x5u redirecting elsewhere": ([at("to-evil")], "host", ["/to-evil"]),
    "x5u to nothing": ([at("none.pem")], "unreachable", ["/none.pem"]),
    "a page": ([at("page.html")], "certificate", ["/page.html"]),
    "too large a page": ([at("large.pem")], "certificate", ["/large.pem"]),
    "certificate expired": ([at("ended.pem", ENDED)], "expired", ["/ended.pem"]),
    "certificate for other numbers": ([at("narrow.pem", NARROW)], "other-numbers", ["/narrow.pem"]),
    "certificate of another authority": ([at("false.pem")], "untrusted", ["/false.pem"]),
    "a chain of fifty": ([at("long.pem", LONG)], "chain", ["/long.pem"]),
    "signed by another": ([at("passport.cer", NARROW)], "signature", ["/passport.cer"]),
    "iat in the future": ([at("passport.cer", iat=int(NOW) + 60)], "future", []),
    "stale": ([at("passport.cer", iat=int(NOW) - 100)], "stale", []),
    "wrong dest": ([at("passport.cer", dest={"tn": ["1"]})], "other-called", []),
    "mky of another call": ([at("passport.cer", mky=[{"alg": "sha-256", "dig": "AA"}])], "media-keys", []),
    "compact form": ([b".." + GOOD_ONE.split(b".", 2)[2]], "compact-form", []),
    "folded": ([GOOD_ONE.replace(b";", b"\r\n\t;")], "", ["/passport.cer"]),
    "folded within the token": ([GOOD_ONE.replace(b".", b"\r\n .")], "malformed", []),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web")


@pytest.mark.parametrize("name", TABLE)
async def test_each_has_a_name_and_makes_us_ask_nobody_but_who_may_be_asked(folder: Path, name: str):
    identities, why, asked = TABLE[name]
    async with Web(folder, "cert.example.org") as web:
        web.addresses |= {"meta.example.org": ["169.254.169.254"], "us.example.org": [PUBLIC, OURS]}
        web.holds.add("/slow.pem")
        signers = {"passport.cer": GOOD, "narrow.pem": NARROW, "ended.pem": ENDED, "long.pem": LONG}
        signers["false.pem"] = Authority().sign()
        web.pages |= {f"/{name}": answer(signer.published) for name, signer in signers.items()}
        web.pages |= {"/page.html": answer(b"<html>"), "/large.pem": answer(b"x" * 70_000)}
        for path, to in (("file", "file:///etc/passwd"), ("meta", "https://meta.example.org/"), ("evil", "https://e/")):
            web.pages[f"/to-{path}"] = answer(status="302 Found", location=to)
        found = await verified(web, identities, deadline_ms=100 if why == "late" else 5000)
        assert found.why == why
        assert set(web.connected) <= {PUBLIC}
        if why != "late":  # whoever is slow may not even have heard the question by then
            assert web.asked == asked
            assert bool(web.connected) is bool(asked)


async def verified(web: Web, identities: list[bytes], *, deadline_ms: int) -> Attestation:
    given = {"authorities": "x", "hosts": ["*.example.org"], "deadline_ms": deadline_ms}
    guarded = GuardedWeb(
        given["hosts"], ours=lambda each: each == OURS, context=web.context, look_up=web.look_up, plain=web
    )
    store = read_authorities(ROOT.pem)
    certificates = Certificates(guarded.fetch, store, most=10, clock=time.monotonic, wall=lambda: NOW)
    settings = IdentitySettings.model_validate(given)
    verifier = Verifier(settings, certificates, guarded, Seen(), lambda: NOW)
    found = verifier.begin(identities, CALL, "carrier")
    try:
        return await found if inspect.iscoroutine(found) else found
    finally:
        await verifier.close()
