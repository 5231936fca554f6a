"""What the live tests share: one running proxy with many lanes, each used by one test."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.peers.lanes import Lane, new_lane
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.ringfence import Ringfence, settings

LANES = 90
BLOCKED = "+8613900000001"
SUSPECTED = "+8613900000002"
BLOCKED_SERVICE = "95012345"
NUMBERS = {"blocked": [BLOCKED, BLOCKED_SERVICE], "suspects": [SUSPECTED]}


class House(NamedTuple):
    """The shared proxy and its lanes."""

    proxy: Ringfence
    at: Endpoint
    lanes: Iterator[Lane]
    from_six: Lane  # an IPv6 trunk before an IPv4 PBX
    to_six: Lane  # an IPv4 trunk before an IPv6 PBX
    unsendable: Lane  # a PBX to which the system refuses to send


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    four, six = new_endpoint(), new_endpoint("::1")
    lanes = [new_lane(f"lane{i}", folder / f"lane{i}", proxy=four) for i in range(LANES)]
    from_six = new_lane("from-six", folder / "from-six", trunk=new_endpoint("::1"), proxy=six, inside=four)
    to_six = new_lane("to-six", folder / "to-six", pbx=new_endpoint("::1"), proxy=four, inside=six)
    # Sending to the broadcast address needs a permission that no SIP socket asks for: it fails at once, and stays here.
    nowhere = Endpoint("255.255.255.255", 5060)
    unsendable = new_lane("unsendable", folder / "unsendable", pbx=nowhere, proxy=four)
    configuration = settings([four, six], [*lanes, from_six, to_six, unsendable])
    with Ringfence(folder / "proxy", configuration, numbers=NUMBERS) as proxy:
        yield House(proxy, four, iter(lanes), from_six, to_six, unsendable)
    assert proxy.process.returncode == 0, proxy.said


@pytest.fixture
def lane(house):
    """A trunk, a PBX and the proxy between them, fresh for this test."""
    return next(house.lanes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Beside a failed flow, show what the shared proxy said."""
    report = yield
    if report.failed and (house := item.funcargs.get("house")):
        report.sections.append(("ringfence", "\n".join(house.proxy.said.splitlines()[-40:])))
    return report
