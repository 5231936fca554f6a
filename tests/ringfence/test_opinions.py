"""A second opinion: by the configuration of now, of a trunk that is there, with an end that is told once."""

from __future__ import annotations

import inspect
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ringfence.node_settings import Configuration
from ringfence.opinions import KEPT_S, Ended, Opinion, Opinions, Question, Unanswerable
from rules.model import Action
from rules.screening.screen import Screen
from tests.playbook import SETTINGS
from tests.ringfence.stir.test_certificates import SIGNER
from tests.ringfence.stir.test_verifier import Line
from tests.rules.calls import rules
from tests.signing import CALLED, CALLER

QUESTION = Question(caller="13912345678", called="13800138000")


def configured(*trunks: dict[str, Any], **more: Any) -> Configuration:
    given = [{**SETTINGS["trunks"][0], **trunk} for trunk in trunks or ({},)]
    return Configuration.model_validate({**SETTINGS, "trunks": given, **more})


async def test_it_goes_by_the_configuration_that_holds_now(tmp_path: Path):
    holds = [configured()]
    screen = await Screen.open(holds[0], rules(""), tmp_path)
    opinions = Opinions(screen, lambda: holds[0])
    assert opinions.ask(Question(caller="13912345678", called="999999")).verdict.step != "emergency"
    holds[0] = configured({"emergency": ["999999"], "country": "DE"})
    assert opinions.ask(Question(caller="13912345678", called="999999")).verdict.step == "emergency"
    await screen.close()


@pytest.mark.parametrize(
    ("trunks", "named", "field"),
    [(({}, {"name": "b", "addresses": ["198.51.100.99"]}), "", "trunk"), (({},), "other", "trunk")],
)
async def test_a_trunk_is_named_where_there_are_several(
    tmp_path: Path, trunks: tuple[dict[str, Any], ...], named: str, field: str
):
    configuration = configured(*trunks)
    screen = await Screen.open(configuration, rules(""), tmp_path)
    with pytest.raises(Unanswerable) as caught:
        Opinions(screen, lambda: configuration).ask(QUESTION.model_copy(update={"trunk": named}))
    assert caught.value.field == field
    await screen.close()


@pytest.mark.parametrize(("closed", "action", "status"), [(False, Action.TAG, 0), (True, Action.REJECT, 416)])
@pytest.mark.parametrize("answer", ["proxy", "redirect"])
async def test_what_can_not_be_read_goes_on_marked_unless_its_trunk_is_closed(
    tmp_path: Path, answer: str, closed: bool, action: Action, status: int
):
    configuration = configured({"fail_closed": closed, "answer": answer})
    screen = await Screen.open(configuration, rules(""), tmp_path)
    opinion = Opinions(screen, lambda: configuration).ask(Question(called="mailto:someone@rook.example"))
    assert (opinion.action, opinion.status) == (action, status)
    assert "Unsupported URI Scheme" in opinion.why_not
    await screen.close()


async def test_an_end_is_told_once_and_of_what_was_asked(tmp_path: Path):
    configuration = configured()
    screen = await Screen.open(configuration, rules(""), tmp_path)
    opinions = Opinions(screen, lambda: configuration)
    decision = opinions.ask(QUESTION).verdict.decision
    assert [opinions.ended(decision, Ended(status=200)) for _ in range(2)] == [True, False]
    assert not opinions.ended("0" * 20, Ended(status=200))
    await screen.close()


@pytest.mark.parametrize("field", ["display_name", "user_agent", "call_id"])
@pytest.mark.parametrize("sign", ["x", "\u200b", "行"])
async def test_no_length_of_what_a_caller_writes_keeps_his_call_from_being_judged(
    tmp_path: Path, field: str, sign: str
):
    """More than a message may have, too: whoever asks lets a call go on that can not be judged."""
    configuration = configured()
    stops = "- {rule: r, because: It is so., when: {caller: 13912345678}, then: reject}"
    screen = await Screen.open(configuration, rules(stops), tmp_path)
    question = Question.model_validate({"caller": "13912345678", "called": "13800138000", field: sign * 16_000})
    assert Opinions(screen, lambda: configuration).ask(question).action is Action.REJECT
    await screen.close()


@pytest.mark.parametrize("written", [{"caller": "sip:17012345678%00@h"}, {"called": "sip:13800138000@h?x=y"}])
async def test_what_is_read_in_part_is_judged_by_that_and_marked(tmp_path: Path, written: dict[str, str]):
    configuration = configured()
    stops = "- {rule: r, because: It is so., when: {trunk: carrier}, then: reject}"
    for text, action in ((stops, Action.REJECT), ("", Action.TAG)):
        screen = await Screen.open(configuration, rules(text), tmp_path)
        opinions = Opinions(screen, lambda: configuration)
        asked = {"caller": "17012345678", "called": "13800138000", **written}
        assert opinions.ask(Question.model_validate(asked)).action is action
        assert opinions.ask(Question.model_validate({**asked, "called": "110"})).action is Action.FORWARD
        await screen.close()


async def test_a_source_that_is_a_number_is_on_no_record(tmp_path: Path):
    configuration = configured()
    screen = await Screen.open(configuration, rules(""), tmp_path)
    opinions = Opinions(screen, lambda: configuration)
    seen = []
    judge = screen.judge
    screen.judge = lambda call: (seen.append(call.source), judge(call))[1]  # type: ignore[method-assign]
    for source in ("13987654321", "139.8765.4321", "198.51.100.21", "2001:db8::1"):
        opinions.ask(Question(caller="13912345678", called="13800138000", source=source))
    assert seen == ["139******21", "139.****.**21", "198.51.100.21", "2001:db8::1"]
    await screen.close()


TRUSTING = "- {rule: r, because: Somebody vouches., when: {caller: {attestation: A}}, then: tag}"


@pytest.mark.parametrize(
    ("asked", "level", "why"),
    [
        ({}, "A", ""),
        ({"identity": [SIGNER.identity(attest="B").decode()]}, "B", ""),
        ({"caller": "+12155550000"}, "failed", "other-caller"),
        ({"called": "+12155550000"}, "failed", "other-called"),
        ({"called": "+12155550000", "to": f"+{CALLED}"}, "none", "unsigned-diversion"),
        ({"identity": ["nonsense"]}, "failed", "malformed"),
        ({"identity": [SIGNER.identity().decode()] * 40}, "failed", "too-many"),
        ({"called": "110"}, "", ""),
        ({"identity": ""}, "", ""),
        ({"identity": []}, "", ""),
    ],
)
async def test_who_vouches_is_known_before_a_call_is_judged(
    tmp_path: Path, asked: dict[str, Any], level: str, why: str
):
    line, configuration = Line(), configured(identity={"authorities": "a.pem", "hosts": ["*.example.org"]})
    screen = await Screen.open(configuration, rules(TRUSTING), tmp_path)
    opinions = Opinions(screen, lambda: configuration, verifier=lambda: line.verifier)
    signed = {
        "caller": f"+{CALLER}",
        "called": f"+{CALLED}",
        "call_id": "call 1",
        "identity": SIGNER.identity().decode(),
    }
    for turn in range(2):  # it waits for the certificate, or knows it
        found = opinions.begin(Question.model_validate({**signed, **asked}))
        opinion = await found if inspect.iscoroutine(found) else found
        assert isinstance(opinion, Opinion)
        assert (opinion.attestation, opinion.unattested) == (level, why), turn
        assert opinion.action is (Action.TAG if level == "A" else Action.FORWARD)
        assert opinion.as_data().get("attestation", "") == level
    replayed = opinions.begin(Question.model_validate({**signed, **asked, "call_id": "another"}))
    assert isinstance(replayed, Opinion)
    assert replayed.unattested == (why or ("replayed" if level else ""))
    assert line.verifier.waiting == 0
    await screen.close()


async def test_a_signature_that_comes_again_is_a_replay_where_no_call_is_named(tmp_path: Path):
    line, configuration = Line(), configured(identity={"authorities": "a.pem", "hosts": ["*.example.org"]})
    screen = await Screen.open(configuration, rules(TRUSTING), tmp_path)
    opinions = Opinions(screen, lambda: configuration, verifier=lambda: line.verifier)
    signed = {"caller": f"+{CALLER}", "called": f"+{CALLED}", "identity": SIGNER.identity().decode()}
    levels = []
    for call_id in ({}, {}, {"call_id": " "}, {"call_id": "call 1"}):
        found = opinions.begin(Question.model_validate({**signed, **call_id}))
        opinion = await found if inspect.iscoroutine(found) else found
        assert isinstance(opinion, Opinion)
        levels.append((opinion.attestation, opinion.unattested))
    assert levels == [("A", ""), *[("failed", "replayed")] * 3]
    await screen.close()


async def test_an_end_is_told_by_who_asked(tmp_path: Path):
    configuration = configured()
    screen = await Screen.open(configuration, rules(""), tmp_path)
    opinions = Opinions(screen, lambda: configuration)
    decision = opinions.ask(QUESTION, "sbc").verdict.decision
    told = Ended(status=200)
    await screen.journal.flush(everything=True)
    assert not opinions.ended(decision, told, "other")
    assert not await opinions.ended_before(decision, told), "it is on record, and not his"
    assert opinions.ended(decision, told, "sbc")
    await screen.close()


@pytest.mark.parametrize("blank", ["\x85", "\xa0", "\u2003", "\u2028", "\u3000"])
async def test_blanks_of_any_script_are_read_as_on_the_wire(tmp_path: Path, blank: str):
    configuration = configured()
    screen = await Screen.open(configuration, rules(""), tmp_path)
    opinions = Opinions(screen, lambda: configuration)
    seen: list[Any] = []
    judge = screen.judge
    screen.judge = lambda call: (seen.append((call.caller, call.called)), judge(call))[1]  # type: ignore[method-assign]
    for where in ("{}13912345678", "13912345678{}", "139{}12345678"):
        escaped, as_it_is = where.format(quote(blank)), where.format(blank)
        on_the_wire = f"sip:{escaped}@a.example"
        for asked in (on_the_wire, as_it_is, f"sip:{as_it_is}@a.example", f"<{on_the_wire}>"):
            opinion = opinions.ask(Question(caller=asked, called=asked))
            seen[-1] = (opinion.action, opinion.why_not, *seen[-1])
        assert len(set(seen)) == 1
        seen.clear()
    await screen.close()


async def test_a_number_behind_any_length_is_the_one_that_is_judged(tmp_path: Path):
    configuration = configured()
    screen = await Screen.open(configuration, rules(""), tmp_path)
    opinions = Opinions(screen, lambda: configuration)
    seen: list[Any] = []
    judge = screen.judge
    screen.judge = lambda call: (seen.append((call.caller.canonical, call.emergency)), judge(call))[1]  # type: ignore[method-assign]
    plain = Question(caller="13912345678", called="110")
    opinions.ask(plain)
    name = '"' + "x" * 2_500 + '" '
    for caller, called in (
        (f"{name}<sip:13912345678@h>", f"{name}<sip:110@h>"),
        ("1391234" + "-" * 2_500 + "5678", "1" + "-" * 2_500 + "10"),
        ("tel:1391234" + "-" * 2_500 + "5678", "tel:1" + "-" * 2_500 + "10"),
    ):
        opinions.ask(Question(caller=caller, called=called))
    assert len(set(seen)) == 1, seen
    await screen.close()


async def test_an_end_is_told_to_the_process_that_comes_after_the_one_that_was_asked(tmp_path: Path):
    configuration = configured()
    screen = await Screen.open(configuration, rules(""), tmp_path)
    decision, other = (Opinions(screen, lambda: configuration).ask(QUESTION).verdict.decision for _ in range(2))
    stops = "- {rule: r, because: It is so., when: {trunk: carrier}, then: reject}"
    screen.swap(rules(stops))
    stopped = Opinions(screen, lambda: configuration).ask(QUESTION).verdict.decision
    await screen.close()
    screen = await Screen.open(configuration, rules(""), tmp_path)
    later = time.time() + KEPT_S + 60
    late = Opinions(screen, lambda: configuration, lambda: later)
    assert not await late.ended_before(decision, Ended(status=200)), "it is a day ago"
    opinions = Opinions(screen, lambda: configuration)
    told = Ended(status=200, seconds=0)
    assert not opinions.ended(decision, told)
    assert [await opinions.ended_before(decision, told) for _ in range(2)] == [True, False]
    assert not await opinions.ended_before(stopped, told)
    assert not await opinions.ended_before("0" * 20, told)
    await screen.journal.flush()
    found = await screen.journal.find(decision)
    assert found is not None
    assert (found.status, found.rang) == (200, True)
    third = Opinions(screen, lambda: configuration)
    assert not await third.ended_before(decision, told), "it has an end"
    assert await third.ended_before(other, Ended(status=487))
    await screen.close()


async def test_what_nobody_reads_is_named(tmp_path: Path):
    configuration = configured(headers=["X-Origin"])
    screen = await Screen.open(configuration, rules(""), tmp_path)
    opinions = Opinions(screen, lambda: configuration)
    asked = QUESTION.model_copy(update={"headers": {"x-origin": "1", "X-Orgin": "1"}})
    assert opinions.ask(asked).as_data()["ignored"] == ["X-Orgin"]
    assert "ignored" not in opinions.ask(QUESTION).as_data()
    await screen.close()
