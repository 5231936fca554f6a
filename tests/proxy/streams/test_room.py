"""How many connections there may be, in all and of one source."""

from proxy.streams.room import Room


def test_one_source_takes_no_more_than_its_share():
    room = Room(100, 3)
    assert [room.take("192.0.2.66") for _ in range(4)] == [True, True, True, False]
    assert room.take("192.0.2.67")
    assert room.refused == {"source": 1}
    room.give_back("192.0.2.66")
    assert room.take("192.0.2.66")


def test_a_tenth_is_kept_for_those_whom_the_configuration_names():
    room = Room(10, 100)
    assert [room.take("192.0.2.66") for _ in range(10)].count(True) == 9
    assert room.take("")
    assert not room.take("")
    assert (room.held, room.refused) == (10, {"all": 2})


def test_also_for_networks_that_it_names_and_whoever_may_show_a_certificate():
    room = Room(10, 9)
    assert [room.take("192.0.2.66") for _ in range(10)].count(True) == 9
    assert not room.is_tight
    assert not room.lacks("198.51.100.7")
    assert room.take("198.51.100.7", kept=True)
    assert room.is_tight
    assert [room.lacks(each) for each in ("198.51.100.7", "192.0.2.66", "")] == [True, False, True]
    assert not room.take("198.51.100.7", kept=True)


def test_nothing_is_remembered_of_those_who_went():
    room = Room(10, 2)
    for _ in range(50):
        assert room.take("192.0.2.66")
        room.give_back("192.0.2.66")
    assert room.held == 0
    assert not room._by_source
