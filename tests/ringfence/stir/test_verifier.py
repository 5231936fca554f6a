"""A signed call is verified at once by what is known, else in time, else it is not verified and goes on."""

import asyncio
import inspect
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from proxy.identity_settings import IdentitySettings
from proxy.stir.failures import Failure
from proxy.stir.verification import Attestation, Claimed
from ringfence.stir.certificates import _Known
from ringfence.stir.verifier import Seen, Verifier, open_verifier
from tests.ringfence.stir.test_certificates import ROOT, SIGNER, Far
from tests.signing import CALLED, CALLER, NOW, URL, Authority

CALL = Claimed(f"+{CALLER}", f"+{CALLED}", f"+{CALLED}", b"call 1", frozenset())


class Web:
    """Allows the hosts of one domain."""

    def allows(self, url: str) -> bool:
        return ".example.org/" in url


class Line:
    def __init__(self, **settings: Any) -> None:
        self.far, self.seen = Far(), Seen()
        self.far.certificates.counts = self.seen.fetched
        given = IdentitySettings.model_validate({"authorities": "x", "hosts": ["*.example.org"], **settings})
        web: Any = Web()
        self.verifier = Verifier(given, self.far.certificates, web, self.seen, lambda: NOW + self.far.now - 100)
        self.seen.take(self.verifier)

    async def ask(self, *values: bytes, call: Claimed = CALL) -> Attestation:
        found = self.verifier.begin(values, call, "carrier")
        return await found if inspect.iscoroutine(found) else found

    def figures(self) -> dict[tuple[str, ...], float]:
        samples = [sample for family in self.seen.collect() for sample in family.samples]
        return {(each.name, *each.labels.values()): each.value for each in samples}


async def test_the_first_call_waits_for_the_certificate_and_the_next_one_does_not():
    line = Line()
    assert (await line.ask(SIGNER.identity())).level == "A"
    again = line.verifier.begin([SIGNER.identity(attest="B")], CALL, "carrier")
    assert isinstance(again, Attestation)
    assert again.level == "B"
    assert line.far.asked == [URL]
    figures = line.figures()
    assert figures["ringfence_attested_calls_total", "carrier", "A"] == 1
    assert figures["ringfence_attested_calls_total", "carrier", "C"] == 0
    assert figures["ringfence_signer_certificates_fetched_total", "fetched"] == 1
    assert figures["ringfence_signer_certificates",] == 1
    assert figures["ringfence_calls_awaiting_certificates",] == 0


async def test_a_certificate_that_comes_too_late_is_none_for_this_call():
    line = Line(deadline_ms=10)
    line.far.gate.clear()
    assert await line.ask(SIGNER.identity()) == Attestation("none", "late")
    assert line.figures()["ringfence_attestation_failures_total", "late"] == 1
    line.far.gate.set()
    await line.far.settle()
    assert (await line.ask(SIGNER.identity(iat=int(NOW) + 1))).level == "A"


async def test_no_more_calls_wait_than_may():
    line = Line(waiting=2)
    line.far.gate.clear()
    first = [asyncio.ensure_future(line.ask(SIGNER.identity(origid=str(n)))) for n in range(2)]
    await asyncio.sleep(0)
    assert await line.ask(SIGNER.identity()) == Attestation("none", "busy")
    line.far.gate.set()
    assert [each.level for each in await asyncio.gather(*first)] == ["A", "A"]
    assert line.verifier.waiting == 0


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        (SIGNER.identity(url="https://evil.example/"), "host"),
        (SIGNER.identity(iat=1), "stale"),
        (SIGNER.identity(dest={"tn": ["1"]}), "other-called"),
        (b"..abc;info=<https://cert.example.org/>", "compact-form"),
        (SIGNER.identity(ppt="rph"), "not-shaken"),
    ],
)
async def test_nothing_is_fetched_for_what_proves_nothing(identity: bytes, why: str):
    line = Line()
    assert (await line.ask(identity)).why == why
    assert line.far.asked == []


async def test_forty_are_not_looked_at():
    line = Line()
    assert await line.ask(*[SIGNER.identity()] * 40) == Attestation("failed", "too-many")
    assert line.far.asked == []


async def test_a_replay_is_known_to_whoever_verifies_next():
    line = Line()
    identity = SIGNER.identity()
    await line.ask(identity)
    other = Line()
    other.verifier._seen = line.seen
    assert (await other.ask(identity, call=CALL._replace(call_id=b"call 2"))).why == "replayed"


async def test_a_reload_forgets_no_certificate_unless_others_are_trusted(tmp_path: Path):
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    settings = IdentitySettings.model_validate({"authorities": "ca.pem", "hosts": ["a.example"]})
    seen = Seen()
    for kept, trusted in ((0, ROOT), (1, ROOT), (0, Authority())):
        (tmp_path / "ca.pem").write_bytes(trusted.pem)
        verifier = open_verifier(settings, tmp_path, lambda _: False, seen)
        assert verifier is not None
        assert verifier.remembered == kept
        verifier._certificates._known[URL] = _Known(Failure.UNREACHABLE, monotonic() + 600, monotonic() + 600)
        if (before := seen.take(verifier)) is not None:
            await before.close()
    await verifier.close()


def test_every_reason_has_its_figure_before_it_happens():
    figures = Line().figures()
    assert {each for each in Failure if figures["ringfence_attestation_failures_total", each.value] == 0} == set(
        Failure
    )


async def test_it_is_opened_by_its_settings(tmp_path: Path):
    assert open_verifier(IdentitySettings(), tmp_path, lambda _: False, Seen()) is None
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    settings = IdentitySettings.model_validate({"authorities": "ca.pem", "hosts": ["a.example"], "https": "ca.pem"})
    verifier = open_verifier(settings, tmp_path, lambda _: False, Seen())
    assert verifier is not None
    await verifier.close()
