"""What an author writes for numbers is read in one way, and what cannot be read is told where it stands."""

import pytest

from rules.language.written_numbers import WrittenNumbers


def written(home="CN", *, stored=False):
    told = []
    return WrittenNumbers(home, lambda loc, what, hint, *_: told.append((loc, what, hint)), stored=stored), told


def test_each_sort_by_itself():
    numbers, told = written()
    whole, prefixes, ranges = numbers.several("caller", ["13800138000", "95*", "95500..95599"], ("is",))
    assert (whole, prefixes, ranges) == ({"+8613800138000"}, {"CN:95"}, [("CN:95500", "CN:95599")])
    assert told == []


@pytest.mark.parametrize(
    ("kind", "spelling", "what", "hint"),
    [
        ("exact", "95*", "'95*' is a prefix, and one number belongs here", "write it under `is`"),
        (
            "prefixes",
            "95500..95599",
            "'95500..95599' is a range, and a beginning belongs here",
            "write it under `range`",
        ),
        ("ranges", "95500", "'95500' is no range", "write FIRST..LAST, such as 95000..95099"),
        ("ranges", "95599..95500", "'95599..95500' is no range of numbers of one length", "write two numbers of one"),
        ("prefixes", "10*", "'10*' could be an area, mobiles or service numbers", "write 010, 13 … 19, or CN:10"),
    ],
)
def test_what_does_not_belong_there_is_told_with_its_place(kind, spelling, what, hint):
    numbers, told = written()
    found = (
        numbers.exact("caller", [spelling], (kind,)) if kind == "exact" else getattr(numbers, kind)([spelling], (kind,))
    )
    assert not found
    [(loc, said, advice)] = told
    assert (loc, said) == ((kind, 0), what)
    assert advice.startswith(hint)


def test_a_file_of_rules_may_have_a_country_of_its_own():
    numbers, told = written("CN HK")
    assert numbers.exact("caller", ["95588"], ()) == frozenset()
    assert told[0][2].endswith("or set `country` at the top of this file or of ringfence.yaml")
    numbers, told = written("")
    assert numbers.prefixes(["138"], ()) == frozenset()
    assert told[0][2] == "or set `country: CN` at the top of the file"


def test_an_emergency_number_is_told_where_it_is_called():
    numbers, told = written()
    assert numbers.exact("called", ["110"], ()) == {"CN:110"}
    assert told[0][1].endswith("is an emergency number, and emergency calls always pass")


def test_what_was_live_is_read_as_it_was_then():
    numbers, told = written(stored=True)
    assert numbers.ranges(["95500-95599"], ()) == [("CN:95500", "CN:95599")]
    assert told == []
