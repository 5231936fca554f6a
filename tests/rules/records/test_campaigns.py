"""Campaigns are found by what does not rotate; who calls friends, and the carrier's own gateway, are none."""

from rules.records.campaigns import FEWEST_CALLS, MOST_GROUPS, MOST_KEPT, Campaigns, Mark, Seen


def seen(n: int, caller: str, called: str = "", *, agent="", name="", answered=False, trunk="carrier") -> Seen:
    return Seen(1000.0 + n, f"d{n}", caller, called or f"v{n}", trunk, "192.0.2.1", agent, name, "", answered)


def ordinary(found: Campaigns, calls: int = 200) -> None:
    """People who call those whom they know, and are answered."""
    for n in range(calls):
        found.add(seen(n, f"+8613{n % 40:02d}5550{n % 40:03d}", f"friend{n % 40}", agent="Phone", answered=n % 3 > 0))


def test_a_block_that_rotates_is_found_and_the_gateway_of_all_calls_is_not():
    found = Campaigns()
    ordinary(found)
    for n in range(FEWEST_CALLS * 2):
        found.add(seen(n, f"+8617055512{n:03d}", agent="Phone"))
    [one] = found.found()
    assert one.marks == (Mark("block", "+8617055512"),)
    assert (one.calls, one.callers, one.answered, one.trunks) == (40, 40, 0.0, ("carrier",))


def test_what_two_marks_tell_is_one_campaign_whose_id_stays():
    found = Campaigns()
    ordinary(found)
    for n in range(30):
        found.add(seen(n, f"+861{n:03d}0000{n:03d}", agent="dialler/2", name="Loans"))
    [one] = found.found()
    assert {mark.by for mark in one.marks} == {"display_name", "user_agent"}
    found.add(seen(99, "+8613000000999", agent="dialler/2", name="Loans"))
    assert [again.id for again in found.found()] == [one.id]


def test_what_is_no_campaign():
    found = Campaigns()
    ordinary(found)
    for n in range(60):
        found.add(seen(n, "+8613900000001", agent="one number"))  # a rate tells it
        found.add(seen(n, f"+861{n:03d}1111{n:03d}", "the same", agent="many call one"))
        found.add(seen(n, f"+861{n:03d}2222{n:03d}", agent="are answered", answered=n % 2 == 0))
        found.add(seen(n, f"+861{n:03d}3333{n:03d}", agent="hidden *", name="N***"))
    assert found.found() == []


def test_memory_is_bounded_whatever_strangers_send():
    found = Campaigns()
    for n in range(MOST_GROUPS + 5_000):
        found.add(seen(n, "", agent=f"agent-{n}"))
    assert found.groups == MOST_GROUPS
    for n in range(2_000):
        found.add(seen(n, f"+861{n:010d}", agent="many"))
    assert max(len(group.callers) for group in found._groups.values()) <= MOST_KEPT


def test_numbers_of_one_holder_are_a_campaign():
    found = Campaigns()
    ordinary(found)
    for n in range(30):
        found.add(seen(n, f"CN:95{n:03d}{n:03d}")._replace(holder="Calls Ltd"))
    assert [one.marks for one in found.found()] == [(Mark("holder", "Calls Ltd"),)]
