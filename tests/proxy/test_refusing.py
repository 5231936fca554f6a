"""No answer of ours to an unknown source is larger than its request, and there are only so many a second."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests import wire
from tests.playbook import REJECT, SETTINGS, Playbook, Sent

CARRIER = SETTINGS["trunks"][0]
CLOSED: dict[str, Any] = {"trunks": [CARRIER]}
OPEN: dict[str, Any] = {"trunks": [CARRIER, {"name": "default", "country": "CN"}]}
FAR = ("192.0.2.166", 65_432)  # of many digits
FREE = {"bans": {"tries": 0, "names": []}, "limits": {"stranger_answers_per_second": 10_000}}


def made(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


VIAS = [
    "Via:SIP/2.0/UDP a;branch=z9hG4bK1;rport",
    "v:SIP/2.0/UDP a",
    "v: SIP/2.0/UDP [2001:db8::1]:5060;rport;branch=z9hG4bK2",
]
REST = ["f:<s:a>;tag=1", "t:<s:b>", "i:1"]
# The smallest request that draws each refusal, by its status.
SMALLEST: dict[str, list[str]] = {
    "400 nothing but Via": ["INVITE sip:a@b SIP/2.0"],
    "400 no CSeq": ["OPTIONS sip:b SIP/2.0", *REST],
    "400 CSeq of another": ["BYE sip:b SIP/2.0", *REST, "CSeq:1 ACK"],
    "403": ["INVITE sip:1@b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 INVITE"],
    "405": ["REGISTER sip:b SIP/2.0", "f:<sip:a@b>;tag=1", "t:<sip:a@b>", "i:1", "CSeq:1 REGISTER"],
    "416": ["INVITE a:b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 INVITE"],
    "420": ["INVITE sip:1@b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 INVITE", "Proxy-Require:x"],
    "440": ["INVITE sip:1@b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 INVITE", "Max-Breadth:0"],
    "481": ["CANCEL sip:1@b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 CANCEL"],
    "483": ["INVITE sip:1@b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 INVITE", "Max-Forwards:0"],
    "501": ["FOO sip:b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 BAR"],
    "505": ["INVITE sip:b SIP/3.0", *REST, "CSeq:1 INVITE"],
    "200": ["OPTIONS sip:203.0.113.1:5060 SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 OPTIONS"],
    "603": ["INVITE sip:1@b SIP/2.0", "f:<sip:a@a>;tag=1", "t:<sip:b@b>", "i:1", "CSeq:1 INVITE"],
}  # fmt: skip


def ours(sent: list[Sent]) -> list[Sent]:
    return [each for each in sent if each.to[0] == FAR[0]]


@pytest.mark.parametrize("settings", [CLOSED, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize("status", SMALLEST)
@pytest.mark.parametrize("via", VIAS)
def test_no_answer_is_larger_than_its_request(status: str, via: str, settings: dict[str, Any]):
    play = Playbook(**settings, **FREE)
    play.verdict = REJECT
    start, *rest = SMALLEST[status]
    for padding in range(0, 140, 3):
        more = [f"X:{'x' * padding}"] if padding else []
        data = made(start, via.replace("bK", f"bK{padding}"), *rest, *more)
        for answer in ours(play.receive(data, FAR)):
            assert 0 < len(answer.data) <= len(data), answer.data


@pytest.mark.parametrize("status", SMALLEST)
def test_there_is_an_answer_once_there_is_room_for_it_and_all_of_it_for_more(status: str):
    play = Playbook(**(OPEN if status != "403" else CLOSED), **FREE)
    play.verdict = REJECT
    start, *rest = SMALLEST[status]
    first = [wire.status(each.data) for each in ours(play.receive(made(start, VIAS[0], *rest, f"X:{'x' * 120}"), FAR))]
    assert status[:3] in [str(each) for each in first]
    whole = made(start, VIAS[0].replace("bK1", "bK9"), *rest, f"X:{'x' * 400}")
    [answer] = [each for each in ours(play.receive(whole, FAR)) if each.status >= 200]
    assert wire.header(answer.data, "Content-Length") == "0"
    assert {"405": "Allow", "420": "Unsupported", "603": "Reason"}.get(status, "SIP/2.0") in answer.data.decode()


def test_what_is_left_out_first_is_ours_then_words_and_never_what_the_rfc_copies():
    play = Playbook(**OPEN, **FREE)
    start, *rest = SMALLEST["405"]
    seen = []
    for padding in range(300):
        data = made(start, VIAS[0].replace("bK1", f"bK{padding}x"), *rest, f"X:{'x' * padding}")
        for answer in ours(play.receive(data, FAR)):
            assert all(wire.header(answer.data, name) for name in ("Via", "f", "t", "i", "CSeq"))
            assert "tag=" in wire.header(answer.data, "t")
            head = wire.start_line(answer.data)
            shape = (head.removeprefix("SIP/2.0 405"), b"Content-Length" in answer.data, b"Allow:" in answer.data)
            if shape not in seen:
                seen.append(shape)
    words = " Method Not Allowed"
    assert seen == [(" ", False, False), (words, False, False), (words, True, False), (words, True, True)]


def test_a_source_that_a_trunk_names_gets_the_whole_answer():
    play = Playbook(**CLOSED)
    start, *rest = SMALLEST["405"]
    data = made(start, VIAS[0], *rest)
    [answer] = play.trunk(data)
    assert len(answer.data) > len(data)
    assert b"Allow" in answer.data


@pytest.mark.parametrize("settings", [CLOSED, OPEN], ids=["closed", "open"])
def test_one_stranger_gets_so_many_refusals_a_second_and_all_of_them_so_many(settings: dict[str, Any]):
    play = Playbook(**settings, bans={"tries": 0}, limits={"stranger_answers_per_second": 2})

    def refused(host: str) -> int:
        data = wire.request("REGISTER", via=f"SIP/2.0/UDP {host}:5060;branch=z9hG4bK{len(play.log)}.{play.now}")
        return len(play.receive(data, (host, 5060)))

    assert sum(refused("192.0.2.1") for _ in range(50)) == 4
    assert play.core.dropped["too many answers to strangers"] == 46
    play.wait(10)
    assert sum(refused("192.0.2.1") for _ in range(50)) == 4
    play.wait(10)
    many = [f"192.0.{a}.{b}" for a, b in product(range(2, 6), range(1, 200))]
    assert sum(refused(host) for host in many) == 200


def test_a_health_check_from_this_machine_is_always_answered():
    play = Playbook(**CLOSED)
    for number in range(200):
        data = wire.request("OPTIONS", uri="sip:203.0.113.1:5060", via=f"SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKh{number}")
        assert len(play.receive(data, ("127.0.0.1", 5099))) == 1
