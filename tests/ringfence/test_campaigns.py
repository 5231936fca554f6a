"""Campaigns of the log: found in the records, with complaints, a rule that watches, and what it would have met."""

import time

import pytest

from ringfence.campaigns import campaigns_of, proposals, proposed_rule, told
from ringfence.installation import Installation
from ringfence.rulebook import load_rulebook, trunks_of
from rules.language.examples import Described
from rules.model import Outcome
from rules.records.campaigns import Campaign, Mark
from rules.records.decisions import Decisions, decisions_path, row
from rules.storage.keys import Keys
from tests.rules.calls import READ, compiled, rules

CONFIGURATION = """\
version: 1
country: CN
listen: [{address: 127.0.0.1:5060}]
pbxes: [{name: pbx, addresses: [127.0.0.1:5080]}]
trunks: [{name: default, country: CN}]
use: []
rules: []
"""


@pytest.fixture
async def here(tmp_path):
    """A log with a hundred ordinary calls, and thirty of a block that rotates."""
    file = tmp_path / "ringfence.yaml"
    file.write_text(CONFIGURATION)
    here = Installation.open(file)
    key, [trunk] = Keys.load(here.key_file).pseudonym, trunks_of(load_rulebook(file).configuration)
    begin, rows = time.time() - 3600, []
    people = [(f"139{n % 30:02d}345678", f"138{n % 30:02d}138000", 200 if n % 3 else 480) for n in range(100)]
    for n, (caller, called, status) in enumerate(
        [*people, *((f"17055512{n:03d}", f"1361{n:02d}38000", 480) for n in range(30))]
    ):
        made = READ(Described(caller, called), trunk, begin + n)
        made.source, made.call_id = "192.0.2.9", f"c{n}"
        verdict = rules("[]").judge(made)
        verdict.decision = f"{int(made.at * 256):010x}{n:010x}"
        rows.append(row(made, verdict, Outcome(status, True, 100), key))
    decisions = await Decisions.open(decisions_path(here.database))
    await decisions.write(rows, [])
    await decisions.close()
    async with here:
        yield here


async def test_a_campaign_is_found_with_a_rule_and_what_it_would_have_met(here):
    since = time.time() - 7200
    [one] = await proposals(here, since, await campaigns_of(here, since))
    assert one.campaign.marks[0] == Mark("block", "+8617055512")
    assert (one.campaign.calls, one.held, one.from_allow_lists, one.complaints) == (30, 30, 0, 0)
    ruleset, faults = compiled(one.text.replace("trunk: default", "trunk: carrier"))
    assert ruleset is not None
    assert faults == []
    assert ruleset.rules[0].share == 0
    said = "\n".join(told(one, one.campaign.last))
    assert "30 calls by 30 numbers in 29 s, 0 % answered, 0 complaints" in said
    assert "its rule would have met 30 calls since then:" in said


async def test_nothing_is_found_where_nothing_is(here, tmp_path):
    assert await campaigns_of(here, time.time() + 10) == []


def test_what_is_told_by_an_address_alone_has_no_rule():
    made = Campaign("a", (Mark("source", "192.0.2.1"),), 30, 30, 0.0, 0.0, 1.0, ("t",), frozenset(), ())
    assert proposed_rule("x", made) == ""


@pytest.mark.parametrize(
    "mark",
    [
        Mark("holder", "A & B: Calls"),
        Mark("domain", "evil.example"),
        Mark("user_agent", "x/1"),
        Mark("user_agent", "$HOME"),
        Mark("display_name", "$" + "A" * 600),
        Mark("user_agent", "y" * 1_500),
        Mark("display_name", "Bank \u202e12 \U000e0041"),
        Mark("user_agent", "Dialler ****"),
    ],
    ids=lambda mark: mark.value[:8],
)
def test_whatever_it_is_told_by_its_rule_compiles_and_catches(mark):
    made = Campaign("a", (mark,), 30, 30, 0.0, 0.0, 1.0, ("carrier",), frozenset(), ())
    text = proposed_rule("x", made)
    ruleset, faults = compiled(text)
    assert (ruleset is not None, faults) == (True, [])
    assert "\u202e" not in text, "whoever pastes it sees what it holds"


async def test_a_text_of_a_stranger_ends_no_other_campaign(here):
    """Nor does a rule that was taken already, under the name by which it was shown."""
    made = Campaign("b", (Mark("domain", "a b, c"),), 30, 30, 0.0, 0.0, 1.0, ("default",), frozenset(), ())
    since = time.time() - 7200
    [found] = await campaigns_of(here, since)
    odd, good = await proposals(here, since, [made, found])
    assert (odd.text, good.held) == ("", 30)
    assert odd.why_not.startswith("no rule can be written for it: ")
    assert odd.why_not in "\n".join(told(odd))
    (here.base / "own.yaml").write_text(good.text)
    here.file.write_text(CONFIGURATION.replace("rules: []", "rules: [own.yaml]"))
    [again] = await proposals(here, since, [found])
    assert again.why_not == f"its rule is there already, as campaign-{found.id} (own.yaml:2)"


async def test_who_may_see_no_number_is_told_of_so_many_callers_at_least_and_of_no_call_of_a_block(here):
    [one] = await campaigns_of(here, time.time() - 7200, least=5)
    assert (one.calls, one.samples) == (30, ()), "a call's page would show more of its number than the mask does"
    assert await campaigns_of(here, time.time() - 7200, least=31) == []
    [shown] = await proposals(here, time.time() - 7200, [one])
    assert "such as" not in "\n".join(told(shown))
