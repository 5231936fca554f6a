"""What an Identity header field says, and why one is refused before anybody looks for its certificate."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from proxy.stir.failures import Failure, Unverified
from proxy.stir.passports import is_sound_url, read_identity
from tests.signing import CALLED, CALLER, NOW, ORIGID, URL, Authority

SIGNER = Authority().sign()
GOOD = SIGNER.identity()
HEADER, CLAIMS, SIGNATURE = GOOD.partition(b";")[0].split(b".")
BESIDE = f";info=<{URL}>;alg=ES256;ppt=shaken".encode()


def b64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def token(header: object = None, claims: object = None, signature: bytes = SIGNATURE, beside: bytes = BESIDE) -> bytes:
    """One whose signature nobody has made yet."""
    parts = [
        part if given is None else b64(given if isinstance(given, bytes) else json.dumps(given).encode())
        for given, part in ((header, HEADER), (claims, CLAIMS))
    ]
    return b".".join((*parts, signature)) + beside


def with_header(**changes: object) -> bytes:
    header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": URL, **changes}
    return token({name: value for name, value in header.items() if value is not None})


def with_url(url: str) -> bytes:
    header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": url}
    return token(header, beside=f";info=<{url}>;alg=ES256;ppt=shaken".encode())


def with_claims(**changes: object) -> bytes:
    claims = {"attest": "A", "dest": {"tn": [CALLED]}, "iat": int(NOW), "orig": {"tn": CALLER}, "origid": ORIGID}
    return token(claims={name: value for name, value in {**claims, **changes}.items() if value is not None})


def test_what_is_signed_is_read():
    read = read_identity(GOOD)
    assert (read.ppt, read.url, read.iat, read.orig, read.dest) == ("shaken", URL, NOW, CALLER, (CALLED,))
    assert (read.attest, read.origid, read.div, read.name, read.keys) == ("A", ORIGID, "", "", ())
    assert read.signed == HEADER + b"." + CLAIMS
    assert len(read.signature) == 64


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(GOOD.replace(b";", b"\r\n ;"), id="folded between parameters"),
        pytest.param(GOOD.replace(b";", b" ; ").replace(b"=<", b" = <"), id="with blanks"),
        pytest.param(GOOD.replace(b"ppt=shaken", b'ppt="shaken"'), id="the kind in quotation marks"),
        pytest.param(GOOD.replace(b";alg=ES256", b""), id="without alg, which ES256 is by itself"),
        pytest.param(GOOD.replace(b";info", b";INFO"), id="capitals"),
        pytest.param(GOOD + b";new=1;flag", id="a parameter that nobody knows"),
    ],
)
def test_each_way_to_write_it_says_the_same(written: bytes):
    assert read_identity(written) == read_identity(GOOD)


def test_the_name_in_rich_call_data_stands_on_one_line():
    rcd = {"nam": "Doctor\r\nVia: x\u202e  Who", "icn": "https://a.example/x.png"}
    assert read_identity(SIGNER.identity(rcd=rcd)).name == "Doctor Via: x Who"


def test_fingerprints_of_media_keys_are_compared_without_colons():
    mky = [{"alg": "sha-256", "dig": "02:1a:cc"}, {"alg": "SHA-1", "dig": "4a"}]
    assert read_identity(SIGNER.identity(mky=mky)).keys == (("sha-1", "4A"), ("sha-256", "021ACC"))


PUBLIC_KEY = SIGNER.published
HS256 = b64(json.dumps({"alg": "HS256", "ppt": "shaken", "typ": "passport", "x5u": URL}).encode()) + b"." + CLAIMS
BAD = {
    "nothing": (b"", Failure.MALFORMED),
    "no token": (BESIDE, Failure.MALFORMED),
    "two parts": (b"a.b" + BESIDE, Failure.MALFORMED),
    "four parts": (b"a.b.c.d" + BESIDE, Failure.MALFORMED),
    "no base64": (b"a$.b.c" + BESIDE, Failure.MALFORMED),
    "base64 of no length": (b"a.b.c" + BESIDE, Failure.MALFORMED),
    "folded within the token": (GOOD.replace(b".", b".\r\n ", 1), Failure.MALFORMED),
    "header no JSON": (token(b"{"), Failure.MALFORMED),
    "header no object": (token([]), Failure.MALFORMED),
    "header not UTF-8": (token(b"\xff"), Failure.MALFORMED),
    "endless arrays": (token(b"[" * 5000), Failure.MALFORMED),
    "NaN": (token(claims=b'{"iat":NaN}'), Failure.MALFORMED),
    "two parameters of one name": (GOOD + b";ppt=shaken", Failure.MALFORMED),
    "another value behind a comma": (GOOD + b"," + GOOD, Failure.MALFORMED),
    "compact form": (b".." + SIGNATURE + BESIDE, Failure.COMPACT),
    "large": (with_claims(orig={"tn": "1" * 9000}), Failure.TOO_LARGE),
    "huge x5u": (with_url("https://cert.example.org/" + "a" * 2000), Failure.URL),
    "alg none": (with_header(alg="none"), Failure.ALGORITHM),
    "alg lacking": (with_header(alg=None), Failure.ALGORITHM),
    "HS256 with the public key": (
        HS256 + b"." + b64(hmac.digest(PUBLIC_KEY, HS256, sha256)) + BESIDE,
        Failure.ALGORITHM,
    ),
    "RS256": (with_header(alg="RS256"), Failure.ALGORITHM),
    "another alg beside": (GOOD.replace(b"alg=ES256", b"alg=ES384"), Failure.ALGORITHM),
    "typ JWT": (with_header(typ="JWT"), Failure.TYPE),
    "ppt beside lacking": (GOOD.replace(b";ppt=shaken", b""), Failure.TYPE),
    "ppt beside another": (GOOD.replace(b"ppt=shaken", b"ppt=div"), Failure.TYPE),
    "ppt a list": (with_header(ppt=["shaken"]), Failure.TYPE),
    "critical": (with_header(crit=["b64"], b64=False), Failure.TYPE),
    "x5u lacking": (with_header(x5u=None), Failure.URL),
    "x5u a number": (with_header(x5u=7), Failure.URL),
    "x5u in clear": (with_url("http://cert.example.org/a"), Failure.URL),
    "x5u a file": (with_url("file:///etc/passwd"), Failure.URL),
    "x5u data": (with_url("data:text/plain,x"), Failure.URL),
    "x5u with a user": (with_url("https://a:b@cert.example.org/"), Failure.URL),
    "x5u with a query": (with_url("https://cert.example.org/?a=1"), Failure.URL),
    "x5u with a fragment": (with_url("https://cert.example.org/#a"), Failure.URL),
    "x5u at another port": (with_url("https://cert.example.org:22/"), Failure.URL),
    "x5u at no port": (with_url("https://cert.example.org:99999/"), Failure.URL),
    "x5u with a backslash": (with_url("https://cert.example.org\\@10.0.0.1/"), Failure.URL),
    "x5u on two lines": (with_url("https://cert.example.org/\n"), Failure.MALFORMED),
    "x5u of other letters": (with_header(x5u="https://cert.éxample.org/"), Failure.URL),
    "info another": (GOOD.replace(b"info=<https://cert", b"info=<https://other"), Failure.URL_DIFFERS),
    "info lacking": (GOOD.replace(f";info=<{URL}>".encode(), b""), Failure.URL_DIFFERS),
    "signature short": (token(signature=SIGNATURE[:-4]), Failure.SIGNATURE),
    "signature DER": (token(signature=b64(b"\x30" * 70)), Failure.SIGNATURE),
    "iat lacking": (with_claims(iat=None), Failure.CLAIMS),
    "iat text": (with_claims(iat=str(int(NOW))), Failure.CLAIMS),
    "iat true": (with_claims(iat=True), Failure.CLAIMS),
    "iat endless": (token(claims=b'{"iat":1e999}'), Failure.CLAIMS),
    "iat below nothing": (with_claims(iat=-1), Failure.CLAIMS),
    "orig lacking": (with_claims(orig=None), Failure.CLAIMS),
    "orig of two": (with_claims(orig={"tn": ["1", "2"]}), Failure.CLAIMS),
    "orig a list of one": (with_claims(orig={"tn": [CALLER]}), Failure.CLAIMS),
    "dest a text": (with_claims(dest={"tn": CALLED}), Failure.CLAIMS),
    "orig of two kinds": (with_claims(orig={"tn": "1", "uri": "sip:a@b"}), Failure.CLAIMS),
    "orig words": (with_claims(orig={"tn": "alice"}), Failure.CLAIMS),
    "orig text": (with_claims(orig=CALLER), Failure.CLAIMS),
    "dest lacking": (with_claims(dest=None), Failure.CLAIMS),
    "dest of nobody": (with_claims(dest={"tn": []}), Failure.CLAIMS),
    "dest words": (with_claims(dest={"tn": ["x"]}), Failure.CLAIMS),
    "attest lacking": (with_claims(attest=None), Failure.CLAIMS),
    "attest D": (with_claims(attest="D"), Failure.CLAIMS),
    "attest a list": (with_claims(attest=["A"]), Failure.CLAIMS),
    "origid lacking": (with_claims(origid=None), Failure.CLAIMS),
    "origid with blanks": (with_claims(origid="a b"), Failure.CLAIMS),
    "origid long": (with_claims(origid="a" * 200), Failure.CLAIMS),
    "mky nothing": (with_claims(mky=[]), Failure.CLAIMS),
    "mky words": (with_claims(mky=["x"]), Failure.CLAIMS),
    "a claim twice": (token(claims=b'{"attest":"C","attest":"A","iat":1}'), Failure.CLAIMS),
    "div of nobody": (SIGNER.identity(ppt="div"), Failure.CLAIMS),
}


@pytest.mark.parametrize("name", BAD)
def test_what_nobody_may_believe_is_refused_by_name(name: str):
    written, failure = BAD[name]
    with pytest.raises(Unverified) as refused:
        read_identity(written)
    assert refused.value.failure is failure


@pytest.mark.parametrize("url", ["https://a.example/x", "https://a.example:443/", "https://a.example:8443/x.pem"])
def test_where_a_certificate_may_lie(url: str):
    assert is_sound_url(url)
