"""The range ledger: held, expired or unheld; the narrowest code wins; callers of other plans are never looked up."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists.admission import EntryError
from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.lists.ledger import Ledger, State, codes, pieces, read_code
from rules.lists.ledger_imports import LedgerWishes, import_ledger
from tests.rules.calls import ABROAD, CN, call, compiled, rule, rules

ROWS = [
    (2, "95012", {"holder": "Firm", "host": "Unicom", "purpose": "calls", "valid_until": "1970-01-02"}),
    (3, "950123", {"holder": "Lessee"}),
    (4, "4001230000..4001239999", {"holder": "Shop"}),
]


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", {})
    yield lists
    await lists.close()


@pytest.fixture
def ledger(lists, tmp_path):
    lookup = Lookup(tmp_path / "lists.db", entries=16)
    yield Ledger(lookup)
    lookup.close()


async def load(lists, ledger, rows=ROWS, **more):
    report = await import_ledger(lists.store, rows, LedgerWishes("miit.csv", country="CN", **more), now=0.0)
    ledger._lookup.poll()
    ledger.poll()
    return report


async def test_a_number_is_held_expired_or_unheld(lists, ledger):
    assert not ledger.any
    report = await load(lists, ledger, complete=("95", "400"))
    assert (report.lines, report.added, ledger.any) == (3, 3, True)
    held = ledger.look_up("CN:95012999", 0.0)
    assert held.facts() == {
        "ledger": "held",
        "code": "CN:95012*",
        "holder": "Firm",
        "host": "Unicom",
        "purpose": "calls",
    }
    assert ledger.look_up("CN:95012999", 2 * 86_400.0).state is State.EXPIRED
    assert ledger.look_up("CN:95012345", 1e12).holder == "Lessee"
    assert ledger.look_up("CN:4001234567", 0.0).holder == "Shop"
    assert ledger.look_up("CN:95588", 0.0).facts() == {"ledger": "unheld"}
    assert ledger.look_up("CN:40012345", 0.0).state is State.UNHELD
    assert ledger.look_up("CN:96555", 0.0) is None
    misses = ledger._lookup.unknown
    assert ledger.look_up("+8613800138000", 0.0) is None
    assert ledger.look_up("", 0.0) is None
    assert misses == 0


async def test_without_a_complete_beginning_nothing_is_unheld(lists, ledger):
    await load(lists, ledger)
    assert ledger.look_up("CN:95588", 0.0) is None


async def test_a_second_import_changes_and_a_new_version_removes(lists, ledger):
    await load(lists, ledger, complete=("95",))
    report = await load(lists, ledger, [(2, "95012", {"holder": "Other"})])
    assert (report.added, report.changed, report.removed) == (0, 1, 0)
    assert ledger.look_up("CN:95012999", 0.0).holder == "Other"
    report = await load(lists, ledger, [(2, "95013", {"holder": "New", "expires": "1970-01-01"})], replace_all=True)
    assert (report.added, report.removed) == (1, 3)
    assert ledger.look_up("CN:95012999", 0.0) is None
    assert [code.holder for code in await codes(lists.store)] == ["New"]
    assert [code.text for code in await codes(lists.store, expired_at=86_400.0)] == ["CN:95013*"]


@pytest.mark.parametrize("row", [(7, "no code", {}), (7, "95012", {"valid_until": "soon"}), (7, "000", {})])
async def test_a_bad_row_is_named_and_nothing_is_imported(lists, ledger, row):
    with pytest.raises(EntryError, match=r"line 7: .*nothing was imported"):
        await load(lists, ledger, [ROWS[0], row])
    assert await codes(lists.store) == []


nested = st.lists(st.text("01", min_size=1, max_size=5), max_size=12, unique=True)


@given(nested)
def test_pieces_are_disjoint_and_the_narrowest_wins(prefixes):
    covers = []
    for code, prefix in enumerate(prefixes):
        start = int(prefix.ljust(5, "0"), 2)
        covers.append((start, start + 2 ** (5 - len(prefix)) - 1, code))
    found = pieces(covers)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
    for number in range(32):
        having = [(stop - start, code) for start, stop, code in covers if start <= number <= stop]
        told = [code for start, stop, code in found if start <= number <= stop]
        widths = {code: width for width, code in having}
        if having:
            assert widths[told[0]] == min(having)[0]
        else:
            assert told == []


@pytest.mark.parametrize(
    ("caller", "trunk", "rule"),
    [
        ("+8695589", ABROAD, "cn-service-from-abroad"),
        ("955891", CN, "cn-odd-95-or-96"),
        ("95589", CN, "cn-unheld-code"),
    ],
)
async def test_importing_a_ledger_switches_no_shipped_rule_off(lists, ledger, caller, trunk, rule):
    await load(lists, ledger, complete=("95", "96"))
    made = call(caller, trunk=trunk)
    kind = made.caller.kind
    ledger.look_up(made.caller.canonical, 0.0).enter(made)
    verdict = rules("", use=["cn"]).judge(made)
    assert made.caller.kind is kind
    assert rule in [fired.name for fired in verdict.fired]
    assert verdict.action in ("tag", "reject")


def test_a_rule_that_asks_for_the_class_unheld_goes_on_and_is_told_how_it_is_said_now():
    text = rule(
        "{caller: {class: [mobile, unheld]}}", catches="[{from: 95589, facts: {ledger: unheld}}, {from: 13912345678}]"
    )
    ruleset, found = compiled(text)
    assert ruleset is not None
    (warning,) = found
    assert "write fact: {ledger: [unheld, expired]}" in warning.hint
    assert not ruleset.judge(call("95588", facts={"ledger": "held"})).fired


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("95*12", "a star in its midst"),
        ("95..", "half a range"),
        ("95012000-95012999", "two dots: 95012000..95012999"),
        ("95012.0", "decimal number"),
        ("9.5E+4", "lost its digits"),
        ("95012~95013", "two dots"),
    ],
)
def test_a_code_is_spelt_as_prefixes_and_ranges_are_everywhere(text, fault):
    with pytest.raises(EntryError, match=fault):
        read_code(text, "CN")


def test_a_code_that_was_given_to_somebody_may_be_longer_than_what_calls():
    assert read_code("116114", "CN").text == "CN:116114*"


def test_a_code_with_and_without_its_star_is_the_same():
    assert read_code("95012", "CN") == read_code(" 95012* ", "CN") == read_code("CN:95012", "")
