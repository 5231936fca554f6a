"""How something stands, as an entry tells it, and what is read back from one."""

from ringfence.people.standing import print_of_secret, read, written


def test_what_is_written_is_read_back():
    told = {"scopes": "cases:read seals:write", "acts as": "", "expires": None}
    assert read(written(told)) == {"scopes": "cases:read seals:write", "acts as": "", "expires": "None"}


def test_of_what_somebody_wrote_by_hand_nothing_is_raised():
    assert read("") == read("; ;x") == {}
    assert read("a: 1; b; c: d: e") == {"a": "1", "c": "d: e"}


def test_a_print_is_none_of_the_secret():
    assert print_of_secret(b"") == "none"
    assert print_of_secret(b"x") not in ("78", print_of_secret(b"y"))
