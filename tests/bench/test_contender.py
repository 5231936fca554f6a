"""bench/contender: the product, started from outside, judges as its list says; a second start keeps what it should."""

import re
import secrets
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.phones.processes import free_port
from tests.wire import invite

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def pbx():
    """A PBX that only listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.settimeout(60)
        yield wire


@contextmanager
def contender(folder: Path, numbers: str, upstream: socket.socket, host: str = "127.0.0.1"):
    """The contender, once it serves; gives its address, and ends it in order."""
    csv = folder.parent / "numbers.csv"
    csv.write_text("number,action\n" + numbers)
    listen = (host, free_port(host))
    shown = f"[{host}]:{listen[1]}" if ":" in host else f"{host}:{listen[1]}"
    process = subprocess.Popen(
        [
            *(
                ROOT / "bench" / "contender",
                "--listen",
                shown,
                "--upstream",
                f"127.0.0.1:{upstream.getsockname()[1]}",
            ),
            *("--numbers", csv, "--dir", folder),
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        for line in process.stderr:
            if '"event": "serving"' in line:
                break
        else:
            pytest.fail("it ended before it served")
        yield listen
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def call(proxy: tuple[str, int], caller: str, upstream: socket.socket) -> str:
    """What becomes of one INVITE: the status of a rejection, or the verdict that the PBX sees."""
    six = ":" in proxy[0]
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(60)
        wire.bind((proxy[0], 0))
        port = wire.getsockname()[1]
        own = f"[{proxy[0]}]:{port}" if six else f"{proxy[0]}:{port}"
        message = invite(
            uri=f"sip:+8613800138000@{own}",
            via=f"SIP/2.0/UDP {own};branch=z9hG4bK{secrets.token_hex(6)}",
            from_=f"<sip:{caller}@{own}>;tag=t",
            call_id=secrets.token_hex(6),
        )
        wire.sendto(message, proxy)
        answer = wire.recv(65_535)
    if answer.startswith(b"SIP/2.0 603"):
        return "603"
    arrived = busy(upstream)
    verdict = re.search(r"^X-Ringfence-Verdict: (.*?)\r$", arrived, re.MULTILINE)
    return verdict[1] if verdict else "forwarded"


def busy(upstream: socket.socket) -> str:
    """The next INVITE at the PBX, which refuses it so that the call ends."""
    while not (arrived := upstream.recvfrom(65_535))[0].startswith(b"INVITE "):
        continue
    text = arrived[0].decode()
    copied = re.findall(r"^(?:Via|From|To|Call-ID|CSeq):.*\r\n", text, re.MULTILINE)
    answer = "SIP/2.0 486 Busy Here\r\n" + "".join(copied) + "Content-Length: 0\r\n\r\n"
    upstream.sendto(answer.encode(), arrived[1])
    return text


def ringfence(folder: Path, *words: str) -> str:
    """A command on the running product, from another shell."""
    command = [sys.executable, "-m", "ringfence", "--config", str(folder / "ringfence.yaml"), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout


def test_each_number_its_verdict_and_a_second_start(tmp_path):
    folder = tmp_path / "kept"
    with pbx() as upstream:
        with contender(folder, "+8617000000001,reject\n017100000001,tag\n", upstream) as proxy:
            assert call(proxy, "+8617000000001", upstream) == "603"
            assert call(proxy, "17000000001", upstream) == "603"
            assert call(proxy, "+8617100000001", upstream) == "suspected"
            assert call(proxy, "+8613900000000", upstream) == "forwarded"
            assert "+8617000000001" in ringfence(folder, "lists", "show", "rejected")
        keys = (folder / "ringfence.keys").read_text()
        with contender(folder, "+8617100000001,reject\n", upstream) as proxy:
            assert call(proxy, "+8617000000001", upstream) == "forwarded"
            assert call(proxy, "+8617100000001", upstream) == "603"
            assert '"verdict": "tag"' in ringfence(folder, "log", "--json"), "records of the first start"
            assert "reject" in ringfence(folder, "explain", "--from", "17100000001", "--to", "13800138000")
        assert (folder / "ringfence.keys").read_text() == keys
        assert (folder / "calls.log").read_text().count('"event":"call"') >= 2


def test_ipv6_before_a_pbx_on_ipv4(tmp_path):
    with pbx() as upstream, contender(tmp_path / "six", "+8617000000001,reject\n", upstream, "::1") as proxy:
        assert call(proxy, "+8617000000001", upstream) == "603"
        assert call(proxy, "+8613900000000", upstream) == "forwarded"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [("+8617000000001,drop\n", ":2: expected NUMBER,reject or NUMBER,tag"), ("+86170\n", ":2: expected")],
)
def test_a_list_that_cannot_be_read_is_refused_with_its_line(tmp_path, numbers, said):
    csv = tmp_path / "numbers.csv"
    csv.write_text("number,action\n" + numbers)
    done = subprocess.run(
        [ROOT / "bench" / "contender", "--listen", "127.0.0.1:5060", "--upstream", "127.0.0.1:5080", "--numbers", csv],
        capture_output=True,
        text=True,
        timeout=1800,  # the first one may have to compile
        check=False,
    )
    assert done.returncode == 1
    assert f"{csv}{said}" in done.stderr
