"""Whose connection is whose: the latest one of an instance stands for those before it, and for nobody else's."""

from __future__ import annotations

from proxy.kept_flows import KeptFlows
from proxy.sip.flow import CameBy, Flow, Listener

TCP = Listener(3, "TCP", "203.0.113.1", 5060, "203.0.113.1:5060")


def connection(serial: int, host: str = "192.0.2.66") -> Flow:
    return Flow(TCP, (host, 40000 + serial, "", serial), serial=serial)


def place(flow: Flow) -> CameBy:
    return CameBy(flow.listener.number, flow.host, flow.port, flow.serial)


def test_the_latest_connection_stands_for_all_before_it():
    kept, flows = KeptFlows(), [connection(number) for number in (1, 2, 3)]
    for flow in flows:
        kept.registered(7, flow)
    assert [kept.latest(place(flow)) for flow in flows] == [place(flows[2])] * 3


def test_nobody_elses_is_taken():
    kept, mine, his = KeptFlows(), connection(1), connection(2)
    kept.registered(7, mine)
    kept.registered(8, his)
    assert kept.latest(place(mine)) == place(mine)
    assert kept.latest(place(connection(5))) == place(connection(5)), "nor one that nobody registered by"


def test_no_more_are_kept_than_may_be():
    kept = KeptFlows(10)
    for number in range(100):
        kept.registered(number, connection(number + 1))
        kept.registered(number, connection(number + 1001))
    assert len(kept) == 10
    assert kept.latest(place(connection(100))) == place(connection(1100))
