"""A second opinion: by the configuration of now, of a trunk that is there, with an end that is told once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringfence.node_settings import Configuration
from ringfence.opinions import Ended, Opinions, Question, Unanswerable
from rules.model import Action
from rules.screening.screen import Screen
from tests.playbook import SETTINGS
from tests.rules.calls import rules

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
