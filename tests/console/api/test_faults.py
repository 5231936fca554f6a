"""A request that does not fit the document is told each place and what would be right there, in words."""

import pytest

from tests.console.api.conftest import COMPLAINT


def told(answer) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(one["field"], one["reason"]) for one in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"reporter": "x"}, "/accused", "it is missing"),
        (None, "", "send a JSON object"),
        ([], "", "send a JSON object"),
        (COMPLAINT | {"knew": 7}, "/knew", "it has to be a JSON object"),
        (
            COMPLAINT | {"nonsense": 7},
            "",
            "it holds a name that is unknown here; it knows accused, reporter, called, at, category, text, contact, "
            "business, knew, decision",
        ),
        (
            COMPLAINT | {"knew": {"nonsense": 7}},
            "/knew",
            "it holds a name that is unknown here; it knows name, plan, branch, purchase",
        ),
        (COMPLAINT | {"text": "a\0b"}, "/text", "a text holds no NUL"),
        (COMPLAINT | {"decision": "7"}, "/decision", "write the 20 hexadecimal digits that the rejection carried"),
        (COMPLAINT | {"reporter": 7}, "/reporter", "Input should be a valid string"),
    ],
)
async def test_what_would_be_right_in_a_body(client, body, field, reason):
    assert told(await client.post("/v1/complaints", json=body)) == [(field, reason)]


@pytest.mark.parametrize(
    ("path", "field", "reason"),
    [
        (
            "/v1/reports/2026Q3?by=moon",
            "by",
            "choose from all, class, code, holder, bank, branch, prefix, category, business",
        ),
        ("/v1/appeals?state=x", "state", "choose from filed, granted, refused"),
        (
            "/v1/trunks?since=2026-01-01T00:00:00+08:00",
            "since",
            "write an RFC 3339 time, as 2026-07-01T04:00:00Z; in an address + is %2B",
        ),
        ("/v1/trunks?since=2026-02-31T00:00:00Z", "since", "there is no such time"),
    ],
)
async def test_what_would_be_right_in_an_address(client, path, field, reason):
    assert told(await client.get(path)) == [(field, reason)]


async def test_an_unknown_name_in_one_of_many(client):
    answer = await client.post("/v1/complaints/batch", json={"complaints": [COMPLAINT, COMPLAINT | {"nonsense": 7}]})
    ((field, reason),) = told(answer)
    assert field == "/complaints/1"
    assert reason.startswith("it holds a name that is unknown here; it knows accused, reporter,")


async def test_a_reason_to_withdraw_is_one_of_a_few(client):
    reference = (await client.post("/v1/complaints", json=COMPLAINT)).json()["reference"]
    answer = await client.post(f"/v1/complaints/{reference}/withdraw", json={"reason": "I was wrong"})
    assert told(answer) == [("/reason", "choose from mistake, settled, other")]


async def test_a_version_as_etag_gave_it(client):
    answer = await client.post("/v1/cases/1/take", json={}, headers={"If-Match": "1"})
    assert told(answer) == [("If-Match", "write the version in double quotes, as ETag gave it")]


async def test_a_filter_that_is_misspelt_does_not_answer_everything(client):
    fault = [("query", "this path does not know such a parameter; it knows about, cursor, limit, state")]
    assert told(await client.get("/v1/complaints?abuot=95012345")) == fault
    assert told(await client.get("/v1/cases/1?full=1")) == [
        ("query", "this path does not know such a parameter; it knows none")
    ]


async def test_our_own_bounds_are_told_in_full(client):
    """They have as many digits as a number, which would be masked."""
    answer = await client.get("/v1/cases/9007199254740993")
    assert told(answer) == [("case", "Input should be less than 9007199254740992")]
    answer = await client.post("/v1/cases/1/take", json={"version": 2**31 + 1})
    assert told(answer) == [("/version", "Input should be less than or equal to 2147483648")]


async def test_a_number_that_was_sent_is_masked_beside_them(client):
    answer = await client.post("/v1/complaints", json=COMPLAINT | {"accused": "110", "version": 13800138000})
    assert "13800138000" not in answer.text
