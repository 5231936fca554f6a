"""How long a verdict over HTTP takes, so many a second, and what that does to the calls of the same node.

    .venv/bin/python -m bench.asked [--rate 500] [--seconds 10] [--calls 50]

A node of its own on loopback: INVITEs by SIP first alone, then beside the questions. Each is sent at its moment,
whether the one before was answered or not. Exits 1 where the 99th percentile of verdicts is over 5 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.ringfence import LISTS, Ringfence

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 16
MOST_MS = 5.0
RULES = """\
- rule: machine
  because: It calls all day.
  when: {caller: {calls: {over: 1000000, within: 1h}}}
  then: {suspicion: 5}
"""


def percentile(took: list[float], share: float) -> float:
    return round(sorted(took)[min(int(len(took) * share), len(took) - 1)] * 1000, 2) if took else 0.0


async def questions(port: int, token: str, rate: float, seconds: float) -> list[float]:
    """Ask; seconds that each answer took from the moment at which its question was due."""
    took: list[float] = []
    due: asyncio.Queue[float] = asyncio.Queue()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = 0
        while (at := await due.get()) >= 0:
            number += 1
            body = json.dumps({"caller": f"+86139{number % 9999:08}", "called": "+8613800138000"}).encode()
            writer.write(
                b"POST /v1/verdict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (token.encode(), len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(perf_counter() - at)
        writer.close()

    askers = [asyncio.create_task(one()) for _ in range(CONNECTIONS)]
    begun = perf_counter()
    for number in range(int(rate * seconds)):
        at = begun + number / rate
        if (left := at - perf_counter()) > 0:
            await asyncio.sleep(left)
        due.put_nowait(at)
    for _ in askers:
        due.put_nowait(-1.0)
    await asyncio.gather(*askers)
    return took[int(rate) :]  # the first second warms up


class Caller(asyncio.DatagramProtocol):
    """Sends INVITEs and takes the time of their answers."""

    def __init__(self) -> None:
        self.sent: dict[bytes, float] = {}
        self.took: list[float] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        call = data.partition(b"Call-ID: ")[2].partition(b"\r\n")[0]
        if data[8:11] != b"100" and (at := self.sent.pop(call, None)) is not None:
            self.took.append(perf_counter() - at)


async def calls(to: Endpoint, rate: float, seconds: float) -> list[float]:
    """Call; seconds until each got its answer."""
    transport, caller = await asyncio.get_running_loop().create_datagram_endpoint(
        Caller, remote_addr=(to.host, to.port), local_addr=(to.host, 0)
    )
    here = transport.get_extra_info("sockname")[1]
    begun = perf_counter()
    for number in range(int(rate * seconds)):
        if (left := begun + number / rate - perf_counter()) > 0:
            await asyncio.sleep(left)
        call = f"{begun}-{number}".encode()
        caller.sent[call] = perf_counter()
        transport.sendto(
            b"INVITE sip:+8613800138000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s\r\n"
            b"Max-Forwards: 70\r\nFrom: <sip:+8613912345678@localhost>;tag=a\r\nTo: <sip:+8613800138000@localhost>\r\n"
            b"Call-ID: %s\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.1:%d>\r\nContent-Length: 0\r\n\r\n"
            % (to.host.encode(), here, call, call, here)
        )
    await asyncio.sleep(0.5)
    transport.close()
    return caller.took


async def measure(
    sip: Endpoint, http: int, token: str, rate: float, seconds: float, per_second: float
) -> dict[str, float]:
    alone = await calls(sip, per_second, seconds)
    beside, took = await asyncio.gather(calls(sip, per_second, seconds), questions(http, token, rate, seconds))
    return {
        "verdicts": len(took),
        "verdict_ms_p50": percentile(took, 0.5),
        "verdict_ms_p99": percentile(took, 0.99),
        "call_ms_p50_alone": percentile(alone, 0.5),
        "call_ms_p50_beside": percentile(beside, 0.5),
        "call_ms_p99_alone": percentile(alone, 0.99),
        "call_ms_p99_beside": percentile(beside, 0.99),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=500.0, help="questions a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--calls", type=float, default=50.0, help="calls a second beside them")
    given = parser.parse_args()
    sip, http = new_endpoint(), new_endpoint()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "own.yaml").write_text(RULES)
        configuration = {
            "listen": [{"address": str(sip)}],
            "pbxes": [],
            "trunks": [{"name": "sbc", "addresses": [sip.host], "country": "CN", "answer": "redirect"}],
            "lists": LISTS,
            "use": [],
            "rules": ["own.yaml"],
            "asked": {"listen": f"127.0.0.1:{http.port}", "per_second": 10 * given.rate},
            "storage": {"database": "ringfence.db", "key_file": "ringfence.keys"},
            "logging": {"file": "calls.jsonl"},
        }
        (folder / "ringfence.yaml").write_text(json.dumps(configuration))
        adding = ["--config", str(folder / "ringfence.yaml"), "api", "keys", "add", "bench", "--scope", "verdict:ask"]
        made = subprocess.run(
            [sys.executable, "-m", "ringfence", *adding, "--json"],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        token = json.loads(made.stdout)["token"]
        with Ringfence(folder, configuration):
            found = asyncio.run(measure(sip, http.port, token, given.rate, given.seconds, given.calls))
    print(json.dumps(found, indent=1))
    return 0 if 0 < found["verdict_ms_p99"] <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
