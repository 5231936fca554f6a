"""Explaining asks what the proxy asks, of the call that the proxy would read: in every spelling the two agree."""

import asyncio
import json
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from proxy.app import build_core
from proxy.effects import Send
from ringfence.ask import Asked, Reader, answer, invite, spelt
from ringfence.rulebook import Rulebook, load_rulebook, trunks_of
from rules.language.examples import Described, NotJudged
from rules.screening.screen import Screen
from tests import wire
from tests.examples import examples
from tests.rules.calls import EVENING
from tests.signing import Authority

CALL = ("--from", "13912345678", "--to", "13800138000")


def asked(run, *words: str) -> dict:
    found = run("explain", "--json", *words)
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize(("kind", "verdict"), [("block", "reject"), ("allow", "forward")])
def test_the_list_of_the_called_subscriber(run, kind, verdict):
    run("subscribers", "add", "13800138000", kind, "13912345678")
    found = asked(run, *CALL)
    assert (found["verdict"], found["step"]) == (verdict, f"subscriber {kind} list")
    assert asked(run, "--from", "13912345678", "--to", "13800138001")["step"] == "no rule"


def test_the_ladder(run):
    run("ladder", "climb", "number", "13912345678", "--reason", "again", "--to", "reject")
    assert asked(run, *CALL)["step"] == "ladder"


def test_the_range_ledger(run, file, tmp_path):
    codes = tmp_path / "codes.csv"
    codes.write_text("code,holder\n1391,Firm\n")
    run("ranges", "import", str(codes))
    text = "- rule: firm\n  because: b\n  when: {fact: {holder: Firm}}\n  then: tag\n"
    (file.parent / "rules.d" / "own.yaml").write_text(text)
    assert asked(run, *CALL)["rule"] == "firm"


def test_subscriber_groups(run, file):
    file.write_text(file.read_text().replace("lists:\n", "lists:\n  homes: {kind: group}\n  shifts: {kind: group}\n"))
    text = "- rule: home\n  because: b\n  when: {called: {group: homes}}\n"
    text += "  unless: {called: {group: shifts}}\n  then: tag\n"
    (file.parent / "rules.d" / "own.yaml").write_text(text)
    shown = run("check").stdout
    assert "list 'homes' is empty" not in shown, "before the first entry there is no database to look into"
    run("lists", "add", "homes", "+86138*", "--range")
    assert "own.yaml:4:28: warning: list 'shifts' is empty" in run("check").stdout
    run("lists", "add", "shifts", "13800138001")
    assert asked(run, *CALL)["rule"] == "home"
    assert asked(run, "--from", "13912345678", "--to", "13800138001")["rule"] == ""
    assert asked(run, *CALL)["facts"] == {"group": "homes"}


def test_asking_makes_no_file(run, file):
    before = sorted(file.parent.iterdir())
    asked(run, *CALL)
    assert sorted(file.parent.iterdir()) == before


RULES = """\
- rule: firm
  because: b
  when: {fact: {holder: Firm}}
  then: {suspicion: 3}
- rule: odd
  because: b
  when: {fact: {readings_differ: true}}
  then: {suspicion: 4}
- rule: shop
  because: b
  when: {any: [{domain: shop.example}, {display_name: {contains: 银行}}, {user_agent: {contains: dialer}}]}
  then: tag
- rule: forwarded
  because: b
  when: {diverted: true, agrees: false}
  then: divert
- rule: told
  because: b
  when: {header: {X-Origin: abroad}}
  then: reject
- rule: nobody
  because: b
  when: {caller: {class: [malformed, anonymous]}}
  then: {suspicion: 5}
- rule: desk
  because: b
  when: {called: {starts_with: 95588}}
  then: forward
"""
NUMBERS = ("17012345678", "13912345678", "95588", "9512345", "4006123456", "02162345678", "13800138000", "110")
BEFORE = ("", "", "", "+86", "%2B86", "0086", "0", "86", "+", "＋86", "tel:")
BEHIND = (
    "",
    "",
    "",
    ";phone-context=+49",
    ";phone-context=+86",
    "#",
    "%23",
    "%00",
    "p1",
    ";npdi",
    "%20",
    "*",
    "-",
    ":x",
    "\u200b" * 300,
    "%20" * 300 + "#",
    "a" * 300 + "1",
    "".join(f";phone-context=+{code}" for code in range(441, 447)),
)
HOSTS = ("x", "shop.example", "anonymous.invalid", "[2001:db8::1]:5070", "192.0.2.9", "a b", "")
user_parts = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(BEFORE), st.sampled_from(NUMBERS), st.sampled_from(BEHIND)),
    st.sampled_from(
        ["anonymous", "", "Bank 95588", "１７０１２３４５６７８", "170.1234.5678", "alice", "8001", "%7f1"]
    ),
)
uris = st.one_of(
    st.builds("{}:{}@{}".format, st.sampled_from(["sip", "sips", "SIP"]), user_parts, st.sampled_from(HOSTS)),
    st.builds("tel:{}".format, user_parts),
    st.sampled_from(["sip:17012345678", "http://17012345678", "sip:", "urn:service:sos"]),
)
LONG_NAME = '"' + "\u200b" * 1_200 + '银行" '
values = st.builds("{}<{}>".format, st.sampled_from(["", '"中国银行" ', "Shop ", '"a\\"b" ', LONG_NAME]), uris)
headers = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["P-Asserted-Identity", "Remote-Party-ID"]), values),
        st.sampled_from(
            [
                ("X-Origin", "abroad"),
                ("X-Ringfence-Verdict", "suspected"),
                ("Privacy", "id"),
                ("User-Agent", "dialer 2"),
                ("User-Agent", "x" * 1_200),
                ("X-Origin", "x" * 1_200),
                ("History-Info", "<sip:8001@x;cause=302>;index=1.1;mp=1"),
                ("P-Asserted-Identity", ", ".join(f"<sip:139123456{at}@x>" for at in range(10, 25))),
                ("Diversion", "<sip:8001@x>"),
                ("Proxy-Require", "privacy"),
                ("Route", "<sip:127.0.0.1:5060;lr>"),
            ]
        ),
    ),
    max_size=3,
).map(tuple)
MADE = count()


class Town:
    """A rule book that hypothesis does not print."""

    def __init__(self, book: Rulebook) -> None:
        self.book, self.configuration, self.ruleset = book, book.configuration, book.ruleset


class Node:
    """The core and the screen of a running proxy, without its sockets."""

    def __init__(self, book: Rulebook, base: Any) -> None:
        self.book, self.base = book, base

    async def __aenter__(self) -> "Node":
        configuration = self.book.configuration
        self.screen = await Screen.open(configuration, self.book.ruleset, self.base)
        self.core = build_core(configuration, configuration, self.screen.keys)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.screen.close()

    def takes(self, data: bytes, source: str) -> dict[str, Any]:
        """What it does with an INVITE."""
        core, now = self.core, 1000.0 * (next(MADE) + 1)
        context = core.receive(data, core.flow_to(core.topology.listeners[0], source, 5060), now)
        did: dict[str, Any] = {}
        if context is not None:
            call = core.screening.read_call(context, EVENING)
            verdict = self.screen.judge(call)
            core.decided(context, verdict, now)
            did = said_of(call, verdict)
        sent = [effect.data for effect in core.effects if isinstance(effect, Send)]
        sent = [each for each in sent if wire.status(each) != 100]
        did["leaves"] = wire.method(sent[0]) or wire.status(sent[0])
        did["mark"] = wire.headers(sent[0], "X-Ringfence-Verdict")
        core.tick(now + 900.0)
        core.effects.clear()
        return did


def said_of(call: Any, verdict: Any) -> dict[str, Any]:
    """What must be alike: who calls whom, and what becomes of it."""
    numbers = [[number.canonical for number in each] for each in (call.callers, call.asserted, call.called_readings)]
    texts = (call.domain, call.display_name, call.user_agent, call.headers, call.more_texts, call.diverted)
    facts = (numbers, call.resembled, call.sure, call.believed, call.agrees, texts, call.facts)
    fired = [(one.name, one.effect, one.step) for one in verdict.fired]
    return {"call": facts, "verdict": (verdict.action, verdict.step, verdict.rule, verdict.suspicion, fired)}


@pytest.fixture
def town(run, file, tmp_path) -> Town:
    """Lists, a subscriber's list, a step of the ladder, a ledger and rules that ask for all that a call shows."""
    codes = tmp_path / "codes.csv"
    codes.write_text("code,holder\n1391,Firm\n")
    more = "headers: [X-Origin]\ndestinations: {desk: 'sip:desk@192.0.2.20:5070'}\n"
    file.write_text(file.read_text() + more)
    (file.parent / "rules.d" / "own.yaml").write_text(RULES)
    for words in (
        ("lists", "add", "blocked", "17012345678"),
        ("lists", "add", "suspected", "951*", "--range"),
        ("lists", "add", "allowed", "95588"),
        ("subscribers", "add", "13800138000", "block", "02162345678"),
        ("ladder", "climb", "number", "4006123456", "--reason", "again", "--to", "reject"),
        ("ranges", "import", str(codes)),
    ):
        assert run(*words).exit_code == 0, words
    return Town(load_rulebook(file))


@examples(100, HealthCheck.function_scoped_fixture)
@given(
    caller=st.one_of(uris, values),
    called=uris,
    headers=headers,
    trunk=st.sampled_from([("default", "198.51.100.7"), ("carrier", "192.0.2.1")]),
)
def test_what_is_said_of_a_call_is_what_the_proxy_does_with_it(town, tmp_path, caller, called, headers, trunk):
    name, source = trunk
    data = wire.request(
        "INVITE",
        uri=called,
        via=f"SIP/2.0/UDP {source}:5060;branch=z9hG4bK{next(MADE)}",
        from_=f"{caller if '<' in caller else f'<{caller}>'};tag=t",
        to="<sip:anyone@invalid>",
        call_id=f"{next(MADE)}@x",
        extra="\n".join(["Contact: <sip:a@192.0.2.1>", *(f"{key}: {value}" for key, value in headers)]),
    )

    async def both() -> tuple[dict[str, Any], dict[str, Any]]:
        async with Node(town.book, tmp_path) as node:
            does = node.takes(data, source)
        on = next(each for each in trunks_of(town.configuration) if each.name == name)
        asked = Asked(Described(caller, called, headers=headers), on, EVENING, {})
        try:
            call, verdict, _, _ = await answer(town.configuration, tmp_path, town.ruleset, asked)
        except NotJudged as error:
            return does, {"leaves": error.status, "mark": []}
        says = said_of(call, verdict)
        action = verdict.action.value
        leaves = 603 if action == "reject" else "INVITE"
        marks = {"tag": ["suspected"], "divert": ["diverted"]}
        return does, says | {"leaves": leaves, "mark": marks.get(action, [])}

    does, says = asyncio.run(both())
    assert does == says


def test_an_escaped_plus_is_read_as_the_proxy_reads_it(run):
    run("lists", "add", "blocked", "17012345678")
    found = asked(run, "--from", "sip:%2B8617012345678@x", "--to", "13800138000")
    assert (found["verdict"], found["rule"]) == ("reject", "blocked")


def test_a_call_that_no_rule_sees(run):
    words = ("--from", "sip:17012345678%00@x", "--to", "13800138000")
    found = asked(run, *words)
    assert (found["verdict"], found["status"]) == ("refused", 400)
    assert "the proxy answers 400 Control Character In A URI: no rule is asked" in run("explain", *words).stdout


@pytest.mark.parametrize(
    ("typed", "uri"),
    [
        ("139 1234 5678", "tel:13912345678"),
        ("Bank of X", "tel:Bank%20of%20X"),
        ("１３９", "tel:１３９"),
        ("a@b", "sip:a@b"),
        ("1;phone-context=+49", "tel:1;phone-context=+49"),
        ("CN:95588", "tel:+8695588"),
        ("http://1", "http://1"),
        ("sip:1\r\nX: 1", "sip:1 X: 1"),
    ],
)
def test_what_people_type_becomes_a_uri_and_nothing_else(typed, uri):
    assert f"From: <{uri}>;tag=" in invite(Described(typed, "1"), "1").decode()


@pytest.mark.parametrize(("canonical", "sent"), [("CN:95588", "+8695588"), ("+861", "+861"), ("EXT:1001", "1001")])
def test_a_canonical_number_as_any_trunk_reads_it(canonical, sent):
    assert spelt(canonical) == sent


def test_a_reader_holds_nothing_of_the_calls_it_read(town):
    reader = Reader(town.configuration)
    (trunk, *_) = trunks_of(town.configuration)
    for caller in ("17012345678", "sip:1%00@x"):
        try:
            reader.read(Described(caller, "13800138000"), trunk, EVENING)
        except NotJudged:
            assert caller != "17012345678"
    core = reader._core
    assert (core.load.held, len(core.layer.servers), len(core.layer.timers), core.effects) == (0, 0, 0, [])


def test_a_signed_call_is_asked_about_like_any_other_and_is_believed_as_it_would_be(run, file):
    (file.parent / "ca.pem").write_bytes(Authority().pem)
    lines = "headers: [Identity]\nidentity: {authorities: ca.pem, hosts: [a.example], believe: [A]}\n"
    file.write_text(file.read_text() + lines)
    words = (*CALL, "--header", "Identity: a.b.c;info=<https://a.example/>")
    assert asked(run, *words)["verdict"] == asked(run, *CALL)["verdict"]
    rule = "- rule: signed\n  because: b\n  when: {caller: {attestation: [A, failed]}}\n  then: tag\n"
    (file.parent / "rules.d" / "own.yaml").write_text(rule)
    found = run("explain", *CALL, "--fact", "attestation=A")
    assert found.exit_code == 0, found.stderr
    said = found.stdout
    assert "vouches for the number by attestation A" in said
    said = run("explain", *CALL, "--fact", "attestation=failed").stdout
    assert "its signature proves nothing" in said
