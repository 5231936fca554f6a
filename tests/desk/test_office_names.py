"""Names of offices: what is one office is found as one, and what could be two is left to a person."""

import pytest

from desk.office_names import Key, Named, exact_key, key_table, loose_key

ABC = (
    "Agricultural Bank",
    "ABC Bank",
    "\u519c\u4e1a\u94f6\u884c",
    "\u519c\u4e1a\u94f6\u884c\u80a1\u4efd\u6709\u9650\u516c\u53f8",
)
CHAOYANG = Named(2, ("Chaoyang branch", "\u671d\u9633\u652f\u884c"), ABC)
TABLE = key_table([Named(1, ABC, ()), CHAOYANG, Named(3, ("Haidian branch",), ABC), Named(4, ("Blue Shop",), ())])


def office_of(name):
    exact = Key(exact_key(name), True)
    return TABLE[exact] if exact in TABLE else TABLE.get(Key(loose_key(name), False))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "ABC Bank / Chaoyang branch",
            "ABC Bank Chaoyang",
            "abc bank, CHAOYANG Branch",
            "Chaoyang branch of ABC Bank",
        ),
        *(
            "the Chaoyang office of the Agricultural Bank",
            "Chaoyang (ABC Bank)",
            "\uff21BC\u3000Bank Chaoyang sub-branch",
            "abcbankchaoyang",
        ),
        *("\u519c\u4e1a\u94f6\u884c\u671d\u9633\u652f\u884c", "\u519c\u4e1a\u94f6\u884c\uff08\u671d\u9633\uff09"),
        *(
            "\u519c\u4e1a\u94f6\u884c\u80a1\u4efd\u6709\u9650\u516c\u53f8\u671d\u9633\u652f\u884c",
            "\u671d\u9633\u652f\u884c",
        ),
    ],
)
def test_spellings_of_a_branch_are_that_branch(name):
    assert office_of(name) == 2


@pytest.mark.parametrize("name", ["Chaoyang branch", "Chaoyang", "Another Bank Chaoyang branch", "Bank", "branch", "/"])
def test_a_name_that_every_bank_has_is_nobodys(name):
    """A bank's branch is found by its own name only where a person said so (\u671d\u9633\u652f\u884c above)."""
    assert office_of(name) is None


def test_the_bank_itself_is_found_and_its_suffixes_are_not_needed():
    assert [office_of(name) for name in ("abc bank", "ABC Bank Co., Ltd.", "\u519c\u4e1a\u94f6\u884c")] == [1, 1, 1]
    assert [office_of(name) for name in ("blue shop", "Blue  SHOP Ltd", "blue")] == [4, 4, 4]


def test_what_could_be_two_offices_is_none():
    both = key_table([Named(1, ("North shop",), ()), Named(2, ("North store",), ())])
    assert both[Key("northshop", True)] == 1
    assert both[Key("north", False)] is None


def test_names_of_signs_and_suffixes_alone_stay_what_they_are():
    assert (exact_key("***"), loose_key("branch"), loose_key("\u652f\u884c")) == ("***", "branch", "\u652f\u884c")
