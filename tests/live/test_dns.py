"""Next hops by DNS (RFC 3263), asked of a real nsd: every kind of record, and what is wrong with some of them."""

import asyncio
import socket
from collections import Counter
from pathlib import Path

import pytest

from proxy.name_servers import NameServers
from proxy.next_hops import MOST_HOPS, Question, in_order, lots_of
from proxy.resolver import KEEP_LEAST_S, Resolver
from tests import wire
from tests.peers.loopback import Endpoint, free_port, new_endpoint, new_host
from tests.peers.nsd import Nsd
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live

ZONE = """
both 30 A 192.0.2.1
both 30 AAAA 2001:db8::1
alias CNAME both
round1 CNAME round2
round2 CNAME round1
nowhere A 0.0.0.0
nowhere A 224.0.0.1
nowhere A 255.255.255.255
named NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.named
named NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.other
named NAPTR 5 10 "u" "E2U+sip" "!^.*$!sip:x@y!" .
_sip._tcp.named SRV 0 0 5080 one
_sip._udp.other SRV 0 0 5081 two
one A 192.0.2.11
two A 192.0.2.12
three A 192.0.2.13
_sip._udp.shared SRV 10 70 5060 one
_sip._udp.shared SRV 10 30 5062 two
_sip._udp.shared SRV 20 0 5064 three
_sip._udp.none SRV 0 0 0 .
none A 192.0.2.50
_sip._udp.lost SRV 0 0 5060 missing
lost A 192.0.2.60
_sips._tcp.secured SRV 0 0 5061 one
quick 0 A 192.0.2.70
loopback A 127.0.0.1
"""
MANY = "".join(f"many A 198.51.100.{number}\n" for number in range(1, 101))
MANY += "".join(f"_sip._udp.crowd SRV {number} 0 5060 one\n" for number in range(100))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with Nsd(new_endpoint(), {"rook.example": ZONE + MANY}, folder=tmp_path_factory.mktemp("nsd"), ttl=90) as nsd:
        yield nsd.at


def resolver_at(*servers: Endpoint, transports: tuple[str, ...] = ("UDP", "TCP", "TLS")) -> Resolver:
    names = NameServers(servers, hosts=Path("/nonexistent"), system=Path("/nonexistent"))
    return Resolver(names, transports=transports)


async def hops(resolver: Resolver, host: str, **words: object) -> list[tuple[str, int, str]]:
    servers = await resolver.servers(Question(f"{host}.rook.example", **words))  # type: ignore[arg-type]
    return [tuple(hop) for hop in in_order(servers, lots_of(1))]


async def test_both_families_and_an_alias_lead_to_the_same(server: Endpoint):
    resolver = resolver_at(server)
    found = {("192.0.2.1", 5060, "UDP"), ("2001:db8::1", 5060, "UDP")}
    assert set(await hops(resolver, "both")) == found
    assert set(await hops(resolver, "alias")) == found
    assert 25 < resolver.left(Question("alias.rook.example")) <= 30, "the shortest time on the way"


async def test_only_families_that_somebody_can_send_to_are_asked_for(server: Endpoint):
    names = NameServers([server], hosts=Path("/nonexistent"), families=(6,))
    assert (await names.addresses("both.rook.example")).records == ("2001:db8::1",)


async def test_naptr_chooses_the_transport_and_what_it_names_is_followed(server: Endpoint):
    tcp, udp = ("192.0.2.11", 5080, "TCP"), ("192.0.2.12", 5081, "UDP")
    assert await hops(resolver_at(server), "named") == [tcp, udp]
    assert await hops(resolver_at(server, transports=("UDP",)), "named") == [udp]


async def test_srv_shares_by_weight_and_keeps_the_rest_for_later(server: Endpoint):
    servers = await resolver_at(server).servers(Question("shared.rook.example"))
    orders = [in_order(servers, lots_of(seed)) for seed in range(4000)]
    first = Counter(order[0].host for order in orders)
    assert first["192.0.2.11"] / 4000 == pytest.approx(0.7, abs=0.04)
    assert {order[2] for order in orders} == {("192.0.2.13", 5064, "UDP")}


async def test_a_service_that_is_not_there_leads_to_the_name_itself(server: Endpoint):
    assert await hops(resolver_at(server), "none") == [("192.0.2.50", 5060, "UDP")]


async def test_a_server_that_has_no_address_leads_to_the_name_itself(server: Endpoint):
    assert await hops(resolver_at(server), "lost") == [("192.0.2.60", 5060, "UDP")]


async def test_secure_goes_by_tls_alone(server: Endpoint):
    assert await hops(resolver_at(server), "secured", secure=True) == [("192.0.2.11", 5061, "TLS")]


async def test_that_there_is_no_such_name_counts_as_long_as_its_zone_says(server: Endpoint):
    resolver = resolver_at(server)
    assert await hops(resolver, "unheard-of", port=5060) == []
    assert 55 < resolver.left(Question("unheard-of.rook.example", 5060)) <= 60, "RFC 2308: 90 s, of which we keep 60"


async def test_an_answer_of_no_duration_is_not_asked_for_by_each_call(server: Endpoint):
    resolver = resolver_at(server)
    assert await hops(resolver, "quick") == [("192.0.2.70", 5060, "UDP")]
    assert resolver.left(Question("quick.rook.example")) == pytest.approx(KEEP_LEAST_S, abs=0.5)


@pytest.mark.parametrize("host", ["round1", "nowhere"])
async def test_a_loop_and_an_address_of_nobody_lead_nowhere(server: Endpoint, host: str):
    async with asyncio.timeout(3):
        assert await hops(resolver_at(server), host) == []


@pytest.mark.parametrize("host", ["many", "crowd"])
async def test_of_a_hundred_answers_a_few_are_taken(server: Endpoint, host: str):
    """They don't fit into a datagram: asked again by TCP."""
    found = await hops(resolver_at(server), host)
    assert 1 <= len(found) <= MOST_HOPS


async def test_a_dead_name_server_costs_half_a_second_and_not_the_call(server: Endpoint):
    dead = Endpoint(new_host(), 0)
    dead = Endpoint(dead.host, free_port(dead.host))
    resolver = resolver_at(dead, server)
    begun = asyncio.get_running_loop().time()
    assert await hops(resolver, "both", port=5060)
    assert asyncio.get_running_loop().time() - begun < 1.5
    begun = asyncio.get_running_loop().time()
    assert await hops(resolver_at(dead), "both", port=5060) == []
    assert asyncio.get_running_loop().time() - begun < 3.5


# The whole way: a name in ringfence.yaml, a call, a telephone


def listener(at: Endpoint) -> socket.socket:
    """Somebody who takes datagrams there."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(at)
    made.settimeout(20)
    return made


def invites(sock: socket.socket, call_id: str) -> bytes:
    """The INVITE of this call, once it comes."""
    while True:
        data = sock.recv(65_535)
        if data.startswith(b"INVITE") and wire.header(data, "Call-ID") == call_id:
            return data


def test_a_call_goes_where_srv_records_lead_also_while_dns_is_silent(tmp_path: Path):
    at, trunk, first, second = (new_endpoint() for _ in range(4))
    zone = (
        f"_sip._udp.office SRV 20 0 {second.port} second\n_sip._udp.office SRV 10 0 {first.port} first\n"
        f"first A {first.host}\nsecond A {second.host}\n_sip._udp.back SRV 0 0 {at.port} us\nus A {at.host}\n"
    )
    names = new_endpoint()
    configuration = settings(
        [at],
        [],
        dns={"servers": [str(names)]},
        pbxes=[
            {"name": "office", "addresses": ["office.rook.example"], "probe": {"every_s": 0}},
            {"name": "back", "addresses": ["back.rook.example"], "probe": {"every_s": 0}},
        ],
        trunks=[
            {"name": "carrier", "addresses": [trunk.host], "country": "CN"},
            {"name": "round", "addresses": ["127.0.0.77"], "country": "CN", "pbx": "back"},
        ],
    )
    caller, pbx, other = listener(trunk), listener(first), listener(second)
    with caller, pbx, other:
        with Nsd(names, {"rook.example": zone}, folder=tmp_path / "nsd") as nsd:
            proxy = Ringfence(tmp_path / "proxy", configuration)
            proxy.ready(lambda: '"serving"' in proxy.said, "knowing its names")
            nsd.stop()
        with proxy:
            assert "no name server" not in proxy.said
            for number, answers in enumerate((True, False)):
                name = f"named-{number}@rook.example"
                via = f"SIP/2.0/UDP {trunk};branch=z9hG4bKnamed{number}"
                caller.sendto(wire.invite(call_id=name, via=via, uri=f"sip:1@{at}"), at)
                down = invites(pbx, name)
                if answers:
                    pbx.sendto(wire.response(486, down), at)
                else:
                    assert invites(other, name), "the next one of the records, three seconds later"
            strange = listener(Endpoint("127.0.0.77", trunk.port))
            with strange:
                via = f"SIP/2.0/UDP 127.0.0.77:{trunk.port};branch=z9hG4bKback"
                strange.sendto(wire.invite(call_id="back", via=via, uri=f"sip:1@{at}"), at)
                assert wire.status(strange.recv(65_535)) == 100
                assert wire.status(strange.recv(65_535)) == 503
            until(lambda: "a name leads back to this proxy" in proxy.said, "the line")
