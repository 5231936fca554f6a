"""Whoever asks why a call was stopped pastes what he has: an id, its beginning, a Call-ID, a header, a message."""

import json

import pytest

from ringfence.recorded_calls import Named, named
from ringfence.rulebook import load_rulebook
from tests.console.past import past_calls

ID = "6b0628c484c82e0142a0"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.upper(),
        f"  {ID}\n",
        f"X-Ringfence-Decision: {ID}",
        f'Reason: SIP;cause=603;text="{ID}"',
        f"x-ringfence-decision : {ID}\r\nX-Ringfence-Rule: loans",
        f'{{"at":"2026-11-24T22:10:00Z","event":"call","decision":"{ID}","call_id":"a@b"}}',
        f'SIP/2.0 603 Decline\r\nCall-ID: a@b\r\nReason: SIP;cause=603;text="{ID}"\r\n',
    ],
)
def test_the_decision_is_found_in_what_was_pasted(text):
    assert named(text).decision == ID


@pytest.mark.parametrize(
    "text", ["Call-ID: a1b2@192.0.2.7", "i: a1b2@192.0.2.7", "INVITE sip:x\r\nCall-ID:a1b2@192.0.2.7\r\n"]
)
def test_so_is_a_call_id(text):
    assert named(text) == Named(call_id="a1b2@192.0.2.7")


def test_what_is_bare_may_be_either():
    assert named("a1b2@192.0.2.7") == Named(call_id="a1b2@192.0.2.7")
    assert named("6B0628") == Named("6b0628", "6B0628")


def test_explain_takes_them_all(file, run):
    first, second = past_calls(file, load_rulebook(file), ["95012345", "13912345678"])
    call_id = json.loads(run("explain", "--json", first).stdout)["call_id"]
    for text in (first, f"X-Ringfence-Decision: {first}", call_id, f"Call-ID: {call_id}", first[:-1]):
        found = run("explain", "--json", text)
        assert found.exit_code == 0, (text, found.stderr)
    shared = next(n for n in range(20, 0, -1) if first[:n] == second[:n])
    several = run("explain", first[:shared])
    assert several.exit_code != 0
    assert first in several.stderr.replace("\n", "").replace("│", "").replace(" ", "")
    assert "there is no decision" in run("explain", "ffffff").stderr
