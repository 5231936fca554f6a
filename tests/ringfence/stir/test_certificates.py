"""Certificates are fetched once, remembered as long as they may be, and failures shortly."""

import asyncio

import pytest

from proxy.stir.credentials import Credential, read_authorities
from proxy.stir.failures import Failure, Unverified
from ringfence.stir.certificates import AT_ONCE, Certificates
from ringfence.stir.guarded_web import Fetched
from tests.signing import NOW, URL, Authority

ROOT = Authority()
STORE = read_authorities(ROOT.pem)
SIGNER = ROOT.sign(ends=NOW + 10**6)


class Far:
    """Whoever is fetched from, and the time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.gives: bytes | Exception = SIGNER.published
        self.certificates = Certificates(
            self.fetch, STORE, most=10, clock=lambda: self.now, wall=lambda: NOW + self.now - 100
        )

    async def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        await self.gate.wait()
        if isinstance(self.gives, Exception):
            raise self.gives
        return Fetched(self.gives, 600.0)

    async def settle(self) -> None:
        await asyncio.gather(*self.certificates._under_way.values())

    async def get(self, url: str = URL) -> Credential | Failure | None:
        if self.certificates.known(url) is None:
            self.certificates.fetch(url)
        await self.settle()
        return self.certificates.known(url)


@pytest.fixture
async def far():
    found = Far()
    yield found
    await found.certificates.close()


async def test_one_fetch_serves_all_who_wait(far: Far):
    far.gate.clear()
    assert far.certificates.known(URL) is None
    assert len({far.certificates.fetch(URL) for _ in range(50)}) == 1
    far.gate.set()
    assert isinstance(await far.get(), Credential)
    assert far.asked == [URL]
    assert far.certificates.counts == {"fetched": 1}


async def test_it_is_remembered_as_long_as_it_may_be(far: Far):
    await far.get()
    far.now += 500
    assert isinstance(far.certificates.known(URL), Credential)
    assert far.asked == [URL]
    far.now += 101
    assert far.certificates.known(URL) is None


async def test_one_that_calls_use_is_fetched_again_before_its_time_is_over(far: Far):
    await far.get()
    far.now += 550
    assert isinstance(far.certificates.known(URL), Credential)
    await far.settle()
    far.now += 500
    assert isinstance(far.certificates.known(URL), Credential)
    assert far.asked == [URL, URL]


async def test_one_that_cannot_be_fetched_again_lasts_to_its_end(far: Far):
    await far.get()
    far.now, far.gives = far.now + 550, Unverified(Failure.UNREACHABLE)
    far.certificates.known(URL)
    await far.settle()
    assert isinstance(far.certificates.known(URL), Credential)


@pytest.mark.parametrize(
    ("gives", "failure"),
    [
        (Unverified(Failure.UNREACHABLE), Failure.UNREACHABLE),
        (Unverified(Failure.ADDRESS), Failure.ADDRESS),
        (RuntimeError("nobody foresaw it"), Failure.UNREACHABLE),
        (b"<html>", Failure.CERTIFICATE),
        (Authority().sign().published, Failure.UNTRUSTED),
    ],
    ids=["unreachable", "address", "fault", "page", "untrusted"],
)
async def test_a_failure_is_remembered_shortly(far: Far, gives: bytes | Exception, failure: Failure):
    far.gives = gives
    assert await far.get() is failure
    assert await far.get() is failure
    assert len(far.asked) == 1
    far.now += 700
    far.gives = SIGNER.published
    assert isinstance(await far.get(), Credential)


async def test_memory_and_fetches_are_bounded(far: Far):
    far.gate.clear()
    tasks = [far.certificates.fetch(f"https://h{number}.example/") for number in range(AT_ONCE + 5)]
    assert tasks.count(None) == 5
    far.gate.set()
    await far.settle()
    assert far.certificates.remembered == 10


async def test_addresses_that_lead_to_nothing_push_out_no_good_one(far: Far):
    await far.get()
    far.gives = Unverified(Failure.UNREACHABLE)
    for number in range(50):
        assert await far.get(f"https://cert.example.org/{number}") is Failure.UNREACHABLE
    assert isinstance(far.certificates.known(URL), Credential)
    assert len(far.certificates._failed) == 10


async def test_a_certificate_that_was_taken_away_proves_nothing_any_more(far: Far):
    await far.get()
    far.now, far.gives = far.now + 550, b"<html>"
    far.certificates.known(URL)
    await far.settle()
    assert far.certificates.known(URL) is Failure.CERTIFICATE
