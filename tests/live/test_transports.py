"""Calls over TCP, and from each transport to another, as two SIPp play them through the running proxy."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.peers.lanes import Lane, new_lane
from tests.peers.loopback import new_endpoint
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live

PAIRS = [("tcp", "udp"), ("udp", "tcp"), ("tcp", "tcp")]  # SIPp of Debian speaks no TLS
FLOWS = [
    ("caller_hangs_up", "callee_answers"),
    ("caller_hears_bye", "callee_hangs_up"),
    ("caller_reinvited", "callee_reinvites"),
    ("caller_cancels_ringing", "callee_cancelled"),
]
VALUES: dict[tuple[str, str], dict[str, str]] = {
    ("caller_cancels_ringing", "callee_cancelled"): {"silence": "1", "provisional": "180 Ringing"}
}


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str, str], Lane]]:
    """A proxy with a listener of each, and a lane for each flow of each pair."""
    folder = tmp_path_factory.mktemp("transports")
    ends = {by: new_endpoint() for by in ("udp", "tcp")}
    found = {}
    for pair, flow in itertools.product(PAIRS, FLOWS):
        name = f"{'-'.join(pair)}-{flow[0]}"
        found[*pair, flow[0]] = new_lane(name, folder / name, proxy=ends[pair[0]], inside=ends[pair[1]], by=pair)
    configuration = settings([], found.values())
    configuration["listen"] = [{"address": str(at), "transport": by} for by, at in ends.items()]
    with Ringfence(folder / "proxy", configuration) as proxy:
        yield found
    assert proxy.process.returncode == 0, proxy.said
    assert "Traceback" not in proxy.said


@pytest.mark.parametrize("flow", FLOWS, ids=[flow[0] for flow in FLOWS])
@pytest.mark.parametrize("pair", PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_a_call_in(lanes: dict[tuple[str, str, str], Lane], pair: tuple[str, str], flow: tuple[str, str]):
    lanes[*pair, flow[0]].call(*flow, **VALUES.get(flow, {}))
