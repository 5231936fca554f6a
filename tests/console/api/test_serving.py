"""`ringfence api serve` as a process: closed until there is a key, never in clear outside, and it ends in order."""

import datetime
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from console.api.access.key_book import KeyBook
from console.api.serving import NotServed, listening_on
from console.api.serving import run as serve_until_stopped
from proxy.proxy_settings import HostPort
from ringfence.api_settings import ApiSettings
from ringfence.installation import Installation
from ringfence.people.rights import Right
from rules.audit.entering import Entering
from rules.storage.database_files import database_path
from rules.storage.store import Store
from tests.console.api.conftest import COMPLAINT
from tests.console.api.served import Served, new_key
from tests.peers.loopback import new_host
from tests.peers.process import until

live = pytest.mark.live


def test_it_gives_way_to_calls_and_so_does_what_it_starts():
    """In a process of its own: no test gets its rank back."""
    asks = "import os, threading; from console.api.serving import give_way; give_way({}); threads = []; "
    asks += "rank = lambda of: os.getpriority(os.PRIO_PROCESS, of); "
    asks += "one = threading.Thread(target=lambda: threads.append(rank(threading.get_native_id()))); "
    asks += "one.start(); one.join(); print(rank(0), *threads, os.sched_getscheduler(0))"
    begun = os.getpriority(os.PRIO_PROCESS, 0)
    for nice in (0, 10, 19):
        told = subprocess.run([sys.executable, "-c", asks.format(nice)], capture_output=True, text=True, check=True)
        rank = max(begun, nice)
        policy = os.SCHED_BATCH if nice and os.sched_getscheduler(0) == os.SCHED_OTHER else os.sched_getscheduler(0)
        assert told.stdout.split() == [str(rank), str(rank), str(policy)]


@pytest.fixture
def file(file: Path) -> Path:
    """A configuration with a list for seals."""
    file.write_text(file.read_text().replace("rules:", "  sealed: {kind: sealed}\nrules:"))
    return file


@live
def test_from_start_to_end(file, run):
    with Served(file) as api:
        with api.client() as nobody:
            assert nobody.get("/healthz").json() == {"status": "ok"}
            assert nobody.get("/openapi.json").json()["openapi"].startswith("3.1")
            assert nobody.post("/v1/complaints", json=COMPLAINT).status_code == 401
        with api.client(new_key(file)) as client:  # a key counts at once, without a restart
            assert client.post("/v1/complaints", json=COMPLAINT).status_code == 201
            for step, more in (("take", {}), ("verify", {"found_by": "owner"}), ("seal", {})):
                done = client.post(f"/v1/cases/1/{step}", json={"reason": "x"} | more)
            assert done.json()["seal"] == 1
            assert "sealed" in run("why", "95012345").output
            assert run("api", "keys", "revoke", "desk").exit_code == 0
            assert client.get("/v1/cases").status_code == 401
        host, _, port = api.address.rpartition(":")
        with socket.create_connection((host, int(port)), 60) as odd:
            odd.sendall(b"\x16\x03\x01nonsense\r\n\r\n")
            assert odd.recv(100).startswith(b"HTTP/1.1 400")
        api.process.send_signal(signal.SIGTERM)
        assert api.wait() == 0
        assert [line["event"] for line in api.lines()] == ["serving", *["request"] * 8, "library", "stopped"]


@live
def test_what_others_take_for_reload_does_not_end_it(file):
    with Served(file) as api:
        api.process.send_signal(signal.SIGHUP)
        api.process.send_signal(signal.SIGUSR1)
        with api.client() as nobody:
            assert nobody.get("/healthz").json() == {"status": "ok"}
        api.process.send_signal(signal.SIGQUIT)
        assert api.wait() == 0
        said = {line["signal"] for line in api.lines() if line["event"] == "signal ignored"}
        assert said == {"SIGHUP", "SIGUSR1"}


def certify(folder: Path, host: str) -> Path:
    """A certificate of this address, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    made = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    (folder / "desk.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "desk.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return folder / "desk.crt"


@live
def test_over_tls(file):
    host = new_host()
    trusted = ssl.create_default_context(cafile=certify(file.parent, host))
    file.write_text(file.read_text() + "api: {certificate: desk.crt, key: desk.key}\n")
    with Served(file, host=host, scheme="https") as api, api.client(verify=trusted) as client:
        assert client.get("/healthz").status_code == 200


@live
def test_kill_9_loses_nothing_that_was_acknowledged(file, run):
    token = new_key(file, "app", Right.COMPLAINTS_WRITE, Right.COMPLAINTS_READ)
    file.write_text(file.read_text() + "api: {requests_per_second: 10000}\n")
    acknowledged: dict[str, str] = {}

    def keep_filing(lane: int) -> None:
        with api.client(token) as client:
            for turn in range(10_000):
                body = COMPLAINT | {"reporter": f"138{lane}{turn:07}"}
                try:
                    answer = client.post("/v1/complaints", json=body, headers={"Idempotency-Key": body["reporter"]})
                except httpx.TransportError:
                    return
                acknowledged[body["reporter"]] = answer.json()["reference"]

    with Served(file) as api, ThreadPoolExecutor(3) as lanes:
        running = [lanes.submit(keep_filing, lane) for lane in range(3)]
        until(lambda: len(acknowledged) > 60, "complaints are acknowledged")
        api.stop(signal.SIGKILL)
        for one in running:
            one.result()
    with Served(file) as api, api.client(token) as client:
        for reporter, reference in list(acknowledged.items())[-30:]:
            again = client.post("/v1/complaints", json=COMPLAINT | {"reporter": reporter})
            assert (again.status_code, again.json()["reference"]) == (200, reference)
    assert run("db", "check").exit_code == 0


async def refused(file: Path, listen: str, **settings) -> str:
    """Why the API of this configuration does not listen there."""
    here = Installation.open(file)
    host, _, port = listen.rpartition(":")
    api = ApiSettings.model_validate(here.configuration.api.model_dump() | settings)

    async def serve() -> None:
        await serve_until_stopped(here, listening_on(api, HostPort(host=host, port=int(port))))

    with pytest.raises(NotServed) as caught:
        await serve()
    return str(caught.value)


async def test_outside_loopback_only_with_a_key_and_encrypted(file, tmp_path):
    assert "set certificate" in await refused(file, "192.0.2.1:8607")
    assert "write an address" in await refused(file, "desk.example:8607")
    assert "ringfence api keys add" in await refused(file, "192.0.2.1:8607", behind_proxy=True)
    entering = Entering().into("access")
    path = database_path(tmp_path / "ringfence.db", "access")
    store = await Store.open(path, "access", durable=False, taught=entering)
    await KeyBook(store).add("desk", [Right.CASES_READ], author="root")
    await store.close()
    assert "Cannot assign" in await refused(file, "192.0.2.1:8607", behind_proxy=True)


async def test_a_certificate_or_an_address_that_cannot_be_used(file):
    (file.parent / "bad.crt").write_text("nonsense")
    assert "bad.crt" in await refused(file, "127.0.0.1:8607", certificate="bad.crt")
    assert "missing.crt" in await refused(file, "127.0.0.1:8607", certificate="missing.crt")
    with socket.create_server((new_host(), 0)) as taken:
        host, port = taken.getsockname()
        assert "choose another port" in await refused(file, f"{host}:{port}")
