"""The card of a 608: another library reads and verifies it; a key that cannot sign it is named."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from proxy.profile_settings import ProfileSettings
from ringfence.signed_cards import jcard, read_key, signed
from rules.texts.bad_value import BadValue

PROFILE = ProfileSettings(
    status=608, url="https://callers.example.com/why/{decision}", email="redress@example.com", tel="+18005550100"
)


def written(tmp_path, key, mode=0o600):
    file = tmp_path / "key.pem"
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(pem)
    file.chmod(mode)
    return file


def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_another_library_verifies_what_was_signed(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    text = signed(
        jcard(PROFILE, "示例电信"), read_key(written(tmp_path, key)), "https://a.example/c.pem", 1_800_000_000.5
    )
    head, payload, signature = text.split(".")
    assert json.loads(part(head)) == {"alg": "ES256", "typ": "vcard+json", "x5u": "https://a.example/c.pem"}
    told = json.loads(part(payload))
    assert told["iat"] == 1_800_000_000
    assert told["jcard"] == [
        "vcard",
        [
            ["version", {}, "text", "4.0"],
            ["fn", {}, "text", "示例电信"],
            ["org", {}, "text", "示例电信"],
            ["url", {}, "uri", "https://callers.example.com/why/"],
            ["email", {}, "text", "redress@example.com"],
            ["tel", {"type": ["voice"]}, "uri", "tel:+18005550100"],
        ],
    ]
    octets = part(signature)
    der = encode_dss_signature(int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big"))
    key.public_key().verify(der, f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))


def test_a_card_names_somebody():
    with pytest.raises(BadValue, match="nobody whom a caller may turn to"):
        jcard(ProfileSettings(status=608), "Example")


@pytest.mark.parametrize(
    ("key", "mode", "what"),
    [
        (ec.generate_private_key(ec.SECP256R1()), 0o640, "others may read"),
        (ec.generate_private_key(ec.SECP384R1()), 0o600, "no private key of P-256"),
        (rsa.generate_private_key(65537, 2048), 0o600, "no private key of P-256"),
    ],
)
def test_a_key_that_cannot_sign_it_is_named(tmp_path, key, mode, what):
    with pytest.raises(BadValue, match=what):
        read_key(written(tmp_path, key, mode))


def test_neither_does_what_is_no_key(tmp_path):
    file = tmp_path / "key.pem"
    file.touch(0o600)
    for content in ("", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        file.write_text(content)
        with pytest.raises(BadValue, match="no private key of P-256"):
            read_key(file)
    with pytest.raises(BadValue, match="No such file"):
        read_key(tmp_path / "none")
