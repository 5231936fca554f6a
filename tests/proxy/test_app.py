"""The composition root: settings become a running node, and SIGTERM ends it."""

import asyncio
import os
import signal

import pytest
from structlog.testing import capture_logs

from proxy.app import build_core, run
from proxy.metrics import Metrics
from proxy.proxy_settings import ProxySettings
from rules.settings.screening import ScreeningSettings
from tests import wire
from tests.peers.loopback import new_endpoint
from tests.playbook import SETTINGS
from tests.proxy.test_server import Judge, Keys


def settings(**more: object) -> ProxySettings:
    return ProxySettings.model_validate({**SETTINGS, **more})


def test_the_core_has_what_the_settings_say():
    core = build_core(settings(record_route=False, limits={"timer_c_s": 200}), ScreeningSettings(), Keys())
    assert (core.record_route, core.ring_s) == (False, 200)
    assert [listener.sent_by for listener in core.topology.listeners] == [wire.US.encode()]


def test_each_start_has_a_salt_of_its_own():
    first, second = (build_core(settings(), ScreeningSettings(), Keys()) for _ in range(2))
    assert first.salt != second.salt


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
async def test_it_runs_until_it_is_told_to_end(number: signal.Signals):
    at = new_endpoint()
    ready: list[Metrics] = []

    def tell(metrics: Metrics) -> None:
        ready.append(metrics)
        os.kill(os.getpid(), number)

    running = run(settings(listen=[{"address": str(at)}]), ScreeningSettings(), Judge(), Keys(), ready=tell)
    await asyncio.wait_for(running, 60)
    await asyncio.sleep(0)
    assert len(ready) == 1


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
async def test_what_others_take_for_reload_is_ignored_with_a_line(number: signal.Signals):
    """Untreated it would kill the node, with five of six records."""

    def tell(metrics: Metrics) -> None:
        os.kill(os.getpid(), number)
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

    with capture_logs() as said:
        running = run(
            settings(listen=[{"address": str(new_endpoint())}]), ScreeningSettings(), Judge(), Keys(), ready=tell
        )
        await asyncio.wait_for(running, 60)
    heard = [(line["event"], line.get("signal")) for line in said]
    assert heard == [("signal ignored", number.name), ("draining", None)]


def test_a_drain_may_take_minutes():
    assert settings(limits={"drain_s": 600}).limits.drain_s == 600


async def test_an_address_that_can_not_be_had_is_an_error_with_its_name():
    listen = [{"address": str(new_endpoint())}, {"address": "192.0.2.1:5060"}]
    with pytest.raises(OSError, match=r"192\.0\.2\.1 port 5060"):
        await run(settings(listen=listen), ScreeningSettings(), Judge(), Keys(), ready=lambda _: None)
    await asyncio.sleep(0)
