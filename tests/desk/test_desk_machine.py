"""Whatever people, phones, files, policy, ladder and appeals do in whatever order: only a person's verification leads
to a seal, a seal stands exactly while its case is sealed, and evidence is what the complaints that stand prove.
"""

import asyncio
import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from desk.case_files import cases_of
from desk.centre_files import file_centre
from desk.evidence import Said, Tie, weigh
from desk.faults import ComplaintError
from desk.policy import AUTHOR
from desk.reckoning import verified
from desk.seals import standing_seal
from desk.states import Attacks, CaseState, FoundBy
from desk.weighing import evidence_of
from rules.audit.chain import deeds_of
from rules.judging.ladder import LadderStep
from tests.desk.town import DAY, Town
from tests.examples import examples

NUMBERS = ("CN:95012345", "+8613911111111")
PEOPLE = tuple(f"+86138{n:08}" for n in range(7))
OFFICERS = ("li", "wang")
numbers, people, officers = (st.sampled_from(them) for them in (NUMBERS, PEOPLE, OFFICERS))


class Desk(RuleBasedStateMachine):
    """A desk at which everything is tried."""

    @initialize(step=st.sampled_from(["none", "tag", "limit"]))
    def open(self, step):
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.town = Town(self.folder)
        self.policy = {"policy_step": step, "policy_reporters": 3, "officers": [*OFFICERS]}
        self.run(self.town.open(**self.policy))
        self.complaints, self.appeals = [], []

    def run(self, work):
        return self.loop.run(work)

    def attempt(self, work):
        """What the desk refuses changes nothing, which the invariants see."""
        try:
            return self.run(work)
        except ComplaintError:
            return None

    def teardown(self):
        if hasattr(self, "town"):
            self.run(self.town.desk.close())
            self.loop.close()
            shutil.rmtree(self.folder)

    async def case_of(self, number):
        found = await cases_of(self.town.desk.archive.store.connection, number)
        return found[-1].id if found else 99

    # What reporters do

    @rule(number=numbers, person=people, line=people, called=st.booleans())
    def complain(self, number, person, line, called):
        if filed := self.attempt(self.town.complain(number, person, called=line if called else "")):
            self.complaints.append(filed.reference)

    @rule(number=numbers, person=people, status=st.sampled_from([200, 607]))
    def ring(self, number, person, status):
        decision = self.run(self.town.ring(number, person, status=status))
        if status == 607:
            self.town.desk.callee.unwanted(decision)
            self.run(self.town.desk.callee.drain())
        self.run(self.town.desk.catch_up())

    @rule(person=people)
    def dial_the_code(self, person):
        self.attempt(self.town.desk.callee.report_last_call(person))

    @rule(number=numbers, crowd=st.sets(people, min_size=1))
    def import_a_file(self, number, crowd):
        lines = ["accused,reporter", *(f"{number.removeprefix('CN:')},{person}" for person in sorted(crowd))]
        self.run(file_centre(self.town.desk.complaints, lines, source="12321", zone=self.town.desk.archive.zone))

    @rule(place=st.integers(0, 50), rejected=st.booleans())
    def take_back(self, place, rejected):
        if self.complaints:
            reference, intake = self.complaints[place % len(self.complaints)], self.town.desk.complaints
            self.attempt(
                intake.reject(reference, actor="li", reason="x")
                if rejected
                else intake.withdraw(reference, actor="reporter")
            )

    # What officers do, and whoever is none

    @rule(number=numbers, who=st.sampled_from((*OFFICERS, AUTHOR, "stranger")), step=st.integers(0, 8))
    def work_on_the_case(self, number, who, step):
        cases, case = self.town.desk.cases, self.run(self.case_of(number))
        self.attempt(
            (
                lambda: cases.take(case, actor=who),
                lambda: cases.verify(case, actor=who, found_by=FoundBy.OWNER, reason="x"),
                lambda: cases.seal(case, actor=who, reason="x"),
                lambda: cases.release(case, actor=who, reason="x"),
                lambda: cases.keep(case, actor=who, reason="x"),
                lambda: cases.close_unfounded(case, actor=who, reason="x"),
                lambda: cases.close_forged(case, actor=who, reason="x", trunk="carrier"),
                lambda: cases.hand_over(case, actor=who, to="Other Telecom"),
                lambda: cases.their_answer(case, actor=who, answer="x"),
            )[step]()
        )

    @rule(number=numbers, who=officers, left_out=st.sampled_from(["nothing", "take", "verify"]))
    def hurry_to_a_seal(self, number, who, left_out):
        cases, case = self.town.desk.cases, self.run(self.case_of(number))
        if left_out != "take":
            self.attempt(cases.take(case, actor=who))
        if left_out != "verify":
            self.attempt(cases.verify(case, actor=who, found_by=FoundBy.OWNER, reason="x"))
        self.attempt(cases.seal(case, actor=who, reason="x"))

    @rule(number=numbers, kind=st.sampled_from(["number", "owner"]), to=st.sampled_from([None, *LadderStep]))
    def climb(self, number, kind, to):
        name = number if kind == "number" else "Loan King"
        self.attempt(self.town.desk.ladder.climb(kind, name, actor="li", reason="x", to=to))

    @rule(number=numbers, owner=st.sampled_from(["Loan King", "East Marketing"]))
    def assign(self, number, owner):
        self.attempt(self.town.desk.ladder.assign(number, owner=owner, actor="li"))

    @rule(number=numbers, attacks=st.sampled_from([None, *Attacks]))
    def appeal(self, number, attacks):
        if found := self.attempt(self.town.desk.appeals.file(number=number, attacks=attacks)):
            self.appeals.append(found.reference)

    @rule(place=st.integers(0, 50), granted=st.booleans())
    def decide(self, place, granted):
        if self.appeals:
            decide = self.town.desk.appeals.grant if granted else self.town.desk.appeals.refuse
            self.attempt(decide(self.appeals[place % len(self.appeals)], actor="wang", reason="x"))

    @rule(days=st.floats(0.01, 40))
    def time_passes(self, days):
        self.town.now += days * DAY

    @rule()
    def start_anew(self):
        self.run(self.town.reopen(**self.policy))

    # What must hold

    @invariant()
    def a_seal_follows_from_a_persons_verification(self):
        if hasattr(self, "town"):
            self.run(self._only_by_a_person())

    async def _only_by_a_person(self):
        archive = self.town.desk.archive
        for number in NUMBERS:
            cases = await cases_of(archive.store.connection, number)
            seal = await standing_seal(archive, number)
            sealed = [case.id for case in cases if case.state is CaseState.SEALED]
            assert sealed == ([seal[1]] if seal else [])
            listed = {entry.list for entry in await archive.lists.covering(number)}
            assert ("sealed" in listed) == (seal is not None)
            for case in cases:
                deeds = await deeds_of(archive.store.connection, "case", str(case.id))
                steps = [deed.step for deed in deeds]
                assert {deed.actor for deed in deeds} <= set(OFFICERS)
                if case.sealed is not None or "seal" in steps:
                    assert steps.index("take") < steps.index("verify") < steps.index("seal")
        assert (await verified(archive)).breaks == []

    @invariant()
    def evidence_is_what_stands(self):
        if hasattr(self, "town"):
            self.run(self._by_the_formula())

    async def _by_the_formula(self):
        archive = self.town.desk.archive
        query = (
            "select reporter, line, tie, received from complaint where case_id = ? "
            "and state not in ('withdrawn', 'rejected')"
        )
        for number in NUMBERS:
            for case in await cases_of(archive.store.connection, number):
                rows = await archive.store.connection.execute_fetchall(query, (case.id,))
                said = [Said(row[0], row[1], Tie(row[2]), row[3]) for row in rows]
                random.shuffle(said)  # hypothesis seeds it
                found = await evidence_of(archive, case)
                assert found == weigh(said, rang=found.rang, now=self.town.now)


TestDesk = Desk.TestCase
TestDesk.settings = settings(examples(20, *HealthCheck), stateful_step_count=40)
