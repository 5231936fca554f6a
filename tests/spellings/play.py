"""Play spellings through the proxy to real readers: does one ring untagged that a reader takes for a number on a list?

Two proxies. One has no lists: readers stand behind it and tell what they take each call for. The other blocks the
caller, and a subscriber of it blocks another; what it lets through, and how, is its judgement.

    tools/spellings [--spellings 10000] [--seed 1] [--readers asterisk,kamailio,pjsua2,baresip]
"""

from __future__ import annotations

import argparse
import re
import select
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.ringfence import Ringfence
from tests.spellings.generate import LISTED, SUBSCRIBER, UNWANTED, Spelt, spellings, taken_for
from tests.spellings.readers import Reading, start_reader

READERS = ("asterisk", "kamailio", "pjsua2", "baresip")
AT_ONCE = 48  # calls under way
# pjsua2 takes sockets for the sound of each call that offers some, and frees them half a second later at the earliest:
# it would be out of them after 32 calls, and end. Of many calls at once it refuses some before anybody is told.
SPARING: dict[str, Any] = {"body": b"", "at_once": 8}
GIVE_UP_S = 1.0  # a reader that drops a message says nothing at all
LAST_S = 2.0  # for a slow reader's last words
STOPPED = 603
PACK = {"pack": "baseline", "off": ["anonymous", "malformed", "impossible-number", "own-number-from-outside"]}
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\n"


class Played(NamedTuple):
    """What became of one pass."""

    statuses: dict[int, int]  # the final answer to each call that got one
    arrived: dict[int, bytes]  # what came out of the proxy, where this process is behind it


class Fault(NamedTuple):
    """A call that rang like any other, though a reader took it for one that is not wanted."""

    reader: str
    spelt: Spelt
    reading: Reading


class Figures(NamedTuple):
    """What is reported."""

    sent: int
    judged: Counter[str]  # stopped, tagged, refused, untouched
    told: dict[str, int]  # of how many calls each reader told anything
    taken: dict[str, Counter[str]]  # by reader: of those taken for the number, how each was judged
    faults: list[Fault]


class Caller:
    """Both trunks before a proxy; behind it a socket of our own, where no reader stands there."""

    def __init__(
        self,
        proxy: Endpoint,
        ordinary: Endpoint,
        believed: Endpoint,
        behind: Endpoint | None = None,
        *,
        body: bytes = SDP,
        at_once: int = AT_ONCE,
    ) -> None:
        self.proxy = proxy
        self.body = body
        self.at_once = at_once
        self.trunks = {False: _bound(ordinary), True: _bound(believed)}
        self.behind = _bound(behind) if behind else None
        self.sent: dict[int, bytes] = {}

    def play(self, calls: Sequence[Spelt]) -> Played:
        """All calls, some at once, each until its final answer."""
        played, under_way, number = Played({}, {}), dict[int, float](), 0
        while number < len(calls) or under_way:
            while number < len(calls) and len(under_way) < self.at_once:
                trunk = self.trunks[calls[number].believed]
                self.sent[number] = invite(calls[number], number, self.proxy, trunk.getsockname(), self.body)
                trunk.sendto(self.sent[number], self.proxy)
                under_way[number] = time.monotonic() + GIVE_UP_S
                number += 1
            self._hear(played)
            now = time.monotonic()
            for each in [each for each, end in under_way.items() if each in played.statuses or end < now]:
                del under_way[each]
        end = time.monotonic() + (0.0 if self.behind else LAST_S)
        while time.monotonic() < end:
            self._hear(played)
        return played

    def _hear(self, played: Played) -> None:
        sockets = [*self.trunks.values(), *([self.behind] if self.behind else ())]
        for ready in select.select(sockets, (), (), 0.02)[0]:
            data, source = ready.recvfrom(65_535)
            if ready is self.behind:
                if data.startswith(b"INVITE "):
                    played.arrived.setdefault(number_of(data), data)
                    ready.sendto(busy(data), source)
            elif data.startswith(b"SIP/2.0 ") and (status := int(data[8:11])) >= 200:
                number = call_of(data)
                played.statuses.setdefault(number, status)
                ready.sendto(ack(self.sent[number], data), source)

    def close(self) -> None:
        """Give the sockets back."""
        for each in (*self.trunks.values(), self.behind):
            if each:
                each.close()


def _bound(at: Endpoint) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(at)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return sock


def invite(spelt: Spelt, number: int, proxy: Endpoint, source: tuple[str, int], body: bytes) -> bytes:
    """The call as it is sent."""
    called = spelt.called.replace("{at}", str(proxy))
    lines = [
        f"INVITE {called} SIP/2.0",
        f"Via: SIP/2.0/UDP {source[0]}:{source[1]};branch=z9hG4bK{number}",
        f"From: {spelt.from_};tag=t{number}",
        f"To: <{called}>",
        f"Call-ID: call{number}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:caller@{source[0]}:{source[1]}>",
        "Max-Forwards: 70",
        f"X-Number: {number}",
        *([spelt.extra] if spelt.extra else ()),
        *(["Content-Type: application/sdp"] if body else ()),
        f"Content-Length: {len(body)}",
        "\r\n",
    ]
    return "\r\n".join(lines).replace("{at}", str(proxy)).encode() + body


def _line(name: bytes, data: bytes) -> bytes:
    found = re.search(rb"(?im)^" + name + rb"[ \t]*:[^\r\n]*", data)
    return found[0] if found else name + b": "


def number_of(data: bytes) -> int:
    """Which call a request is."""
    return int(_line(b"X-Number", data).partition(b":")[2])


def call_of(data: bytes) -> int:
    """Which call a response answers."""
    return int(_line(b"Call-ID", data).partition(b"call")[2])


def busy(request: bytes) -> bytes:
    """486 to an INVITE."""
    vias = re.findall(rb"(?im)^Via[ \t]*:[^\r\n]*", request)
    kept = [_line(name, request) for name in (b"From", b"Call-ID", b"CSeq")]
    lines = [b"SIP/2.0 486 Busy Here", *vias, *kept, _line(b"To", request) + b";tag=behind", b"Content-Length: 0"]
    return b"\r\n".join((*lines, b"", b""))


def ack(request: bytes, response: bytes) -> bytes:
    """The ACK for a refusal (RFC 3261 17.1.1.3)."""
    start = b"ACK " + request.split(b" ", 2)[1] + b" SIP/2.0"
    kept = [_line(name, request) for name in (b"Via", b"From", b"Call-ID", b"Max-Forwards")]
    return b"\r\n".join((start, *kept, _line(b"To", response), b"CSeq: 1 ACK", b"Content-Length: 0", b"", b""))


def configuration(proxy: Endpoint, pbxes: dict[str, tuple[Endpoint, Endpoint, Endpoint]]) -> dict[str, Any]:
    """Two trunks before each PBX, the second of which is believed."""
    trunks = []
    for name, (_, ordinary, believed) in pbxes.items():
        trunk = {"name": name, "addresses": [ordinary.host], "country": "CN", "pbx": name}
        trunks += [trunk, {**trunk, "name": f"{name}-2", "addresses": [believed.host], "identity": "trusted"}]
    return {
        "listen": [{"address": str(proxy)}],
        "pbxes": [
            {"name": name, "addresses": [str(at)], "probe": {"every_s": 0}} for name, (at, _, _) in pbxes.items()
        ],
        "trunks": trunks,
        "lists": {"blocked": {"kind": "block"}},
        "use": [PACK],
        "storage": {"database": "ringfence.db", "key_file": "ringfence.keys"},
        "logging": {"file": "calls.jsonl"},
        "limits": {"drain_s": 0.1, "trunk_percent": 100},
    }


def judge(calls: Sequence[Spelt], folder: Path) -> Played:
    """The pass through the proxy that has lists."""
    proxy, ordinary, believed, behind = (new_endpoint() for _ in range(4))
    settings = configuration(proxy, {"behind": (behind, ordinary, believed)})
    with ExitStack() as stack:
        ringfence = stack.enter_context(Ringfence(folder, settings, numbers={"blocked": [LISTED]}))
        ringfence.command("subscribers", "add", SUBSCRIBER, "block", UNWANTED)
        time.sleep(2)  # every list is followed within a second
        caller = Caller(proxy, ordinary, believed, behind)
        stack.callback(caller.close)
        return caller.play(calls)


def read(calls: Sequence[Spelt], names: Sequence[str], folder: Path) -> dict[str, dict[int, Reading]]:
    """The pass to each reader, through the proxy that has none."""
    proxy = new_endpoint()
    # baresip takes no other address.
    places = {
        name: (new_endpoint("127.0.0.1" if name in ("pjsua2", "baresip") else ""), new_endpoint(), new_endpoint())
        for name in names
    }
    found: dict[str, dict[int, Reading]] = {}
    with Ringfence(folder / "proxy", configuration(proxy, places)):
        for name, (at, ordinary, believed) in places.items():
            reader = start_reader(name, at, proxy, folder / name)
            with reader.peer:
                caller = Caller(proxy, ordinary, believed, **(SPARING if name == "pjsua2" else {}))
                caller.play(calls)
                caller.close()
                found[name] = reader.readings()
    return found


def judgement(number: int, judged: Played) -> str:
    """How the proxy with lists took a call."""
    if (arrived := judged.arrived.get(number)) is not None:
        return "tagged" if b"\r\nX-Ringfence-Verdict: suspected" in arrived else "untouched"
    status = judged.statuses.get(number)
    return "stopped" if status == STOPPED else "unheard" if status is None else "refused"


def is_taken(spelt: Spelt, reading: Reading) -> bool:
    """Does this reader take the call for one that is not wanted?"""
    shown = any(taken_for(each, spelt.caller) for each in reading.shown)
    return shown and (not spelt.subscriber or taken_for(reading.dialled, spelt.subscriber))


def compare(calls: Sequence[Spelt], judged: Played, read_by: dict[str, dict[int, Reading]]) -> Figures:
    """Where readers and judge differ."""
    words = [judgement(number, judged) for number in range(len(calls))]
    figures = Figures(len(calls), Counter(words), {name: len(each) for name, each in read_by.items()}, {}, [])
    for name, readings in read_by.items():
        counter = figures.taken.setdefault(name, Counter())
        for number, reading in sorted(readings.items()):
            if is_taken(calls[number], reading):
                counter[words[number]] += 1
                if words[number] not in ("stopped", "tagged", "refused"):
                    figures.faults.append(Fault(name, calls[number], reading))
    return figures


def run(amount: int, seed: int, names: Sequence[str], folder: Path) -> Figures:
    """All of it."""
    calls = list(spellings(amount, seed))
    return compare(calls, judge(calls, folder / "judge"), read(calls, names, folder))


def lines(figures: Figures) -> list[str]:
    """What is printed."""
    judged = ", ".join(f"{count:,} {word}" for word, count in sorted(figures.judged.items()))
    found = [f"{figures.sent:,} spellings sent: {judged}"]
    for name, counter in figures.taken.items():
        how = ", ".join(f"{count:,} {word}" for word, count in sorted(counter.items()))
        found.append(f"{name}: told of {figures.told[name]:,}, took {sum(counter.values()):,} for the number: {how}")
    found += [f"rings untagged at {fault.reader}: {fault.spelt} -> {fault.reading}" for fault in figures.faults]
    return [*found, f"{len(figures.faults)} neither looked up nor tagged"]


def main(show: Callable[[str], None] = print) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spellings", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--readers", default=",".join(READERS))
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(words.spellings, words.seed, words.readers.split(","), Path(folder))
    for line in lines(figures):
        show(line)
    return 1 if figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
