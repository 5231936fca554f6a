"""An authenticator in software: it makes a passkey and signs with it as a browser hands it over (WebAuthn level 3)."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from secrets import token_bytes

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey of one person."""

    def __init__(self, origin, *, verifies=True):
        self.origin, self.verifies, self.signs = origin, verifies, 0
        self.key, self.id = ec.generate_private_key(ec.SECP256R1()), token_bytes(32)
        self.handle = ""

    def make(self, asked, origin=""):
        """What is said when a passkey is made."""
        asked = json.loads(asked)
        self.handle = asked["user"]["id"]
        point = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        credential = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(public)
        data = self._data(asked["rp"]["id"], ATTESTED) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._said(asked, "webauthn.create", origin, attestationObject=_text(attestation))

    def sign(self, asked, origin="", rp=""):
        """What is said when somebody signs in with it."""
        asked = json.loads(asked)
        data = self._data(rp or asked["rpId"])
        client = self._client(asked, "webauthn.get", origin)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        told = {"authenticatorData": _text(data), "signature": _text(signature), "userHandle": self.handle}
        return self._said(asked, "webauthn.get", origin, **told)

    def _data(self, rp, more=0):
        self.signs += 1
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return sha256(rp.encode()).digest() + bytes([flags]) + self.signs.to_bytes(4)

    def _client(self, asked, what, origin):
        told = {"type": what, "challenge": asked["challenge"], "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _said(self, asked, what, origin, **more):
        response = {"clientDataJSON": _text(self._client(asked, what, origin)), **more}
        return json.dumps({"id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "response": response})


def _text(octets):
    return urlsafe_b64encode(octets).decode().rstrip("=")
