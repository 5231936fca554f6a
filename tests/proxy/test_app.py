"""The composition root: settings become a running node, and SIGTERM ends it."""

import asyncio
import os
import signal

import pytest
from structlog.testing import capture_logs

from proxy.app import build_core, run
from proxy.core import Core
from proxy.proxy_settings import ProxySettings
from proxy.server import Server
from rules.settings.screening import ScreeningSettings
from tests import wire
from tests.peers.loopback import new_endpoint
from tests.playbook import SETTINGS
from tests.proxy.test_server import Judge, Keys


def settings(**more: object) -> ProxySettings:
    return ProxySettings.model_validate({**SETTINGS, **more})


def core(**more: object) -> Core:
    return build_core(settings(**more), ScreeningSettings(), Keys())


def test_the_core_has_what_the_settings_say():
    built = build_core(settings(record_route=False, limits={"timer_c_s": 200}), ScreeningSettings(), Keys())
    assert (built.record_route, built.ring_s) == (False, 200)
    assert [listener.sent_by for listener in built.topology.listeners] == [wire.US.encode()]


def test_each_start_has_a_salt_of_its_own():
    first, second = (build_core(settings(), ScreeningSettings(), Keys()) for _ in range(2))
    assert first.salt != second.salt


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
async def test_it_runs_until_it_is_told_to_end(number: signal.Signals):
    at = new_endpoint()
    ready: list[Server] = []

    def tell(server: Server) -> None:
        ready.append(server)
        os.kill(os.getpid(), number)

    running = run(core(listen=[{"address": str(at)}]), Judge(), ready=tell)
    await asyncio.wait_for(running, 60)
    await asyncio.sleep(0)
    assert len(ready) == 1


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
async def test_what_others_take_for_reload_is_ignored_with_a_line(number: signal.Signals):
    """Untreated it would kill the node, with five of six records."""

    def tell(server: Server) -> None:
        os.kill(os.getpid(), number)
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

    with capture_logs() as said:
        running = run(core(listen=[{"address": str(new_endpoint())}]), Judge(), ready=tell)
        await asyncio.wait_for(running, 60)
    heard = [(line["event"], line.get("signal")) for line in said]
    assert heard == [("signal ignored", number.name), ("draining", None)]


async def test_a_signal_may_be_heeded():
    heard = []

    def tell(server: Server) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        asyncio.get_running_loop().call_later(0.05, server.stopping.set)

    listen = [{"address": str(new_endpoint())}]
    running = run(core(listen=listen), Judge(), ready=tell, heed={signal.SIGHUP: lambda: heard.append("reload")})
    await asyncio.wait_for(running, 60)
    assert heard == ["reload"]


def test_a_drain_may_take_minutes():
    assert settings(limits={"drain_s": 600}).limits.drain_s == 600


async def test_an_address_that_can_not_be_had_is_an_error_with_its_name():
    listen = [{"address": str(new_endpoint())}, {"address": "192.0.2.1:5060"}]
    with pytest.raises(OSError, match=r"192\.0\.2\.1 port 5060"):
        await run(core(listen=listen), Judge(), ready=lambda _: None)
    await asyncio.sleep(0)
