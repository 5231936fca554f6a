"""The key that signs calls is read with its certificate, and what is wrong with them is told in plain words."""

import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proxy.identity_settings import IdentitySettings
from ringfence.stir.signing_files import SigningFault, open_signing
from tests.signing import Authority, Signer, rsa_key

NOW = time.time()
ROOT = Authority()


def settings(**sign: object) -> IdentitySettings:
    usual = {"key": "k.pem", "certificate": "c.pem", "url": "https://cert.example.org/c.pem", "numbers": ["+4930*"]}
    return IdentitySettings.model_validate({"sign": {**usual, **sign}})


def put(folder: Path, signer: Signer, key: bytes | None = None) -> None:
    (folder / "k.pem").write_bytes(signer.key_pem if key is None else key)
    (folder / "k.pem").chmod(0o600)
    (folder / "c.pem").write_bytes(signer.published)


def signer(**words: object) -> Signer:
    return ROOT.sign(begins=NOW - 60, **{"ends": NOW + 3600, **words})


def test_nothing_is_signed_by_itself(tmp_path: Path):
    assert open_signing(IdentitySettings(), tmp_path) is None


def test_key_and_certificate_are_read_and_another_key_is_taken_next_time(tmp_path: Path):
    keys = []
    for _ in range(2):
        put(tmp_path, signer())
        signing = open_signing(settings(), tmp_path)
        assert signing is not None
        keys.append(signing.key.public_key())
        assert signing.numbers == ("4930*",)
        assert abs(signing.ends - NOW - 3600) < 2
    assert keys[0] != keys[1]


@pytest.mark.parametrize("fault", ["another key", "no key", "RSA", "P-384", "no certificate", "open", "gone"])
def test_what_is_wrong_is_told(tmp_path: Path, fault: str):
    made = {
        "another key": lambda: put(tmp_path, signer(), signer().key_pem),
        "no key": lambda: put(tmp_path, signer(), b"nothing"),
        "RSA": lambda: put(tmp_path, signer(key=rsa_key())),
        "P-384": lambda: put(tmp_path, signer(key=ec.generate_private_key(ec.SECP384R1()))),
        "no certificate": lambda: (put(tmp_path, signer()), (tmp_path / "c.pem").write_text("")),
        "open": lambda: (put(tmp_path, signer()), (tmp_path / "k.pem").chmod(0o644)),
        "gone": lambda: None,
    }
    said = {
        "another key": "is not the key of",
        "no key": "there is no key in",
        "RSA": "none of P-256",
        "P-384": "none of P-256",
        "no certificate": "there is no certificate in",
        "open": "others may read",
        "gone": "can't be read",
    }
    made[fault]()
    with pytest.raises(SigningFault, match=said[fault]) as refused:
        open_signing(settings(), tmp_path)
    assert refused.value.setting in ("key", "certificate")
    assert "BEGIN" not in str(refused.value)


def test_a_certificate_that_has_ended_stops_no_start(tmp_path: Path):
    """A restart must not cost the calls; nothing is signed by it, and everybody who asks is told."""
    put(tmp_path, signer(ends=NOW - 1))
    signing = open_signing(settings(), tmp_path)
    assert signing is not None
    assert signing.trouble(NOW).startswith("calls leave unsigned")
