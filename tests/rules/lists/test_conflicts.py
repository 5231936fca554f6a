"""Ranges need a word, allow prefixes leave out what they say, and name each block that they make useless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists import conflicts
from rules.lists.admission import EntryError
from rules.lists.cache import Lookup
from rules.lists.conflicts import (
    MOST_NESTED,
    NAMED,
    covered,
    holes_of,
    in_holes,
    outside,
    refuse_nested_rows,
    united,
    written_holes,
)
from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_rows
from rules.lists.origins import Qualification
from rules.numbering.intervals import Interval, encode, number_interval, prefix_interval, range_interval
from rules.settings.screening import ListSettings

LISTS = {
    "bank": ListSettings(kind="allow"),
    "nuisance": ListSettings(kind="block", changed_by=["li"]),
    "firm": ListSettings(kind="allow", qualified=True),
    "doubtful": ListSettings(kind="suspect"),
}
BY_LI = Origin(author="li")


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", LISTS, now=lambda: 0.0)
    yield lists
    await lists.close()


async def refusal(coroutine):
    with pytest.raises(EntryError) as error:
        await coroutine
    return error.value.name


async def test_a_range_is_blocked_only_by_a_word(lists):
    assert await refusal(lists.add("nuisance", "+86138*", BY_LI)) == "wide"
    assert (await lists.add("nuisance", "+86138*", BY_LI, wide=True)).reach == 10**8
    assert await refusal(lists.add("doubtful", "+86139*")) == "wide"
    assert (await lists.add("doubtful", "+86139*", wide=True)).reach == 10**8


async def test_only_those_named_change_a_list(lists):
    assert await refusal(lists.add("nuisance", "+8613800138000")) == "not-yours"
    await lists.add("nuisance", "+8613800138000", BY_LI)
    assert await refusal(lists.remove("nuisance", "+8613800138000", author="wang")) == "not-yours"
    await lists.remove("nuisance", "+8613800138000", author="li")


async def test_a_list_may_want_qualifications(lists):
    assert await refusal(lists.add("firm", "CN:95588")) == "unqualified"


async def test_an_allow_prefix_leaves_out_and_names_what_it_makes_useless(lists, tmp_path):
    for text in ("+8613800138000", "+8613800000001", "+8613900000001"):
        await lists.add("nuisance", text, BY_LI)
    await lists.add("nuisance", "+861380013*", BY_LI, wide=True)
    added = await lists.add("bank", "+86138*", exceptions=("+861380000*",))
    assert added.overrules == ("+8613800138000 on nuisance", "+861380013* on nuisance")
    assert added.exceptions == ("+861380000*",)
    assert await lists.show("bank") == [added]
    lookup = Lookup(tmp_path / "lists.db", entries=16)
    assert [hit.list for hit in lookup.look_up("+8613800138000", 1.0)] == ["nuisance", "nuisance", "bank"]
    assert [hit.list for hit in lookup.look_up("+8613800000001", 1.0)] == ["nuisance"]
    lookup.close()
    assert [entry.list for entry in await lists.covering("+8613800000001")] == ["nuisance"]
    await lists.add("nuisance", "+8613800000002", BY_LI), "a hole of an allow prefix may be blocked"
    assert await refusal(lists.add("nuisance", "+8613800138002", BY_LI)) == "protected"


async def test_hours_and_review_turn_an_entry_off(lists, tmp_path):
    shown = Qualification("B2-1", "ab", "surveys", "09:00-18:00", 10 * 86_400.0, "Li", "Wang")
    await lists.add("firm", "CN:95588", Origin(author="zhao", qualification=shown))
    lookup = Lookup(tmp_path / "lists.db", entries=16, zone="Asia/Shanghai")
    nine = 3600.0  # 09:00 in Shanghai
    found = [bool(lookup.look_up("CN:95588", nine + at)) for at in (-1, 0, 30, 8 * 3600, 9 * 3600, 86_400, -1)]
    assert found == [False, True, True, True, False, True, False]
    assert not lookup.look_up("CN:95588", nine + 10 * 86_400)
    lookup.close()


@pytest.mark.parametrize(
    ("text", "exceptions", "kind", "name"),
    [
        ("+86138", ("+86139*",), "allow", "outside"),
        ("+86138", ("+861380*",), "block", "no-exceptions"),
        ("+86138", tuple("+861380*" for _ in range(101)), "allow", "too-many-exceptions"),
    ],
)
def test_holes_that_are_refused(text, exceptions, kind, name):
    with pytest.raises(EntryError) as error:
        holes_of(prefix_interval(text), exceptions, kind, "CN")
    assert error.value.name == name


def test_a_number_has_no_holes():
    with pytest.raises(EntryError, match="only a prefix or range"):
        holes_of(number_interval("+8613800138000"), ("+8613800138000",), "allow", "CN")
    holes = written_holes(holes_of(prefix_interval("+86138"), ("+861380*",), "allow", "CN"))
    assert in_holes(holes, encode("+8613800138000"))
    assert not in_holes(holes, encode("+8613900138000"))


async def test_all_that_becomes_useless_is_counted_and_the_first_few_are_named(lists):
    numbers = [(n, f"+86138{n:08d}", {}) for n in range(150)]
    await import_rows(lists, "nuisance", numbers, BY_LI)
    await lists.add("nuisance", "+86138999*", BY_LI, wide=True)
    tried = await import_rows(
        lists,
        "bank",
        [(1, "+86138*", {}), (2, "+861380000*", {}), (3, "+8613800000149", {})],
        wishes=Wishes(dry_run=True),
    )
    assert tried.overrules == 151, "each once, however many allow entries cover it"
    assert tried.useless[:2] == ["+8613800000000 on nuisance", "+8613800000001 on nuisance"]
    assert len(tried.useless) == NAMED
    assert (await import_rows(lists, "bank", [(1, "+8613800000149", {})], wishes=Wishes(dry_run=True))).overrules == 1
    added = await lists.add("bank", "+86138*", exceptions=("+861380000000*", "+86138000000*", "+86138999*"))
    assert (added.overruled, len(added.overrules)) == (50, NAMED)


async def test_what_is_allowed_on_one_trunk_is_blocked_on_the_others(lists):
    """No block is useless by it, whichever came first; what is limited no more makes it useless again."""
    number, other, wide = "+8613800138000", "+8613800138001", "+86139*"
    on_one = Origin(author="li", trunks=("east",))
    await lists.add("bank", number, on_one)
    assert await refusal(lists.add("nuisance", number, BY_LI)) == "protected"  # a person says that it is meant
    assert (await lists.add("nuisance", number, BY_LI, force=True)).cut == ()
    for text in (other, "+8613900000000"):
        await lists.add("nuisance", text, BY_LI)
    rows = [(1, other, {"trunks": "east"}), (2, wide, {"trunks": "east"})]
    report = await import_rows(lists, "bank", rows)
    assert (report.added, report.overrules, report.useless) == (2, 0, [])
    forced = await import_rows(lists, "nuisance", [(1, wide, {})], BY_LI, Wishes(force=True, wide=True))
    assert (forced.added, forced.refused) == (1, {})
    assert (await lists.add("bank", "+8613911111111", on_one)).overrules == ()
    assert (await lists.add("bank", "+8613800138002")).overrules == ()
    assert await refusal(lists.add("nuisance", "+8613800138002", BY_LI, force=True)) == "useless"


@pytest.mark.parametrize("by_import", [False, True])
async def test_longer_numbers_between_the_ends_of_an_allowed_range_stay_blocked_and_are_not_counted(lists, by_import):
    for text in ("CN:95012345", "CN:950123450", "+861380000*", "+8613811111111"):
        await lists.add("nuisance", text, BY_LI, wide=True)
    for text in ("CN:950120000..CN:950129999", "CN:9501234*"):
        await lists.add("doubtful", text, wide=True)
    rows = [(1, "CN:95012000..CN:95012999", {}), (2, "CN:95012345", {})]
    if by_import:
        report = await import_rows(lists, "bank", rows)
        assert (report.overrules, report.useless) == (1, ["CN:95012345 on nuisance"])
    else:
        added = await lists.add("bank", rows[0][1])
        assert (added.overruled, added.overrules) == (1, ("CN:95012345 on nuisance",))
    added = await lists.add("bank", "+86138*", exceptions=("+8613800001*",))
    assert added.overrules == ("+8613811111111 on nuisance",), "in the exception, the wide block still acts"


def test_what_prefixes_and_ranges_cover_names_no_number_twice():
    prefix, line = prefix_interval("CN:950123"), range_interval("CN:95012000", "CN:95012999")
    found = covered([(line, ""), (prefix, "")])

    def times(number):
        code = encode(number)
        return sum(a <= code <= b and (not m or (code % m == 0 and code % n != 0)) for a, b, m, n in found)

    numbers = ("CN:95012000", "CN:95012345", "CN:95012999", "CN:950123", "CN:950123450", "CN:950120000", "CN:95013000")
    assert [times(number) for number in numbers] == [1, 1, 1, 1, 1, 0, 0]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=6))
def test_what_is_left_of_an_interval_without_its_holes(holes):
    holes = [(start, start + length) for start, length in holes]
    left = [at for start, stop in outside(5, 15, holes) for at in range(start, stop + 1)]
    assert left == [at for at in range(5, 16) if not any(start <= at <= stop for start, stop in holes)]
    together = [at for start, stop in united(holes) for at in range(start, stop + 1)]
    assert together == sorted({at for start, stop in holes for at in range(start, stop + 1)})


@pytest.mark.parametrize("by_import", [False, True])
async def test_other_lengths_and_exceptions_are_no_conflict(lists, by_import):
    await lists.add("bank", "CN:95012000..CN:95012999")
    await lists.add("bank", "+86138*", exceptions=("+861380000*",))
    await lists.add("bank", "CN:950200005")

    async def block(text):
        if by_import:
            await import_rows(lists, "nuisance", [(1, text, {})], BY_LI, Wishes(wide=True))
        else:
            await lists.add("nuisance", text, BY_LI, wide=True)

    for text in ("CN:950123450", "+8613800000001", "+861380000*", "CN:95020000..CN:95020999"):
        await block(text)
    for text in ("CN:95012345", "+8613800138000", "+861380*", "CN:950200000..CN:950200009", "CN:95012900..CN:95013900"):
        assert await refusal(block(text)) == "protected"


WIDE = Wishes(wide=True)


@pytest.fixture
async def two_lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", {"a": ListSettings(kind="block"), "b": ListSettings(kind="block")})
    yield lists
    await lists.close()


def nested(depth, first=0):
    """Rows of ranges, each inside the one before."""
    return [(n, f"+86138{n:08d}..+86138{99_999_999 - n:08d}", {}) for n in range(first, first + depth)]


async def test_as_deep_as_that_and_no_deeper(two_lists):
    assert (await import_rows(two_lists, "a", nested(MOST_NESTED), wishes=WIDE)).added == MOST_NESTED
    told = f"{MOST_NESTED + 1} prefixes and ranges would cover the numbers at"
    with pytest.raises(EntryError, match=told) as error:
        await two_lists.add("b", "+861385*", wide=True)
    assert error.value.name == "nested"
    with pytest.raises(EntryError, match="prefixes and ranges would cover the numbers at"):
        await import_rows(two_lists, "b", nested(2, MOST_NESTED), wishes=WIDE)
    assert await two_lists.counts() == {"a": MOST_NESTED, "b": 0}
    await two_lists.add("b", "+86139*", wide=True)
    await two_lists.remove("a", "+8613800000007..+8613899999992")
    await two_lists.add("b", "+861385*", wide=True)


async def test_a_file_that_nests_too_deep_is_refused_before_it_is_written(two_lists):
    with pytest.raises(EntryError, match=f"{MOST_NESTED + 1} prefixes and ranges would cover"):
        await import_rows(two_lists, "a", nested(5_000), wishes=WIDE)


def test_a_file_that_overlaps_too_often_is_refused(monkeypatch):
    monkeypatch.setattr(conflicts, "MOST_ROWS", 29)
    rows = [Interval(n, n + 2, 1, str(n)) for n in range(10)]
    refuse_nested_rows(rows)
    with pytest.raises(EntryError, match="import it in parts"):
        refuse_nested_rows([*rows, Interval(3, 3, 1, "x"), Interval(4, 5, 1, "y")])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=20), st.integers(1, 6))
def test_the_depth_is_that_of_a_slow_count(intervals, most):
    spans = [Interval(start, start + length, 1, "x") for start, length in intervals]
    deepest = max((sum(one.start <= at <= one.stop for one in spans) for at in range(42)), default=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conflicts, "MOST_NESTED", most)
        if deepest <= most:
            refuse_nested_rows(spans)
        else:
            with pytest.raises(EntryError):
                refuse_nested_rows(spans)
