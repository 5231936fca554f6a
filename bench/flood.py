"""Play floods against the running product, alone on loopback: are emergency calls and good calls served meanwhile?

Each flood lasts --seconds. While it does, emergency calls come from both sides and good calls from another trunk, ten
of each a second; printed is how many were answered and how long the slowest waited for its 200. Ends with 1 where one
of them was not answered, or an emergency call not within 200 ms; with --most-ms inf only where one was not answered,
for which --patience waits. PYTHONPATH=$(tools/compile) before it: compiled.

    bench/flood.py [--seconds 10] [--only NAME] [--most-ms 200] [--patience 1.5]
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import multiprocessing
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

US = ("127.0.0.1", 5060)
CALM = ("127.0.0.2", 5060)  # a trunk, and where the PBX's calls go
LOUD = ("127.0.0.3", 5060)  # a trunk that floods
PBX = ("127.0.0.4", 5060)
ALONE = "RINGFENCE_ALONE_ON_LOOPBACK"
MOST_MS = 200.0

SETTINGS = """\
version: 1
time_zone: Asia/Shanghai
listen: [{address: 127.0.0.1:5060}]
pbxes: [{name: office, addresses: [127.0.0.4:5060], outbound_trunk: calm, probe: {every_s: 0}}]
trunks:
  - {name: calm, addresses: [127.0.0.2], country: CN, send_to: [127.0.0.2:5060]}
  - {name: loud, addresses: [127.0.0.3], country: CN}
  - {name: default, country: CN}
lists: {blocked: {kind: block}}
use: [baseline]
"""


def request(number: str, called: str, source: tuple[str, int], *, extra: str = "") -> bytes:
    """An INVITE that differs from all others by `number`."""
    body = "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    return (
        f"INVITE sip:{called}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {source[0]}:{source[1]};branch=z9hG4bK{number}\r\n"
        f"{extra}Max-Forwards: 70\r\nFrom: <sip:+8613912345678@calls.example>;tag={number}\r\n"
        f"To: <sip:{called}@127.0.0.1>\r\nCall-ID: {number}@flood\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:{source[0]}:{source[1]}>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def bound(at: tuple[str, int]) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
    sock.bind(at)
    sock.setblocking(False)
    return sock


@dataclass(frozen=True)
class Flood:
    """What is sent, how often a second, and how many in all; 0: until time is up."""

    name: str
    rate: float
    count: int
    sources: list[tuple[str, int]]
    make: Callable[[str, tuple[str, int]], bytes]


def floods() -> list[Flood]:
    """Those that the product has to stand."""
    routes = "Route: " + ",".join(["<a:b>"] * 10_600) + "\r\n"
    strangers = [(f"127.0.1.{n}", 5060) for n in range(1, 51)]
    return [
        Flood("no flood", 0, 0, [], lambda number, source: b""),
        Flood("10,000 INVITEs of one source", 20_000, 10_000, [LOUD], lambda n, s: request(n, "13800138000", s)),
        Flood("the same of a stranger", 20_000, 10_000, strangers[:1], lambda n, s: request(n, "13800138000", s)),
        Flood("64 kB of Route at 50 a second", 50, 0, [LOUD], lambda n, s: request(n, "13800138000", s, extra=routes)),
        Flood("the same to 112", 50, 0, [LOUD], lambda n, s: request(n, "112", s, extra=routes)),
        Flood("4,000 forged 112 a second, a trunk's", 4_000, 0, [LOUD], lambda n, s: request(n, "112", s)),
        Flood("4,000 forged 112 a second, strangers'", 4_000, 0, strangers, lambda n, s: request(n, "112", s)),
    ]


def send_flood(index: int, seconds: float, sent: Any) -> None:
    """Run in a process of its own: send, and read nothing."""
    flood = floods()[index]
    socks = [bound(source) for source in flood.sources]
    began, number = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds and not (flood.count and number >= flood.count):
        for _ in range(min(200, int(passed * flood.rate) - number)):
            at = number % len(socks)
            try:
                socks[at].sendto(flood.make(f"f{index}.{number}", flood.sources[at]), US)
            except BlockingIOError:
                break
            number += 1
        time.sleep(0.002)
    sent.value = number


def answer(data: bytes, status: bytes, at: tuple[str, int], *, body: bytes = b"") -> bytes:
    """A response, with what it copies."""
    kept = [
        line + (b";tag=callee" if line.startswith(b"To:") and b"tag=" not in line else b"")
        for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        if line.startswith((b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:", b"Record-Route:"))
    ]
    contact = b"Contact: <sip:%s:%d>" % (at[0].encode(), at[1])
    return b"\r\n".join((b"SIP/2.0 " + status, *kept, contact, b"Content-Length: %d" % len(body), b"", body))


class Callee(asyncio.DatagramProtocol):
    """Answers each INVITE at once; what comes for its own calls it hands to `heard`."""

    def __init__(self, at: tuple[str, int], heard: Callable[[bytes], None] | None = None) -> None:
        self.at = at
        self.heard = heard
        self.answered = 0

    async def listen(self) -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=bound(self.at))

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        if data.startswith(b"INVITE "):
            self.answered += 1
            self.transport.sendto(answer(data, b"180 Ringing", self.at), source)
            self.transport.sendto(answer(data, b"200 OK", self.at), source)
        elif data.startswith((b"BYE ", b"OPTIONS ")):
            self.transport.sendto(answer(data, b"200 OK", self.at), source)
        elif data.startswith(b"SIP/2.0 ") and self.heard is not None:
            self.heard(data)


class Series:
    """Calls of one kind, ten a second: when each was sent, and how long its 200 took."""

    def __init__(self, name: str, called: str, callee: Callee) -> None:
        self.name, self.called, self.callee = name, called, callee
        self.sent: dict[bytes, float] = {}
        self.took: dict[bytes, float] = {}
        self.data: dict[bytes, bytes] = {}

    async def play(self, seconds: float, mark: str, patience: float) -> None:
        began = asyncio.get_running_loop().time()
        for number in range(int(seconds * 10)):
            await asyncio.sleep(max(0.0, began + number / 10 - asyncio.get_running_loop().time()))
            key = f"{mark}{self.called}{self.callee.at[0][-1]}{number}"
            data = self.data[f"{key}@flood".encode()] = request(key, self.called, self.callee.at)
            self.sent[f"{key}@flood".encode()] = time.monotonic()
            self.callee.transport.sendto(data, US)
            if number % 5 == 4:
                self.repeat()
        ends = time.monotonic() + patience
        while len(self.took) < len(self.sent) and time.monotonic() < ends:
            await asyncio.sleep(min(0.5, patience))
            self.repeat()

    def repeat(self) -> None:
        """Timer A, roughly: whoever hears nothing for half a second sends it again."""
        for key, at in self.sent.items():
            if key not in self.took and time.monotonic() - at > 0.5:
                self.callee.transport.sendto(self.data[key], US)

    def heard(self, data: bytes) -> None:
        call = data.partition(b"Call-ID: ")[2].partition(b"\r")[0]
        if data.startswith(b"SIP/2.0 200") and call in self.sent and call not in self.took:
            self.took[call] = (time.monotonic() - self.sent[call]) * 1000
            routes = [line[13:] for line in data.split(b"\r\n") if line.startswith(b"Record-Route:")]
            ack = self.data[call].replace(b"INVITE", b"ACK").partition(b"Content-Type")[0]
            ack = ack.replace(b"branch=z9hG4bK", b"branch=z9hG4bKack").replace(b">\r\nCall", b">;tag=callee\r\nCall")
            kept = [b"Route:" + each for each in reversed(routes)]
            self.callee.transport.sendto(ack + b"\r\n".join((*kept, b"Content-Length: 0", b"", b"")), US)


def lines(series: list[Series], flood: Flood, sent: int, cpu: float, most_ms: float) -> Iterator[tuple[str, bool]]:
    """What is printed of a flood, and whether all is well."""
    yield f"{flood.name}: {sent:,} sent, {cpu:.0f} % of a core", True
    for each in series:
        slowest = max(each.took.values(), default=0.0)
        good = len(each.took) == len(each.sent) and (slowest <= most_ms or each.called != "112")
        times = sorted(each.took.values()) or [0.0]
        shown = f"{len(each.took)} of {len(each.sent)} answered, p50 {times[len(times) // 2]:.1f} ms"
        yield f"  {each.name:28} {shown}, slowest {slowest:.1f} ms{'' if good else '   <- not good'}", good


async def measure(index: int, process: int, words: argparse.Namespace) -> bool:
    """One flood, beside the calls that must go on."""
    seconds: float = words.seconds
    flood, sent = floods()[index], multiprocessing.Value("i", 0)
    calm, pbx = Callee(CALM), Callee(PBX)
    series = [
        Series("emergency calls of a trunk", "112", calm),
        Series("emergency calls of the PBX", "112", pbx),
        Series("good calls of a trunk", "13800138000", calm),
    ]

    def heard(data: bytes) -> None:
        for each in series:
            if each.callee is calm:
                each.heard(data)

    calm.heard, pbx.heard = heard, series[1].heard
    for callee in (calm, pbx):
        await callee.listen()
    flooder = multiprocessing.Process(target=send_flood, args=(index, seconds, sent))
    used, began = cpu_of(process), time.monotonic()
    if flood.rate:
        flooder.start()
    await asyncio.gather(*(each.play(seconds, f"{index}", words.patience) for each in series))
    cpu = (cpu_of(process) - used) * 100 / (time.monotonic() - began)
    if flood.rate:
        flooder.join()
    calm.transport.close()
    pbx.transport.close()
    good = True
    for text, well in lines(series, flood, sent.value, cpu, words.most_ms):
        print(text, flush=True)
        good &= well
    return good


def cpu_of(process: int) -> float:
    """Seconds of processor time that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def go_on_alone(file: str) -> None:
    """Begin this file anew where only loopback exists, and lift that: it is down at first."""
    if ALONE not in os.environ:
        as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        os.environ[ALONE] = "1"
        os.execvp("unshare", ["unshare", *as_root, "--net", sys.executable, file, *sys.argv[1:]])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = struct.pack("16sh14s", b"lo", 0, b"")
        flags = struct.unpack("16sh14s", fcntl.ioctl(sock, 0x8913, asked))[1]
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh14s", b"lo", flags | 1, b""))


def main() -> int:
    """Every flood in turn, each against a proxy that has just started."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", default="", metavar="NAME", help="floods whose name holds this")
    parser.add_argument(
        "--most-ms", type=float, default=MOST_MS, help="how long an emergency call may wait for its 200"
    )
    parser.add_argument("--patience", type=float, default=1.5, metavar="SECONDS", help="after the flood, for answers")
    words = parser.parse_args()
    go_on_alone(__file__)
    good = True
    for index, flood in enumerate(floods()):
        if words.only not in flood.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            configuration = Path(folder) / "ringfence.yaml"
            configuration.write_text(SETTINGS)
            command = [sys.executable, "-m", "ringfence", "--config", str(configuration), "serve"]
            with (Path(folder) / "said").open("wb") as said:
                proxy = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
            try:
                while b"serving" not in (Path(folder) / "said").read_bytes():
                    if proxy.poll() is not None:
                        sys.exit((Path(folder) / "said").read_text())
                    time.sleep(0.1)
                good &= asyncio.run(measure(index, proxy.pid, words))
            finally:
                proxy.kill()
                proxy.wait()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
