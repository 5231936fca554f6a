"""Questions to name servers: what lies, is late or says nothing costs its question a moment, and nobody else any."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from proxy.name_servers import NameServers, Unanswered, by_preference, read_hosts
from tests.peers.loopback import new_host

NO_FILE = Path("/nonexistent")
Say = Callable[[dns.message.Message], list[bytes]]


def answer(query: dns.message.Message, *addresses: str, name: str = "") -> dns.message.Message:
    """What an honest server says of the name that is asked for, or of another."""
    said = dns.message.make_response(query)
    question = query.question[0]
    if addresses:
        said.answer.append(dns.rrset.from_text(name or question.name, 60, "IN", question.rdtype, *addresses))
    return said


@asynccontextmanager
async def saying(say: Say, *, after_s: float = 0.0) -> AsyncIterator[tuple[NameServers, list[str]]]:
    """Name servers, of which the only one answers each question with these datagrams; and what was asked of it."""
    asked: list[str] = []

    class Told(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
            query = dns.message.from_wire(data)
            asked.append(str(query.question[0]))
            for each in say(query):
                asyncio.get_running_loop().call_later(after_s, self._send, each, source)

        def _send(self, data: bytes, source: tuple[str, int]) -> None:
            if not self.transport.is_closing():
                self.transport.sendto(data, source)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Told, local_addr=(new_host(), 0))
    try:
        yield NameServers([transport.get_extra_info("sockname")[:2]], hosts=NO_FILE, families=(4,)), asked
    finally:
        transport.close()


async def test_what_an_honest_server_says_is_taken():
    async with saying(lambda query: [answer(query, "192.0.2.1").to_wire()]) as (names, asked):
        assert (await names.addresses("pbx.rook.example")).records == ("192.0.2.1",)
        assert asked == ["pbx.rook.example. IN A"]


def of_another_question(query: dns.message.Message) -> list[bytes]:
    forged = answer(query, "192.0.2.66")
    forged.id ^= 1
    return [forged.to_wire(), answer(query, "192.0.2.1").to_wire()]


def garbage_first(query: dns.message.Message) -> list[bytes]:
    return [b"", b"\xff" * 40, answer(query, "192.0.2.1").to_wire()]


@pytest.mark.parametrize("say", [of_another_question, garbage_first])
async def test_an_answer_that_is_none_of_the_question_is_passed_over(say: Say):
    async with saying(say) as (names, _):
        assert (await names.addresses("pbx.rook.example")).records == ("192.0.2.1",)


async def test_an_answer_about_another_name_says_nothing_of_ours():
    async with saying(lambda query: [answer(query, "192.0.2.66", name="evil.example.").to_wire()]) as (names, _):
        assert (await names.addresses("pbx.rook.example")).records == ()


def fails(query: dns.message.Message) -> list[bytes]:
    said = dns.message.make_response(query)
    said.set_rcode(dns.rcode.SERVFAIL)
    return [said.to_wire()]


def refuses(query: dns.message.Message) -> list[bytes]:
    said = dns.message.make_response(query)
    said.set_rcode(dns.rcode.REFUSED)
    return [said.to_wire()]


def goes_round(query: dns.message.Message) -> list[bytes]:
    said = dns.message.make_response(query)
    name = query.question[0].name
    said.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "b.example."))
    said.answer.append(dns.rrset.from_text("b.example.", 60, "IN", "CNAME", name.to_text()))
    return [said.to_wire()]


@pytest.mark.parametrize(
    "say", [fails, refuses, goes_round, lambda query: []], ids=["fails", "refuses", "loop", "silent"]
)
async def test_a_server_that_says_nothing_of_use_is_no_answer_in_two_seconds(say: Say):
    async with saying(say) as (names, _), asyncio.timeout(3):
        with pytest.raises(Unanswered):
            await names.addresses("pbx.rook.example")


async def test_a_late_answer_comes_to_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("proxy.name_servers.QUESTION_S", 0.1)
    async with saying(lambda query: [answer(query, "192.0.2.1").to_wire()], after_s=0.2) as (names, _):
        with pytest.raises(Unanswered):
            await names.addresses("pbx.rook.example")
        await asyncio.sleep(0.15)
        assert len(asyncio.all_tasks()) == 1


def test_addresses_at_which_nobody_can_be_are_left_out():
    found = by_preference(["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "127.0.0.2"])
    assert found == ["127.0.0.2"]


def test_addresses_that_this_machine_has_a_way_to_come_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("proxy.name_servers._has_way", lambda address: address != "2001:db8::1")
    assert by_preference(["2001:db8::1", "192.0.2.1", "::1"]) == ["::1", "192.0.2.1", "2001:db8::1"]


# The system's files


def test_a_hosts_file_is_read_as_the_system_reads_it():
    text = "127.0.0.1 localhost Loop # here\n::1 localhost\nnonsense pbx\n192.0.2.1\tpbx.rook.example. pbx\n"
    text += "\n#192.0.2.9 x\n"
    assert read_hosts(text) == {
        "localhost": ["127.0.0.1", "::1"],
        "loop": ["127.0.0.1"],
        "pbx.rook.example": ["192.0.2.1"],
        "pbx": ["192.0.2.1"],
    }


async def test_the_hosts_file_is_asked_first_and_read_again_when_it_has_changed(tmp_path: Path):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.5 pbx\n")
    names = NameServers([("127.0.0.1", 9)], hosts=hosts)
    assert (await names.addresses("pbx")).records == ("127.0.0.5",)
    hosts.write_text("127.0.0.66 pbx\n")
    assert (await names.addresses("pbx")).records == ("127.0.0.66",)
    hosts.unlink()
    assert names.in_hosts_file("pbx") is None


async def test_names_that_stand_for_this_machine_and_for_nothing_are_asked_of_nobody():
    names = NameServers([("127.0.0.1", 9)], hosts=NO_FILE)
    assert (await names.addresses("pbx.localhost")).records == ("::1", "127.0.0.1")
    for asking in (names.addresses, names.srv, names.naptr, names.of_system):
        assert (await asking("pbx.invalid")).records == ()


async def test_the_systems_name_servers_are_those_that_its_file_names_at_that_moment(tmp_path: Path):
    system = tmp_path / "resolv.conf"
    async with saying(lambda query: [answer(query, "192.0.2.1").to_wire()]) as (known, _):
        host, port = known._servers[0]
        names = NameServers(hosts=NO_FILE, system=system, families=(4,))
        with pytest.raises(Unanswered):  # there is none
            await names.addresses("pbx.rook.example")
        system.write_text(f"search corp.example\nnameserver {host}\n")
        resolver = names._ready()
        assert resolver is not None
        resolver.nameserver_ports = {host: port}
        assert (await names.addresses("pbx.rook.example")).records == ("192.0.2.1",)


async def test_a_name_without_a_dot_is_looked_for_where_the_system_looks(tmp_path: Path):
    system = tmp_path / "resolv.conf"

    def corp_only(query: dns.message.Message) -> list[bytes]:
        said = answer(query, "192.0.2.7")
        if query.question[0].name.to_text() != "pbx.corp.example.":
            said = dns.message.make_response(query)
            said.set_rcode(dns.rcode.NXDOMAIN)
        return [said.to_wire()]

    async with saying(corp_only) as (known, _):
        host, port = known._servers[0]
        system.write_text(f"search corp.example\nnameserver {host}\n")
        names = NameServers(hosts=NO_FILE, system=system, families=(4,))
        resolver = names._ready()
        assert resolver is not None
        resolver.nameserver_ports = {host: port}
        assert (await names.addresses("pbx")).records == ("192.0.2.7",)


async def test_what_only_the_system_knows_is_found_in_its_own_way(monkeypatch: pytest.MonkeyPatch):
    async def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host == "gone":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        if host == "later":
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return [(0, 0, 0, "", (each, 0)) for each in ("192.0.2.1", "fe80::1%eth0", "192.0.2.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    names = NameServers(hosts=NO_FILE)
    assert (await names.of_system("pbx")).records == ("192.0.2.1",)
    assert (await names.of_system("gone")).records == ()
    with pytest.raises(Unanswered):
        await names.of_system("later")
