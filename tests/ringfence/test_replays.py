"""The report of a replay: what stands in it when nothing, little or too much is there."""

from console.cli.workbench.replay import as_data, as_text, count
from ringfence.replays import Replayed
from rules.records.past_calls import LogPart
from rules.records.replay import Replay
from tests.rules.calls import MORNING, hit, rule, rules
from tests.rules.records.test_replay import call, records, replayed


def shown(found: Replay, span: LogPart | None = None) -> str:
    return as_text(Replayed(found, span, 1.0), "Asia/Shanghai")


def test_nothing():
    assert shown(Replay(rules("[]"), None, lambda _: ())) == "There are no past calls to judge."


def test_nothing_changes():
    text = shown(replayed(records(call(at=MORNING)), rules("[]"), rules("[]")), LogPart(0, 1, 4))
    assert "Nothing changes beside the live rules (" in text
    assert "Read 1 call, 25.0 % of the log, 2026-11-24 09:10:00+08:00 to " in text


def test_what_stays_open_and_what_is_left_out():
    candidate = rules(rule("{called: {starts_with: +861380013}}", "reject", "ward"))
    rows = records(call(called="13800138000"), call())
    spoilt = tuple("gone" if n == 3 else value for n, value in enumerate(rows[1]))
    text = shown(replayed([rows[0], spoilt], candidate))
    assert "  1 left open: ward asks for digits of the called number, which no record keeps" in text
    assert "  1 not: calls of trunk gone, which is no longer in ringfence.yaml" in text


def test_many_rules_are_cut_short():
    text = "".join(rule("{caller: {class: mobile}}", "tag", f"r{n:02d}") for n in range(50))
    found = shown(replayed(records(call()), rules(text)))
    assert "and 30 more; --json shows all" in found
    dead = "".join(rule("{caller: 95588}", "tag", f"r{n:02d}") for n in range(50))
    assert "r19 and 30 more." in shown(replayed(records(call()), rules(dead)))


def test_what_was_judged_otherwise():
    live = rules(rule("{caller: 13912345678}"))
    assert "1 were judged otherwise then" in shown(replayed(records(call()), live, live))


def test_counting():
    assert (count(1), count(2), count(1000)) == ("1 call", "2 calls", "1,000 calls")


def test_what_observed_rules_would_change_stands_in_it():
    text = rule("{caller: {class: mobile}}", "reject", "mobiles", mode="observe")

    def look_up(number):
        return (hit("allowed", "allow", number),)

    found = replayed(records(call()), rules(text), look_up=look_up)
    told = shown(found)
    assert "If the rules that only observe went live, each by itself:" in told
    assert "  mobiles: held on 1 call; 1 would change, 1 of them from allow lists" in told
    assert "    forward -> reject: 1 call; +86139******78 (" in told
    assert "    on allowed: 1 call; +86139******78 (" in told
    (data,) = as_data(Replayed(found, None, 1.0))["observed"]
    assert (data["rule"], data["calls"], data["would_change"], data["from_allow_lists"]) == ("mobiles", 1, 1, 1)
    assert data["allow_lists"][0]["samples"][0]["caller"] == "+86139******78"
