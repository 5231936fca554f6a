"""Certificates come from where they may come from, and a caller makes us connect nowhere else."""

import ipaddress
from pathlib import Path

import pytest

from proxy.name_servers import NameServers
from proxy.stir.failures import Failure, Unverified
from ringfence.stir.guarded_web import LARGEST, GuardedWeb, by, lasts, may_connect, sits_here
from tests.web_of_certificates import PUBLIC, Web, answer

HOST = "cert.example.org"
OURS = "93.184.215.200"  # an address of this machine in the public network


@pytest.fixture
async def web(tmp_path: Path):
    async with Web(tmp_path, HOST, "other.example.org") as made:
        yield made


def guarded(web: Web, *hosts: str, deadline_s: float = 60.0) -> GuardedWeb:
    return GuardedWeb(
        hosts or (HOST, "*.example.org"),
        ours=lambda address: address == OURS,
        context=web.context,
        look_up=web.look_up,
        plain=web,
        deadline_s=deadline_s,
    )


async def failure_of(web: Web, url: str, *hosts: str, deadline_s: float = 60.0) -> Failure:
    with pytest.raises(Unverified) as refused:
        await guarded(web, *hosts, deadline_s=deadline_s).fetch(url)
    return refused.value.failure


async def test_a_certificate_is_fetched_with_how_long_it_lasts(web: Web):
    web.pages["/a.pem"] = answer(b"PEM", cache_control="public, max-age=600")
    assert await guarded(web).fetch(f"https://{HOST}/a.pem") == (b"PEM", 600.0)
    assert web.connected == [PUBLIC]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 3600.0),
        ("max-age=10", 60.0),
        ("MAX-AGE=600", 600.0),
        ("max-age=99999999", 86_400.0),
        ("no-store, max-age=600", 60.0),
        ("no-cache", 60.0),
        ("max-age=900, s-maxage=300", 300.0),
        ("max-age=x", 3600.0),
    ],
)
def test_how_long_an_answer_may_be_remembered(said: str, seconds: float):
    assert lasts(said) == seconds


INNER = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"),
    "224.0.0.1",
    *("255.255.255.255", "198.18.0.1", "192.0.2.1", OURS),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1", f"::ffff:{OURS}", "localhost"),
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_no_address_of_ours_and_of_no_inner_network_is_connected_to(address: str):
    assert not may_connect(address, lambda each: each == OURS)


def test_an_address_of_this_machine_is_known_whatever_listens_there():
    assert sits_here("127.0.0.1")
    assert sits_here("::1")
    assert not sits_here("192.0.2.1")
    assert not sits_here("no address")


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "8.8.8.8"])
def test_others_are(address: str):
    assert may_connect(address, lambda each: each == OURS)


def test_a_network_that_the_operator_allows_is_though_it_is_private():
    allowed = [ipaddress.ip_network("10.1.0.0/16")]
    assert may_connect("10.1.2.3", lambda _: False, allowed)
    assert not may_connect("10.2.2.3", lambda _: False, allowed)
    assert not may_connect("::ffff:10.2.2.3", lambda _: False, allowed)


@pytest.mark.parametrize("inner", ["127.0.0.1", "169.254.169.254", "::1", OURS])
async def test_a_name_that_leads_inside_is_never_connected_to(web: Web, inner: str):
    web.addresses[HOST] = [PUBLIC, inner]  # one of several is enough
    assert await failure_of(web, f"https://{HOST}/a.pem") is Failure.ADDRESS
    assert web.connected == []


async def test_a_name_is_looked_up_once_so_that_it_cannot_lead_elsewhere_the_second_time(web: Web):
    web.pages["/a.pem"] = answer(b"PEM")
    await guarded(web).fetch(f"https://{HOST}/a.pem")
    assert web.looked_up == [HOST]
    assert web.connected == [PUBLIC]  # an address, never the name


BAD = {
    "another host": ("https://evil.example/a.pem", Failure.HOST),
    "a host that ends alike": ("https://evilcert.example.org.evil.example/", Failure.HOST),
    "a host below nobody": ("https://example.org/a.pem", Failure.HOST),
    "an address": (f"https://{PUBLIC}/a.pem", Failure.HOST),
    "in clear": (f"http://{HOST}/a.pem", Failure.URL),
    "a file": ("file:///etc/passwd", Failure.URL),
    "another port": (f"https://{HOST}:22/", Failure.URL),
    "nothing": ("", Failure.URL),
    "no such page": (f"https://{HOST}/none.pem", Failure.UNREACHABLE),
}


@pytest.mark.parametrize("name", BAD)
async def test_nothing_is_fetched_from_where_no_certificate_may_lie(web: Web, name: str):
    url, failure = BAD[name]
    assert await failure_of(web, url) is failure
    assert failure is Failure.UNREACHABLE or web.connected == web.looked_up == []


@pytest.mark.parametrize(
    ("location", "failure"),
    [
        ("file:///etc/passwd", Failure.URL),
        (f"http://{HOST}/b.pem", Failure.URL),
        ("https://evil.example/b.pem", Failure.HOST),
        ("https://inner.example.org/b.pem", Failure.ADDRESS),
        ("/round", Failure.UNREACHABLE),
        ("", Failure.UNREACHABLE),
        ("https://[", Failure.URL),
        ("https://a:b@cert.example.org/", Failure.URL),
    ],
)
async def test_each_redirect_is_judged_as_the_first_address_was(web: Web, location: str, failure: Failure):
    web.addresses["inner.example.org"] = ["169.254.169.254"]
    web.pages["/round"] = answer(status="302 Found", location=location)
    assert await failure_of(web, f"https://{HOST}/round") is failure
    assert set(web.connected) == {PUBLIC}


async def test_a_redirect_to_where_it_may_lie_is_followed(web: Web):
    web.pages["/a.pem"] = answer(status="301 Moved", location="https://other.example.org/b.pem")
    web.pages["/b.pem"] = answer(b"PEM")
    assert (await guarded(web).fetch(f"https://{HOST}/a.pem")).data == b"PEM"


async def test_what_is_too_large_is_left(web: Web):
    web.pages["/large.pem"] = answer(b"x" * (LARGEST + 1))
    assert await failure_of(web, f"https://{HOST}/large.pem") is Failure.CERTIFICATE


async def test_who_answers_slowly_is_left(web: Web):
    web.holds.add("/slow.pem")
    assert await failure_of(web, f"https://{HOST}/slow.pem", deadline_s=0.2) is Failure.UNREACHABLE


async def test_who_shows_a_certificate_of_another_name_is_nobody(web: Web):
    assert await failure_of(web, "https://third.example.org/a.pem") is Failure.UNREACHABLE
    assert web.asked == []


async def test_hosts_are_looked_up_by_name_servers_and_addresses_by_nobody(tmp_path: Path):
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{PUBLIC} cert.example.org\n")
    look_up = by(NameServers(hosts=hosts))
    assert list(await look_up("cert.example.org", 443)) == [PUBLIC]
    assert list(await look_up("192.0.2.1", 443)) == ["192.0.2.1"]


async def test_a_host_that_leads_nowhere_is_out_of_reach(web: Web):
    web.addresses[HOST] = []
    assert await failure_of(web, f"https://{HOST}/a.pem") is Failure.UNREACHABLE


async def test_who_speaks_no_http_is_nobody(web: Web):
    web.pages["/a.pem"] = b"what?\r\n\r\n"
    assert await failure_of(web, f"https://{HOST}/a.pem") is Failure.UNREACHABLE
