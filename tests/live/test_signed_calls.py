"""Who signs and who verifies beside us: secsipidx and Asterisk, both ways, by certificates fetched by HTTPS."""

import json
import re
import socket
import subprocess
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import wire
from tests.peers.asterisk import EXTENSIONS_CONF, MODULES, PJSIP_CONF, Asterisk
from tests.peers.certificate_server import CertificateServer
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import until
from tests.peers.ringfence import LISTS, Ringfence
from tests.signing import Authority, Signer, one, provider

pytestmark = pytest.mark.live

CALLER, CALLED, OWN = "12155551212", "12155551213", "12155551214"
RULES = """\
- rule: vouched-for
  because: Somebody vouches for this caller.
  when: {caller: {attestation: A}}
  then: tag
- rule: forged
  because: Whoever signed it did not sign this call.
  when: {caller: {attestation: failed}}
  then: reject
"""
STIR_MODULES = f"{MODULES} res_curl func_curl res_stir_shaken res_pjsip_stir_shaken"
STIR_CONF = """
[attestation]
private_key_file = {folder}/k.pem
public_cert_url = {url}
attest_level = A
check_tn_cert_public_url = no
[%(caller)s]
type = tn
[verification]
ca_file = {folder}/sti-ca.pem
cert_cache_dir = {folder}
failure_action = reject_request
x5u_deny = 0.0.0.0/0.0.0.0
x5u_permit = 127.0.0.0/8
curl_timeout = 60
max_iat_age = 600
max_date_header_age = 600
[both]
type = profile
endpoint_behavior = on
failure_action = reject_request
""" % {"caller": CALLER}  # noqa: UP031 - braces are the format's own


class Line(NamedTuple):
    """A node between a carrier and a PBX, with all that signs and verifies around it."""

    node: Ringfence
    at: Endpoint
    carrier: socket.socket
    pbx: socket.socket
    asterisk: Endpoint
    telephone: socket.socket
    web: CertificateServer
    carrier_key: Signer
    ours: Signer
    url: str
    folder: Path


def bound(at: Endpoint) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(at)
    sock.settimeout(60)
    return sock


def signer(authority: Authority, *entries: bytes) -> Signer:
    now = time.time()
    return authority.sign(*entries, begins=now - 3600, ends=now + 86400)


def keep(folder: Path, made: Signer) -> None:
    (folder / "k.pem").write_bytes(made.key_pem)
    (folder / "k.pem").chmod(0o600)
    (folder / "c.pem").write_bytes(made.published)


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    at, carrier, pbx, asterisk, telephone = (new_endpoint() for _ in range(5))
    root = Authority("Policy Administrator")
    theirs, ours, far = signer(root), signer(root, provider("709J")), signer(root, one(CALLER))
    (folder / "sti-ca.pem").write_bytes(root.pem)
    (folder / "rules.yaml").write_text(RULES)
    keep(folder, ours)
    with CertificateServer(folder) as web:
        url = web.publish("carrier.pem", theirs.published)
        own, far_url = web.publish("ours.pem", ours.published), web.publish("asterisk.pem", far.published)
        trunk = {"country": "US", "numbers": "international", "pbx": "office"}
        configuration = {
            "listen": [{"address": str(at)}],
            "pbxes": [
                {"name": "office", "addresses": [str(pbx)], "outbound_trunk": "asterisk", "probe": {"every_s": 0}}
            ],
            "trunks": [
                {"name": "carrier", "addresses": [carrier.host], "send_to": [str(carrier)], **trunk},
                {"name": "asterisk", "addresses": [asterisk.host], "send_to": [str(asterisk)], **trunk},
            ],
            "lists": {**LISTS, "ours": {"kind": "plain"}},
            "use": [],
            "rules": ["rules.yaml"],
            "storage": {"database": "ringfence.db", "key_file": "ringfence.keys"},
            "logging": {"file": "calls.jsonl"},
            "identity": {
                "authorities": str(folder / "sti-ca.pem"),
                "hosts": [web.host],
                "networks": [f"{web.host}/32"],
                "https": str(web.authority.file),
                "deadline_ms": 5000,
                "freshness_s": 600,
                "sign": {
                    "key": str(folder / "k.pem"),
                    "certificate": str(folder / "c.pem"),
                    "url": own,
                    "lists": ["ours"],
                    "others": "C",
                },
            },
        }
        node_folder, pbx_folder = folder / "node", folder / "asterisk"
        node_folder.mkdir()
        (node_folder / "rules.yaml").write_text(RULES)
        keep_for(pbx_folder, far, root, far_url)
        with (
            Ringfence(node_folder, configuration, numbers={"ours": [f"+{OWN}"]}) as node,
            StirAsterisk(at=asterisk, proxy=at, telephone=telephone, folder=pbx_folder, authorities=web.authority.file),
            bound(carrier) as carrier_side,
            bound(pbx) as pbx_side,
            bound(telephone) as telephone_side,
        ):
            yield Line(*(node, at, carrier_side, pbx_side, asterisk, telephone_side, web, theirs, ours, url, folder))


def keep_for(folder: Path, made: Signer, root: Authority, url: str) -> None:
    folder.mkdir()
    keep(folder, made)
    (folder / "sti-ca.pem").write_bytes(root.pem)
    (folder / "stir_shaken.conf").write_text(STIR_CONF.format(folder=folder, url=url))


class StirAsterisk(Asterisk):
    """Signs what it sends and verifies what it gets."""

    def __init__(self, **words: Any) -> None:
        pjsip = PJSIP_CONF.replace("aors=ringfence\n", "aors=ringfence\nstir_shaken_profile=both\n", 1)
        pjsip = pjsip.replace("callerid=Telephone <200>", f"callerid=Telephone <{CALLER}>")
        extensions = EXTENSIONS_CONF.replace("_0X.", "_1X.").replace("exten => 600,1", f"exten => {CALLED},1")
        extensions = extensions.replace(
            "[add-called]", f"exten => +{CALLED},1,Answer()\n same => n,Echo()\n[add-called]", 1
        )
        super().__init__(pjsip=pjsip, extensions=extensions, modules=STIR_MODULES, **words)


def secsipidx(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["secsipidx", *words], capture_output=True, text=True, timeout=60, check=False)


def signed_by_secsipidx(line: Line, *, level: str = "A", orig: str = CALLER, dest: str = CALLED) -> str:
    """As it is written on one line."""
    key = line.folder / "carrier-key.pem"
    key.write_bytes(line.carrier_key.key_pem)
    words = ("-orig-tn", orig, "-dest-tn", dest, "-attest", level, "-x5u", line.url, "-k", str(key))
    made = secsipidx("-sign-full", *words)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


_calls = iter(range(1, 1000))


def call_in(line: Line, identity: str, caller: str = CALLER) -> bytes:
    """The carrier calls; what comes of it: the INVITE at the PBX, or the response."""
    number = next(_calls)
    host, port = line.carrier.getsockname()
    invite = wire.invite(
        uri=f"sip:+{CALLED}@{line.at}",
        via=f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKsigned{number}",
        from_=f"<sip:+{caller}@carrier.example>;tag=a{number}",
        to=f"<sip:+{CALLED}@office.example>",
        call_id=f"signed-{number}@carrier.example",
        extra=f"Contact: <sip:a@{host}:{port}>\nIdentity: {identity}",
    )
    line.carrier.sendto(invite, line.at)
    while wire.status(answer := line.carrier.recv(65535)) == 100:
        line.carrier.setblocking(False)
        line.carrier.settimeout(60)
        line.pbx.settimeout(60)
        down = line.pbx.recv(65535)
        line.pbx.sendto(wire.response(486, down), line.at)
        _until_ack(line.pbx, line.at)
        final = line.carrier.recv(65535)
        line.carrier.sendto(wire.ack(invite, final), line.at)
        return down
    line.carrier.sendto(wire.ack(invite, answer), line.at)
    return answer


def _until_ack(sock: socket.socket, at: Endpoint) -> None:
    while wire.method(sock.recv(65535)) != "ACK":
        pass


def test_what_secsipidx_signs_is_verified(line: Line):
    down = call_in(line, signed_by_secsipidx(line))
    assert wire.header(down, "X-Ringfence-Rule") == "vouched-for"
    assert wire.header(down, "Attestation-Info") == "A"
    assert "verstat=TN-Validation-Passed" in wire.header(down, "From")
    assert line.web.asked.count("/carrier.pem") == 1


def test_a_lower_attestation_of_secsipidx_is_told(line: Line):
    down = call_in(line, signed_by_secsipidx(line, level="C"))
    assert wire.header(down, "X-Ringfence-Rule") == ""
    assert wire.header(down, "Attestation-Info") == "C"
    assert line.web.asked.count("/carrier.pem") == 1  # remembered


@pytest.mark.parametrize(
    "words", [{"orig": "12155550000"}, {"dest": "12155550000"}], ids=["another caller", "another called"]
)
def test_what_secsipidx_signed_for_others_is_refused(line: Line, words: dict[str, str]):
    refused = call_in(line, signed_by_secsipidx(line, **words))
    assert wire.status(refused) == 603
    decision = wire.header(refused, "Reason").partition('text="')[2].rstrip('"')
    why = until(lambda: _why(line, decision), "the record is written")
    assert why == ("other-caller" if "orig" in words else "other-called")


def _why(line: Line, decision: str) -> str:
    told = line.node.command("explain", decision)
    found = re.search(r"its signature proves nothing: ([a-z-]+)", told)
    return found[1] if found else ""


def out(line: Line, called: str, caller: str) -> tuple[bytes, bytes]:
    """The PBX calls by the carrier's address: its INVITE, and what the carrier gets."""
    number = next(_calls)
    host, port = line.pbx.getsockname()
    to = Endpoint(*line.carrier.getsockname())
    invite = wire.invite(
        uri=f"sip:+{called}@{to}",
        via=f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKout{number}",
        from_=f"<sip:+{caller}@office.example>;tag=b{number}",
        to=f"<sip:+{called}@carrier.example>",
        call_id=f"out-{number}@office.example",
        extra=f"Contact: <sip:b@{host}:{port}>",
    )
    line.pbx.sendto(invite, line.at)
    down = line.carrier.recv(65535)
    line.carrier.sendto(wire.response(486, down), line.at)
    _until_ack(line.carrier, line.at)
    while wire.status(final := line.pbx.recv(65535)) < 200:
        pass
    line.pbx.sendto(wire.ack(invite, final), line.at)
    return invite, down


@pytest.mark.parametrize(("caller", "level"), [(OWN, "A"), (CALLER, "C")])
def test_secsipidx_verifies_what_we_sign(line: Line, caller: str, level: str):
    _, down = out(line, CALLED, caller)
    identity = line.folder / "identity.txt"
    identity.write_text(wire.header(down, "Identity"))
    checked = secsipidx("-check", "-fidentity", str(identity), "-fpubkey", str(line.folder / "c.pem"), "-expire", "600")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    claims = json.loads(urlsafe_b64decode(identity.read_text().split(".")[1] + "=="))
    assert claims["attest"] == level
    damaged = identity.read_text().replace(".", ".x", 1)
    identity.write_text(damaged)
    checked = secsipidx("-check", "-fidentity", str(identity), "-fpubkey", str(line.folder / "c.pem"), "-expire", "600")
    assert checked.returncode != 0


def test_what_asterisk_signs_is_verified(line: Line):
    host, port = line.telephone.getsockname()
    invite = wire.invite(
        uri=f"sip:{CALLED}@{line.asterisk}",
        via=f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKtelephone",
        from_=f"<sip:telephone@{line.asterisk}>;tag=t",
        to=f"<sip:{CALLED}@{line.asterisk}>",
        call_id="telephone@office.example",
        extra=f"Contact: <sip:telephone@{host}:{port}>",
    )
    line.telephone.sendto(invite, line.asterisk)
    down = line.pbx.recv(65535)
    line.pbx.sendto(wire.response(486, down), line.at)
    _until_ack(line.pbx, line.at)
    assert wire.header(down, "Attestation-Info") == "A"
    assert wire.header(down, "X-Ringfence-Rule") == "vouched-for"
    assert "/asterisk.pem" in line.web.asked


def test_asterisk_verifies_what_we_sign_and_refuses_it_damaged(line: Line):
    host, port = line.pbx.getsockname()
    for number, damage in enumerate((b"", b"x")):
        invite = wire.invite(
            uri=f"sip:+{CALLED}@{line.at}",
            via=f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKverify{number}",
            from_=f"<sip:+{OWN}@office.example>;tag=v{number}",
            to=f"<sip:+{CALLED}@carrier.example>",
            call_id=f"verify-{number}@office.example",
            extra=f"Contact: <sip:v@{host}:{port}>",
        )
        if damage:  # what another one has signed comes along as it is, and is not signed anew
            _, signed = out(line, CALLED, OWN)
            value = wire.header(signed, "Identity").replace(".", ".x", 1)
            date = wire.header(signed, "Date")
            line_of = f"Identity: {value}\r\nDate: {date}\r\nCall-ID".encode()
            invite = invite.replace(b"Call-ID", line_of, 1)
        line.pbx.sendto(invite, line.at)
        while wire.status(final := line.pbx.recv(65535)) < 200:
            pass
        assert wire.status(final) == (438 if damage else 200)
        if damage:
            line.pbx.sendto(wire.ack(invite, final), line.at)
    assert "/ours.pem" in line.web.asked


def test_a_reload_takes_another_key(line: Line):
    keep(line.folder, rotated := signer(Authority()))
    assert "identity" not in line.node.command("reload")
    _, down = out(line, CALLED, OWN)
    identity = line.folder / "rotated.txt"
    identity.write_text(wire.header(down, "Identity"))
    words = ("-fidentity", str(identity), "-fpubkey", str(line.folder / "c.pem"), "-expire", "600")
    assert secsipidx("-check", *words).returncode == 0
    assert (line.folder / "c.pem").read_bytes() == rotated.published
