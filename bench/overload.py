"""Offer the running product more calls than it can take, alone on loopback: how many does it complete?

First its capacity: as many calls as it completes with 50 under way at a time. Then half of that up to three times as
many, --seconds each, with emergency calls from both sides beside; then, five seconds after the last, half of it again.
A call is INVITE, 100, 180, 200, ACK, BYE, 200, and an INVITE is repeated as RFC 3261 has it. Ends with 1 where less
than nine tenths of the most calls are completed at any offer from the capacity on, an emergency call does not ring, or
it is not itself again. PYTHONPATH=$(tools/compile) before it: compiled.

    bench/overload.py [--seconds 10] [--markdown]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from flood import ALONE, CALM, PBX, US, Callee, Series, answer, bound, cpu_of, raise_loopback

LOAD = ("127.0.0.5", 5060)  # the trunk that sends too much
LOAD_PBX = ("127.0.0.6", 5060)  # where its calls end
FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
AT_A_TIME = 50  # calls under way while the capacity is found
REST_S = 5.0  # between the last offer and the one that shows that it is itself again
WAIT_S = 4.0  # for the last calls of an offer
T1 = 0.5
MOST_REPEATS = 6
LEAST = 0.9  # of the most calls

SETTINGS = """\
version: 1
time_zone: Asia/Shanghai
listen: [{address: 127.0.0.1:5060}]
pbxes:
  - {name: office, addresses: [127.0.0.4:5060], outbound_trunk: calm}
  - {name: busy, addresses: [127.0.0.6:5060]}
trunks:
  - {name: calm, addresses: [127.0.0.2], country: CN, send_to: [127.0.0.2:5060]}
  - {name: load, addresses: [127.0.0.5], country: CN, pbx: busy, max_transactions: 500000}
limits: {max_transactions: 700000}  # each call holds two for half a minute: not what is measured here
lists: {blocked: {kind: block}}
use: [baseline]
"""

INVITE = (
    b"INVITE sip:+8613800138000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.5:5060;branch=z9hG4bK%(key)s\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:+86139%(number)08d@calls.example>;tag=%(key)s\r\n"
    b"To: <sip:+8613800138000@127.0.0.1>\r\n"
    b"Call-ID: %(key)s\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.5:5060>\r\n"
    b"Content-Type: application/sdp\r\nContent-Length: 109\r\n\r\n"
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    b"a=rtpmap:0 PCMU/8000\r\n"
)


class Offer(NamedTuple):
    """What came of one."""

    offered: int
    completed: int
    refused: int
    repeated: int
    seconds: float
    half_ms: float
    most_ms: float

    @property
    def goodput(self) -> float:
        return self.completed / self.seconds


class Caller:
    """Both ends of the load, in one process without anything else: sends, answers, repeats."""

    def __init__(self, mark: str) -> None:
        self.mark = mark.encode()
        self.trunk, self.pbx = bound(LOAD), bound(LOAD_PBX)
        self.number = 0
        self.sent: dict[bytes, float] = {}  # by Call-ID, until there is a final response
        self.invites: dict[bytes, bytes] = {}
        self.repeats: deque[tuple[float, bytes, int]] = deque()
        self.silent: set[bytes] = set()  # that nothing came for yet
        self.ending: set[bytes] = set()
        self.times: list[float] = []
        self.completed = self.refused = self.repeated = 0

    def call(self, now: float) -> None:
        self.number += 1
        key = b"%s.%d" % (self.mark, self.number)
        data = INVITE % {b"key": key, b"number": self.number}
        self.sent[key], self.invites[key] = now, data
        self.silent.add(key)
        self.repeats.append((now + T1, key, 1))
        self.put(self.trunk, data)

    @staticmethod
    def put(sock: socket.socket, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            sock.sendto(data, US)

    def repeat(self, now: float) -> None:
        """Timer A, for those that nothing came for."""
        while self.repeats and self.repeats[0][0] <= now:
            _, key, times = self.repeats.popleft()
            if key in self.silent and times <= MOST_REPEATS:
                self.repeated += 1
                self.put(self.trunk, self.invites[key])
                self.repeats.append((now + T1 * 2**times, key, times + 1))

    def hear(self, sock: socket.socket, most: int = 512) -> None:
        for _ in range(most):
            try:
                data = sock.recv(4096)
            except BlockingIOError:
                return
            (self.heard_by_pbx if sock is self.pbx else self.heard)(data)

    def heard_by_pbx(self, data: bytes) -> None:
        if data.startswith(b"INVITE "):
            self.put(self.pbx, answer(data, b"180 Ringing", LOAD_PBX))
            self.put(self.pbx, answer(data, b"200 OK", LOAD_PBX))
        elif data.startswith(b"BYE "):
            self.put(self.pbx, answer(data, b"200 OK", LOAD_PBX))

    def heard(self, data: bytes) -> None:
        at = data.find(b"Call-ID: ") + 9
        key = data[at : data.find(b"\r", at)]
        if key not in self.invites:
            return  # of an earlier offer
        status = data[8:11]
        if b"CSeq: 2 BYE" in data:
            if status == b"200" and key in self.ending:
                self.ending.discard(key)
                self.completed += 1
            return
        self.silent.discard(key)
        if status < b"200":
            return
        began = self.sent.pop(key, 0.0)
        to = data[data.find(b"To: ") :].partition(b"\r")[0]
        if status != b"200":
            self.refused += bool(began)
            ack = self.invites[key].partition(b"Content-Type")[0].replace(b"INVITE", b"ACK")
            self.put(self.trunk, ack.replace(b"To: <sip:+8613800138000@127.0.0.1>", to) + b"Content-Length: 0\r\n\r\n")
            return
        routes = [b"Route:" + line[13:] for line in data.split(b"\r\n") if line.startswith(b"Record-Route:")]
        head = (
            b"sip:%s:%d SIP/2.0" % (LOAD_PBX[0].encode(), LOAD_PBX[1]),
            b"Max-Forwards: 70",
            *reversed(routes),
            b"From: " + self.invites[key].partition(b"From: ")[2].partition(b"\r")[0],
            to,
            b"Call-ID: " + key,
        )
        via = b"Via: SIP/2.0/UDP 127.0.0.5:5060;branch=z9hG4bK%s" % key
        end = b"Content-Length: 0\r\n\r\n"
        self.put(self.trunk, b"\r\n".join((b"ACK " + head[0], via + b"a", *head[1:], b"CSeq: 1 ACK", end)))
        if began:
            self.times.append(time.monotonic() - began)
            self.ending.add(key)
            self.put(self.trunk, b"\r\n".join((b"BYE " + head[0], via + b"b", *head[1:], b"CSeq: 2 BYE", end)))

    def play(self, rate: float, seconds: float, at_a_time: int = 0) -> Offer:
        """So many calls a second, or so many under way at a time."""
        selector = selectors.DefaultSelector()
        for sock in (self.trunk, self.pbx):
            selector.register(sock, selectors.EVENT_READ)
        began = now = time.monotonic()
        completed = 0
        while now < began + seconds + WAIT_S:
            if now < began + seconds:
                due = (
                    (at_a_time - len(self.sent) - len(self.ending)) if at_a_time else (now - began) * rate - self.number
                )
                for _ in range(min(32, int(due))):  # few, lest what comes waits here and is taken for the proxy's
                    self.call(now)
                completed = self.completed
            self.repeat(now)
            for key, _ in selector.select(0.0005):
                self.hear(key.fileobj)  # type: ignore[arg-type]
            now = time.monotonic()
        times = sorted(self.times) or [0.0]
        self.trunk.close()
        self.pbx.close()
        done = completed if at_a_time else self.completed
        return Offer(
            *(self.number, done, self.refused, self.repeated, seconds),
            *(times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000),
        )


def offer(mark: str, rate: float, seconds: float, at_a_time: int, results: Any) -> None:
    """Run in a process of its own."""
    results.put(Caller(mark).play(rate, seconds, at_a_time))


class Step(NamedTuple):
    """An offer, and what became of the emergency calls beside it."""

    factor: float
    offer: Offer
    cpu: float
    made: int
    rang: int
    slowest_ms: float


async def measure(mark: str, factor: float, rate: float, seconds: float, process: int, at_a_time: int = 0) -> Step:
    loop = asyncio.get_running_loop()
    calm, pbx = Callee(CALM), Callee(PBX)
    help_of_trunk, help_of_pbx = Series("trunk", "112", calm), Series("PBX", "112", pbx)
    calm.heard, pbx.heard = help_of_trunk.heard, help_of_pbx.heard
    for callee in (calm, pbx):
        await loop.create_datagram_endpoint(lambda callee=callee: callee, sock=bound(callee.at))
    results = multiprocessing.Queue()
    loading = multiprocessing.Process(target=offer, args=(mark, rate, seconds, at_a_time, results))
    used = cpu_of(process)
    loading.start()
    await asyncio.gather(*(each.play(seconds, mark) for each in (help_of_trunk, help_of_pbx)))
    cpu = (cpu_of(process) - used) * 100 / (seconds + 1.5)
    got = await asyncio.to_thread(results.get, timeout=seconds + 60)
    loading.join()
    calm.transport.close()
    pbx.transport.close()
    await asyncio.sleep(0.1)  # they are closed in the loop's next turn
    took = [*help_of_trunk.took.values(), *help_of_pbx.took.values()]
    made = len(help_of_trunk.sent) + len(help_of_pbx.sent)
    return Step(factor, got, cpu, made, len(took), max(took, default=0.0))


def line(step: Step, *, markdown: bool) -> str:
    found = step.offer
    cells = (
        f"{step.factor:g}", f"{found.offered / found.seconds:,.0f}", f"{found.goodput:,.0f}",
        f"{found.refused / found.seconds:,.0f}", f"{found.repeated:,}", f"{found.half_ms:.0f}", f"{found.most_ms:.0f}",
        f"{step.rang} of {step.made}", f"{step.slowest_ms:.0f}", f"{step.cpu:.0f}",
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |" if markdown else "  ".join(each.rjust(10) for each in cells)


COLUMNS = (
    "x capacity",
    "offered/s",
    "completed/s",
    "refused/s",
    "repeated",
    "p50 ms",
    "p99 ms",
    "112 rang",
    "slowest",
    "cpu %",
)


def judge(steps: list[Step], after: Step) -> list[str]:
    """What is not as it should be."""
    most = max(step.offer.goodput for step in steps)
    faults = [
        f"at {step.factor:g} times its capacity it completes {step.offer.goodput / most:.0%} of its most"
        for step in steps
        if step.factor >= 1 and step.offer.goodput < LEAST * most
    ]
    faults += [
        f"at {step.factor:g} {step.made - step.rang} emergency calls did not ring"
        for step in (*steps, after)
        if step.rang < step.made
    ]
    if after.offer.completed < after.offer.offered:
        faults.append(f"{after.offer.offered - after.offer.completed} calls were not completed five seconds after")
    return faults


async def play(seconds: float, process: int, *, markdown: bool) -> list[str]:
    print(line_of_heads(markdown=markdown), flush=True)
    await measure("w", 0, 0, 3.0, process, AT_A_TIME)  # it warms up
    found = await measure("c", 0, 0, seconds, process, AT_A_TIME)
    capacity = found.offer.goodput
    steps = []
    for factor in FACTORS:
        steps.append(await measure(f"s{factor}", factor, capacity * factor, seconds, process))
        print(line(steps[-1], markdown=markdown), flush=True)
    await asyncio.sleep(max(0.0, REST_S - WAIT_S))
    after = await measure("after", 0.5, capacity / 2, seconds, process)
    print(line(after, markdown=markdown), flush=True)
    print(f"Capacity: {capacity:,.0f} calls a second, with {AT_A_TIME} under way; the last line is {REST_S:g} s after.")
    return judge(steps, after)


def line_of_heads(*, markdown: bool) -> str:
    if markdown:
        return "| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS)
    return "  ".join(each.rjust(10) for each in COLUMNS)


def main() -> int:
    """The whole curve against one proxy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--markdown", action="store_true", help="as a table of docs/performance.md")
    words = parser.parse_args()
    if ALONE not in os.environ:
        as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        os.environ[ALONE] = "1"
        os.execvp("unshare", ["unshare", *as_root, "--net", sys.executable, __file__, *sys.argv[1:]])
    raise_loopback()
    with tempfile.TemporaryDirectory() as folder:
        configuration, said = Path(folder) / "ringfence.yaml", Path(folder) / "said"
        configuration.write_text(SETTINGS)
        command = [sys.executable, "-m", "ringfence", "--config", str(configuration), "serve"]
        with said.open("wb") as out:
            proxy = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=out)
        try:
            while b"serving" not in said.read_bytes():
                if proxy.poll() is not None:
                    sys.exit(said.read_text())
                time.sleep(0.1)
            faults = asyncio.run(play(words.seconds, proxy.pid, markdown=words.markdown))
        finally:
            proxy.kill()
            proxy.wait()
        told = [each for each in said.read_text().splitlines() if "overload" in each]
    print(f"{len(told)} lines of the log about it.")
    for fault in faults:
        print(f"NOT GOOD: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
