"""A recorded call beside the rules of its time: which revision judged, what its rules asked, what is live now."""

import json

from ringfence.rulebook import load_rulebook
from rules.model import Hit
from tests.console.past import past_calls

RULES = """\
- rule: one-number
  because: It calls all day.
  when: {caller: 17012345678, called: {class: mobile}}
  then: reject
- rule: ward
  because: The ward sleeps.
  when: {called: {starts_with: +861380013}}
  then: tag
- rule: known
  because: They are known.
  when: {caller: {on_list: suspected}}
  unless: [{caller: {class: mobile}}]
  then: tag
- rule: others
  because: Others.
  when: {caller: {class: fixed}}
  then: tag
"""


def activated(file, run, text=RULES):
    (file.parent / "rules.d" / "own.yaml").write_text(text)
    found = run("rules", "activate", "--reason", "complaints of May", "--yes-really")
    assert found.exit_code == 0, found.stderr
    return load_rulebook(file)


def test_the_revision_that_judged(file, run):
    book = activated(file, run)
    hits = (Hit("suspected", "suspect", "+8617012345678", "test", "+8617012345678", 0, suspicion=5),)
    (decision,) = past_calls(file, book, ["17012345678"], ruleset=book.ruleset, hits=hits)
    activated(file, run, RULES.replace("Others.", "All others."))
    shown = run("explain", decision).stdout
    assert "judged by revision 1 (" in shown
    assert ": complaints of May; revision 2 is live now" in shown
    assert "one-number held: the caller is +8617012345678; the class of the called number is mobile" in shown
    assert (
        "=> verdict                reject by one-number (deciding rule): It calls all day.  (rules.d/own.yaml:1)"
        in shown
    )
    assert "   sealed                 no entry covered the caller" in shown
    assert "known was stopped: unless the class of the caller is mobile" in shown
    assert "others did not hold: the class of the caller is fixed" in shown
    assert "ward held: the called number starts with +861380013" in shown, "it is in the record"
    assert json.loads(run("explain", decision, "--json").stdout)["verdict"] == "reject"


def test_digits_that_nobody_kept(file, run):
    book = activated(file, run)
    (decision,) = past_calls(file, book, ["13912345678"], ruleset=book.ruleset, called="13800238000")
    assert "ward did not hold: it asks for digits of the called number" in run("explain", decision).stdout


def test_it_is_still_live(file, run):
    book = activated(file, run)
    (decision,) = past_calls(file, book, ["13912345678"], ruleset=book.ruleset)
    assert "; its rules are live" in run("explain", decision).stdout


def test_rules_that_are_not_stored_or_no_longer_fit(file, run):
    book = activated(file, run)
    (decision,) = past_calls(file, book, ["13912345678"], ruleset=book.ruleset)
    (other,) = past_calls(file, book, ["13912345679"])
    assert "which is not among the stored revisions" in run("explain", other).stdout
    file.write_text(file.read_text().replace("  suspected: {kind: suspect}\n", ""))
    shown = run("explain", decision)
    assert shown.exit_code == 0, shown.stderr
    assert "judged by revision 1 (" in shown.stdout


def test_a_call_is_explained_by_what_is_live_or_by_what_is_saved(file, run):
    activated(file, run)
    rules = file.parent / "rules.d" / "own.yaml"
    rules.write_text(rules.read_text().replace("caller: 17012345678", "caller: 17087654321"))
    words = ("explain", "--from", "17012345678", "--to", "01065551234")
    rules.write_text(rules.read_text().replace("class: mobile}}\n  then: reject", "class: fixed}}\n  then: reject"))
    assert "by revision 1, which is live" in run(*words).stdout
    assert "by the files on the disk" in run(*words, "--saved").stdout
    assert json.loads(run("explain", "--from", "17087654321", "--to", "01065551234", "--json").stdout)["verdict"] == (
        "forward"
    )
    saved = run("explain", "--from", "17087654321", "--to", "01065551234", "--saved", "--json")
    assert json.loads(saved.stdout)["verdict"] == "reject"


COUNTING = """\
- rule: collector
  because: Whoever rings one person twenty times a day harasses him.
  when: {count: {of: calls, per: [caller, called], within: 1d, over: 20}}
  then: reject
- rule: machine
  because: It calls all day.
  when: {caller: {starts_with: 1701}, count: {of: calls, per: caller, within: 1h, over: 60}}
  then: tag
"""


def test_what_was_counted_stands_beside_the_rules_that_count_for_whoever_may_see_numbers(file, run, under):
    book = activated(file, run, COUNTING)
    facts = {"calls_per_caller_and_called_1d": 9.0, "calls_per_caller_1h": 61.0}
    (decision,) = past_calls(file, book, ["17012345678"], ruleset=book.ruleset, facts=facts)
    held = "calls per caller within 1h: over 60"
    shown = run("explain", decision).stdout
    assert f"machine held: the caller starts with +861701; {held} (61, counted since " in shown
    assert "collector did not hold: calls per caller and called within 1d: over 20 (9, counted since " in shown
    assert f", with {held} (61, counted since " in run("why", "17012345678").stdout
    for name, role in (("wang", "admin"), ("seer", "complaint-officer"), ("viewer", "viewer")):
        assert under("wang", "people", "add", name, "--role", role, "--login", name).exit_code in (0, 3)
    masked = under("viewer", "explain", decision).stdout
    assert "counted since" not in masked
    assert f"{held} (61, counted since " in under("seer", "explain", decision).stdout
