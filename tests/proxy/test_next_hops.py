"""RFC 3263 and RFC 2782 without any DNS: which questions, which order, and that chance is fair and bounded."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.next_hops import (
    MOST_HOPS,
    Hop,
    Naptr,
    Question,
    Ranked,
    Srv,
    by_weight,
    in_order,
    lots_of,
    port_of,
    service_names,
    transport_of,
    usable,
)

UDP, TCP, TLS = (
    Naptr(order, 50, "s", service, f"_sip._{name}.rook.example")
    for order, service, name in ((10, "SIP+D2U", "udp"), (20, "SIP+D2T", "tcp"), (30, "SIPS+D2T", "tls"))
)
ALL = ("UDP", "TCP", "TLS")


@pytest.mark.parametrize(
    ("question", "transport", "port"),
    [
        (Question("rook.example"), "UDP", 5060),
        (Question("rook.example", 5070), "UDP", 5070),
        (Question("rook.example", transport="TCP"), "TCP", 5060),
        (Question("rook.example", transport="TLS"), "TLS", 5061),
        (Question("rook.example", secure=True), "TLS", 5061),
        (Question("rook.example", 5090, "TCP", secure=True), "TLS", 5090),
    ],
)
def test_what_is_not_written_is_the_rfcs_default(question: Question, transport: str, port: int):
    assert (transport_of(question), port_of(question)) == (transport, port)


def names_of(records: list[Naptr], supported: tuple[str, ...] = ALL) -> list[tuple[str, str]]:
    return [(each.name, each.transport) for each in service_names("rook.example", records, supported)]


def test_naptr_says_which_transport_comes_first():
    found = [("_sip._udp.rook.example", "UDP"), ("_sip._tcp.rook.example", "TCP"), ("_sip._tls.rook.example", "TLS")]
    assert names_of([TLS, UDP, TCP]) == found
    later = UDP._replace(order=40)
    assert names_of([later, TCP, TLS]) == [*found[1:], found[0]]
    assert names_of([UDP, TCP._replace(order=10, preference=1)])[0] == found[1], "the same order: by preference"


@pytest.mark.parametrize(
    "record",
    [
        UDP._replace(service="E2U+sip"),
        UDP._replace(flags="u"),
        UDP._replace(flags=""),
        UDP._replace(replacement="."),
        UDP._replace(replacement=""),
        UDP._replace(service="SIP+D2X"),
    ],
)
def test_a_naptr_record_of_something_else_is_none(record: Naptr):
    assert names_of([record], ("UDP",)) == [("_sip._udp.rook.example", "UDP")]


def test_a_transport_that_we_have_not_is_not_chosen():
    assert names_of([TCP, TLS], ("UDP",)) == [("_sip._udp.rook.example", "UDP")], "as without any"
    assert names_of([UDP, TCP, TLS], ("TCP",)) == [("_sip._tcp.rook.example", "TCP")]


def test_without_naptr_each_transport_has_its_own_name():
    assert names_of([]) == [
        ("_sip._udp.rook.example", "UDP"),
        ("_sip._tcp.rook.example", "TCP"),
        ("_sips._tcp.rook.example", "TLS"),
    ]


def test_a_service_that_is_said_not_to_be_there_has_no_server():
    """RFC 2782: a target of "." means that the service is decidedly not available."""
    assert usable([Srv(0, 0, 5060, ".")]) == []
    assert usable([Srv(0, 0, 0, "a.example"), Srv(2, 0, 5060, "b.example"), Srv(1, 0, 5060, "c.example")]) == [
        Srv(1, 0, 5060, "c.example"),
        Srv(2, 0, 5060, "b.example"),
    ]


def ranked(host: str, rank: int = 0, weight: int = 0, addresses: int = 1) -> Ranked:
    return Ranked((0, rank), weight, tuple(Hop(f"{host}.{number}", 5060) for number in range(addresses)))


def test_a_lower_priority_comes_first_whatever_its_weight():
    servers = [ranked("b", 20, 1000), ranked("a", 10, 1), ranked("c", 30)]
    for seed in range(50):
        assert [each.host for each in in_order(servers, lots_of(seed))] == ["a.0", "b.0", "c.0"]


def test_weights_share_calls_as_they_say():
    servers = [ranked("a", 0, 70), ranked("b", 0, 30)]
    first = Counter(in_order(servers, lots_of(seed))[0].host for seed in range(20_000))
    assert first["a.0"] / 20_000 == pytest.approx(0.70, abs=0.02)


def test_weight_zero_has_a_small_chance_beside_others_and_an_equal_one_among_its_like():
    first = Counter(in_order([ranked("a", 0, 0), ranked("b", 0, 99)], lots_of(seed))[0].host for seed in range(20_000))
    assert 0 < first["a.0"] < 600
    alike = Counter(by_weight("ab", [0, 0], lots_of(seed))[0] for seed in range(2_000))
    assert alike["a"] > 0


def test_the_addresses_of_one_server_stay_together_and_none_comes_twice():
    servers = [ranked("a", 0, 1, 2), ranked("b", 0, 1, 2), ranked("a", 5, 0, 2)]
    for seed in range(20):
        found = [each.host for each in in_order(servers, lots_of(seed))]
        assert found in (["a.0", "a.1", "b.0", "b.1"], ["b.0", "b.1", "a.0", "a.1"])


def test_of_a_hundred_addresses_a_few_are_tried():
    assert len(in_order([ranked("a", 0, 0, 100)], lots_of(1))) == MOST_HOPS
    assert len(in_order([ranked(str(n), n) for n in range(100)], lots_of(1))) == MOST_HOPS


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=30), st.integers())
def test_whatever_the_weights_every_item_has_its_place_once(weights: list[int], seed: int):
    items = list(range(len(weights)))
    assert sorted(by_weight(items, weights, lots_of(seed))) == items


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 100)), min_size=1, max_size=MOST_HOPS),
    st.floats(0, 1, exclude_max=True),
)
def test_no_draw_breaks_the_order_of_priorities(records: list[tuple[int, int]], draw: float):
    servers = [Ranked((rank,), weight, (Hop(str(number), rank + 1),)) for number, (rank, weight) in enumerate(records)]
    found = in_order(servers, lambda: draw)
    assert [each.port for each in found] == sorted(rank + 1 for rank, _ in records)
    assert len(found) == len(records)


@given(st.integers())
def test_one_call_draws_the_same_each_time_and_within_bounds(seed: int):
    first, second = lots_of(seed), lots_of(seed)
    drawn = [first() for _ in range(5)]
    assert drawn == [second() for _ in range(5)]
    assert all(0 <= each < 1 for each in drawn)
