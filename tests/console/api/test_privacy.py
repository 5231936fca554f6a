"""Retention, a subscriber's data and its erasure over HTTP; and one number in full."""

from ringfence.people.rights import Right
from rules.audit.chain import entries
from tests.desk.town import SPAM

HIM = "13800138000"
ASKED = {"number": HIM, "reason": "he wrote on Monday"}


async def told(town):
    return [one.deed for one in await entries(town.desk.archive.store.connection)]


async def test_how_long_each_class_is_kept(client):
    rows = {row["data"]: row for row in (await client.get("/v1/privacy/retention")).json()["kept"]}
    assert rows["what left a list"]["setting"] == "storage.history_days"
    assert rows["the audit: numbers by pseudonym"]["days"] is None


async def test_a_subscriber_is_told_what_is_held_and_erased(client, town):
    await town.ring(SPAM, HIM)
    await town.complain(SPAM, HIM, text="he knew my name")
    held = await client.post("/v1/privacy/export", json=ASKED)
    assert held.status_code == 200, held.text
    (complaint,) = held.json()["complaints"]
    assert (complaint["words"], complaint["received"]) == ({"text": "he knew my name"}, "2026-07-01T04:00:00Z")
    gone = await client.post("/v1/privacy/erase", json=ASKED)
    assert gone.json()["words"] == 1
    assert (await client.post("/v1/privacy/export", json=ASKED)).json()["complaints"][0]["words"] == {}
    steps = [(deed.actor, deed.step, deed.reason, deed.door) for deed in await told(town) if deed.subject == "number"]
    assert steps == [("li", step, ASKED["reason"], "api") for step in ("exported", "erased", "exported")]


async def test_it_takes_a_reason_a_number_and_the_right(client, office):
    for path in ("/v1/privacy/export", "/v1/privacy/erase"):
        assert (await client.post(path, json={"number": HIM})).status_code == 422
        assert (await client.post(path, json={"number": HIM, "reason": "\u200b"})).status_code == 422
        assert (await client.post(path, json={"number": "nobody", "reason": "x"})).status_code == 422
    others = await office.client(*(right for right in Right if right is not Right.PRIVACY_WRITE), name="others")
    assert (await others.post("/v1/privacy/erase", json=ASKED)).status_code == 403
    assert (await others.get("/v1/privacy/retention")).status_code == 403


async def test_a_number_in_full_is_told_for_a_reason_and_is_on_record(client, office, town):
    filed = await town.complain()
    shown = await client.post(
        "/v1/numbers/unmask", json={"of": ["case 1", filed.reference], "reason": "its owner asks"}
    )
    assert shown.status_code == 200, shown.text
    assert shown.json() == {"numbers": [{"of": "case 1", "number": SPAM}, {"of": filed.reference, "number": SPAM}]}
    last = (await told(town))[-1]
    assert (last.actor, last.step, last.reason, last.door) == ("li", "unmasked", "its owner asks", "api")
    assert (await client.post("/v1/numbers/unmask", json={"of": ["case 1"]})).status_code == 422
    assert (await client.post("/v1/numbers/unmask", json={"of": ["case 9"], "reason": "x"})).status_code == 404
    others = await office.client(*(right for right in Right if right is not Right.NUMBERS_UNMASK), name="others")
    assert (await others.post("/v1/numbers/unmask", json={"of": ["case 1"], "reason": "x"})).status_code == 403


async def test_what_shows_a_number_is_kept_for_no_second_time(client, town):
    await town.complain(SPAM, HIM)
    for path, body in (
        ("/v1/numbers/unmask", {"of": ["case 1"], "reason": "x"}),
        ("/v1/privacy/export", ASKED),
    ):
        before = len(await told(town))
        for _ in range(2):
            again = await client.post(path, json=body, headers={"Idempotency-Key": path})
            assert (again.status_code, "idempotent-replayed" in again.headers) == (200, False)
        assert len(await told(town)) == before + 2, "each look is on record"


async def test_so_many_in_an_hour(client, town):
    await town.complain(SPAM, HIM)
    for _ in range(town.desk.archive.privacy.unmask_hour):
        assert (await client.post("/v1/numbers/unmask", json={"of": ["case 1"], "reason": "x"})).status_code == 200
    late = await client.post("/v1/numbers/unmask", json={"of": ["case 1"], "reason": "x"})
    assert (late.status_code, SPAM in late.text) == (422, False)
    assert (await client.post("/v1/privacy/export", json=ASKED)).status_code == 422
