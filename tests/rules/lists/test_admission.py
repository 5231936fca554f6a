"""What a list takes, in whatever spelling, and what it refuses by name."""

import pytest

from rules.lists.admission import EntryError, read_entry
from rules.settings.screening import ListSettings

BLOCK = ListSettings(kind="block")


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("+8613800138000", "+8613800138000"),
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("138-0013-8000", "+8613800138000"),
        ("021-62345678", "+862162345678"),
        ("１３８００１３８０００", "+8613800138000"),
        ("95588", "CN:95588"),
        ("+86138*", "+86138*"),
        ("9558*", "CN:9558*"),
        ("９５５８＊", "CN:9558*"),
        ("95012000..95012999", "CN:95012000..CN:95012999"),
        ("95012000 .. 95012999", "CN:95012000..CN:95012999"),
        ("95588..95588", "CN:95588"),
    ],
)
def test_people_write_entries_in_many_ways(text, entry):
    interval = read_entry(text, BLOCK, country="CN")
    assert interval.text == entry
    assert read_entry(entry, BLOCK) == interval, "what is shown can be typed in again, anywhere"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "empty"),
        ("*", "empty"),
        ("95012000-95012999", "spelling"),
        ("+8613800000000-+8613899999999", "spelling"),
        ("CN:95012000-CN:95012999", "spelling"),
        ("95**", "spelling"),
        ("9*5", "spelling"),
        ("95500...95599", "spelling"),
        ("95500..", "spelling"),
        ("0", "nonsense"),
        ("00", "nonsense"),
        ("000", "nonsense"),
        ("+0*", "nonsense"),
        ("8.61391E+12", "scientific-notation"),
        ("8,61391e12", "scientific-notation"),
        ("13800138000.0", "decimal"),
        ("1065551234", "lost-zero"),
        ("75512345678", "lost-zero"),
        ("１０６５５５１２３４", "lost-zero"),
        ("+8*", "too-short"),
        ("12", "too-short"),
        ("110", "emergency"),
        ("112", "emergency"),
        ("EXT:11*", "too-short"),
        ("EXT:110..EXT:120", "emergency"),
        ("12321", "service"),
        ("010 12345", "service"),
        ("CN:100*", "service"),
        ("CN:12300..CN:12399", "service"),
        ("alice", "not-a-number"),
        ("anonymous", "not-a-number"),
        ("+8613800138000123456", "not-a-number"),
        ("95012000..950129999", "uneven-range"),
        ("95013000..95012000", "uneven-range"),
        ("+8613800138000..95588", "uneven-range"),
    ],
)
def test_what_must_not_stand_there_is_refused_by_name(text, name):
    with pytest.raises(EntryError) as refusal:
        read_entry(text, BLOCK, country="CN")
    assert refusal.value.name == name
    assert repr(text) in str(refusal.value)


def test_an_emergency_number_may_stand_where_it_stops_nobody():
    assert read_entry("110", ListSettings(kind="emergency"), country="CN").text.endswith("110")


def test_public_service_numbers_cannot_be_stopped_but_suspected_or_passed():
    for kind in ("allow", "suspect", "do-not-originate", "own"):
        assert read_entry("12321", ListSettings(kind=kind), country="CN").text == "CN:12321"
    for near in ("95588", "+8613800138000", "9510*", "EXT:12321", "+861062321000"):
        assert read_entry(near, BLOCK, country="CN")


def test_the_policy_says_how_long_an_entry_must_be():
    with pytest.raises(EntryError, match="5 digits; this list wants at least 7"):
        read_entry("+86138*", ListSettings(kind="block", min_length=7))


@pytest.mark.parametrize(
    ("text", "country", "refused"),
    [
        ("01065551234", "CN", False),
        ("861065551234", "CN", False),
        ("+861065551234", "CN", False),
        ("13800138000", "CN", False),
        ("4008123123", "CN", False),
        ("2079460958", "GB", True),
        ("7400123456", "GB", True),
        ("02079460958", "GB", False),
        ("442079460958", "GB", False),
        ("2125550123", "US", False),
        ("0612345678", "IT", False),
        ("1065551234", "", False),
    ],
)
def test_a_zero_is_missed_where_the_plan_writes_one(text, country, refused):
    try:
        read_entry(text, BLOCK, country=country)
        name = ""
    except EntryError as error:
        name = error.name
    assert (name == "lost-zero") is refused


def test_who_means_a_prefix_is_told_how_it_is_written():
    with pytest.raises(EntryError, match=r"no plan has such a number; was a digit lost\? A prefix is written \+49\*\."):
        read_entry("+49", ListSettings(kind="block"))
    with pytest.raises(EntryError, match=r"was a digit lost\?$"):
        read_entry("+8613800138", ListSettings(kind="block"))
