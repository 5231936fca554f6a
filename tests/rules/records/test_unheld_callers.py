"""Codes that nobody holds and that were seen calling."""

from rules.lists.ledger_imports import LedgerWishes, import_ledger
from rules.records.unheld_callers import UnheldCaller, unheld_callers
from tests.desk.town import DAY, Town


async def test_codes_that_nobody_holds_are_listed_by_their_calls(tmp_path):
    town = Town(tmp_path)
    await town.open()
    lists, decisions = town.desk.archive.lists.store, town.desk.archive.decisions

    async def found(since):
        return await unheld_callers(lists, decisions, since=since)

    try:
        start = town.now
        for caller in ("95013333", "95012345", "95013334", "95013334", "13912345678", ""):
            await town.ring(caller, "13800138000")
        assert await found(0.0) == [], "without a complete beginning nothing is unheld"
        await import_ledger(
            *(lists, [(1, "95012", {"holder": "A"})]), LedgerWishes("x", country="CN", complete=("95", "96")), now=0.0
        )
        town.now += DAY
        await town.ring("96333", "13800138000")
        first = UnheldCaller("CN:95013", 3, 3, 2, start, start, "carrier")
        assert await found(0.0) == [first, UnheldCaller("CN:96333", 1, 1, 1, town.now, town.now, "carrier")]
        assert [one.code for one in await found(start + 1.0)] == ["CN:96333"]
        await import_ledger(lists, [(1, "95013", {"holder": "B"})], LedgerWishes("x", country="CN"), now=0.0)
        assert [one.code for one in await found(0.0)] == ["CN:96333"], "somebody holds it by now"
    finally:
        await town.desk.close()
