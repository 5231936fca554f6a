"""Certificates in files, and whom those of others name."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from proxy.streams.certificates import (
    CertificateFault,
    Refused,
    identities,
    is_of,
    names_shown,
    read_authorities,
    read_certificate,
    why_refused,
)
from tests.authority import Authority


def san(*values: tuple[str, str]) -> dict[str, object]:
    return {"subject": ((("commonName", "sbc.rook.example"),),), "subjectAltName": values}


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        (san(("DNS", "SBC.Rook.Example")), ("sbc.rook.example",)),
        (san(("URI", "sip:rook.example"), ("DNS", "other.example")), ("rook.example",)),
        (san(("URI", "sip:wren@rook.example"), ("DNS", "other.example")), ()),  # a person's
        (san(("URI", "https://rook.example"), ("DNS", "sbc.rook.example")), ("sbc.rook.example",)),
        (san(("URI", "sips:rook.example"), ("IP Address", "192.0.2.1")), ("rook.example", "192.0.2.1")),
        (san(("IP Address", "2001:DB8:0:0:0:0:0:9\n")), ("2001:db8::9",)),  # so does `ssl` spell it
        (san(("URI", "sip:<bad")), ()),
        (san(), ()),  # nothing is read out of the subject
        ({}, ()),
        (None, ()),
    ],
)
def test_whom_a_certificate_names(certificate: dict[str, object] | None, names: tuple[str, ...]):
    """RFC 5922 7.1."""
    assert identities(certificate) == names


def test_no_wildcard_stands_for_anybody():
    """RFC 5922 7.2."""
    assert is_of(("sbc.rook.example",), ["SBC.rook.example."])
    assert not is_of(("*.rook.example",), ["sbc.rook.example"])
    assert not is_of((), ["sbc.rook.example"])


def test_an_address_is_the_same_however_it_is_spelled(tmp_path: Path):
    found = identities(peer_certificate("2001:db8::9", tmp_path))
    assert is_of(found, ["2001:DB8::9"])
    assert is_of(found, ["2001:db8:0::9"])
    assert not is_of(found, ["2001:db8::10"])


def peer_certificate(name: str, folder: Path) -> dict[str, Any]:
    """What `ssl` gives of a certificate of this name once it has verified it."""
    authority = Authority(folder)
    ours, theirs = (ssl.MemoryBIO(), ssl.MemoryBIO()), (ssl.MemoryBIO(), ssl.MemoryBIO())
    client = authority.client().wrap_bio(*ours, server_hostname=name)
    server = authority.server(authority.sign(name, file="named")).wrap_bio(*theirs, server_side=True)
    for _ in range(4):
        for end in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
        theirs[0].write(ours[1].read())
        ours[0].write(theirs[1].read())
    return client.getpeercert() or {}


def test_a_certificate_with_its_key(tmp_path: Path):
    signed = Authority(tmp_path).sign("sbc.rook.example", "192.0.2.1")
    found = read_certificate(signed.path, None)
    assert (found.file, found.key, found.names) == (signed.path, signed.path, ("sbc.rook.example",))
    assert found.ends.tzinfo is not None


def test_files_that_can_not_be_used_are_named_with_what_helps(tmp_path: Path):
    authority = Authority(tmp_path)
    good, other = authority.sign("a.example"), authority.sign("b.example")
    empty, locked = tmp_path / "empty.pem", tmp_path / "locked.pem"
    empty.write_text("")
    key = serialization.load_pem_private_key(good.path.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"hush")
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(key.private_bytes(*pem, secret))
    bare = tmp_path / "bare.pem"
    bare.write_bytes(
        good.path.read_bytes().partition(b"-----BEGIN CERTIFICATE")[1]
        + good.path.read_bytes().partition(b"-----BEGIN CERTIFICATE")[2]
    )
    for file, key_file, what in (
        (tmp_path / "none.pem", None, "can't be read: No such file"),
        (good.path, tmp_path / "none.pem", "none.pem can't be read"),
        (empty, None, "there is no certificate in"),
        (good.path, other.path, "is not the key of"),
        (good.path, locked, "wants a password"),
        (bare, None, "there is no key in"),
    ):
        with pytest.raises(CertificateFault) as caught:
            read_certificate(file, key_file)
        assert what in caught.value.what
        assert caught.value.hint
        assert "PRIVATE" not in str(caught.value)


def test_authorities_that_can_not_be_used(tmp_path: Path):
    read_authorities(Authority(tmp_path).file)
    (tmp_path / "empty.pem").write_text("")
    for name, what in (("empty.pem", "there is no certificate in"), ("none.pem", "can't be read")):
        with pytest.raises(CertificateFault, match=what):
            read_authorities(tmp_path / name)


def test_why_a_connection_did_not_begin():
    assert why_refused(ConnectionRefusedError(111, "Connect call failed ('192.0.2.1', 1)")) == "connection refused"
    assert why_refused(ConnectionRefusedError(111, "x"), agreeing=True) == "TLS handshake failed: connection refused"
    assert why_refused(OSError(113, "x")) == why_refused(OSError(101, "x")) == "no route"
    assert why_refused(TimeoutError()) == why_refused(OSError(110, "x")) == "timed out"
    assert why_refused(ConnectionAbortedError("SSL handshake is taking longer than 5 s"), agreeing=True) == (
        "TLS handshake failed: timed out"
    )
    assert why_refused(ssl.SSLError(1, "x")) == "TLS handshake failed: no tls"
    assert why_refused(Refused("certificate of another name: x"), agreeing=True) == "certificate of another name: x"


def test_the_names_of_a_certificate_steer_nothing_where_they_are_shown():
    assert names_shown(("a\r\nWarning: b", "c", "d", "e")) == "of a??Warning:?b and c and d and others"
    assert names_shown(()) == "of nobody"


def test_why_a_connection_did_not_begin_otherwise():
    assert why_refused(OSError("its certificate is not of x")) == "its certificate is not of x"
    assert why_refused(ValueError("anything")) == "ValueError"
