"""Answers that may be asked for again."""

from console.api.access.idempotency_keys import KEPT_S, Given, IdempotencyKeys

GIVEN = Given("f", 201, "/v1/x", b"{}")


async def test_an_answer_is_kept_for_a_day_and_belongs_to_its_key(store):
    now = 1_000_000.0
    answers = IdempotencyKeys(store, lambda: now)
    await answers.keep("key", "token", GIVEN)
    assert await answers.find("key", "token") == GIVEN
    assert await answers.find("other", "token") is None
    now += KEPT_S + 1
    assert await answers.find("key", "token") is None
    await answers.keep("key", "next", GIVEN)
    rows = list(await store.connection.execute_fetchall("select token from answer"))
    assert rows == [("next",)]
