"""How often somebody may guess: counted by name and address, before it is known what comes of it."""

import asyncio

from ringfence.people.tries import WITHIN_S

GOOD = "four blue horses run"


async def test_guessing_under_one_name_has_to_wait_and_then_counts_again(office):
    await office.add("li", "admin", password=GOOD)
    for _ in range(5):
        assert (await office.people.sign_in("li", "wrong", "", "192.0.2.1")).kind == "wrong"
    waits = await office.people.sign_in("li", GOOD, "", "192.0.2.1")
    assert (waits.kind, waits.wait_s) == ("too-many", WITHIN_S)
    assert (await office.people.sign_in("LI", GOOD, "", "192.0.2.1")).kind == "too-many"
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.7")).token, "others get in from elsewhere"
    office.time += WITHIN_S
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token


async def test_somebody_and_nobody_are_told_the_same(office):
    await office.add("li", "admin", password=GOOD)
    somebody = [await office.people.sign_in("li", "wrong", "", "192.0.2.1") for _ in range(7)]
    nobody = [await office.people.sign_in("nobody", "wrong", "", "192.0.2.2") for _ in range(7)]
    assert somebody == nobody
    assert [one.kind for one in somebody] == ["wrong"] * 5 + ["too-many"] * 2


async def test_many_names_from_one_address_and_one_name_from_many_wait_too(office):
    await office.add("li", "admin", password=GOOD)
    for count in range(20):
        assert (await office.people.sign_in(f"name{count}", "wrong", "", "192.0.2.1")).kind == "wrong"
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).kind == "too-many"
    for count in range(50):
        assert (await office.people.sign_in("wang", "wrong", "", f"198.51.100.{count}")).kind == "wrong"
    assert (await office.people.sign_in("wang", "wrong", "", "198.51.100.99")).kind == "too-many"


async def test_one_customer_of_ipv6_is_one_address(office):
    kinds = [(await office.people.sign_in("li", "wrong", "", f"2001:db8::{count:x}")).kind for count in range(1, 7)]
    assert kinds == ["wrong"] * 5 + ["too-many"]


async def test_many_tries_at_once_are_no_more_than_one_after_the_other(office):
    found = await asyncio.gather(*(office.people.sign_in("li", "wrong", "", "192.0.2.1") for _ in range(12)))
    assert sorted(one.kind for one in found) == ["too-many"] * 7 + ["wrong"] * 5


async def test_who_gets_in_begins_anew(office):
    await office.add("li", "admin", password=GOOD)
    for _ in range(3):
        for _ in range(4):
            await office.people.sign_in("li", "wrong", "", "192.0.2.1")
        assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token
