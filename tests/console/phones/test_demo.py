"""The demo: what it prepares, and that it notices every way in which a call can end otherwise than the rules say."""

from types import SimpleNamespace

import pytest

from console.phones.demo import MARK, STEPS, Seen, prepare, problems
from console.phones.processes import PhoneError, Placed
from ringfence.configuration import load_configuration
from rules.model import Action

LISTED, SUSPECTED, ORDINARY = STEPS[:3]


def placed(status=200, *, heard=30, reason=""):
    headers = {"reason": [reason]} if reason else {}
    return Placed(status, "phrase", status == 200, heard, headers, (status,), 5.0, 6.0, "c1")


def decided(action):
    return SimpleNamespace(id="d1", action=action, rule="blocked", status=200)


def invited(verdict=""):
    return {"headers": {"x-ringfence-verdict": [verdict]} if verdict else {}, "took_ms": 1.0}


def test_the_shipped_configuration_on_free_ports(tmp_path):
    stage = prepare(tmp_path / "demo")
    configuration = load_configuration(stage.configuration)
    assert configuration.listen[0].address == stage.proxy
    assert configuration.pbxes[0].addresses == [stage.pbx]
    assert configuration.lists["blocked"].kind == "block"
    (stage.folder / "calls.log").touch()
    assert prepare(stage.folder).configuration.read_text().startswith(MARK)
    assert not (stage.folder / "calls.log").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "ringfence.yaml").write_text("version: 1\n")
    with pytest.raises(PhoneError, match="is not the demo's"):
        prepare(tmp_path)


@pytest.mark.parametrize(
    ("step", "caller", "callee", "decision"),
    [
        (LISTED, placed(603, heard=0, reason='SIP;cause=603;text="d1"'), None, decided(Action.REJECT)),
        (SUSPECTED, placed(), invited("suspected"), decided(Action.TAG)),
        (ORDINARY, placed(), invited(), decided(Action.FORWARD)),
    ],
)
def test_as_the_rules_say(step, caller, callee, decision):
    assert problems(step, caller, callee, decision) == []


@pytest.mark.parametrize(
    ("step", "caller", "callee", "decision", "what"),
    [
        (LISTED, placed(), invited(), decided(Action.FORWARD), "the verdict was forward, not reject"),
        (LISTED, placed(603, heard=0, reason="d1"), invited(), decided(Action.REJECT), "the callee was called"),
        (LISTED, placed(486, heard=0, reason="d1"), None, decided(Action.REJECT), "the caller got 486 phrase"),
        (LISTED, placed(603, heard=0), None, decided(Action.REJECT), "does not carry the decision id"),
        (SUSPECTED, placed(), invited(), decided(Action.TAG), "the callee saw verdict ''"),
        (ORDINARY, placed(), invited("suspected"), decided(Action.FORWARD), "the callee saw verdict 'suspected'"),
        (ORDINARY, placed(heard=0), invited(), decided(Action.FORWARD), "no audio came back"),
        (ORDINARY, placed(), None, decided(Action.FORWARD), "the callee was not called"),
        (ORDINARY, placed(), invited(), None, "the proxy left no decision record"),
    ],
)
def test_otherwise_than_the_rules_say(step, caller, callee, decision, what):
    assert any(what in problem for problem in problems(step, caller, callee, decision))


def test_the_callee_s_own_time_is_not_the_proxy_s():
    assert Seen(ORDINARY, placed(), invited(), None, []).added_ms == 4.0
    assert Seen(LISTED, placed(603), None, None, []).added_ms == 5.0
