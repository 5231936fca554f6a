"""Lists over HTTP: shown, searched, filled and imported into, in the name of the key's actor."""

from base64 import b64decode

import pytest

from console.api.cursors import text_cursor
from console.api.list_shapes import MOST_ROWS, Row
from ringfence.people.rights import Right
from rules.audit.chain import entries
from rules.records.decisions import Decisions
from rules.settings.screening import ListSettings
from rules.storage.replicas import opened
from tests.desk.town import DAY

ADD = {"numbers": ["138 0013 8000", "9501*"], "reason": "rang at night", "ranges": True}


async def test_numbers_are_added_shown_searched_and_removed(client, town):
    added = await client.post("/v1/lists/blocked/entries", json=ADD)
    assert added.status_code == 200, added.text
    first, second = added.json()["entries"]
    assert (first["entry"], first["author"], first["source"], first["changed"]) == ("+8613800138000", "li", "app", None)
    assert second["entry"] == "CN:9501*"
    again = await client.post("/v1/lists/blocked/entries", json={"numbers": ["13800138000"], "evidence": "case 7"})
    (entry,) = again.json()["entries"]
    assert (entry["changed"], entry["reason"], entry["evidence"]) == (["evidence"], "rang at night", "case 7")
    page = (await client.get("/v1/lists/blocked/entries", params={"limit": 1})).json()
    assert [one["entry"] for one in page["entries"]] == ["CN:9501*"]
    rest = (await client.get("/v1/lists/blocked/entries", params={"cursor": page["next"]})).json()
    assert ([one["entry"] for one in rest["entries"]], rest["next"]) == (["+8613800138000"], None)
    found = (await client.get("/v1/numbers/95012345/entries")).json()
    assert (found["number"], [one["entry"] for one in found["entries"]]) == ("CN:95012345", ["CN:9501*"])
    lists = {one["name"]: one["entries"] for one in (await client.get("/v1/lists")).json()["lists"]}
    assert lists == {"allowed": 0, "blocked": 2, "own": 0, "sealed": 0}
    gone = await client.post("/v1/lists/blocked/remove", json={"numbers": ["+8613800138000"], "reason": "moved"})
    assert [one["entry"] for one in gone.json()["entries"]] == ["+8613800138000"]
    history = (await client.get("/v1/numbers/13800138000/history")).json()["history"]
    assert [(one["what"], one["author"], one["reason"]) for one in history] == [
        ("added", "li", "rang at night"),
        ("changed", "li", "rang at night"),
        ("removed", "li", "moved"),
    ]
    looks = [one.deed for one in await entries(town.desk.archive.store.connection)]
    assert {("li", "number", "searched"), ("li", "list", "listed")} <= {(d.actor, d.subject, d.step) for d in looks}


async def test_at_a_node_with_a_copy_it_is_told_where_lists_are_changed(client, town):
    with opened(town.desk.archive.lists.store.path) as replica:
        replica.join("copy", "north", "record")
    refused = await client.post("/v1/lists/blocked/entries", json=ADD)
    assert (refused.status_code, "node north keeps" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("name", "sent", "status", "field", "reason"),
    [
        ("blocked", {"numbers": ["13800138000", "bob"]}, 422, "/numbers/1", "is no number"),
        ("blocked", {"numbers": ["110"]}, 422, "/numbers/0", "emergency number"),
        ("blocked", {"numbers": ["9501*"]}, 422, "/numbers", "range"),
        ("blocked", {"numbers": []}, 422, "/numbers", "at least 1"),
        ("blocked", {"number": "95588"}, 422, "/numbers", "missing"),
        ("blocked", {"numbers": ["95588"], "expires": "2026-01-01T00:00:00Z"}, 422, "/numbers/0", "expired already"),
        ("blocked", {"numbers": ["95588"], "trunks": ["north"]}, 422, "/numbers/0", "only entries of allow lists"),
        ("sealed", {"numbers": ["95588"]}, 422, "/numbers", "filled by cases only"),
    ],
)
async def test_what_a_list_refuses_is_named_by_its_field(client, name, sent, status, field, reason):
    answer = await client.post(f"/v1/lists/{name}/entries", json=sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert field in [one["field"] for one in errors]
    assert any(reason in one["reason"] for one in errors), errors
    assert "13800138000" not in answer.text


async def test_a_list_that_is_none_is_not_found(client):
    for path in ("entries", "stats"):
        assert (await client.get(f"/v1/lists/nobody/{path}")).status_code == 404
    answer = await client.post("/v1/lists/nobody/entries", json=ADD)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:ringfence:problem:not-found")
    assert (await client.post("/v1/lists/nobody/remove", json={"numbers": ["95588"]})).status_code == 404
    assert (await client.post("/v1/lists/nobody/import", json={"rows": []})).status_code == 404


async def test_a_number_that_is_not_listed_is_told(client):
    answer = await client.post("/v1/lists/blocked/remove", json={"numbers": ["95588"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "/numbers")
    many = await client.get("/v1/numbers/95*/entries")
    assert (many.status_code, many.json()["errors"][0]["field"]) == (422, "number")


async def test_only_who_may_change_a_list_does(office, client):
    lists = {**office.town.screening.lists, "blocked": ListSettings(kind="block", changed_by=["wang"])}
    await office.town.desk.archive.lists.configure(lists)
    answer = await client.post("/v1/lists/blocked/entries", json=ADD)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:ringfence:problem:not-allowed")
    wang = await office.client(name="other", acts_as="wang")
    assert (await wang.post("/v1/lists/blocked/entries", json=ADD)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/lists", Right.LISTS_READ),
        ("GET", "/v1/lists/blocked/entries", Right.LISTS_READ),
        ("GET", "/v1/lists/blocked/stats", Right.LISTS_READ),
        ("GET", "/v1/numbers/95588/entries", Right.LISTS_READ),
        ("GET", "/v1/numbers/95588/history", Right.LISTS_READ),
        ("GET", "/v1/imports", Right.LISTS_READ),
        ("GET", "/v1/imports/held", Right.LISTS_READ),
        ("POST", "/v1/lists/blocked/entries", Right.LISTS_WRITE),
        ("POST", "/v1/lists/blocked/remove", Right.LISTS_WRITE),
        ("POST", "/v1/lists/blocked/import", Right.LISTS_WRITE),
        ("POST", "/v1/imports/1/undo", Right.LISTS_WRITE),
        ("POST", "/v1/imports/held/1/release", Right.LISTS_RELEASE),
        ("POST", "/v1/imports/held/1/drop", Right.LISTS_RELEASE),
    ],
)
async def test_each_path_wants_its_scope(office, method, path, scope):
    others = await office.client(*(one for one in Right if one is not scope))
    answer = await others.request(method, path, json={} if method == "POST" else None)
    assert (answer.status_code, answer.json()["detail"]) == (403, f"This key lacks {scope}.")
    mine = await office.client(scope, name="mine")
    assert (await mine.request(method, path, json={} if method == "POST" else None)).status_code != 403


async def test_rows_are_previewed_imported_and_refused_by_their_place(client, town):
    await town.ring("17012345678", "13800138001")
    rows = [{"number": "17012345678", "reason": "fraud"}, {"number": "17012345679", "expires": "2026-12-31"}]
    preview = (await client.post("/v1/lists/blocked/import", json={"rows": rows, "dry_run": True})).json()
    assert (preview["added"], preview["import_id"], preview["would_have_caught"]) == (2, None, 1)
    assert (await client.get("/v1/lists/blocked/entries")).json()["entries"] == []
    bad = await client.post("/v1/lists/blocked/import", json={"rows": [*rows, {"number": "110"}]})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "/rows/2")
    skipped = await client.post(
        "/v1/lists/blocked/import", json={"rows": [*rows, {"number": "110"}], "skip": True, "insist": True}
    )
    done = skipped.json()
    assert (skipped.status_code, done["added"], done["refused"]) == (200, 2, 1), skipped.text
    assert [(one["row"], one["code"]) for one in done["refusals"]] == [(2, "emergency")]
    (entry, _) = (await client.get("/v1/lists/blocked/entries")).json()["entries"]
    assert (entry["author"], entry["import_id"], entry["reason"]) == ("li", done["import_id"], "fraud")
    nothing = await client.post("/v1/lists/blocked/import", json={"rows": []})
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "/rows")


async def test_the_same_request_twice_is_one_import(client):
    once, sent = {"Idempotency-Key": "7f3a"}, {"rows": [{"number": "17012345678"}]}
    first = await client.post("/v1/lists/blocked/import", json=sent, headers=once)
    again = await client.post("/v1/lists/blocked/import", json=sent, headers=once)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert len((await client.get("/v1/imports")).json()["imports"]) == 1


async def test_an_organisation_waits_for_its_approver(office, client):
    lists = {**office.town.screening.lists, "firms": ListSettings(kind="allow", qualified=True)}
    await office.town.desk.archive.lists.configure(lists)
    shown = dict.fromkeys(("licence", "document", "purpose", "owner"), "x")
    sent = {"numbers": ["95588"], "review": "2026-09-01T00:00:00Z", "approver": "wang"} | shown
    proposed = await client.post("/v1/lists/firms/entries", json=sent)
    assert (proposed.status_code, proposed.json()["held"]) == (202, ["wang has to agree, as approver"])
    held = proposed.json()["held_id"]
    own = await client.post(f"/v1/imports/held/{held}/release", json={"reason": "fine"})
    assert (own.status_code, "another person has to release it" in own.json()["detail"]) == (403, True)
    key = await office.client(name="second", acts_as="li")
    assert (await key.post(f"/v1/imports/held/{held}/release", json={"reason": "fine"})).status_code == 403
    zhao = await office.client(name="third", acts_as="zhao")
    assert (await zhao.post(f"/v1/imports/held/{held}/release", json={"reason": "fine"})).status_code == 403
    wang = await office.client(name="fourth", acts_as="wang")
    done = await wang.post(f"/v1/imports/held/{held}/release", json={"reason": "I saw it"})
    assert (done.status_code, done.json()["added"]) == (200, 1), done.text
    (entry,) = (await client.get("/v1/lists/firms/entries")).json()["entries"]
    assert (entry["qualification"]["approver"], entry["qualification"]["review"]) == ("wang", sent["review"])


async def test_hits_of_a_list(client, town):
    await client.post("/v1/lists/blocked/entries", json=ADD)
    decisions = Decisions(town.desk.archive.decisions)
    await decisions.write([], [], [("blocked", "CN:9501*", 7, town.now - DAY)])
    found = (await client.get("/v1/lists/blocked/stats")).json()
    assert found == {
        "list": "blocked",
        "entries": 2,
        "hits": 7,
        "last_hit": "2026-06-30T04:00:00Z",
        "never_hit": 1,
        "top": [{"entry": "CN:9501*", "hits": 7, "last_hit": "2026-06-30T04:00:00Z"}],
    }


async def test_one_row_too_many_is_told_by_its_field_and_not_by_the_size_of_the_body(client):
    full = dict.fromkeys(Row.model_fields, "x" * 20) | {"number": "95588", "expires": "never", "review": ""}
    answer = await client.post("/v1/lists/blocked/import", json={"rows": [full] * (MOST_ROWS + 1)})
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == ["/rows"]


async def test_what_an_allow_entry_leaves_out_over_http(client, town):
    """As `lists add --except`: shown, kept beside what was left out before, acting, and refused where it cannot be."""
    body = {"numbers": ["+861380013*"], "ranges": True, "leave_out": ["13800138000"]}
    added = await client.post("/v1/lists/allowed/entries", json=body)
    assert added.json()["entries"][0]["leave_out"] == ["+8613800138000"]
    more = await client.post("/v1/lists/allowed/entries", json=body | {"leave_out": ["13800138001"]})
    assert more.json()["entries"][0]["leave_out"] == ["+8613800138000", "+8613800138001"]
    page = (await client.get("/v1/lists/allowed/entries")).json()["entries"]
    assert page[0]["leave_out"] == ["+8613800138000", "+8613800138001"]
    covering = {
        number: (await client.get(f"/v1/numbers/{number}/entries")).json()["entries"]
        for number in ("13800138000", "13800138002")
    }
    assert [len(found) for found in covering.values()] == [0, 1]
    rows = {"rows": [{"number": "+861390013*", "leave_out": "13900138000"}], "ranges": True}
    made = await client.post("/v1/lists/allowed/import", json=rows)
    assert made.status_code == 200, made.text
    page = (await client.get("/v1/lists/allowed/entries")).json()["entries"]
    assert [one["leave_out"] for one in page if one["entry"] == "+861390013*"] == [["+8613900138000"]]


@pytest.mark.parametrize(
    ("name", "leave_out", "reason"),
    [("allowed", ["95588"], "does not lie in"), ("blocked", ["13800138000"], "allow"), ("allowed", ["x"], "no number")],
)
async def test_what_cannot_be_left_out_is_named(client, name, leave_out, reason):
    body = {"numbers": ["+861380013*"], "ranges": True, "leave_out": leave_out}
    refused = await client.post(f"/v1/lists/{name}/entries", json=body)
    assert refused.status_code == 422, refused.text
    assert reason in refused.text
    assert (await client.get(f"/v1/lists/{name}/entries")).json()["entries"] == []


async def test_a_list_of_seals_is_paged_without_telling_its_numbers(client, town):
    for number in ("13712345678", "13712349999"):
        await town.desk.cases.seal(await town.verified(number), actor="li", reason="five people")
    entries, cursor = [], None
    for _ in range(2):
        asked = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/lists/sealed/entries", params=asked)).json()
        entries += [one["entry"] for one in page["entries"]]
        cursor = page["next"]
        told = b64decode(cursor + "===", altchars=b"-_") if cursor else b""
        assert b"137123" not in told, "nor does the cursor tell where the page ended"
    assert (entries, cursor) == (["+86137******78", "+86137******99"], None)
    for made_up in (text_cursor("+86137123"), text_cursor("at:x"), "x", ""):
        refused = await client.get("/v1/lists/sealed/entries", params={"limit": 1, "cursor": made_up})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "cursor"), (
            "it began anew in silence"
        )
