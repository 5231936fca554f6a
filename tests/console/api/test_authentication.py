"""Who is let in: keys that work, as often as they may; wrong keys wait, and shut nobody else out."""

from ringfence.people.rights import Right
from tests.desk.town import DAY

PATH = "/v1/cases"


async def test_without_a_key_nothing_is_read_or_written(office):
    for client in (office.asking(), office.asking("rf_00000000_x"), office.asking("nonsense")):
        assert (await client.get(PATH)).status_code == 401
        answer = await client.post("/v1/complaints", json={"accused": "1", "reporter": "2"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="ringfence"')


async def test_only_the_bearer_scheme(office):
    token = await office.key()
    client = office.asking()
    for scheme, status in (("Bearer", 200), ("bearer", 200), ("Basic", 401), ("Token", 401)):
        assert (await client.get(PATH, headers={"Authorization": f"{scheme} {token}"})).status_code == status


async def test_a_secret_that_differs_in_one_character(office):
    token = await office.key()
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert (await office.asking(other).get(PATH)).status_code == 401


async def test_a_revoked_key_opens_nothing_from_the_next_request_on(office):
    client = await office.client()
    assert (await client.get(PATH)).status_code == 200
    await office.door.keys.revoke("app", author="root")
    assert (await client.get(PATH)).status_code == 401


async def test_an_expired_key_opens_nothing(office, town):
    client = await office.client(expires=town.now + DAY)
    assert (await client.get(PATH)).status_code == 200
    town.now += DAY
    assert (await client.get(PATH)).status_code == 401


async def test_a_key_makes_so_many_requests_a_second(office):
    client = await office.client()
    answers = [await client.get(PATH) for _ in range(41)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].headers["ratelimit-policy"] == '"second";q=20;w=1, "day";q=10000;w=86400'
    assert answers[-1].headers["ratelimit"] == '"second";r=0;t=1'
    office.clock += 0.05
    assert (await client.get(PATH)).status_code == 200
    assert (await client.get(PATH)).status_code == 429


async def test_the_requests_of_a_day_are_counted_over_a_restart(office, town):
    token = await office.key(Right.CASES_READ, daily=3)
    assert (await office.asking(token).get(PATH)).headers["ratelimit"] == '"second";r=39;t=1, "day";r=2;t=72000'
    await office.asking(token).get(PATH)
    await office.reopen()
    assert (await office.asking(token).get(PATH)).status_code == 200
    over = await office.asking(token).get(PATH)
    assert (over.status_code, over.headers["retry-after"]) == (429, "72000")
    town.now += DAY
    assert (await office.asking(token).get(PATH)).status_code == 200


async def test_wrong_keys_of_one_address_wait_and_shut_nobody_else_out(office):
    guesser, neighbour = office.asking("rf_0_x", "192.0.2.1"), office.asking("rf_0_x", "192.0.2.2")
    answers = [(await guesser.get(PATH)).status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert (await neighbour.get(PATH)).status_code == 401
    assert (await office.asking(await office.key(), "192.0.2.1").get(PATH)).status_code == 200
    office.clock += 6
    assert (await guesser.get(PATH)).status_code == 401


async def test_addresses_of_one_ipv6_network_count_as_one(office):
    answers = [(await office.asking("rf_0_x", f"2001:db8::{last}").get(PATH)).status_code for last in range(12)]
    assert answers == [401] * 10 + [429] * 2
