"""Asked by Kamailio and Asterisk as docs/asked.md says, word for word: they hold calls, and go on as they are told."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, cast

import pytest
from ruamel.yaml import YAML

from tests import wire
from tests.peers.alone import is_alone, passes_alone
from tests.peers.asterisk import MODULES, Asterisk
from tests.peers.kamailio import CONFIGURATION, Kamailio
from tests.peers.loopback import Endpoint
from tests.peers.ringfence import LISTS, Ringfence
from tests.peers.sipp import Sipp

pytestmark = pytest.mark.live

DOCUMENT = (Path(__file__).parents[2] / "docs" / "asked.md").read_text()
CARRIER, US, ASKER, TELEPHONE = (
    Endpoint(host, 5060) for host in ("198.51.100.7", "192.0.2.5", "192.0.2.6", "192.0.2.7")
)
CALLED, BLOCKED, SUSPECTED = "13800138000", "+8613900000001", "+8613900000002"
TM = 'loadmodule "tm.so"\n'
RULES = """\
- rule: to-desk
  because: They ask for the desk.
  when: {caller: +8613900000003}
  then: {divert: desk}
"""
DIVERTED = "+8613900000003"
CARD = "https://callers.example.com/card.jws"
BY_ANALYTICS, BY_MACHINE = "+8613900000004", "+8613900000005"
# What is on record of a call of each, and of one for help, which goes on whatever is found.
VERDICTS = {
    "+8613912345678": ("forward", "forward"),
    SUSPECTED: ("tag", "tag"),
    BLOCKED: ("reject", "tag"),
    DIVERTED: ("divert", "forward"),
    BY_ANALYTICS: ("reject", "tag"),
    BY_MACHINE: ("reject", "tag"),
}
MANY = 100
# What an Asterisk has already: a transport, the carrier, a telephone.
ALREADY = """
[udp]
type=transport
protocol=udp
bind={at}
[carrier]
type=endpoint
context=from-carrier
disallow=all
allow=alaw
direct_media=no
aors=carrier
[carrier]
type=aor
[carrier]
type=identify
endpoint=carrier
match=198.51.100.7
[telephone]
type=endpoint
disallow=all
allow=alaw
direct_media=no
aors=telephone
[telephone]
type=aor
contact=sip:telephone@{telephone}
[desk]
type=endpoint
disallow=all
allow=alaw
direct_media=no
aors=desk
[desk]
type=aor
contact=sip:desk@{telephone}
"""


class Busy(asyncio.DatagramProtocol):
    """A telephone that is busy."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Refuse a call."""
        if data.startswith(b"INVITE "):
            self.transport.sendto(wire.response(486, data), addr)


class Caller(Busy):
    """Waits for the end of one call after the other."""

    def __init__(self) -> None:
        self.final = asyncio.Event()
        self.call = b""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Acknowledge what ends the call."""
        if wire.header(data, "Call-ID") == wire.header(self.call, "Call-ID") and wire.status(data) >= 300:
            self.transport.sendto(wire.ack(self.call, data), addr)
            self.final.set()


async def one_after_the_other(calls: list[tuple[str, str]]) -> None:
    """Make calls (who calls, whom) to a telephone that is busy, each to its end."""
    loop = asyncio.get_running_loop()
    telephone, _ = await loop.create_datagram_endpoint(Busy, local_addr=(TELEPHONE.host, TELEPHONE.port))
    line, caller = await loop.create_datagram_endpoint(Caller, local_addr=(CARRIER.host, CARRIER.port))
    begun = time.time_ns()
    for number, (who, whom) in enumerate(calls):
        caller.final.clear()
        caller.call = wire.invite(
            uri=f"sip:{whom}@{ASKER}",
            via=f"SIP/2.0/UDP {CARRIER};branch=z9hG4bK{begun}{number}",
            from_=f"<sip:{who}@{CARRIER.host}>;tag=c{begun}{number}",
            to=f"<sip:{whom}@{ASKER.host}>",
            call_id=f"{begun}-{number}@{CARRIER.host}",
            extra=f"Contact: <sip:{CARRIER}>",
        )
        async with asyncio.timeout(60):
            while not caller.final.is_set():
                line.sendto(caller.call, (ASKER.host, ASKER.port))
                with suppress(TimeoutError):
                    await asyncio.wait_for(caller.final.wait(), 2)
    for transport in (telephone, line):
        transport.close()
    await asyncio.sleep(0)


class Asker(NamedTuple):
    """Who asks."""

    name: str
    how: str


def recipes(chapter: str, kind: str) -> list[str]:
    """The blocks of that kind in a chapter."""
    text = DOCUMENT.partition(f"### {chapter}\n")[2].partition("\n### ")[0]
    return [block for name, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if name == kind]


if not is_alone(__file__):

    def test_the_recipes_work_word_for_word():
        """Where only this network exists, their addresses can be ours."""
        passes_alone(__file__)

else:

    @pytest.fixture(scope="module")
    def node(tmp_path_factory):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for endpoint in (CARRIER, US, ASKER, TELEPHONE):
            subprocess.run(["ip", "address", "add", f"{endpoint.host}/32", "dev", "lo"], check=True)
        [text] = recipes("Before you begin", "yaml")
        folder = tmp_path_factory.mktemp("node")
        (folder / "own.yaml").write_text(RULES)
        more = {
            "lists": {
                **LISTS,
                "analytics": {"kind": "block", "profile": "analytics"},
                "machine": {"kind": "block", "profile": "machine"},
            },
            "profiles": {
                "analytics": {"analytics": True, "url": "https://callers.example.com/why/{decision}", "location": "TN"},
                "machine": {"status": 608, "card": CARD, "otherwise": "machine"},
            },
            "use": [],
            "rules": ["own.yaml"],
            "logging": {"file": "calls.jsonl"},
            "storage": {"database": "ringfence.db", "key_file": "ringfence.keys"},
            "destinations": {"desk": f"sip:desk@{TELEPHONE}"},
            "asked": {"listen": "127.0.0.1:8608"},
        }
        numbers = {"suspects": [SUSPECTED], "blocked": [BLOCKED]}
        numbers |= {"analytics": [BY_ANALYTICS], "machine": [BY_MACHINE]}
        with Ringfence(folder, {**YAML(typ="safe").load(text), **more}, numbers=numbers) as found:
            yield found
        assert "Traceback" not in found.said

    def by_sip(name: str, folder: Path) -> Asterisk | Kamailio:
        if name == "Asterisk":
            [text] = recipes("From Asterisk", "ini")
            endpoints, _, extensions = text.partition("; extensions.conf")
            words = {"pjsip": ALREADY + endpoints, "extensions": "[general]\n;" + extensions}
            return Asterisk(at=ASKER, proxy=US, telephone=TELEPHONE, folder=folder, **words)
        first, second = (doubled(text) for text in recipes("From Kamailio", ""))
        script = CONFIGURATION.replace(TM, TM + 'loadmodule "tmx.so"\n')
        script = script.replace('  append_hf("X-Second', first + '  append_hf("X-Second') + second
        return Kamailio(at=ASKER, next_hop=TELEPHONE, folder=folder, configuration=script)

    def by_http(name: str, key: str, folder: Path) -> Asterisk | Kamailio:
        if name == "Asterisk":
            [text] = recipes("From Asterisk, by HTTP", "ini")
            words = {"pjsip": ALREADY, "extensions": "[general]\n" + text.replace("KEY", key)}
            modules = MODULES + " res_curl func_curl func_cut func_uri func_channel"
            return Asterisk(at=ASKER, proxy=US, telephone=TELEPHONE, folder=folder, modules=modules, **words)
        [text] = (doubled(text) for text in recipes("From Kamailio, by HTTP", ""))
        client = 'loadmodule "http_client.so"\nmodparam("http_client", "connection_timeout", 1)\n'
        script = CONFIGURATION.replace(TM, TM + client)
        script = script.replace('  append_hf("X-Second', text.replace("KEY", key) + '  append_hf("X-Second')
        return Kamailio(at=ASKER, next_hop=TELEPHONE, folder=folder, configuration=script)

    def doubled(text: str) -> str:
        """Braces for a text that is filled in."""
        return text.replace("{", "{{").replace("}", "}}")

    @pytest.fixture(scope="module")
    def key(node):
        return json.loads(node.command("api", "keys", "add", "pbx", "--scope", "verdict:ask", "--json"))["token"]

    @pytest.fixture(scope="module", params=["Kamailio", "Asterisk", "Kamailio by HTTP", "Asterisk by HTTP"])
    def asker(request, node, key, tmp_path_factory):
        folder = tmp_path_factory.mktemp("asker")
        name, _, how = request.param.partition(" by ")
        with by_http(name, key, folder) if how else by_sip(name, folder):
            yield Asker(name, how)

    def plays(folder: Path, caller: str, called: str = CALLED) -> Sipp:
        """A call, to the end; what the telephone saw."""
        values = {"called": called, "caller": caller}
        with (
            Sipp("callee_answers", at=TELEPHONE, to=ASKER, folder=folder).listens() as second,
            Sipp("caller_hangs_up", at=CARRIER, to=ASKER, folder=folder, values=values) as first,
        ):
            failed = [peer for peer in (first, second) if peer.failed()]
            assert not failed, "\n".join(peer.story() for peer in (first, second))
        return second

    def test_an_ordinary_call_goes_on(asker, tmp_path):
        [invite] = plays(tmp_path, "+8613912345678").received("INVITE")
        assert "suspected" not in invite.text

    def test_a_suspected_one_goes_on_marked(asker, tmp_path):
        [invite] = plays(tmp_path, SUSPECTED).received("INVITE")
        if asker.name == "Asterisk":
            assert invite.field("From").startswith('"suspected" <')
        else:
            assert invite.field("X-Ringfence-Verdict") == "suspected"
            assert re.fullmatch("[0-9a-f]{20}", invite.field("X-Ringfence-Decision"))

    def test_a_blocked_one_is_stopped(asker, tmp_path):
        values = {"caller": BLOCKED, "called": CALLED, "status": "603" if asker.name == "Kamailio" else "403"}
        with Sipp("caller_refused", at=CARRIER, to=ASKER, folder=tmp_path, values=values) as caller:
            caller.done()

    def test_an_emergency_call_goes_on_whoever_calls(asker, tmp_path):
        [invite] = plays(tmp_path, BLOCKED, "110").received("INVITE")
        assert "suspected" not in invite.text

    def test_a_diverted_one_goes_to_its_destination(asker, tmp_path):
        [invite] = plays(tmp_path, DIVERTED).received("INVITE")
        assert invite.start.startswith(f"INVITE sip:desk@{TELEPHONE}")

    def test_each_was_recorded_once(asker, node):
        expected = ["forward", "tag", "reject", "tag", "divert"]
        node.ready(lambda: [call["verdict"] for call in node.calls()][-5:] == expected, "lines of all calls")
        # Of one asker before, some may have waited in a socket while nobody read it, below, and been asked again.
        calls = [call["call_id"] for call in node.calls()]
        assert all(call and calls.count(call) == 1 for call in calls[-5:])

    def test_many_calls_get_the_same_verdicts_from_each_that_asks(asker, node):
        """One after the other, so that their records are in the order of the calls."""
        draw = random.Random(15)
        calls = [(draw.choice(list(VERDICTS)), draw.choice((CALLED, CALLED, CALLED, "110"))) for _ in range(MANY)]
        before = len(node.calls())
        asyncio.run(one_after_the_other(calls))
        expected = [VERDICTS[caller][called == "110"] for caller, called in calls]
        node.ready(lambda: len(node.calls()) >= before + MANY, "lines of all calls")
        assert [call["verdict"] for call in node.calls()][before:] == expected

    @pytest.mark.parametrize(
        ("caller", "status", "phrase", "header", "value"),
        [
            (BY_ANALYTICS, 603, "Network Blocked", "Reason", 'SIP;cause=603;text="v=analytics1;url=https://callers.'),
            (BY_MACHINE, 608, "Rejected", "Call-Info", f"<{CARD}>;purpose=jwscard"),
        ],
    )
    def test_603_plus_and_608_stop_a_call_behind_it_too(asker, tmp_path, caller, status, phrase, header, value):
        """Kamailio hands the answer on as it is; Asterisk makes its own of 603, and takes 608 for any failure."""
        kamailio = asker.name == "Kamailio"
        if (asker.name, asker.how, status) == ("Asterisk", "", 608):
            assert plays(tmp_path, caller).received("INVITE"), "cause 127, whatever its Reason says: it goes on"
            return
        values = {"caller": caller, "called": CALLED, "status": str(status) if kamailio else "403"}
        with Sipp("caller_refused", at=CARRIER, to=ASKER, folder=tmp_path, values=values) as first:
            first.done()
        [answer] = first.received(f"SIP/2.0 {values['status']}")
        if not kamailio:
            assert answer.field("Reason") == "Q.850;cause=21"
        elif not asker.how:
            assert answer.start == f"SIP/2.0 {status} {phrase}"
            assert answer.field(header).startswith(value)

    def test_without_an_answer_calls_go_on(asker, node, tmp_path):
        node.process.send_signal(19)  # SIGSTOP: its socket takes what comes, and nobody reads it
        try:
            assert plays(tmp_path, "+8613912345678").received("INVITE")
        finally:
            node.process.send_signal(18)
