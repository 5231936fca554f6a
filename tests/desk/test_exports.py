"""What leaves the house: no formula, no reporter, and everything that an appeal is judged by."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.exports import as_csv, evidence_pack, handover, harmless, rule_in
from desk.reading import NewComplaint
from desk.states import Attacks
from rules.lists.origins import Origin
from rules.model import Action, Step
from rules.screening.revisions import FileText, Revisions, Texts, revisions_path
from tests.desk.town import SCREENING, SPAM

RULES = """\
- rule: other
  because: x
- rule: night-calls  # ours
  because: Nobody sells at night.

  then: reject
- rule: last
"""


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1"])
def test_formulas_are_disarmed(cell):
    assert harmless(cell) == f"'{cell}"
    assert harmless(-1) == -1
    assert harmless("95012") == "95012"


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), min_size=1, max_size=4))
def test_no_cell_of_a_file_begins_like_a_formula(cells):
    (_, row) = csv.reader(io.StringIO(as_csv(["a"] * len(cells), [cells])))
    assert all(not cell.startswith(("=", "+", "-", "@")) for cell in row)


async def test_a_case_for_another_operator_names_no_reporter(town):
    filed = await town.complain(text="he called at night", contact="a@example.com", business="=HYPERLINK()")
    text = await handover(town.desk.archive, filed.case_id)
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["complaint"], row["number"], row["category"]) == (filed.reference, SPAM, "other")
    assert row["business"] == "'=HYPERLINK()"
    assert "night" not in text
    assert "example" not in text
    assert "13800138000" not in text


async def test_a_case_for_another_operator_is_whole_and_without_what_was_taken_back(town):
    """More than are read at once; the oldest first."""
    people = [NewComplaint(SPAM, town.subscriber(person)) for person in range(2_100)]
    filed = await town.desk.complaints.file_many(people)
    await town.desk.complaints.withdraw(filed[7].reference, actor="reporter")
    rows = list(csv.DictReader(io.StringIO(await handover(town.desk.archive, filed[0].case_id))))
    assert [row["complaint"] for row in rows] == [one.reference for one in (*filed[:7], *filed[8:])]


async def test_the_pack_of_an_appeal(town):
    decision = await town.ring(SPAM, "13800138000", step=Step.RULES, status=603)
    archive = town.desk.archive
    async with archive.store.transaction():
        await archive.decisions.connection.execute("update decision set rule = 'night-calls', revision = 'abc'")
    revisions = await Revisions.open(revisions_path(town.folder / SCREENING.storage.database), now=lambda: town.now)
    texts = Texts((FileText("", "own.yaml", RULES),), ())
    await revisions.add(texts, hash_="abc", author="li", reason="x")
    await revisions.close()
    await town.desk.archive.lists.add("blocked", "95012345", country="CN")
    await town.complain()
    appeal = await town.desk.appeals.file(decision=decision, text="we are a bank")
    assert (appeal.attacks, appeal.target) == (Attacks.RULE, "night-calls")
    hidden = json.loads(await evidence_pack(archive, appeal))
    assert (hidden["appeal"]["number"], hidden["call"]["caller"]) == ("CN:95******", "CN:95******")
    pack = json.loads(await evidence_pack(archive, appeal, clear=True))
    assert pack["rule"]["text"] == "\n".join(RULES.splitlines()[2:6])
    assert pack["call"]["caller"] == SPAM
    assert "called_key" not in pack["call"]
    assert [entry["list"] for entry in pack["entries"]] == ["blocked"]
    assert pack["cases"][0]["evidence"]["complaints"] == 1


async def test_the_pack_tells_whose_entry_stopped_the_call_although_it_is_gone(town):
    archive = town.desk.archive
    reason = Origin("hotline", "rang at night", "li", evidence="file 3")
    await archive.lists.add("blocked", SPAM, reason)
    decision = await town.ring(SPAM, "13800138000", step=Step.OPERATOR_BLOCK, action=Action.REJECT, status=603)
    fired = json.dumps([["blocked", Step.OPERATOR_BLOCK, "reject", SPAM, "hotline", "", 0, 0]])
    async with archive.decisions.transaction() as connection:
        await connection.execute("update decision set rule = 'blocked', fired = ?", (fired,))
    town.now += 3_600
    await archive.lists.remove("blocked", SPAM, author="wang", reason="its owner changed")
    appeal = await town.desk.appeals.file(decision=decision)
    assert (appeal.attacks, appeal.target) == (Attacks.ENTRY, "blocked")
    pack = json.loads(await evidence_pack(archive, appeal, clear=True))
    (entry,) = pack["stopped_by"]
    assert (entry["text"], entry["origin"]["reason"], entry["origin"]["author"]) == (SPAM, "rang at night", "li")
    assert (entry["origin"]["evidence"], entry["since"]) == ("file 3", "2026-07-01T04:00:00+00:00")
    assert (entry["until"], entry["ended"], entry["ended_by"], entry["ended_why"]) == (
        *("2026-07-01T05:00:00+00:00", "removed", "wang", "its owner changed"),
    )
    assert [(one["at"], one["what"]) for one in pack["history"]] == [
        ("2026-07-01T04:00:00+00:00", "added"),
        ("2026-07-01T05:00:00+00:00", "removed"),
    ]
    assert pack["entries"] == []


async def test_no_number_that_an_officer_wrote_for_others_of_his_house_leaves_it(town):
    said = "she rang from 13800138000, 王女士 一三八零零一三八零零零 too"
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason=said)
    await town.desk.cases.release(case, actor="li", reason=said)
    await town.desk.ladder.climb("number", SPAM, actor="li", reason=said)
    appeal = await town.desk.appeals.file(number=SPAM)
    pack = await evidence_pack(town.desk.archive, appeal)
    assert pack.count("she rang from 138******00") == pack.count("she rang from") > 4
    assert "13800138000" not in pack
    assert "一三八零零" not in pack


async def test_a_pack_without_a_decision_or_revisions(town):
    appeal = await town.desk.appeals.file(number=SPAM, attacks=Attacks.SEAL)
    pack = json.loads(await evidence_pack(town.desk.archive, appeal))
    assert (pack["call"], pack["rule"], pack["cases"]) == (None, None, [])


async def test_an_appeal_that_names_a_number_only_has_the_last_call_that_was_stopped_so(town):
    stopped = {"action": Action.REJECT, "status": 603}
    await town.ring(SPAM, "13800138000", step=Step.SEALED, **stopped)
    town.now += 60
    sealed = await town.ring(SPAM, "13800138000", step=Step.SEALED, **stopped)
    await town.ring(SPAM, "13800138000", step=Step.OPERATOR_BLOCK, **stopped)
    await town.ring(SPAM, "13800138000")
    appeal = await town.desk.appeals.file(number=SPAM, attacks=Attacks.SEAL)
    later = await town.desk.appeals.file(number=SPAM, attacks=Attacks.LADDER)
    town.now += 60
    await town.ring(SPAM, "13800138000", step=Step.SEALED, **stopped)
    pack = json.loads(await evidence_pack(town.desk.archive, appeal))
    assert (pack["call"]["id"], pack["call_found_by"]) == (sealed, "number")
    pack = json.loads(await evidence_pack(town.desk.archive, later))
    assert pack["call"]["step"] == Step.OPERATOR_BLOCK, "no call was stopped by the ladder: the last one stopped at all"


async def test_the_pack_tells_seals_and_steps_of_the_ladder_with_their_history(town):
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people")
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await town.desk.ladder.climb("owner", "Loan King", actor="wang", reason="again")
    decision = await town.ring(SPAM, "13800138000", step=Step.SEALED, status=603)
    appeal = await town.desk.appeals.file(decision=decision)
    assert (appeal.attacks, appeal.target) == (Attacks.SEAL, "1")
    pack = json.loads(await evidence_pack(town.desk.archive, appeal))
    (seal,), (step,), (told,) = pack["seals"], pack["ladder"], pack["cases"]
    assert (seal["author"], seal["reason"], seal["sealed"], seal["released"]) == (
        *("li", "five people", "2026-07-01T04:00:00+00:00", None),
    )
    assert (step["name"], step["step"], step["steps"][0]["reason"]) == ("Loan King", "watch", "again")
    assert (told["sealed"], [one["step"] for one in told["steps"]]) == (
        "2026-07-01T04:00:00+00:00",
        ["take", "verify", "seal"],
    )


def test_a_rule_in_its_file():
    assert rule_in(RULES, "last") == "- rule: last"
    assert rule_in(RULES, "night") == ""
