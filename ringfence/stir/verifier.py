"""Does somebody vouch for a call? At once where the certificates are known, else within a deadline."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from proxy.identity_settings import IdentitySettings
from proxy.name_servers import NameServers
from proxy.stir.credentials import Credential, read_authorities
from proxy.stir.failures import Failure, Unverified
from proxy.stir.replays import Replays
from proxy.stir.verification import Attestation, Chain, Claimed, conclude, failed, find_chains
from ringfence.stir.certificates import Certificates
from ringfence.stir.guarded_web import GuardedWeb, by
from rules.model import ATTESTATIONS


class Seen(Collector):
    """What was seen of signed calls, whatever the configuration was."""

    def __init__(self) -> None:
        self.replays = Replays()
        self.levels: Counter[tuple[str, str]] = Counter()  # by trunk and attestation
        self.failures: Counter[str] = Counter()
        self.fetched: Counter[str] = Counter()
        self.verifier: Verifier | None = None  # that verifies now

    def take(self, verifier: Verifier | None) -> Verifier | None:
        """Another one verifies from now on; the one before."""
        before, self.verifier = self.verifier, verifier
        return before

    def collect(self) -> Iterator[Metric]:
        """What was attested on each trunk, and why not."""
        calls = CounterMetricFamily(
            "ringfence_attested_calls", "Calls with an Identity, by what it proved.", labels=["trunk", "attestation"]
        )
        for trunk in sorted({trunk for trunk, _ in self.levels}):
            for level in ATTESTATIONS:
                calls.add_metric([trunk, level], self.levels[trunk, level])
        yield calls
        failures = CounterMetricFamily(
            "ringfence_attestation_failures", "Why an Identity proved nothing.", labels=["why"]
        )
        for failure in Failure:
            failures.add_metric([failure.value], self.failures[failure.value])
        yield failures
        fetched = CounterMetricFamily(
            "ringfence_signer_certificates_fetched",
            "Certificates of signers, by how fetching ended.",
            labels=["result"],
        )
        for result in ("fetched", *sorted(self.fetched.keys() - {"fetched"})):
            fetched.add_metric([result], self.fetched[result])
        yield fetched
        verifier = self.verifier
        remembered, waiting = (verifier.remembered, verifier.waiting) if verifier is not None else (0, 0)
        yield GaugeMetricFamily(
            "ringfence_signer_certificates", "Certificates of signers that are remembered.", remembered
        )
        yield GaugeMetricFamily("ringfence_calls_awaiting_certificates", "Calls that wait for one.", waiting)


class Verifier:
    """By one configuration."""

    def __init__(
        self,
        settings: IdentitySettings,
        certificates: Certificates,
        web: GuardedWeb,
        seen: Seen,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._certificates, self._web, self._seen = settings, certificates, web, seen
        self._wall = wall
        self._trusts = b""  # its authorities, as their file has them
        self.waiting = 0

    def take_over(self, before: Verifier | None, trusts: bytes) -> None:
        """Whom it trusts; what another one fetched who trusted the same, no call has to wait for."""
        self._trusts = trusts
        if before is not None and before._trusts == trusts:
            self._certificates.take_over(before._certificates)

    @property
    def remembered(self) -> int:
        """Certificates that are known."""
        return self._certificates.remembered

    def begin(
        self, values: Sequence[bytes], claimed: Claimed, trunk: str
    ) -> Attestation | Coroutine[Any, Any, Attestation]:
        """What its Identity header fields prove, if that is known at once; else what waits for it."""
        now = self._wall()
        try:
            chains = find_chains(values, claimed, now, self._settings.freshness_s)
        except Unverified as unverified:
            return self._counted(failed(unverified.failure), trunk)
        chains = [each for each in chains if all(map(self._web.allows, each.urls[: len(each.needed)]))]
        if not chains:
            return self._counted(failed(Failure.HOST), trunk)
        urls = dict.fromkeys(url for chain in chains for url in chain.urls if self._web.allows(url))
        missing = tuple(url for url in urls if self._certificates.known(url) is None)
        if not missing:
            return self._concluded(chains, claimed, trunk, Failure.UNREACHABLE)
        if self.waiting >= self._settings.waiting:
            return self._counted(failed(Failure.BUSY), trunk)
        self.waiting += 1
        return self._finish(chains, claimed, trunk, missing)

    async def _finish(
        self, chains: Sequence[Chain], claimed: Claimed, trunk: str, missing: Sequence[str]
    ) -> Attestation:
        """What it proves once the certificates are there, or when the deadline is over."""
        try:
            tasks = [task for url in missing if (task := self._certificates.fetch(url)) is not None]
            if tasks:
                await asyncio.wait(tasks, timeout=self._settings.deadline_ms / 1000)
            return self._concluded(chains, claimed, trunk, Failure.LATE if len(tasks) == len(missing) else Failure.BUSY)
        finally:
            self.waiting -= 1

    def _concluded(self, chains: Sequence[Chain], claimed: Claimed, trunk: str, late: Failure) -> Attestation:
        known: dict[str, Credential | Failure] = {}
        for chain in chains:
            for url in chain.urls:
                known[url] = self._certificates.known(url) or late
        found = conclude(chains, known, claimed, self._wall(), self._settings.freshness_s, self._seen.replays)
        return self._counted(found, trunk)

    def _counted(self, found: Attestation, trunk: str) -> Attestation:
        self._seen.levels[trunk, found.level] += 1
        if found.why:
            self._seen.failures[found.why] += 1
        return found

    async def close(self) -> None:
        """Fetch nothing any more."""
        await self._certificates.close()


def open_verifier(
    settings: IdentitySettings,
    base: Path,
    ours: Callable[[str], bool],
    seen: Seen,
    servers: Sequence[tuple[str, int]] = (),
) -> Verifier | None:
    """The verifier of these settings; None where nothing is verified. Raises OSError or ValueError for a bad file.

    `servers` are the name servers of the configuration, where it names some.
    """
    settings = settings.under(base)
    if settings.authorities is None:
        return None
    context = ssl.create_default_context(cafile=str(settings.https) if settings.https is not None else None)
    web = GuardedWeb(
        settings.hosts,
        ours=ours,
        networks=[ipaddress.ip_network(each) for each in settings.networks],
        context=context,
        look_up=by(NameServers(servers)),
    )
    trusts = settings.authorities.read_bytes()
    certificates = Certificates(
        web.fetch,
        read_authorities(trusts),
        most=settings.certificates,
        clock=monotonic,
        wall=time.time,
        counts=seen.fetched,
    )
    verifier = Verifier(settings, certificates, web, seen)
    verifier.take_over(seen.verifier, trusts)
    return verifier
