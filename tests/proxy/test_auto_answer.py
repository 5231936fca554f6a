"""Nobody outside opens a subscriber's microphone: what makes phones answer by themselves does not pass."""

from __future__ import annotations

import pytest

from tests import wire
from tests.playbook import SETTINGS, Playbook, in_dialog, only

ASKING = [
    "Call-Info: <sip:203.0.113.1>;answer-after=0",
    "Call-Info: <sip:x>; Answer-After = 0",
    "Call-Info: answer-after=0",
    "Alert-Info: <http://127.0.0.1>;info=alert-autoanswer",
    "alert-info: <http://www.notused.example>;info=alert-autoanswer;delay=0",
    "Alert-Info: Auto Answer",
    "Alert-Info: Ring Answer",
    "Alert-Info: RingAnswer",
    "Alert-Info: info=RAA, Auto_Answer",
    "Alert-Info: <http://x/y>\n ;info=alert-autoanswer",
    "Alert-Info: ;intercom=true",
    "Alert-Info: Intercom",
    "Answer-Mode: Auto",
    "Answer-Mode: Auto;require",
    "Priv-Answer-Mode: Auto",
    "P-Auto-Answer: normal",
    "X-Auto-Answer: true",
    "X-AutoAnswer: 1",
    "Auto-Answer: yes",
    "Alert-Info: RA",
    "Alert-Info: AA",
    "Alert-Info: info=RA",
    "Alert-Info: <http://127.0.0.1>;info=AA;delay=0",
    'Alert-Info: <http://127.0.0.1>;info="Answer"',
    "Alert-Info: Answer",
    "Alert-Info: <Answer>",
]
INNOCENT = [
    "Alert-Info: <urn:alert:source:external>",
    "Alert-Info: <http://wren.example/aa/ra.wav>",
    "Alert-Info: <http://wren.example/answer.wav>;info=Bellcore-dr1",
    "Call-Info: <http://wren.example/wren.png>;purpose=icon",
]
CONTACT = "Contact: <sip:wren@198.51.100.21:5060>"


@pytest.mark.parametrize("line", ASKING)
def test_no_call_makes_a_phone_answer_by_itself(play: Playbook, line: str):
    down = play.forwarded(extra=f"{CONTACT}\n{line}")
    assert {b"-info", b"answer"} & {part for part in (b"-info", b"answer") if part in down.lower()} == set()


@pytest.mark.parametrize("line", ASKING)
def test_nor_does_a_re_invite(play: Playbook, line: str):
    _, up = play.answered()
    down = only(play.trunk(in_dialog("INVITE", up, cseq=2, extra=line, body=wire.SDP)), to=wire.PBX)
    assert b"answer" not in down.lower()
    assert b"-info" not in down.lower()


@pytest.mark.parametrize("line", INNOCENT)
def test_how_it_rings_else_and_who_calls_goes_on(play: Playbook, line: str):
    name, _, value = line.partition(": ")
    assert wire.header(play.forwarded(extra=f"{CONTACT}\n{line}\n{ASKING[0]}\n{ASKING[3]}"), name) == value


@pytest.mark.parametrize("line", ASKING)
def test_a_trusted_trunk_may(line: str):
    trunk = {**SETTINGS["trunks"][0], "identity": "trusted"}
    down = Playbook(trunks=[trunk]).forwarded(extra=f"{CONTACT}\n{line}")
    assert line.replace("\n", "\r\n").encode() in down


@pytest.mark.parametrize(
    ("uri", "onward"),
    [
        ("sip:1@H;answer-after=0", "sip:1@H"),
        ("sip:1@H;intercom=true;user=phone", "sip:1@H;user=phone"),
        ("sip:1@H;user=phone;Auto-Answer", "sip:1@H;user=phone"),
        ("sip:1;answer-after=0@H", "sip:1;answer-after=0@H"),  # part of the user, which no phone obeys
        ("sip:1@H;user=phone", "sip:1@H;user=phone"),
    ],
)
def test_nor_is_it_asked_for_in_the_request_uri(play: Playbook, uri: str, onward: str):
    assert wire.uri(play.forwarded(uri=uri.replace("H", wire.US))) == onward.replace("H", wire.US)
