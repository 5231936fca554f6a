"""What plug-ins put on the wire, and that whatever they give, the call is answered or goes on."""

import pytest

from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, FORWARD, REJECT, TAG, Playbook, only


class Asked:
    """A plug-in in no thread."""

    def __init__(self, answer):
        self.answer, self.questions, self.failed = answer, [], []

    def ask(self, question, wait_s):
        self.questions.append(question)
        return self.answer

    def fail(self, why):
        self.failed.append(why)


def answered(source, *, verdict=REJECT, **settings):
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"], "profile": "mine"}
    play = Playbook(trunks=[trunk], **settings)
    play.screening.plug({"mine": source}, {})
    play.verdict = verdict
    return only(play.trunk(wire.invite()))


def test_a_reply_of_ones_own_goes_out_as_it_is_given():
    source = Asked((486, "正忙", {"Reason": 'Q.850;cause=17;text="x"', "Error-Info": "<https://a.example>"}))
    answer = answered(source)
    assert answer.startswith("SIP/2.0 486 正忙\r\n".encode())
    assert wire.header(answer, "Reason") == 'Q.850;cause=17;text="x"'
    assert wire.header(answer, "Error-Info") == "<https://a.example>"
    (asked,) = source.questions
    assert (asked.decision, asked.action, asked.step, asked.rule) == (DECISION, "reject", "block list", "blocked")
    assert (asked.trunk, asked.caller) == ("carrier", wire.header(wire.invite(), "From"))


def test_a_profile_that_a_rule_names_goes_before_the_plug_in_of_the_trunk():
    source = Asked((486, "Busy", {}))
    named = Verdict(Action.REJECT, Step.RULES, decision=DECISION, profile="quiet")
    assert wire.start_line(answered(source, verdict=named, profiles={"quiet": {"status": 480}})).endswith(
        "480 Temporarily Unavailable"
    )
    assert source.questions == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, ""),
        ("603", "str is no status, phrase and headers"),
        ((200, "OK", {}), "'200' is no status of a rejection"),
        ((607, "Unwanted", {}), "'607' is no status of a rejection"),
        ((True, "Yes", {}), "'True' is no status"),
        ((10**5000, "Much", {}), "what it gave can't be read (ValueError)"),
        ((486, "No\r\nVia: x", {}), "its phrase is no printable text of one line"),
        ((486, "No", {"X-A": "b\nVia: x"}), "the value of X-A is no printable text of one line"),
        ((486, "No", {"X A": "b"}), "'X A' is no header field name"),
        ((486, "No", {"To": "<sip:x>"}), "To is written by the proxy itself"),
        ((486, "No", {"X-Ringfence-Verdict": "x"}), "X-Ringfence-Verdict is written by the proxy itself"),
        ((486, "No", {f"X-{n}": "b" for n in range(9)}), "no mapping of 8 at most"),
        ((486, "No", ["X-A: b"]), "no mapping"),
    ],
)
def test_what_must_not_go_out_does_not_and_the_call_is_rejected_all_the_same(answer, why):
    source = Asked(answer)
    assert wire.start_line(answered(source)) == "SIP/2.0 603 Decline"
    assert [why in told for told in source.failed] == ([True] if why else [])


def carried(source, verdict, *, on=("tag",), extra="Contact: <sip:wren@198.51.100.21:5060>"):
    play = Playbook(actions={"mine": list(on)})
    play.screening.plug({}, {"mine": source, "other": Asked({"X-Other": "not named"})})
    play.verdict = verdict
    return play.forwarded(extra=extra)


def test_header_lines_of_ones_own_go_out_with_the_verdicts_that_are_named():
    lines = {"X-Score": "7", "X-Ringfence-Tenant": "a", "Subject": "疑似推销"}
    down = carried(
        Asked(lines), TAG, extra="Contact: <sip:wren@198.51.100.21:5060>\nx-score : 0\nX-Ringfence-Tenant: b"
    )
    assert wire.headers(down, "X-Score") == ["7"], "the caller's own makes room"
    assert wire.headers(down, "X-Ringfence-Tenant") == ["a"]
    assert wire.header(down, "X-Ringfence-Verdict") == "suspected"
    assert b"X-Other" not in down
    assert b"X-Score: 7" not in carried(Asked(lines), FORWARD)
    assert b"X-Score: 7" in carried(Asked(lines), FORWARD, on=("forward", "tag"))


@pytest.mark.parametrize(
    "lines",
    [
        *({"From": "<sip:x>"}, {"X-Ringfence-Rule": "mine"}, {"X-Ringfence-Mask": "no"}, {"X-A": "b\r\nVia: c"}),
        *({"X-A": 7}, 7),
    ],
)
def test_lines_that_must_not_go_out_leave_the_call_as_it_was(lines):
    source = Asked(lines)
    down = carried(source, TAG)
    assert wire.header(down, "X-Ringfence-Rule") == "nuisance"
    assert b"X-A" not in down
    assert len(source.failed) == 1


def test_no_plug_in_is_asked_about_an_emergency_call():
    source = Asked({"X-Score": "7"})
    play = Playbook(actions={"mine": ["tag", "forward"]})
    play.screening.plug({}, {"mine": source})
    play.verdict = Verdict(Action.TAG, Step.EMERGENCY, decision=DECISION, rule="blocked")
    play.forwarded(uri=f"sip:110@{wire.US}")
    assert source.questions == []


def test_plug_ins_stay_after_a_reload():
    source = Asked((486, "Busy", {}))
    play = Playbook()
    play.screening.plug({"decline": source}, {})
    play.reload()
    play.verdict = REJECT
    play.trunk(wire.invite())
    assert len(source.questions) == 1
