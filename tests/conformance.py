"""What the node makes of each message on each transport, and which tests hold each clause: as a document.

python -m tests.conformance              write docs/conformance.md (`tools/conformance`)
python -m tests.conformance TRANSPORT    what is seen on one, as JSON
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from ruamel.yaml import YAML
from wsproto import ConnectionType, WSConnection
from wsproto.events import BytesMessage, CloseConnection, Request, TextMessage

from tests import wire
from tests.authority import Authority
from tests.pairs import table
from tests.peers.alone import AS_ROOT
from tests.peers.loopback import Endpoint
from tests.proxy.test_torture_running import lift_loopback
from tests.streaming import Datagrams, Line, Street, street
from tests.torture import OWN, PUBLISHED, VECTORS, WILD, Vector

TRANSPORTS = ("udp", "tcp", "tls", "ws")
OURS = "sbc.rook.example"
WAIT_S = 2.0  # for the answer to an OPTIONS
MOST_MARKS = 10
FIRST_S = 1.0  # for what is not judged to reach the PBX
AT_ONCE = 8  # messages, each with a node of its own: nearly all of the time is waiting
EXTRA: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_name("conformance.yaml"))
ALONE = "RINGFENCE_CONFORMANCE_ALONE"
# The PBX never answers, so nothing waits for it at the end; what is unfinished on a connection ends soon.
# However busy this machine is, none is refused for that.
LIMITS = {"drain_s": 0.01, "message_s": 0.3, "shed_ms": 10_000}


DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "conformance.md"
HEADS = ("message", "from", "right", "UDP", "TCP", "TLS", "WS", "why not, or otherwise")


class Seen(NamedTuple):
    """What came of a message: as verdicts.yaml names it; was it judged, and the connection closed?"""

    outcome: object
    judged: bool
    closed: bool

    def __str__(self) -> str:
        return f"{self.outcome}{', closed' if self.closed else ''}"


class Ends:
    """The trunk's side of one transport: sends octets, and hears messages until the node has done with them."""

    def __init__(self, house: Street, transport: str, authority: Authority) -> None:
        self.house, self.transport, self.authority = house, transport, authority
        self.line: Line | None = None
        self.datagrams: Datagrams | None = None
        self.browser: WSConnection | None = None

    async def open(self) -> None:
        at = self.house.ends[self.transport]
        if self.transport == "udp":
            self.datagrams = Datagrams(self.house.trunk_at, at)
            return
        words: dict[str, Any] = {}
        if self.transport == "tls":
            words = {"ssl": self.authority.client(), "server_hostname": OURS}
        self.line = await Line.to(at, self.house.trunk_at.host, **words)
        if self.transport == "ws":
            self.browser = WSConnection(ConnectionType.CLIENT)
            self.line.send(self.browser.send(Request(host=OURS, target="/", subprotocols=["sip"])))
            self.browser.receive_data(await self.line.reader.readuntil(b"\r\n\r\n"))
            list(self.browser.events())

    async def send(self, data: bytes) -> None:
        if self.datagrams is not None:
            await self.datagrams.send(data)
        elif self.line is not None:
            self.line.send(self.browser.send(BytesMessage(data=data)) if self.browser else data)

    async def heard(self) -> bytes:
        """The next message; empty when the connection is closed."""
        if self.datagrams is not None:
            return await self.datagrams.heard()
        assert self.line is not None
        if self.browser is None:
            return await self.line.heard()
        while True:
            for event in self.browser.events():
                if isinstance(event, CloseConnection):
                    return b""
                if isinstance(event, BytesMessage | TextMessage) and event.message_finished:
                    return bytes(event.data) if isinstance(event.data, bytes | bytearray) else event.data.encode()
            if not (data := await self.line.reader.read(65_536)):
                return b""
            self.browser.receive_data(data)

    async def until_done(self) -> tuple[list[bytes], bool]:
        """What came before the answer to an OPTIONS that is sent last; was the connection closed instead?

        A message that ends too early takes the first OPTIONS for its rest: then there is another.
        """
        at, found = self.house.ends[self.transport], list[bytes]()
        for number in range(MOST_MARKS):
            via = f"SIP/2.0/{self.transport.upper()} {self.house.trunk_at};branch=z9hG4bKmark{number};rport"
            await self.send(wire.request("OPTIONS", uri=f"sip:{at}", call_id="mark", via=via))
            try:
                while data := await asyncio.wait_for(self.heard(), WAIT_S):
                    if b"Call-ID: mark\r\n" in data:
                        return found, False
                    found.append(data)
            except TimeoutError:
                continue
            except (ConnectionError, ssl.SSLError):
                pass
            return found, True
        raise AssertionError(f"the node has nothing to say any more: {found}")

    def close(self) -> None:
        if self.datagrams is not None:
            self.datagrams.close()
        if self.line is not None:
            self.line.close()


@contextlib.asynccontextmanager
async def node(transport: str, authority: Authority, number: int) -> AsyncIterator[Street]:
    """A new one, with a trunk and a PBX of its own: a branch that two messages share is one transaction to it."""
    trunk, pbx = Endpoint(f"127.0.{number}.2", 5060), Endpoint(f"127.0.{number}.3", 5060)
    shown: dict[str, Any] = {
        "trunks": [{"name": "carrier", "addresses": [trunk.host], "country": "CN", "methods": "any"}],
        "pbxes": [{"name": "office", "addresses": [str(pbx)], "probe": {"every_s": 0}}],
        "limits": LIMITS,
    }
    if transport == "tls":
        own = authority.folder / f"{OURS}.pem"
        shown["tls"] = {"certificates": [{"certificate": str(own)}], "authorities": str(authority.file)}
    names = dict.fromkeys(("udp", transport))
    async with street(*names, trunk_at=trunk, pbx_at=pbx, **shown) as house:
        yield house


async def arrived(pbx: Datagrams, seconds: float) -> bytes:
    """What reached the PBX; what is long tries a connection first (18.1.1), which takes a moment."""
    loop, ends = asyncio.get_running_loop(), asyncio.get_running_loop().time() + seconds
    with contextlib.suppress(TimeoutError):
        while True:
            got = await asyncio.wait_for(loop.sock_recv(pbx.sock, 65_535), ends - loop.time())
            if got.strip():  # line ends: the node asks whether anybody is there
                return got
    return b""


async def tell(data: bytes, transport: str, authority: Authority, number: int) -> Seen:
    """Send one message, and see what comes of it."""
    async with node(transport, authority, number) as house:
        ends = Ends(house, transport, authority)
        await ends.open()
        try:
            await ends.send(data)
            up, closed = await ends.until_done()
            down = b""
            finals = [wire.status(each) for each in up if wire.status(each) >= 200]
            if not finals:
                down = await arrived(house.pbx, FIRST_S if not house.judge.calls else WAIT_S)
        finally:
            ends.close()
        outcome: object = "forward" if down else finals[0] if finals else "drop"
        return Seen(outcome, bool(house.judge.calls), closed)


async def seen_on(transport: str) -> dict[str, Seen]:
    """Each message on that transport."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        authority.sign(OURS)
        free = asyncio.Queue[int]()
        for number in range(AT_ONCE):
            free.put_nowait(number)

        async def seen(data: bytes) -> Seen:
            number = await free.get()
            try:
                return await tell(data, transport, authority, number)
            finally:
                free.put_nowait(number)

        messages = (*VECTORS, *WILD)
        outcomes = await asyncio.gather(*(seen(each.data) for each in messages))
        return dict(zip((each.name for each in messages), outcomes, strict=True))


def rights(name: str, transport: str, allowed: frozenset[object]) -> frozenset[object]:
    """What is right on that transport."""
    other = EXTRA["streams"].get(name) if transport in ("tcp", "tls") else None
    return frozenset(other["allowed"]) if other else allowed


def is_right(vector: Vector, transport: str, seen: Seen) -> bool:
    """Is it what the verdict says, and was a call that went on judged before?"""
    unjudged = vector.must_screen and seen.outcome == "forward" and not seen.judged
    return seen.outcome in rights(vector.name, transport, vector.allowed) and not unjudged


def sections() -> dict[str, str]:
    """Where each message of the verdicts stands in its RFC."""
    found = {}
    for folder in (OWN, PUBLISHED):
        if folder.is_dir():
            for entry in YAML(typ="safe").load(folder / "verdicts.yaml"):
                found[f"{folder.name}/{entry['name']}"] = f"RFC {entry['rfc']}, {entry['section']}"
    return found


def row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def rows(seen: dict[str, dict[str, Seen]]) -> list[str]:
    """A line for each message, published ones first."""
    where, found = sections(), []
    for vector in sorted(VECTORS, key=lambda each: each.name.startswith("vectors/")):
        right = " or ".join(sorted(map(str, vector.allowed)))
        other = EXTRA["streams"].get(vector.name)
        why = f"on TCP and TLS {' or '.join(map(str, other['allowed']))}: {other['why']}" if other else ""
        wrong = [name.upper() for name in TRANSPORTS if not is_right(vector, name, seen[name][vector.name])]
        why += f" WRONG on {', '.join(wrong)}" if wrong else ""
        cells = [str(seen[name][vector.name]) for name in TRANSPORTS]
        found.append(row((f"`{short(vector.name)}`", where[vector.name], right, *cells, why)))
    for wild in sorted(WILD, key=lambda each: each.name.startswith("vectors/")):
        other, reason = EXTRA["streams"].get(wild.name), EXTRA["wild"].get(wild.name, "")
        why = f"on TCP and TLS {other['allowed'][0]}: {other['why']}" if other else reason
        cells = [str(seen[name][wild.name]) for name in TRANSPORTS]
        bare = [name.upper() for name in TRANSPORTS if seen[name][wild.name].outcome != "forward"]
        why += f" WRONG on {', '.join(bare)}" if bare and not why else ""
        found.append(row((f"`{short(wild.name)}`", "a device", "forward", *cells, why)))
    return found


def short(name: str) -> str:
    """How a message is called here; our own stand apart from those that were published."""
    return name.replace("corpora/", "").replace("vectors/", "ours/").replace("wild/", "")


def counts(seen: dict[str, dict[str, Seen]]) -> list[str]:
    """How many verdicts are right on each transport."""
    found = [row(("messages", *(name.upper() for name in TRANSPORTS))), "|---|" + "--:|" * len(TRANSPORTS)]
    kinds = {"published (RFC 4475, RFC 5118)": "corpora/", "our own after them": "vectors/"}
    for kind, begin in kinds.items():
        those = [each for each in VECTORS if each.name.startswith(begin)]
        right = [sum(is_right(each, name, seen[name][each.name]) for each in those) for name in TRANSPORTS]
        found.append(row((kind, *(f"{number} of {len(those)}" for number in right))))
    return found


def clauses() -> list[str]:
    """A line for each clause, with the tests that hold it."""
    found = [row(("clause", "wanted", "seen by", "otherwise, and why")), "|---|---|---|---|"]
    for each in EXTRA["clauses"]:
        tests = "<br>".join(f"`{name}`" for name in each["tests"]) or "no test"
        found.append(row((each["clause"], each["wanted"], tests, each.get("otherwise", ""))))
    return found


def document(seen: dict[str, dict[str, Seen]]) -> str:
    """The whole of it."""
    parts = [INTRODUCTION, "## How many are right", *counts(seen), ""]
    parts += ["## Between real peers", PEERS, row(PEER_HEADS), "|" + "---|" * 4 + "--:|", *table(), ""]
    parts += ["## Clause by clause", CLAUSES, *clauses(), ""]
    parts += ["## Message by message", MESSAGES, row(HEADS), "|" + "---|" * len(HEADS), *rows(seen), ""]
    return "\n".join(parts)


INTRODUCTION = """\
# What the standards want, and what was seen

Made by `tools/conformance` from the tests; a test fails while it is not what that command makes.
"""
PEERS = """
Calls of `tests/live/test_pairs.py` and `test_browser.py` through one node that listens on every transport, from each
way on the caller's side to each on the PBX's. SIPp plays each of its calls twice: the caller hangs up, and the callee
does. Nobody is called by WebSocket unless he has connected (RFC 7118 5): a browser that registered is.
"""
PEER_HEADS = ("who calls", "over", "on to", "who is called", "calls")
CLAUSES = """
Each of these tests passes, or `make test` does not. What is done otherwise has its reason beside it.
"""
MESSAGES = """
Each message of RFC 4475 and RFC 5118, as published and as written anew by us, and messages of real devices, sent to a
running node over each transport, from a trunk with a PBX behind it. *forward*: it reached the PBX, an INVITE after it
was judged; a number: the answer; *drop*: neither. *closed*: the connection ended, since where the next message begins
could not be told, or the message was never whole.
"""


def alone_on_loopback() -> None:
    """Go on where no packet leaves the machine: messages name hosts that exist."""
    if ALONE not in os.environ:
        nobody = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}  # 20 ms for each node, and we trust our own
        os.environ.update({ALONE: "1"} | nobody)
        os.execvp("unshare", ["unshare", *AS_ROOT, "--net", sys.executable, "-m", "tests.conformance", *sys.argv[1:]])
    lift_loopback()


def main() -> None:
    """One transport as JSON, or the document."""
    alone_on_loopback()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if len(sys.argv) > 1:
        print(json.dumps({name: list(each) for name, each in asyncio.run(seen_on(sys.argv[1])).items()}))
    else:
        DOCUMENT.write_text(document({name: asyncio.run(seen_on(name)) for name in TRANSPORTS}))


if __name__ == "__main__":
    main()
