"""What is wrong and what would be right are told apart, and read together."""

from rules.texts.bad_value import BadValue


def test_it_reads_as_one_sentence():
    found = BadValue("'x' is no day", "write mon")
    assert (found.what, found.hint, str(found)) == ("'x' is no day", "write mon", "'x' is no day; write mon")


def test_where_nothing_can_be_advised_nothing_is():
    assert str(BadValue("it is too long")) == "it is too long"


def test_others_build_on_it():
    class Other(BadValue):
        pass

    assert Other("a", "b").hint == "b"
