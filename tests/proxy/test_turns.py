"""Nobody waits for a flood: each sender has a line of its own, and whoever has most of the room loses."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from proxy.turns import Turns


def put(turns: Turns, group: str, *texts: bytes, source: str = "") -> None:
    for text in texts:
        turns.put((group, source), (text, ("127.0.0.1", 9), 0.0))


def popped(turns: Turns, count: int) -> list[bytes]:
    return [turns.pop()[0] for _ in range(count)]


def test_groups_are_served_in_turn_each_in_its_own_order():
    turns = Turns(100)
    put(turns, "loud", b"1", b"2", b"3")
    put(turns, "calm", b"a", b"b")
    assert popped(turns, 5) == [b"1", b"a", b"2", b"b", b"3"]
    assert turns.count == turns.octets == 0


def test_so_are_the_sources_of_a_group_however_many_there_are():
    turns = Turns(1000)
    for number in range(50):
        put(turns, "default", b"flood", b"flood", source=f"192.0.2.{number}")
    put(turns, "carrier", b"call", b"bye")
    assert popped(turns, 4)[1::2] == [b"call", b"bye"], "fifty sources are one group"
    put(turns, "default", b"stranger", source="198.51.100.1")
    assert b"stranger" in popped(turns, 51)


def test_where_there_is_no_room_whoever_has_most_of_it_loses():
    turns = Turns(100)
    put(turns, "loud", *[b"flood"] * 200)
    assert (turns.count, turns.dropped) == (100, 100)
    put(turns, "calm", *[b"call"] * 30)
    assert (turns.count, turns.dropped) == (100, 130)
    assert Counter(popped(turns, 100)) == {b"flood": 70, b"call": 30}


def test_one_source_leaves_room_to_the_others_of_its_group():
    turns = Turns(100)
    put(turns, "default", *[b"flood"] * 50, source="192.0.2.1")
    assert (turns.count, turns.dropped) == (10, 40)


def test_octets_are_bounded_as_well():
    turns = Turns(100)
    put(turns, "loud", *[b"x" * 60_000] * 100)
    assert turns.octets <= 100 * 4096
    put(turns, "calm", b"call")
    assert b"call" in popped(turns, 2)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "1", "2"]), st.integers(0, 9000)), max_size=200))
def test_what_is_taken_is_served_once_and_the_rest_is_counted(script: list[tuple[str, str, int]]):
    turns = Turns(20)
    served = 0
    for group, source, size in script:
        if size % 5 == 0 and turns.count:
            turns.pop()
            served += 1
        put(turns, group, b"x" * size, source=source)
        assert turns.count <= 20
        assert turns.octets <= 20 * 4096
    served += len(popped(turns, turns.count))
    assert served + turns.dropped == len(script)
    assert turns.count == turns.octets == 0
    assert not turns._groups
    assert not turns._order
