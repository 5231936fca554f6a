"""Verdicts over HTTP: whoever holds a key for them asks the node about a call, and says how it ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest

from console.api.access.key_book import KeyBook
from console.api.asked import KNOWN_S, Connection, Door
from ringfence.asked_settings import AskedSettings
from ringfence.node_settings import Configuration
from ringfence.opinions import Opinions
from ringfence.people.rights import Right
from rules.audit.entering import Entering
from rules.lists.editing import Origin
from rules.records.decisions import Decisions, decisions_path
from rules.screening.screen import Screen
from rules.settings.screening import ListSettings
from rules.storage.keys import Keys
from rules.storage.store import Store
from tests.playbook import SETTINGS
from tests.rules.calls import rules

RULES = """\
- rule: to-desk
  because: They ask for the desk.
  when: {caller: +8613900000003}
  then: {divert: desk}
- rule: machine
  because: It calls all day.
  when: {caller: {short_calls: {over: 50%, within: 1h}}}
  then: tag
"""
LISTS = {"blocked": {"kind": "block"}, "suspects": {"kind": "suspect"}}
DESK = "sip:desk@203.0.113.77"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BLOCKED, SUSPECTED, DIVERTED = "+8613900000001", "+8613900000002", "+8613900000003"
CALL = {"caller": "+8613912345678", "called": "+8613800138000", "call_id": "one@wren.example"}


class Node(NamedTuple):
    """What answers, and whoever asks."""

    http: httpx.AsyncClient
    screen: Screen
    book: KeyBook
    door: Door
    clock: list[float]
    port: int

    async def ask(self, path: str = "/v1/verdict", **more: Any) -> httpx.Response:
        return await self.http.post(path, json={**CALL, **more} if path == "/v1/verdict" else more)


@pytest.fixture
async def node(tmp_path) -> AsyncIterator[Node]:
    trunk = {**SETTINGS["trunks"][0], "identity": "trusted"}
    configuration = Configuration.model_validate(
        {
            **SETTINGS,
            "trunks": [trunk],
            "lists": LISTS,
            "destinations": {"desk": DESK},
            "facts": {"ratio_calls": 1},
        }
    )
    ruleset = rules(RULES, settings={"lists": {name: ListSettings(**one) for name, one in LISTS.items()}})
    screen = await Screen.open(configuration, ruleset, tmp_path)
    assert screen.lists is not None
    await screen.lists.add("blocked", BLOCKED, Origin("test"))
    await screen.lists.add("suspects", SUSPECTED, Origin("test"))
    screen.poll()
    store = await Store.open(
        tmp_path / "access.db", "access", durable=False, taught=Entering(lambda: Keys.for_now()).into("access")
    )
    book, clock = KeyBook(store), [1000.0]
    _, token = await book.add("sbc", [Right.VERDICT_ASK], author="li")
    settings = AskedSettings.model_validate({"listen": "127.0.0.1:8608", "per_second": 50, "body_kib": 2})
    door = Door(Opinions(screen, lambda: configuration), book, settings, monotonic=lambda: clock[0])
    server = await asyncio.get_running_loop().create_server(lambda: Connection(door), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as http:
        yield Node(http, screen, book, door, clock, port)
    server.close()
    await screen.close()
    await store.close()


async def row(node: Node, decision: str) -> Any:
    await node.screen.journal.flush(everything=True)
    decisions = await Decisions.open(decisions_path(node.screen.lookup.path))
    try:
        return await decisions.find(decision)
    finally:
        await decisions.close()


@pytest.mark.parametrize(
    ("asked", "told", "line"),
    [
        ({}, {"action": "forward", "step": "no rule"}, "forward|0|{}|-"),
        ({"caller": BLOCKED}, {"action": "reject", "status": 603, "phrase": "Decline"}, "reject|603|{}|-"),
        ({"caller": SUSPECTED}, {"action": "tag", "suspicion": 5}, "tag|0|{}|-"),
        (
            {"caller": DIVERTED},
            {"action": "divert", "destination": "desk", "uri": DESK, "rule": "to-desk"},
            f"divert|0|{{}}|{DESK}",
        ),
        ({"caller": BLOCKED, "called": "110"}, {"action": "forward", "step": "emergency"}, "forward|0|{}|-"),
        ({"asserted": BLOCKED}, {"action": "reject"}, "reject|603|{}|-"),
        ({"caller": "", "trunk": "carrier"}, {"action": "forward"}, "forward|0|{}|-"),
        (
            {"called": "mailto:x@y"},
            {"action": "tag", "rule": "unread", "not_judged": "Unsupported URI Scheme"},
            "tag|0|{}|-",
        ),
    ],
)
async def test_a_call_gets_its_verdict_and_one_record(
    node: Node, asked: dict[str, str], told: dict[str, object], line: str
):
    answer = await node.ask(**asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found.items() >= told.items()
    plain = await node.http.post("/v1/verdict", data={**CALL, **asked}, headers={"Accept": "text/plain"})
    ours = plain.text.split("|")[2]
    assert plain.text == line.format(ours) + "\n"
    if found["decision"]:
        record = await row(node, found["decision"])
        assert (record.call_id, record.trunk) == ("one@wren.example", "carrier")
        assert record.rang is (found["action"] != "reject")
        assert ours != found["decision"]


async def test_a_form_of_a_dial_plan_needs_no_escapes(node: Node):
    """As Kamailio's http_client sends it: a plus as it is, and its own Accept before the one that was asked for."""
    said = await node.http.post(
        "/v1/verdict",
        content=f"caller=sip:{BLOCKED}%40wren.example&called=+8613800138000&display_name=A+PRIZE".encode(),
        headers=[("Accept", "*/*"), ("Accept", "text/plain"), *FORM.items()],
    )
    assert said.text.startswith("reject|603|"), said.text


async def test_how_it_ended_is_told_once_and_counts(node: Node):
    decision = (await node.ask()).json()["decision"]
    told = await node.ask(f"/v1/verdict/{decision}/outcome", status=200, seconds=2)
    assert (told.status_code, told.content) == (204, b"")
    assert (await node.ask(f"/v1/verdict/{decision}/outcome", status=200)).status_code == 404
    record = await row(node, decision)
    assert (record.status, record.rang) == (200, True)
    assert (await node.ask()).json()["action"] == "tag", "all calls of this caller that were answered were short"
    other = (await node.ask(caller="+8613900000009")).json()["decision"]
    assert (await node.ask(f"/v1/verdict/{other}/outcome", status=487)).status_code == 204
    assert (await row(node, other)).rang is False


async def test_how_it_ended_is_told_by_who_asked_whatever_key_he_has(node: Node):
    decision = (await node.ask()).json()["decision"]
    await row(node, decision)
    told = []
    for name, acts_as in (("other", ""), ("sbc2", "sbc"), ("sbc3", "sbc")):
        _, token = await node.book.add(name, [Right.VERDICT_ASK], author="li", acts_as=acts_as)
        headers = {"Authorization": f"Bearer {token}"}
        answer = await node.http.post(f"/v1/verdict/{decision}/outcome", json={"status": 200}, headers=headers)
        told.append(answer.status_code)
    assert told == [404, 204, 404]


async def test_an_end_is_told_to_whoever_answers_after_a_restart_and_is_final(node: Node):
    decision = (await node.ask()).json()["decision"]
    assert (await node.ask(f"/v1/verdict/{decision}/outcome", status=183)).status_code == 422
    await row(node, decision)
    node.door._opinions._told.clear()
    answers = [(await node.ask(f"/v1/verdict/{decision}/outcome", status=200)).status_code for _ in range(2)]
    assert answers == [204, 404]
    assert (await row(node, decision)).status == 200


async def test_what_is_known_of_a_number_counts_nowhere(node: Node):
    found = await node.http.get("/v1/numbers/%2B8613900000001/reputation")
    assert found.json().items() >= {"action": "reject", "class": "mobile", "region": "CN"}.items()
    assert found.json()["found"][0]["name"] == "blocked"
    assert "13900000001" not in found.text
    counted = node.screen.counters
    assert (counted["verdict_reject"], counted["decisions_waiting"]) == (0, 0)
    assert (await node.http.get("/v1/numbers/none/reputation")).status_code == 422
    assert (await node.http.get("/v1/numbers/%2B8613900000001/reputation?trunk=carrier")).json() == found.json()
    for query in ("trunk=other", "trunk=carrier&trunk=carrier", "foo", "called=1"):
        assert (await node.http.get(f"/v1/numbers/%2B8613900000001/reputation?{query}")).status_code == 422, query


@pytest.mark.parametrize(
    "fields",
    [
        {"caller": BLOCKED, "display_name": "x" * 900},
        {"caller": BLOCKED, "user_agent": "a\tb\x1b[31m\r\n c"},
        {"caller": f'"Bank" <sip:{BLOCKED}@h>;tag=a'},
        {"caller": f"<sip:{BLOCKED}@h>;tag=a\r\n", "call_id": "y" * 700},
        {"caller": f"\u200b\t{BLOCKED}"},
        {"caller": f"{BLOCKED} 13912345678"},
        {"caller": f"{BLOCKED}\n13912345678"},
        {"caller": f"<sip:{BLOCKED}@h;x={'y' * 1500}>"},
        {"caller": f'"<sip:13912345678@h>" <sip:{BLOCKED}@h>;tag=a'},
        {"caller": f'"<" <sip:{BLOCKED}@h>'},
        {"asserted": f"<sip:13912345678@h>, <sip:{BLOCKED}@h>"},
        {"asserted": f"<sip:13912345678@h>,<tel:{BLOCKED}>"},
    ],
)
async def test_nothing_that_a_caller_writes_keeps_his_call_from_being_judged(node: Node, fields: dict[str, str]):
    """Whoever asks lets a call go on after any answer but 200."""
    answer = await node.http.post("/v1/verdict", json={**CALL, **fields})
    assert (answer.status_code, answer.json()["action"]) == (200, "reject")


async def test_two_callers_are_none_that_can_be_read(node: Node):
    """By SIP From has one value: as with a redirect trunk it goes on with a mark."""
    answer = await node.http.post("/v1/verdict", json={**CALL, "caller": f"<sip:13912345678@h>,<sip:{BLOCKED}@h>"})
    assert answer.json()["action"] != "forward"


@pytest.mark.parametrize(
    "body",
    [
        f"caller=sip%3A{BLOCKED}%40h%3Bx%3D%FF&called=13800138000".encode(),
        f"caller=sip%3A{BLOCKED}%FF%40h&called=13800138000".encode(),
        f"caller={BLOCKED}&called=13800138000&call_id=".encode() + b"\xff",
        f"caller={BLOCKED}%ff&called=sip%3A13800138000%40h%3Bx%3D%ff&display_name=%C3".encode(),
        b'{"caller": "%s", "called": "13800138000", "display_name": "\xff", "call_id": "\\ud83d"}' % BLOCKED.encode(),
    ],
)
async def test_octets_that_are_no_utf_8_keep_no_call_from_being_judged(node: Node, body: bytes):
    kind = "application/json" if body.startswith(b"{") else FORM["Content-Type"]
    answer = await node.http.post("/v1/verdict", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["action"]) == (200, "reject"), answer.text
    assert (await row(node, answer.json()["decision"])).rang is False


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        ({"json": {**CALL, "colour": "red"}}, 422, "invalid"),
        ({"json": {"caller": "1"}}, 422, "invalid"),
        ({"json": {**CALL, "trunk": "other"}}, 422, "invalid"),
        ({"json": ["caller"]}, 422, "invalid"),
        ({"json": {**CALL, "user_agent": "x" * 3000}}, 413, "too-large"),
        ({"content": b'{"caller": 1', "headers": {"Content-Type": "application/json"}}, 400, "not-json"),
        ({"content": b'{"caller":"1","caller":"2"}', "headers": {"Content-Type": "application/json"}}, 400, "not-json"),
        ({"content": b"caller=1&caller=2", "headers": FORM}, 400, "not-json"),
        ({"content": b"<call/>", "headers": {"Content-Type": "text/xml"}}, 415, "media-type"),
        ({"json": CALL, "headers": {"Authorization": "Bearer rf_0_none"}}, 401, "no-key"),
        ({"json": CALL, "headers": {"Authorization": ""}}, 401, "no-key"),
        ({"method": "GET"}, 405, "method"),
        ({"url": "/v1/none", "json": CALL}, 404, "not-found"),
        ({"url": "/v1/verdict/0123456789abcdef0123/outcome", "json": {"status": 200}}, 404, "not-found"),
        ({"url": "/v1/verdict/0123456789abcdef0123/outcome", "json": {"status": 20}}, 422, "invalid"),
    ],
)  # fmt: skip
async def test_bad_input_gets_a_problem_and_is_judged_by_nobody(
    node: Node, request_: dict[str, Any], status: int, kind: str
):
    answer = await node.http.request(**{"method": "POST", "url": "/v1/verdict", **request_})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:ringfence:problem:{kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert node.screen.counters["verdict_forward"] == 0
    assert (await node.ask()).status_code == 200


async def test_a_key_of_another_scope_opens_nothing_and_one_that_was_revoked_nothing_more(node: Node):
    _, other = await node.book.add("bank", [Right.COMPLAINTS_WRITE], author="li")
    wrong = await node.http.post("/v1/verdict", json=CALL, headers={"Authorization": f"Bearer {other}"})
    assert (wrong.status_code, wrong.json()["type"]) == (403, "urn:ringfence:problem:scope")
    assert (await node.ask()).status_code == 200
    await node.book.revoke("sbc", author="li")
    node.clock[0] += KNOWN_S + 0.1
    assert (await node.ask()).status_code == 401


async def test_too_many_questions_a_second_are_refused(node: Node):
    statuses = [(await node.ask()).status_code for _ in range(102)]
    assert statuses == [200] * 100 + [429] * 2
    node.clock[0] += 0.5
    assert (await node.ask()).status_code == 200
    wrong = {"Authorization": "Bearer rf_0_none"}
    tried = [(await node.http.post("/v1/verdict", json=CALL, headers=wrong)).status_code for _ in range(12)]
    assert tried == [401] * 10 + [429] * 2


async def test_what_is_no_http_is_answered_and_closed(node: Node):
    for sent in (b"INVITE sip:1@2 SIP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 40_000 + b"\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        writer.write(sent)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
    head = f"POST /v1/verdict HTTP/1.1\r\nhost: x\r\nauthorization: {node.http.headers['authorization']}\r\n"
    body = json.dumps(CALL).encode()
    one = head.encode() + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(one * 30)  # one after the other, without waiting
    writer.write_eof()
    assert (await reader.read()).count(b"HTTP/1.1 200 OK") == 30
    writer.close()
