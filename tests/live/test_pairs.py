"""Calls from each transport to each other, IPv4 and IPv6, between real peers, through one node that has them all."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.authority import Authority
from tests.pairs import FOUR, LISTENERS, PLAIN, PLAYED, SECURE, Way
from tests.peers.alone import is_alone, passes_alone
from tests.peers.baresip_phone import BaresipPhone
from tests.peers.kamailio import RELAY, Kamailio
from tests.peers.loopback import Endpoint
from tests.peers.phone_by_each_transport import PhoneByEachTransport
from tests.peers.process import eventually, until
from tests.peers.ringfence import Ringfence, settings
from tests.peers.sipp import Sipp

pytestmark = pytest.mark.live

PROXY, CARRIER, PBX, PJSUA2, BARESIP, CALLER, CALLEE = 5, 66, 6, 8, 1, 70, 71  # baresip takes no other
CALLED, ORDINARY = "02161234567", "+8613912345678"
UDP4, UDP6 = Way("udp", 4), Way("udp", 6)
VIA = re.compile(r"SIP/2.0/(\w+) (\[?)")

if not is_alone(__file__):

    def test_calls_from_each_transport_to_each_other():
        """Where only this network exists, each peer has addresses of both versions."""
        passes_alone(__file__)

else:

    @pytest.fixture(scope="module")
    def authority(tmp_path_factory) -> Authority:
        for host in (PROXY, CARRIER, PBX, CALLER, CALLEE):
            command = ["ip", "address", "add", f"{UDP6.at(host).host}/128", "dev", "lo", "nodad"]
            subprocess.run(command, check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return Authority(tmp_path_factory.mktemp("authority"))

    def shown(authority: Authority, host: int):
        """A certificate of both addresses of a host."""
        return authority.sign(UDP4.at(host).host, UDP6.at(host).host, file=str(host)).path

    @pytest.fixture(scope="module")
    def node(authority, tmp_path_factory) -> Iterator[Ringfence]:
        houses = {"kamailio": (PBX, SECURE), "sipp": (CALLEE, PLAIN), "pjsua2": (PJSUA2, FOUR)}
        houses["baresip"] = (BARESIP, FOUR)
        pbxes = [
            {"name": name, "addresses": [f"{way.by}:{way.at(host)}" for way in ways], "probe": {"every_s": 0}}
            for name, (host, ways) in houses.items()
        ]
        hosts = [way.at(host).host for host in (CARRIER, CALLER, BARESIP) for way in (UDP4, UDP6)]
        trunk = {"name": "carrier", "addresses": hosts, "country": "CN", "pbx": "kamailio"}
        # Whoever does not say by which address he connects gets that of the other end here, since all are of one host.
        other = {"name": "default", "country": "CN", "pbx": "kamailio"}
        configuration = settings([], [], pbxes=pbxes, trunks=[trunk, other])
        configuration["listen"] = [{"address": str(way.at(PROXY)), "transport": way.by} for way in LISTENERS]
        configuration["tls"] = {
            "certificates": [{"certificate": str(shown(authority, PROXY))}],
            "authorities": str(authority.file),
        }
        with Ringfence(tmp_path_factory.mktemp("proxy"), configuration) as found:
            yield found
        assert found.process.returncode == 0, found.said
        assert "Traceback" not in found.said

    @pytest.fixture(scope="module")
    def relays(authority, tmp_path_factory) -> Iterator[None]:
        """A Kamailio on both sides, and whom the second one sends calls on to."""
        with contextlib.ExitStack() as stack:
            for host in (CARRIER, PBX):
                words = {"at": UDP4.at(host), "six": UDP6.at(host), "secure": Way("tls", 4).at(host).port}
                words |= {
                    "next_hop": UDP4.at(CALLEE, 5070),
                    "certificate": shown(authority, host),
                }
                stack.enter_context(
                    Kamailio(folder=tmp_path_factory.mktemp(f"kamailio{host}"), configuration=RELAY, **words)
                )
            yield

    def uri(to: Endpoint, by: str) -> str:
        return f"sip:{CALLED}@{to};transport={by}"

    def caller(scenario: str, folder, lines: list[list[str]], *, at: Endpoint, to: Endpoint, **words) -> Sipp:
        """SIPp that calls once for each line: the address called and its transport, then by which listener if asked."""
        values = {"uri": f"sip:{CALLED}@[field0];transport=[field1]"}
        if len(lines[0]) > 2:
            values["headers"] = "X-By: sip:[field2];transport=[field3]"
        return Sipp(
            scenario, at=at, to=to, folder=folder, values=values, calls=len(lines), rate=50, lines=lines, **words
        )

    def finish(*peers: Sipp) -> None:
        failed = [peer for peer in peers if peer.failed()]
        assert not failed, "\n".join(peer.story()[-6000:] for peer in failed)

    def taken(invite) -> tuple[Way, Way]:
        """The ways by which it came to the node and left it, as its Vias say."""
        hops = [VIA.match(each) for line in invite.fields("Via") for each in line.split(", ")]
        out, into = (Way(hop[1].lower(), 6 if hop[2] else 4) for hop in hops[1:3])
        return into, out

    FLOWS = [("caller_hangs_up", "callee_answers"), ("caller_hears_bye", "callee_hangs_up")]

    @pytest.mark.parametrize("flow", FLOWS, ids=["the caller hangs up", "the callee hangs up"])
    def test_between_kamailios(node, relays, tmp_path, flow):
        pairs = PLAYED["kamailio"].all()
        lines = [[str(out.at(PBX)), out.by, str(into.at(PROXY)), into.by] for into, out in pairs]
        at, to, before = UDP4.at(CALLEE, 5070), UDP4.at(CARRIER), len(node.calls())
        with (
            Sipp(flow[1], at=at, to=UDP4.at(PBX), folder=tmp_path, calls=len(pairs)).listens() as second,
            caller(flow[0], tmp_path, lines, at=UDP4.at(CALLER), to=to) as first,
        ):
            finish(first, second)
        assert sorted(map(taken, second.received("INVITE"))) == sorted(pairs)
        until(lambda: len(node.calls()) >= before + len(pairs), "a line in the log for each")

    @pytest.mark.parametrize("flow", FLOWS, ids=["the caller hangs up", "the callee hangs up"])
    def test_between_sipps(node, tmp_path, flow):
        with contextlib.ExitStack() as stack:
            words = {"folder": tmp_path, "calls": len(PLAIN)}
            peers = [
                stack.enter_context(Sipp(flow[1], at=out.at(CALLEE), to=out.at(PROXY), by=out.by, **words).listens())
                for out in PLAIN
            ]
            lines = [[str(out.at(CALLEE)), out.by] for out in PLAIN]
            for into in PLAIN:
                at, to = into.at(CALLER, 5080), into.at(PROXY)
                peers.append(stack.enter_context(caller(flow[0], tmp_path, lines, at=at, to=to, by=into.by)))
            finish(*peers)

    @pytest.fixture
    def telephone(authority):
        order = {"host": UDP4.at(PJSUA2).host, "port": 5060, "authorities": str(authority.file)}
        return PhoneByEachTransport({**order, "certificate": str(shown(authority, PJSUA2))})

    def baresip(authority, at: Endpoint, user: str = ORDINARY) -> BaresipPhone:
        phone = BaresipPhone(user, at)
        phone.trusts, phone.shows = authority.file, shown(authority, BARESIP)
        return phone

    async def calls(phone: BaresipPhone, pairs: list[tuple[Way, Way]], host: int) -> None:
        """It calls that host over each of these."""
        for into, out in pairs:
            agent = await phone.agent_by(into.by, into.at(PROXY))
            call = await agent.dial(uri(out.at(host), out.by))
            try:
                await call.wait_established(60)
            except Exception as error:
                raise AssertionError(f"from {into} to {out}: {error}") from error
            await call.hangup()

    @pytest.mark.parametrize("by", ["udp", "tcp", "tls"])
    async def test_from_baresip_to_pjsua2(node, authority, telephone, by: str):
        async with telephone, baresip(authority, UDP4.at(BARESIP, 5090)) as phone:
            await telephone.expect("ready")
            pairs = [(into, out) for into, out in PLAYED["to pjsua2"].all() if into.by == by]
            await calls(phone, pairs, PJSUA2)

    async def test_from_pjsua2_to_baresip(node, authority, telephone):
        telephone.order["host"] = UDP4.at(CARRIER).host
        telephone.order["port"] = 5070
        async with telephone, baresip(authority, UDP4.at(BARESIP)) as phone:
            answering = await answers(phone)
            await telephone.expect("ready")
            for into, out in PLAYED["from pjsua2"].all():
                words = {"route": f"sip:{into.at(PROXY)};transport={into.by};lr", "talk_s": 0.1}
                placed = await telephone.dial(uri(out.at(BARESIP), out.by), identity=f"sip:{ORDINARY}@carrier", **words)
                assert placed.status == 200, (into, out, placed)
            answering.cancel()

    async def answers(phone: BaresipPhone) -> asyncio.Task[None]:
        """It answers whatever comes in, by any transport."""
        for by in ("tcp", "tls"):
            await phone.agent_by(by)

        async def answer() -> None:
            while True:
                await eventually(lambda: phone.incoming, "a call", within=600)
                await phone.incoming.pop().answer()

        return asyncio.create_task(answer())
