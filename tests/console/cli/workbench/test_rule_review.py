"""`check` reviews rules that are sound: what hides what, which lists are empty, what nobody could tell."""

import asyncio
import json

from rules.lists.editing import Lists
from rules.settings.screening import ListSettings

NARROW = """\
- rule: one-bank
  because: It is so.
  when: {caller: {starts_with: [950123], on_list: allowed}, hours: 22:00-23:00, user_agent: x}
  unless: [{any: [{caller: {on_list: suspected}}]}]
  then: tag
  catches: [{from: 95012345, on_list: allowed, user_agent: x, at: 2026-11-24T22:10}]
"""


def test_a_hidden_rule_an_empty_list_and_what_was_not_analysed(file, run):
    (file.parent / "rules.d" / "more.yaml").write_text(NARROW)
    lists = {name: ListSettings(kind=kind) for name, kind in (("allowed", "allow"), ("suspected", "suspect"))}

    async def fill():
        opened = await Lists.open(file.parent / "ringfence.db", lists)
        await opened.add("suspected", "95588", country="CN")
        await opened.close()

    asyncio.run(fill())
    found = run("check")
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    more = file.parent / "rules.d" / "more.yaml"
    assert lines[0].startswith(f"{more}:1:9: warning: rule 'one-bank' never shows: rule 'night-calls' (")
    assert lines[3].startswith(f"{more}:3:51: warning: list 'allowed' is empty, so nobody stands on it; ")
    assert lines[-2] == "not analysed, whether rules hide each other by these conditions: one-bank (user_agent)"
    assert lines[-1].startswith("7 rules, 21 examples, 0 faults, 2 warnings")
    data = json.loads(run("check", "--json").stdout)
    assert (data["examples"], data["not_analysed"]) == (21, {"one-bank": ["user_agent"]})


def test_rule_files_alone_are_reviewed_too(file, run):
    own = file.parent / "own.yaml"
    own.write_text(
        NARROW.replace("caller: {", "called: {starts_with: [11, 13]}, caller: {").replace(
            "{from", "{to: 13800138000, from"
        )
    )
    found = run("check", str(own))
    assert "touches the emergency numbers 110, 112, 119: those calls always pass" in found.stdout


def test_without_a_database_no_list_is_called_empty(file, run):
    (file.parent / "rules.d" / "more.yaml").write_text(NARROW)
    assert "is empty" not in run("check").stdout
    assert not (file.parent / "ringfence.db").exists()
