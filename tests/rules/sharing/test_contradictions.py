"""What our own lists and ledger say against what a partner lists."""

from rules.lists.editing import Lists
from rules.lists.ledger_imports import LedgerWishes, import_ledger
from rules.lists.origins import Origin
from rules.settings.screening import ListSettings
from rules.sharing.contradictions import claimed, contradicted, own_numbers
from rules.sharing.entries import SharedEntry

NOON = 1_796_126_400.0
LISTS = {"allowed": ListSettings(kind="allow"), "own": ListSettings(kind="own")}


def entry(number, reason="fraud"):
    return SharedEntry(number, reason, "bare", "2026-11-01", "2026-12-01", "2027-03-01", "a.example", 1, 0)


async def test_what_we_allow_own_or_know_to_be_held_waits(tmp_path):
    lists = await Lists.open(tmp_path / "ringfence.db", LISTS, now=lambda: NOON)
    try:
        await lists.add("allowed", "+8613800138000", Origin(author="li"))
        await lists.add("own", "+86755823400*", Origin(author="li"))
        await import_ledger(
            lists.store, [(1, "95588", {"holder": "Bank"})], LedgerWishes("test", country="CN"), now=NOON
        )
        asked = [
            *(entry("+8613800138000"), entry("+8613800138001"), entry("+861380013800*"), entry("+8675582340077")),
            *(entry("CN:95588", "marketing"), entry("CN:95588", "do-not-originate"), entry("CN:9558*")),
        ]
        found = [await contradicted(lists.store, [one], NOON) for one in asked]
        assert [next(iter(one.values()), None) for one in found] == [
            *("it stands on allowed", None, "it stands on allowed", "it stands on own"),
            *(None, "Bank holds CN:95588*", "Bank holds CN:95588*"),
        ]
        ours = await own_numbers(lists.store)
        assert claimed([entry("+8675582340077")], ours) == claimed([entry("+861701234*")], ours) == ""
        assert claimed([entry("+8617012345678"), entry("+867558234*")], ours) == "+867558234*"
    finally:
        await lists.close()
