"""Bans are bounded, end by themselves, and of those that are named only the ones made by hand count."""

from __future__ import annotations

from proxy.bans import BY_TRIES, Bans
from proxy.proxy_settings import BanSettings


def new(**settings: object) -> Bans:
    return Bans(BanSettings.model_validate(settings))


def test_a_ban_ends_by_itself_and_what_it_kept_out_is_counted():
    bans = new(for_s=10)
    ban = bans.add("192.0.2.1", BY_TRIES, 100.0)
    assert [bans.holds("192.0.2.1", 100.0 + n, by_behaviour=True) for n in (0, 9.9, 10)] == [True, True, False]
    assert (ban.dropped, bans.count, bans.begun[BY_TRIES]) == (2, 0, 1)
    assert bans.standing(111.0) == []


def test_there_are_no_more_than_may_be_and_those_by_hand_go_last():
    bans = new(most=3)
    bans.add("by hand", "why", 0.0, by="root")
    for number in range(9):
        bans.add(str(number), BY_TRIES, 1.0 + number)
    assert [each.name for each in bans.standing(10.0)] == ["by hand", "7", "8"]
    assert (bans.count, bans.by_hand) == (3, 1)


def test_those_that_are_named_are_banned_by_hand_only():
    bans = new()
    bans.add("a", BY_TRIES, 0.0)
    bans.add("b", "why", 0.0, by="root")
    assert [bans.holds(name, 1.0, by_behaviour=False) for name in "ab"] == [False, True]


def test_what_datagrams_earned_counts_for_datagrams_only():
    bans = new()
    bans.add("a", BY_TRIES, 0.0, udp_only=True)
    bans.add("b", BY_TRIES, 0.0)
    assert [bans.holds(name, 1.0, by_behaviour=True, stream=True) for name in "ab"] == [False, True]
    assert [bans.holds(name, 1.0, by_behaviour=True) for name in "ab"] == [True, True]


def test_whoever_wants_to_know_is_told_of_each_that_begins_or_is_lifted():
    bans, told = new(for_s=10), []
    bans.told = lambda ban, seconds: told.append((ban.name, seconds))
    bans.add("a", BY_TRIES, 0.0)
    bans.add("a", "why", 1.0, seconds=5, by="root")
    assert bans.lift("a") is not None
    assert bans.lift("a") is None
    assert told == [("a", 10), ("a", 5), ("a", 0.0)]
    assert (bans.count, bans.by_hand) == (0, 0)
