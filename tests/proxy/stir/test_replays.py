"""A PASSporT that was copied into another call is known, as long as it is fresh."""

from proxy.stir.replays import Replays


def test_the_same_call_may_come_twice_and_no_other_has_its_passport():
    replays = Replays()
    assert not replays.is_replay(b"a", b"call 1", 0.0, 60.0)
    assert not replays.is_replay(b"a", b"call 1", 1.0, 60.0)
    assert replays.is_replay(b"a", b"call 2", 2.0, 60.0)
    assert not replays.is_replay(b"b", b"call 2", 3.0, 60.0)
    assert not replays.is_replay(b"a", b"call 2", 61.0, 60.0)  # by then it is stale


def test_memory_is_bounded_and_what_is_forgotten_too_early_is_counted():
    replays = Replays(most=10)
    for number in range(100):
        replays.is_replay(b"%d" % number, b"call", 0.0, 60.0)
    assert len(replays._seen) <= 12
    assert replays.forgotten > 80


def test_without_a_call_id_each_is_a_call_of_its_own():
    replays = Replays()
    assert [replays.is_replay(b"a", b"", 0.0, 60.0) for _ in range(3)] == [False, True, True]
    assert replays.is_replay(b"a", b"call 1", 0.0, 60.0)
