"""Figures over HTTP."""

from desk.reports import DIMENSIONS, Row
from ringfence.people.rights import Right
from tests.desk.town import SPAM


async def test_the_report_of_a_quarter(client, town):
    await town.ring("95012345", "13800138000")
    await town.complain()
    found = (await client.get("/v1/reports/2026Q3", params={"by": "class"})).json()
    assert [(row["key"], row["calls"], row["complaints"]) for row in found["rows"]] == [
        *(("95/96", 1, 1), ("cn-95", 1, 1))
    ]
    assert found["total"]["per_10000"] == 10_000
    assert found["handling"]["decided"] == 0


async def test_by_everything_that_there_is(client, town):
    await town.complain(business="Loans Ltd", knew={"branch": "North office"})
    for by in DIMENSIONS:
        found = (await client.get("/v1/reports/2026Q3", params={"by": by})).json()
        assert found["total"].keys() == set(Row._fields)
        assert {row["complaints"] for row in found["rows"]} <= {1}


async def test_as_a_file_in_which_no_cell_is_a_formula(client, town):
    await town.complain(business="=cmd()")
    for form, begins in (("pdf", b"%PDF-"), ("xlsx", b"PK")):
        answer = await client.get("/v1/reports/2026Q3", params={"format": form, "language": "en"})
        assert (answer.status_code, answer.content[: len(begins)]) == (200, begins)
        assert answer.headers["content-disposition"] == f'attachment; filename="ringfence-2026Q3-class.{form}"'
    answer = await client.get("/v1/reports/2026Q3", params={"by": "branch", "bank": "no bank"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "bank")
    answer = await client.get("/v1/reports/2026Q3", params={"by": "business", "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "'=cmd()," in answer.text


async def test_a_period_that_is_none(client):
    answer = await client.get("/v1/reports/2026Q5")
    assert [one["field"] for one in answer.json()["errors"]] == ["period"]
    assert (await client.get("/v1/reports/2026Q3", params={"by": "moon"})).status_code == 422


async def test_alerts_and_trunks(client, town):
    for last in range(5):
        await town.ring(SPAM, f"1380013800{last}")
        await town.complain(reporter=f"1380013800{last}", knew={"branch": "North office"})
    (alert,) = (await client.get("/v1/alerts")).json()["alerts"]
    assert (alert["kind"], alert["subject"], alert["reporters"], alert["complaints"]) == ("leak", "North office", 5, 5)
    assert (await client.get("/v1/trunks", params={"since": "2026-01-01T00:00:00Z"})).json() == {"trunks": []}


async def test_only_with_the_right_to_read_them(office):
    client = await office.client(Right.CASES_READ)
    for path in ("/v1/reports/2026Q3", "/v1/alerts", "/v1/trunks"):
        assert (await client.get(path)).status_code == 403
