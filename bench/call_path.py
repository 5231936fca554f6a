"""What a screened call costs without sockets: the core and a real screen, fed with the calls of the bench.

python -m bench.call_path                   processor time of each message of a call, in microseconds
python -m bench.call_path --profile FILE    the same under cProfile, for pstats

The compiled build: PYTHONSAFEPATH=1 PYTHONPATH=$(tools/compile):. python -m bench.call_path

It answers the question of a change ("did it help?") in seconds, on a machine that is busy otherwise: the processor time
of the thread that handles calls, the best of several rounds. `valgrind --tool=callgrind` on it counts instructions.
What a call really costs, kernel and writing threads with it, says bench/cost_per_call.py.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

import proxy.core
from proxy.app import build_core
from proxy.build import BUILD
from proxy.effects import Finished, HungUp, Send
from ringfence.rulebook import load_rulebook
from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_rows
from rules.lists.list_files import FileLine
from rules.screening.screen import Screen

CALLER, PBX, PROXY = ("127.0.0.1", 15070), ("127.0.0.1", 15080), "127.0.0.1:15060"
CONFIGURATION = f"""\
version: 1
time_zone: Asia/Shanghai
listen: [{{address: {PROXY}}}]
pbxes: [{{name: pbx, addresses: ["{PBX[0]}:{PBX[1]}"]}}]
trunks: [{{name: default, country: CN, identity: untrusted}}]
lists: {{rejected: {{kind: block}}, tagged: {{kind: suspect}}}}
limits: {{trunk_percent: 100, source_percent: 100}}
use: []
logging: {{file: calls.log}}
"""
SDP = b"v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=call\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
SDP += b"m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
SDP += b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
KINDS = ("INVITE", "180", "200 INVITE", "ACK", "BYE", "200 BYE", "ACK 603")


class Phones:
    """Both ends of the calls, with the messages of bench/sipp/."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.number = 0

    def invite(self) -> bytes:
        """The next caller's call: one in ten is rejected, one in ten tagged."""
        self.number += 1
        lot, n = self.dice.random(), self.number
        head = "+86170" if lot < 0.1 else "+86171" if lot < 0.2 else "+86139"
        caller = f"{head}{self.dice.randrange(1000 if lot < 0.2 else 10**8):08d}"
        called = f"+86138{self.dice.randrange(10**8):08d}"
        return (
            f"INVITE sip:{called}@{PROXY} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:15070;branch=z9hG4bK-77-{n}-0\r\nMax-Forwards: 70\r\n"
            f"From: <sip:{caller}@127.0.0.1:15070>;tag=c77-{n}\r\nTo: <sip:{called}@{PROXY}>\r\n"
            f"Call-ID: {n}-77@127.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:{caller}@127.0.0.1:15070>\r\n"
            "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nSupported: timer\r\nUser-Agent: bench caller (SIPp)\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n"
        ).encode() + SDP

    def answer(self, request: bytes, status: str, body: bytes = b"") -> bytes:
        """What the PBX says to a request."""
        lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
        kept = {name: [line for line in lines if line.startswith(name)] for name in (b"Via", b"Record-Route", b"From")}
        (to,) = (line for line in lines if line.startswith(b"To:"))
        tail = [line for line in lines if line.startswith((b"Call-ID", b"CSeq"))]
        vias = b"Via: " + b", ".join(line[5:] for line in kept[b"Via"])
        told = to if b";tag=" in to else to + b";tag=p88-1"
        head = [f"SIP/2.0 {status}".encode(), vias, *kept[b"Record-Route"], *kept[b"From"], told, *tail]
        head += [b"Contact: <sip:127.0.0.1:15080>", b"Content-Length: %d" % len(body)]
        return b"\r\n".join((*head, b"", body))

    def within(self, method: bytes, answer: bytes) -> bytes:
        """The caller's ACK or BYE in the dialog of a 200."""
        lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
        routes = [b"Route: " + line[14:] for line in lines if line.startswith(b"Record-Route: ")]
        ids = [line for line in lines if line.startswith((b"From:", b"To:", b"Call-ID:"))]
        self.number += 1
        via = b"Via: SIP/2.0/UDP 127.0.0.1:15070;branch=z9hG4bK-77-%d-1" % self.number
        sequence = b"CSeq: %d %s" % (1 if method == b"ACK" else 2, method)
        head = [method + b" sip:127.0.0.1:15080 SIP/2.0", via, *routes, b"Max-Forwards: 70", *ids, sequence]
        return b"\r\n".join((*head, b"Content-Length: 0", b"", b""))

    def acknowledge(self, rejection: bytes) -> bytes:
        """The caller's ACK for a 603."""
        lines = rejection.partition(b"\r\n\r\n")[0].split(b"\r\n")
        ids = [line for line in lines if line.startswith((b"Via:", b"From:", b"To:", b"Call-ID:"))]
        head = [b"ACK sip:%s SIP/2.0" % PROXY.encode(), *ids, b"Max-Forwards: 70", b"CSeq: 1 ACK"]
        return b"\r\n".join((*head, b"Content-Length: 0", b"", b""))


class Bench:
    """One node without sockets, and the time that each kind of message took."""

    def __init__(self, screen: Screen, core: proxy.core.Core) -> None:
        self.screen, self.core = screen, core
        self.phones = Phones(7)
        self.spent = dict.fromkeys(KINDS, 0)  # nanoseconds of the thread
        self.clock: Callable[[], int] = time.thread_time_ns

    def play(self, kind: str, messages: list[bytes]) -> list[bytes]:
        """Hand in the messages of one kind; what left because of them."""
        source = PBX if kind in ("180", "200 INVITE", "200 BYE") else CALLER
        core, screen, flow = self.core, self.screen, self.core.flow_to(self.core.topology.listeners[0], *source)
        sent: list[bytes] = []
        begun = self.clock()
        for data in messages:
            context = core.receive(data, flow, time.monotonic())
            if context is not None:
                core.decided(context, screen.judge(core.screening.read_call(context, time.time())), time.monotonic())
            while core.effects:
                effects, core.effects = core.effects, []
                for effect in effects:
                    if isinstance(effect, Send):
                        sent.append(effect.data)
                    elif isinstance(effect, Finished):
                        screen.ended(effect.decision, effect.outcome)
                    elif isinstance(effect, HungUp):
                        screen.hung_up(effect.decision)
        self.spent[kind] += self.clock() - begun
        return sent

    async def calls(self, count: int) -> None:
        """So many calls, in step with each other."""
        phones = self.phones
        left = self.play("INVITE", [phones.invite() for _ in range(count)])
        invites = [data for data in left if data.startswith(b"INVITE")]
        self.play("ACK 603", [phones.acknowledge(data) for data in left if data.startswith(b"SIP/2.0 603")])
        self.play("180", [phones.answer(data, "180 Ringing") for data in invites])
        answers = self.play("200 INVITE", [phones.answer(data, "200 OK", SDP) for data in invites])
        self.play("ACK", [phones.within(b"ACK", data) for data in answers])
        byes = self.play("BYE", [phones.within(b"BYE", data) for data in answers])
        ends = self.play("200 BYE", [phones.answer(data, "200 OK") for data in byes])
        assert len(ends) == len(invites) > count // 2
        await self.screen.journal.flush()


async def open_bench(folder: Path, rules: str = "") -> Bench:
    """A node with two thousand numbers listed, and these rules."""
    (folder / "ringfence.yaml").write_text(CONFIGURATION + ("rules: [bench.yaml]\n" if rules else ""))
    if rules:
        (folder / "bench.yaml").write_text(rules)
    book = load_rulebook(folder / "ringfence.yaml")
    lists = await Lists.open(folder / book.configuration.storage.database, book.configuration.lists)
    wishes = Wishes("CN", wide=True, force=True, insist=True)
    for name, head in (("rejected", "+86170"), ("tagged", "+86171")):
        rows: list[FileLine] = [(n, f"{head}{n:08d}", {}) for n in range(1000)]
        await import_rows(lists, name, rows, Origin(source="bench"), wishes)
    await lists.close()
    screen = await Screen.open(book.configuration, book.ruleset, folder)
    while screen.lookup.unlisted is None:  # as in a node that has run for two seconds
        screen.poll()
        await asyncio.sleep(0.1)
    core = build_core(book.configuration, book.configuration, screen.keys)
    return Bench(screen, core)


async def measure(folder: Path, words: argparse.Namespace) -> None:
    """Round after round; the best of each kind counts."""
    bench = await open_bench(folder)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    await bench.calls(200)
    best: dict[str, float] = {}
    profile = cProfile.Profile() if words.profile else None
    for _ in range(words.rounds):
        bench.spent = dict.fromkeys(KINDS, 0)
        if profile:
            profile.enable()
        for _ in range(max(words.calls // 200, 1)):
            await bench.calls(200)
        if profile:
            profile.disable()
        for kind, nanoseconds in bench.spent.items():
            best[kind] = min(best.get(kind, 1e9), nanoseconds / 1000 / (words.calls // 200 * 200))
    await bench.screen.close()
    if profile:
        profile.dump_stats(words.profile)
    print(BUILD)
    for kind, spent in best.items():
        print(f"{kind:12}{spent:8.1f} us a call")
    print(f"{'all':12}{sum(best.values()):8.1f} us a call")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000, help="a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--profile", help="write a cProfile there")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ringfence-call-path-") as folder:
        uvloop.run(measure(Path(folder), words))


if __name__ == "__main__":
    main()
