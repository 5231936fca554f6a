"""Every torture message through the running proxy, where only loopback exists: no packet leaves the machine.

Started as usual, the one test here starts this file again in a network namespace of its own; the tests below run
there. Their messages name foreign hosts in Route, Contact and Via.
"""

import contextlib
import fcntl
import re
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from proxy.sip.framing import Framer
from rules.records.privacy import mask_within
from tests import wire
from tests.peers.alone import is_alone, passes_alone
from tests.peers.loopback import Endpoint
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings
from tests.torture import VECTORS, WILD

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h
TRUNK, PBX = Endpoint("127.0.0.2", 5060), Endpoint("127.0.0.3", 15062)
PROXIES = [Endpoint("127.0.0.1", port) for port in (15060, 15070, 15080, 15090)]
STREAMS = [Endpoint("127.0.0.1", port) for port in (16060, 16070, 16080, 16090)]
# Where a stream must have an end that a datagram has by itself (RFC 3261 18.3, 20.14).
WITHOUT_LENGTH = {"vectors/rfc2543-invite", "corpora/inv2543", "rfc4475/inv2543"}
TWO_MESSAGES = {"vectors/extra-octets-in-datagram", "corpora/dblreq", "rfc4475/dblreq"}
PATIENCE_S = 0.3
KEEP_ALIVE = b"\r\n\r\n"  # RFC 5626 3.5.1
HOSTILE = {
    "keep-alive": KEEP_ALIVE,
    "nul": b"\0",
    "nothing": b"",
    "binary": bytes(range(256)) * 20,
    "65 KB of NUL": b"\0" * 65507,
    "65 KB header": b"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nX: " + b"y" * 65000 + b"\r\n\r\n",
    "65 KB of blanks": wire.invite(via="SIP/2.0/UDP h;branch=z9hG4bKb", from_="a" + " " * 64000 + ","),
    "65 KB of headers": b"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\n" + b"a:\r\n" * 16000 + b"\r\n",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a message": wire.invite()[:200],
    "no start": b"Via: SIP/2.0/UDP h\r\n\r\n",
    "a port that is none": wire.request("X", via=f"SIP/2.0/UDP {TRUNK.host}:99999;branch=z9hG4bKp", max_forwards="0"),
    "a response without sense": b"SIP/2.0 200 OK\r\n\r\n",
}  # fmt: skip


def lift_loopback() -> None:
    """Set the loopback interface of this namespace up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = bytearray(struct.pack("16sh14x", b"lo", 0))
        fcntl.ioctl(sock, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("h", request, 16)[0]
        struct.pack_into("h", request, 16, flags | IFF_UP)
        fcntl.ioctl(sock, SIOCSIFFLAGS, request)


def field(data: bytes, names: bytes) -> bytes:
    """The first header field with one of these names (a|b), read in a way that is not the product's."""
    head = re.sub(rb"\r\n[ \t]+", b" ", data.partition(b"\r\n\r\n")[0])
    found = re.search(rb"(?im)^(?:" + names + rb")[ \t]*:[ \t]*([^\r]*)", head)
    return found[1].strip() if found else b""


def rounds(messages: list[bytes]) -> dict[bytes, int]:
    """Which proxy takes which message: the RFCs use one branch in several, and for 32 s that is one transaction."""
    taken: Counter[tuple[bytes, ...]] = Counter()
    found: dict[bytes, int] = {}
    for data in messages:
        top = field(data, b"via|v").partition(b",")[0]
        key = (data.split(b" ")[0], b"".join(top.split()))
        if data not in found:
            found[data] = taken[key]
            taken[key] += 1
    return found


class World(NamedTuple):
    """The running proxies, and a socket on either side of them."""

    proxies: list[Ringfence]
    trunk: socket.socket
    pbx: socket.socket
    marks: Iterator[int]
    known: set[bytes]  # branches that the PBX has seen

    def send(self, data: bytes) -> tuple[list[bytes], list[bytes]]:
        """One datagram of the trunk: what the trunk and what the PBX got because of it.

        The proxy handles datagrams in their order; so an OPTIONS to itself, sent after it, tells when it is done.
        """
        at = PROXIES[ROUND.get(data, 0)]
        self.trunk.sendto(data, at)
        up, down = self._until_done(at), [each for each in self._arrived() if b"probe" not in each.split(b"\r\n")[1]]
        for each in down:
            if each.startswith(b"INVITE "):  # answered, so that the call ends and is logged
                self.pbx.sendto(b"SIP/2.0 200 OK\r\n" + each.split(b"\r\n")[1] + b"\r\nContent-Length: 0\r\n\r\n", at)
                self._until_done(at)
        return up, down

    def _until_done(self, at: Endpoint) -> list[bytes]:
        """What the trunk gets until the proxy has handled everything sent to it so far."""
        mark = f"mark-{next(self.marks)}"
        via = f"SIP/2.0/UDP {TRUNK};branch=z9hG4bK{mark};rport"
        self.trunk.sendto(wire.request("OPTIONS", uri=f"sip:{at}", call_id=mark, via=via), at)
        up: list[bytes] = []
        while True:
            got = self.trunk.recv(65535)
            if f"Call-ID: {mark}\r\n".encode() in got:
                return up
            up.append(got)

    def said(self) -> str:
        """What the proxies have written beside their call logs."""
        return "".join(proxy.said for proxy in self.proxies)

    def calls(self) -> list[dict[str, Any]]:
        """The log lines of judged calls."""
        return [line for proxy in self.proxies for line in proxy.calls()]

    def _arrived(self) -> Iterator[bytes]:
        """What has come to the PBX, repetitions left out.

        A request that had to be repeated makes the proxy ask, from a socket of its own, whether anybody is there.
        """
        while True:
            try:
                data, source = self.pbx.recvfrom(65535, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if source not in PROXIES:
                assert data == KEEP_ALIVE
            elif (mark := data.split(b"\r\n")[1]) not in self.known:
                self.known.add(mark)
                yield data


class Streamed(NamedTuple):
    """Further proxies, that are called over connections, and the PBX behind them."""

    proxies: list[Ringfence]
    pbx: socket.socket
    marks: Iterator[int]
    known: set[bytes]  # branches that the PBX has seen

    def send(self, data: bytes, step: int) -> tuple[list[bytes], list[bytes]]:
        """One message in pieces, on a connection of its own: what came back on it, and what the PBX got."""
        at = STREAMS[ROUND.get(data, 0)]
        with socket.socket() as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.settimeout(60)
            line.bind((TRUNK.host, 0))
            line.connect(at)
            with contextlib.suppress(ConnectionError):
                for start in range(0, len(data), step):
                    line.sendall(data[start : start + step])
            up = self._until_done(line, at, ask=b"\r\n\r\n" in data)
        return up, self._arrived()

    def _until_done(self, line: socket.socket, at: Endpoint, *, ask: bool) -> list[bytes]:
        """What comes back until all that was sent is handled, or the connection closed; half a message can't ask."""
        mark = f"mark-{next(self.marks)}"
        via = f"SIP/2.0/TCP {TRUNK};branch=z9hG4bK{mark};rport"
        framer, found = Framer(65_535), []
        with contextlib.suppress(ConnectionError):
            if ask:
                line.sendall(wire.request("OPTIONS", uri=f"sip:{at}", call_id=mark, via=via))
        with contextlib.suppress(ConnectionError):
            while got := line.recv(65535):
                found += framer.feed(got)
                if found and f"Call-ID: {mark}\r\n".encode() in found[-1]:
                    return found[:-1]
        return found

    def _arrived(self) -> list[bytes]:
        """What is new at the PBX; calls are answered, so that they end."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                data, source = self.pbx.recvfrom(65535, socket.MSG_DONTWAIT)
                if data == KEEP_ALIVE or (mark := data.split(b"\r\n")[1]) in self.known:
                    continue
                self.known.add(mark)
                found.append(data)
                if data.startswith(b"INVITE "):
                    self.pbx.sendto(b"SIP/2.0 200 OK\r\n" + mark + b"\r\nContent-Length: 0\r\n\r\n", source)
        return found


ROUND = rounds([vector.data for vector in VECTORS] + [wild.data for wild in WILD])


if not is_alone(__file__):

    def test_every_torture_message_passes_through_the_running_proxy():
        passes_alone(__file__)

else:

    @pytest.fixture(scope="module")
    def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
        lift_loopback()
        folder = tmp_path_factory.mktemp("torture")
        sides = {
            "pbxes": [{"name": "office", "addresses": [str(PBX)], "probe": {"every_s": 0}}],
            "trunks": [{"name": "default", "country": "CN", "methods": "any"}],
            "limits": {"drain_s": 0.2},  # the PBX here never answers
            "options_tell": False,
        }
        with contextlib.ExitStack() as stack:
            proxies = [
                stack.enter_context(Ringfence(folder / str(at.port), settings([at], [], **sides))) for at in PROXIES
            ]
            trunk, pbx = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in "tp")
            trunk.bind(TRUNK)
            trunk.settimeout(60)
            pbx.bind(PBX)
            found = World(proxies, trunk, pbx, iter(range(10**6)), set())
            yield found
            for proxy in proxies:
                proxy.stop()
                assert proxy.process.returncode == 0, proxy.said
            assert "Traceback" not in found.said()

    @pytest.fixture(scope="module")
    def streamed(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Streamed]:
        """After the other proxies: loopback is up."""
        folder = tmp_path_factory.mktemp("streams")
        pbx_at = Endpoint("127.0.0.3", 15064)
        sides = {
            "pbxes": [{"name": "office", "addresses": [f"udp:{pbx_at}"], "probe": {"every_s": 0}}],
            "trunks": [{"name": "default", "country": "CN", "methods": "any"}],
            "limits": {"drain_s": 0.2, "message_s": PATIENCE_S},
            "options_tell": False,  # the PBX here never answers, which calls tell after half a minute
        }
        with contextlib.ExitStack() as stack:
            proxies = []
            for at in STREAMS:
                listen = [{"address": str(at)}, {"address": str(at), "transport": "tcp"}]
                whole = {**settings([at], [], **sides), "listen": listen}
                proxies.append(stack.enter_context(Ringfence(folder / str(at.port), whole)))
            pbx = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            pbx.bind(pbx_at)
            yield Streamed(proxies, pbx, iter(range(10**6)), set())
            for proxy in proxies:
                proxy.stop()
                assert "Traceback" not in proxy.said

    def test_only_loopback_exists():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(OSError, match="unreachable"):
            sock.sendto(b"x", ("192.0.2.1", 5060))

    @pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
    def test_a_torture_message_gets_what_its_verdict_says(world: World, vector):
        up, down = world.send(vector.data)
        finals = [data for data in up if wire.status(data) >= 200]
        assert len(down) + len(finals) <= 1
        outcome: object = "forward" if down else wire.status(finals[0]) if finals else "drop"
        assert outcome in vector.allowed
        assert "Traceback" not in world.said()

    @pytest.mark.parametrize("message", WILD, ids=[wild.name for wild in WILD])
    def test_a_message_of_a_real_device_reaches_the_pbx_or_is_answered(world: World, message):
        up, down = world.send(message.data)
        assert len(down) + len([data for data in up if wire.status(data) >= 200]) == 1

    @pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
    def test_hostile_datagrams_are_dropped_or_refused(world: World, data: bytes):
        up, down = world.send(data)
        assert down == []
        assert [wire.status(answer) for answer in up] in ([], [400], [513])
        assert "Traceback" not in world.said()

    def test_every_invite_that_reached_the_pbx_was_judged(world: World):
        """By its Call-ID, however that field was spelt; the log hides numbers in it and is written behind the calls."""
        sent = [field(v.data, b"call-id|i").decode() for v in VECTORS if v.must_screen and v.allowed == {"forward"}]
        wanted = {mask_within(call_id) for call_id in sent}
        until(lambda: wanted <= {line["call_id"] for line in world.calls()}, "the log of every judged call")

    def test_no_number_stands_unmasked_in_the_logs(world: World):
        """The caller of our own messages (standards 66)."""
        assert "3912345678" not in world.said()
        assert all("3912345678" not in str({**line, "call_id": ""}) for line in world.calls())

    # Last, since the proxies above would by then have given up what nobody answered.

    @pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
    def test_a_torture_message_octet_by_octet_on_a_connection_gets_what_its_verdict_says(streamed: Streamed, vector):
        up, down = streamed.send(vector.data, 1)
        finals = [data for data in up if wire.status(data) >= 200]
        assert len(down) + len(finals) <= 1 + (vector.name in TWO_MESSAGES)
        outcome: object = "forward" if down else wire.status(finals[0]) if finals else "drop"
        assert outcome in ({400} if vector.name in WITHOUT_LENGTH else vector.allowed)

    @pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
    def test_what_is_hostile_on_a_connection_is_answered_or_closed_and_others_notice_nothing(
        streamed: Streamed, data: bytes
    ):
        up, down = streamed.send(data, 4096)
        assert down == []
        assert [wire.status(answer) for answer in up if answer.strip()] in ([], [400], [513])
        up, down = streamed.send(
            wire.request("OPTIONS", uri=f"sip:{STREAMS[0]}", via="SIP/2.0/TCP h;branch=z9hG4bKh"), 9999
        )
        assert [wire.status(each) for each in up] == [200]
