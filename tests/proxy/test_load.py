"""How much is held and for whom: the sums are right whatever comes and goes, and no reserve is used by others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.load import DIALOGS, EVERYBODY, HELP_OF_PBX, HELP_OF_TRUNK, Hold, Load
from proxy.neighbours import Pbx, Peer
from proxy.proxy_settings import LimitSettings

RESERVED = (HELP_OF_PBX, HELP_OF_TRUNK, DIALOGS)


def new_load(**limits: int) -> Load:
    return Load(LimitSettings(**{"max_transactions": 100, **limits}))


def new_peer(name: str = "carrier", *, from_pbx: bool = False) -> Peer:
    return Peer(name, Pbx("office"), from_pbx=from_pbx)


def test_a_hold_takes_by_length_and_gives_back_what_it_took():
    load, peer = new_load(), new_peer()
    hold = load.take(peer, "192.0.2.1", 9000)
    assert hold is not None
    assert (load.held, peer.usage.held, load._by_source) == (3, 3, {"192.0.2.1": 3})
    hold.release()
    assert (load.held, peer.usage.held, load._by_source) == (0, 0, {})


@pytest.mark.parametrize("pool", RESERVED)
def test_each_reserve_is_a_tenth_and_nobody_else_s(pool: int):
    load = new_load()
    peers = [new_peer(str(number), from_pbx=pool == HELP_OF_PBX) for number in range(20)]
    assert sum(load.take_reserved(pool, peer, "", 100) is not None for peer in peers) == 10
    for other in set(RESERVED) - {pool}:
        assert load.take_reserved(other, new_peer(), "", 100) is not None
    assert load.take(new_peer(), "", 100) is not None


def test_of_the_trunk_side_s_reserve_a_stranger_has_a_tenth_and_a_trunk_half():
    load = new_load(max_transactions=1000)
    default = new_peer("default")
    for source, most in (("192.0.2.1", 10), ("192.0.2.2", 10)):
        while load.take(default, source, 100) is not None:
            pass
        assert sum(load.take_reserved(HELP_OF_TRUNK, default, source, 100) is not None for _ in range(50)) == most
    assert sum(load.take_reserved(HELP_OF_TRUNK, default, f"198.51.100.{n}", 1) is not None for n in range(99)) == 30
    assert load.take_reserved(HELP_OF_TRUNK, new_peer("carrier"), "", 100) is not None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(range(4)), st.integers(0, 3), st.sampled_from(["", "a", "b"]), st.integers(0, 70_000)
        ),
        max_size=80,
    ),
    st.randoms(use_true_random=False),
)
def test_nothing_is_held_beyond_the_limit_and_nothing_in_the_end(wishes: list[tuple[int, int, str, int]], dice):
    load = new_load()
    peers = [new_peer(str(number), from_pbx=number == 3) for number in range(4)]
    holds: list[Hold] = []
    for pool, peer, source, size in wishes:
        taken = (load.take if pool == EVERYBODY else lambda *words, pool=pool: load.take_reserved(pool, *words))(
            peers[peer], source, size
        )
        if taken is not None:
            holds.append(taken)
        assert load.held <= 100
        assert max(peer.usage.held for peer in peers) <= 50
        if holds and dice.random() < 0.3:
            holds.pop(dice.randrange(len(holds))).release()
    for hold in holds:
        hold.release()
    assert load.held == 0
    assert load._by_source == {}
    assert all(peer.usage.held == peer.usage.reserved == 0 for peer in peers)
