"""Replay equals live: calls judged as they come, then their records under the same rules, counts included."""

from bench.live_and_replay import WHENS, compare


async def test_calls_that_are_judged_again_from_their_records_get_the_same_verdicts(tmp_path):
    found = await compare(tmp_path, 1500)
    assert (found.judged, found.changed, found.left_open, found.unusable) == (1500, 0, 0, {})
    assert found.held == found.again, "each rule held for the calls of which the record says so"
    assert len(found.held) >= len(WHENS) - 4, "nearly every rule had something to say"
    assert len({verdict.split()[0] for verdict in found.live}) == 3
