"""A trace finds what belongs to a number or a call, hides what it should, and ends by itself."""

from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from proxy.flows import PeerFlow
from proxy.masking import masked_call_id
from proxy.sip.flow import Listener
from ringfence import traces as module
from ringfence.control import Question, Refused
from ringfence.traces import Traces
from rules.model import Trunk
from tests.wire import invite, request, response

PEER = SimpleNamespace(name="carrier", from_pbx=False, trunk=Trunk("carrier", country="CN"))
FLOW = PeerFlow(Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060"), ("198.51.100.21", 5060), PEER)
NOBODY = PeerFlow(Listener(0, "UDP", "::1", 5060, "[::1]:5060"), ("2001:db8::7", 5060))


class Bench:
    """Traces with a clock and an audit of their own."""

    def __init__(self):
        self.now, self.audit, self.changes = 1000.0, [], 0
        self.traces = Traces(lambda: "CN", self.note, lambda: self.now)
        self.traces.changed = self.change

    async def note(self, actor, wanted):
        self.audit.append((actor, wanted))

    def change(self):
        self.changes += 1

    async def begin(self, actor="root", **wanted):
        return await self.traces._begin(Question("trace", wanted, actor))

    async def more(self, begun, actor="root"):
        return await self.traces._more(Question("trace-more", {"trace": begun["trace"]}, actor))

    async def texts(self, begun):
        return [each["text"].partition("\r\n")[0] for each in (await self.more(begun))["messages"]]

    def hears(self, data, flow=FLOW, call_id="call-1@wren.example", *, received=True):
        self.traces.heard(data, flow, call_id, received=received)


@pytest.fixture
def bench():
    return Bench()


SPELLINGS = [
    {"from_": "<sip:+8613912345678@x>;tag=1"},
    {"from_": "<sip:013912345678@x>;tag=1"},
    {"from_": "<sip:%2B86139%312345678@x>;tag=1"},
    {"from_": "Li <tel:139-1234-5678>;tag=1"},
    {"uri": "sip:13912345678@203.0.113.1"},
    {"uri": "sip:+8613912345678;npdi@203.0.113.1"},
    {"extra": "P-Asserted-Identity: <sip:8613912345678@x>"},
    {"extra": "Diversion: <sip:13912345678@x>;reason=no-answer"},
]


@pytest.mark.parametrize("fields", SPELLINGS)
@pytest.mark.parametrize("flow", [FLOW, NOBODY])
async def test_a_number_is_found_in_any_spelling(bench, fields, flow):
    begun = await bench.begin(number="139 1234 5678")
    bench.hears(invite(**fields), flow)
    assert len(await bench.texts(begun)) == 1


async def test_the_rest_of_its_calls_follows_and_other_calls_do_not(bench):
    begun = await bench.begin(number="13912345678")
    came = invite()
    bench.hears(came)
    bench.hears(response(200, came), received=False)
    bench.hears(request("BYE", from_="<sip:1@x>;tag=2", to="<sip:2@x>;tag=1"))
    bench.hears(invite(from_="<sip:+8613900000000@x>;tag=1", to="<sip:1@x>", call_id="other"), call_id="other")
    assert [text.split()[0] for text in await bench.texts(begun)] == ["INVITE", "SIP/2.0", "BYE"]


async def test_one_call_by_its_id_or_by_what_the_log_shows_of_it(bench):
    call_id = "13912345678-1@host"
    whole, shown = await bench.begin(call_id=call_id), await bench.begin(call_id=masked_call_id(call_id))
    for each in (call_id, "call-2"):
        bench.hears(invite(call_id=each), call_id=each)
    assert len(await bench.texts(whole)) == len(await bench.texts(shown)) == 1


async def test_numbers_are_masked_unless_somebody_says_why(bench):
    masked = await bench.begin(number="13912345678")
    shown = await bench.begin(number="13912345678", unmasked=True, reason="the carrier asked")
    bench.hears(invite())
    hidden, clear = [(await bench.more(each))["messages"][0] for each in (masked, shown)]
    assert "12345678" not in hidden["text"]
    assert "+8613912345678" in clear["text"]
    assert (clear["here"], clear["there"], clear["peer"]) == ("203.0.113.1:5060", "198.51.100.21:5060", "carrier")
    with pytest.raises(Refused, match="say why"):
        await bench.begin(number="13912345678", unmasked=True, reason=" \u200b ")


async def test_who_traces_whom_and_why_is_in_the_audit_before(bench):
    await bench.begin("li", number="13912345678", reason="ticket 7", minutes=5)
    ((actor, wanted),) = bench.audit
    assert (actor, wanted.number, wanted.reason, wanted.minutes) == ("li", "+8613912345678", "ticket 7", 5.0)


async def test_what_cannot_be_audited_is_not_traced(bench, monkeypatch):
    async def fail(actor, wanted):
        raise OSError("the disk is full")

    bench.traces._note = fail
    with pytest.raises(Refused, match=r"audit: the disk is full"):
        await bench.begin(number="13912345678")
    assert bench.traces.live == 0


async def test_it_ends_when_its_time_is_over(bench):
    begun = await bench.begin(number="13912345678", minutes=0.1)
    bench.hears(invite())
    bench.now += 6
    bench.hears(invite())
    told = await bench.more(begun)
    assert len(told["messages"]) == 1
    assert (await bench.more(begun))["over"] == "0.1 minutes are over"
    with pytest.raises(Refused, match="has ended"):
        await bench.more(begun)


async def test_it_ends_with_its_messages(bench):
    begun = await bench.begin(number="13912345678", messages=2)
    for _ in range(5):
        bench.hears(invite())
    assert len(await bench.texts(begun)) == 2
    assert (await bench.more(begun))["over"] == "it has 2 messages"


async def test_it_ends_when_nobody_asks(bench):
    await bench.begin(number="13912345678")
    bench.now += module.LEFT_S + 1
    bench.changes = 0
    bench.traces.tick()
    assert bench.traces.live == 0
    assert bench.changes == 1, "and the server is told that nobody listens"


async def test_who_listens_is_told_to_the_server(bench):
    begun = await bench.begin(number="13912345678", minutes=1)
    assert bench.changes == 1
    bench.now += 10
    await bench.more(begun)
    bench.now += 10
    await bench.more(begun)
    bench.now += 41
    bench.traces.tick()
    assert bench.changes == 2


async def test_memory_is_bounded(bench, monkeypatch):
    monkeypatch.setattr(module, "_ROOM", 3000)
    monkeypatch.setattr(module, "_MOST_CALLS", 10)
    begun = await bench.begin(number="13912345678")
    for n in range(50):
        bench.hears(invite(), call_id=f"call-{n}")
    told = await bench.more(begun)
    assert 1 <= len(told["messages"]) < 10
    assert told["lost"] + len(told["messages"]) == told["taken"] == 50
    assert len(bench.traces._running[begun["trace"]].calls) == 10


async def test_an_answer_is_bounded(bench, monkeypatch):
    monkeypatch.setattr(module, "_ANSWERED", 1000)
    begun = await bench.begin(number="13912345678")
    for _ in range(10):
        bench.hears(invite())
    seen = []
    while told := (await bench.more(begun))["messages"]:
        assert len(told) <= 3
        seen += told
    assert len(seen) == 10


async def test_only_so_many_run(bench):
    for _ in range(module.MOST_TRACES):
        await bench.begin(number="13912345678")
    with pytest.raises(Refused, match="wait for one to end"):
        await bench.begin(number="13912345678")


async def test_a_trace_is_of_whoever_began_it(bench):
    begun = await bench.begin("li", number="13912345678")
    with pytest.raises(Refused, match="has ended"):
        await bench.more(begun, "wang")


async def test_it_can_be_ended(bench):
    begun = await bench.begin(number="13912345678")
    bench.hears(invite())
    told = await bench.traces._end(Question("trace-end", {"trace": begun["trace"]}, "root"))
    assert told["taken"] == 1
    assert bench.traces.live == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "name a number"),
        ({"number": "1", "call_id": "2"}, "name a number"),
        ({"number": "139*"}, "is a prefix"),
        ({"number": "nobody"}, "is no number|no number"),
        ({"number": "13912345678", "minutes": 0}, "at most"),
        ({"number": "13912345678", "minutes": 1e9}, "at most"),
        ({"number": "13912345678", "minutes": "soon"}, "soon"),
        ({"number": "13912345678", "minutes": float("nan")}, "at most"),
        ({"number": "13912345678", "messages": 10**9}, "at most"),
    ],
)
async def test_what_cannot_be_traced_is_refused(bench, words, why):
    with pytest.raises(Refused, match=why):
        await bench.begin(**words)
    assert bench.audit == []


@pytest.mark.parametrize("data", [b"\xff" * 100, b"INVITE sip:@@ SIP/2.0\r\nFrom: <sip:%ff%00@x>\r\n\r\n"])
async def test_no_octets_make_it_fail(bench, data):
    await bench.begin(number="13912345678")
    bench.hears(data, call_id="")


async def test_each_end_has_a_line_and_who_asks_after_a_restart_hears_of_it(bench):
    with capture_logs() as lines:
        ended = await bench.begin(number="13912345678")
        bench.hears(invite())
        await bench.traces._end(Question("trace-end", {"trace": ended["trace"]}, "root"))
        await bench.begin(number="13912345678")
        bench.now += 16
        bench.traces.tick()
        left = await bench.begin(actor="wren", call_id="call-1@wren.example")
        bench.traces.close()
    told = [(line["event"], line["by"], line["messages"], line["why"]) for line in lines]
    assert told == [
        ("a trace ends", "root", 1, "it was ended"),
        ("a trace ends", "root", 0, "nobody asks for it any more"),
        ("a trace ends", "wren", 0, "another process takes over"),
    ]
    with pytest.raises(Refused, match="another process has taken over since; begin it anew"):
        await Bench().more(left, "wren")
