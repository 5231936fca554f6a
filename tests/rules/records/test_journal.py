"""The journal: noted at once, written in batches, bounded, one masked line a call."""

import io
import json
from contextlib import asynccontextmanager, contextmanager

from rules.model import Action, Call, Fired, Hit, Number, NumberClass, Outcome, Step, Trunk, Verdict
from rules.records.decisions import Decisions, HitCount
from rules.records.journal import Journal
from rules.records.outlet import CallLog
from rules.records.retention import Keeping
from rules.records.spool import Spool, spooled
from rules.records.troubles import Troubles
from rules.storage.store import Store, StoreError

CALLER = Number("+8613800138000", NumberClass.MOBILE, "CN")
CALLED = Number("+861062345678", NumberClass.FIXED, "CN")


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


class Broken(io.StringIO):
    def write(self, text):
        raise OSError("no space left on device")


@asynccontextmanager
async def opened(path, log=None, **more):
    clock = Clock()
    decisions = await Decisions.open(path / "decisions.db")
    log = log or io.StringIO()
    keeping = Keeping(**{"days": 30, "mib": 100} | {name: more.pop(name) for name in Keeping._fields if name in more})
    journal = Journal(decisions, b"k" * 32, keeping, **{"log": log, "now": clock, **more})
    try:
        yield journal, decisions, clock, log
    finally:
        await journal.close()


@contextmanager
def full_disk(monkeypatch, meanwhile=lambda: None):
    """Whatever is written fails; `meanwhile` happens before it does."""

    @asynccontextmanager
    async def full(store):
        meanwhile()
        raise StoreError("database or disk is full")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Store, "transaction", full)
        yield


def note(journal, clock, decision, **more):
    values = {"caller": CALLER, "called": CALLED, "trunk": Trunk("north"), "at": clock.now, "call_id": "a@b"}
    verdict = Verdict(Action.TAG, Step.SUSPICION, decision=decision, rule="marketing", suspicion=6, revision="r1")
    journal.record(Call(**{**values, "source": "192.0.2.7", **more}), verdict)


async def test_a_call_that_ended_is_written_with_its_outcome(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, log):
        note(journal, clock, "a" * 20)
        await journal.flush()
        assert await decisions.find("a" * 20) is None, "not ended, not old"
        journal.ended("a" * 20, Outcome(200, True, 41))
        await journal.flush()
        found = await decisions.find("a" * 20)
        assert (found.status, found.rang, found.setup_ms) == (200, True, 41)
        assert json.loads(log.getvalue()) == {
            "at": "2023-11-14T22:13:20.000Z",
            "event": "call",
            "decision": "a" * 20,
            "call_id": "a@b",
            "source": "192.0.2.7",
            "trunk": "north",
            "caller": "+86138******00",
            "called": "+8610******78",
            "verdict": "tag",
            "step": "suspicion",
            "rule": "marketing",
            "suspicion": 6,
            "status": 200,
            "setup_ms": 41,
        }


async def test_a_call_that_rings_long_is_written_first_and_ended_later(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, log):
        note(journal, clock, "a" * 20)
        clock.now += 2.0
        await journal.flush()
        assert (await decisions.find("a" * 20)).status is None
        assert log.getvalue() == ""
        clock.now += 20.0
        journal.ended("a" * 20, Outcome(486, True, 22_000))
        await journal.flush()
        assert (await decisions.find("a" * 20)).status == 486
        assert json.loads(log.getvalue())["status"] == 486


async def test_a_clock_set_back_keeps_nobody_waiting(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, _):
        for number in range(100):
            note(journal, clock, f"{number:020d}")
        clock.now -= 3_600.0
        await journal.flush()
        assert len(await decisions.recent(999)) == 100


async def test_a_call_that_never_ends_gets_its_line_all_the_same(tmp_path):
    async with opened(tmp_path) as (journal, _, clock, log):
        note(journal, clock, "a" * 20)
        clock.now += 601.0
        await journal.flush()
        assert json.loads(log.getvalue())["status"] is None
        journal.ended("a" * 20, Outcome(200, True, 1))
        journal.ended("f" * 20, Outcome(200, True, 1))
        await journal.flush()
        assert log.getvalue().count("\n") == 1


async def test_the_task_writes_without_being_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("rules.records.journal.TICK_S", 0.001)
    async with opened(tmp_path) as (journal, decisions, clock, _):
        journal.start()
        note(journal, clock, "a" * 20)
        journal.ended("a" * 20, Outcome(200, True, 1))
        while not journal.written:
            assert await decisions.recent(1) in ([], [await decisions.find("a" * 20)])


async def test_closing_writes_everything(tmp_path):
    async with opened(tmp_path) as (journal, _, clock, log):
        journal.start()
        note(journal, clock, "a" * 20)
    assert json.loads(log.getvalue())["status"] is None
    decisions = await Decisions.open(tmp_path / "decisions.db")
    assert (await decisions.find("a" * 20)).rule == "marketing"
    await decisions.close()


async def test_the_bound_drops_the_oldest_and_counts(tmp_path):
    async with opened(tmp_path, limit=3) as (journal, decisions, clock, _):
        for name in "abcde":
            note(journal, clock, name * 20)
        assert (journal.dropped, journal.waiting) == (2, 3)
        for name in "abcde":
            journal.ended(name * 20, Outcome(200, True, 1))
        note(journal, clock, "f" * 20)
        await journal.flush(everything=True)
        assert {found.id[0] for found in await decisions.recent(9)} == set("def")
        assert journal.dropped == 3


async def test_a_full_disk_keeps_records_for_the_next_tick(tmp_path, monkeypatch):
    async with opened(tmp_path) as (journal, decisions, clock, _):
        note(journal, clock, "a" * 20)
        journal.ended("a" * 20, Outcome(200, True, 1))
        with full_disk(monkeypatch):
            await journal.flush()
        assert (journal.write_errors, journal.last_error) == (1, "database or disk is full")
        await journal.flush()
        assert (await decisions.find("a" * 20)).status == 200


async def test_a_fact_that_cannot_be_written_costs_its_record_only(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, _):
        note(journal, clock, "a" * 20, facts={"x": object()})
        note(journal, clock, "b" * 20)
        await journal.flush(everything=True)
        assert [found.id[0] for found in await decisions.recent(9)] == ["b"]
        assert journal.dropped == 1
        assert "JSON" in journal.last_error


async def test_what_is_no_finite_number_is_no_fact_of_a_record(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, _):
        note(journal, clock, "a" * 20, facts={"risk": float("nan"), "other": float("-inf"), "calls_1h": 3})
        await journal.flush(everything=True)
        assert (await decisions.find("a" * 20)).facts["facts"] == {"calls_1h": 3}


async def test_a_record_that_the_database_refuses_keeps_no_other_from_it(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, _):
        for name in "abcde":
            note(journal, clock, name * 20)
            journal.ended(name * 20, Outcome(200, True, 1))
        broken = next(row for row in journal._rows if row[0] == "c" * 20)
        journal._rows[journal._rows.index(broken)] = tuple(
            '{"facts":{"risk":NaN}}' if part == broken[18] else part for part in broken
        )
        journal.amend("a" * 20, Outcome(486, True, 1))
        await journal.flush()
        await journal.flush()
        assert {found.id[0] for found in await decisions.recent(9)} == set("abde")
        assert (await decisions.find("a" * 20)).status == 486
        assert (journal.written, journal.dropped) == (4, 1)
        assert not journal.without


async def test_a_number_that_cannot_be_masked_costs_its_line(tmp_path, monkeypatch):
    async with opened(tmp_path) as (journal, _, clock, log):
        note(journal, clock, "a" * 20, caller=CALLER._replace(canonical=None))
        journal.ended("a" * 20, Outcome(200, True, 1))
        await journal.flush()
        assert log.getvalue() == ""
        assert journal.lines_dropped == 1


async def test_a_log_that_cannot_be_written_is_counted(tmp_path):
    async with opened(tmp_path, log=Broken()) as (journal, _, clock, _):
        note(journal, clock, "a" * 20)
        journal.ended("a" * 20, Outcome(200, True, 1))
        await journal.flush()
        assert (journal.lines_dropped, journal.written) == (1, 1)


async def test_untrusted_text_stays_inside_its_string(tmp_path):
    async with opened(tmp_path, masked=False) as (journal, _, clock, log):
        note(journal, clock, "a" * 20, call_id='x"},\n{"a":"\u2028\udcff\x1b[31m')
        journal.ended("a" * 20, Outcome(200, True, 1))
        await journal.flush()
        assert log.getvalue().isascii()
        line = json.loads(log.getvalue())
        assert line["call_id"] == 'x"},\n{"a":"\u2028\udcff\x1b[31m'
        assert line["caller"] == CALLER.canonical


async def test_what_is_too_old_is_pruned_in_passing(tmp_path):
    async with opened(tmp_path, days=1) as (journal, decisions, clock, _):
        note(journal, clock, "a" * 20)
        await journal.flush(everything=True)
        clock.now += 2 * 86_400
        await journal.flush()
        assert await decisions.recent(9) == []


async def test_a_clock_set_back_keeps_nothing_from_being_pruned(tmp_path):
    async with opened(tmp_path, days=1) as (journal, decisions, clock, _):
        note(journal, clock, "a" * 20)
        await journal.flush(everything=True)
        clock.now += 30
        note(journal, clock, "b" * 20)
        clock.now -= 900 * 86_400
        await journal.flush(everything=True)
        clock.now += 902 * 86_400
        await journal.flush()
        assert await decisions.recent(9) == []


async def test_hits_survive_a_full_disk_and_add_up(tmp_path, monkeypatch):
    async with opened(tmp_path, limit=1) as (journal, decisions, _, _):
        hit = Hit("nuisance", "block", "+86138*", "feed", "+8613800138000", 0)
        journal.count([hit, hit._replace(entry="+86139*")], 7.0)
        with full_disk(monkeypatch, meanwhile=lambda: journal.count([hit], 9.0)):
            await journal.flush()
        journal.count([hit], 8.0)
        await journal.flush()
        assert await decisions.most_hit("nuisance") == [HitCount("nuisance", "+86138*", 3, 8.0)], (
            "no more than the limit"
        )
        assert (await decisions.hit_sums())["nuisance"].entry == "1"


async def test_a_verdict_is_on_file_before_its_id_is_told_and_an_ordinary_call_costs_nothing(tmp_path):
    database = tmp_path / "decisions.db"
    async with opened(tmp_path, spool=lambda: Spool.open(database)) as (journal, decisions, clock, _):
        note(journal, clock, "a" * 20)
        passed = Verdict(Action.FORWARD, Step.DEFAULT, decision="b" * 20)
        journal.record(Call(caller=CALLER, called=CALLED, trunk=Trunk("north"), at=clock.now), passed)
        assert spooled(database, "a" * 20) is None
        journal.secure()
        assert spooled(database, "a" * 20) is not None
        assert spooled(database, "b" * 20) is None
        assert (await decisions.find("a" * 20)).rule == "marketing", "also where it is not in the database yet"
        journal.ended("a" * 20, Outcome(200, True, 41))
        await journal.flush()
        assert (await decisions.find("a" * 20)).setup_ms == 41, "with its outcome"
        assert spooled(database, "a" * 20) is None


async def test_a_failed_write_is_told_with_its_cause_and_seldom(tmp_path, monkeypatch):
    said = []
    async with opened(tmp_path, log=Broken()) as (journal, _, clock, _):
        journal.troubles = Troubles(lambda *what: said.append(what), clock)
        for name in "ab":
            note(journal, clock, name * 20)
            journal.ended(name * 20, Outcome(200, True, 1))
            with full_disk(monkeypatch):
                await journal.flush()
        clock.now += 61
        with full_disk(monkeypatch):
            await journal.flush()
    assert said == [
        ("decision records could not be written", "database or disk is full", 1),
        ("lines of calls could not be written", "no space left on device", 1),
        ("decision records could not be written", "database or disk is full", 2),
        ("old decision records could not be removed", "database or disk is full", 1),
    ]


async def test_a_number_in_a_call_id_is_neither_stored_nor_logged_and_its_call_is_found_by_it(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, log):
        written = f"{CALLED.canonical[1:]}-17@192.0.2.7"
        note(journal, clock, "a" * 20, call_id=written)
        note(journal, clock, "b" * 20)
        await journal.flush(everything=True)
        assert CALLED.canonical[1:] not in log.getvalue()
        found = await decisions.by_call_id(written, b"k" * 32)
        assert (found.id, found.call_id) == ("a" * 20, "861*********-17@192.0.2.7")
        assert (await decisions.by_call_id("a@b", b"k" * 32)).id == "b" * 20
        assert await decisions.by_call_id("c@d", b"k" * 32) is None
        await decisions.store.connection.execute("pragma wal_checkpoint(truncate)")
        assert CALLED.canonical[1:].encode() not in (tmp_path / "decisions.db").read_bytes()


async def test_what_an_observed_rule_held_on_is_counted_and_stands_in_the_line_and_the_record(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, log):
        watched = Fired("loans", Step.RULES, "reject", "own.yaml:1", observed=True)
        acted = Fired("night", Step.RULES, "tag", "own.yaml:9")
        for n, fired in enumerate([(watched, acted), (acted,)]):
            verdict = Verdict(Action.TAG, Step.RULES, decision=f"d{n}", rule="night", fired=fired)
            journal.record(Call(caller=CALLER, called=CALLED, trunk=Trunk("north"), at=clock.now, call_id="a"), verdict)
            journal.ended(f"d{n}", Outcome(200, True, 100))
        await journal.flush(everything=True)
        assert journal.observed == {"loans": 1}
        assert [json.loads(line).get("observed") for line in log.getvalue().splitlines()] == [["loans"], None]
        assert [one.id for one in await decisions.recent(observed="loans")] == ["d0"]
        assert [one.id for one in await decisions.recent(observed="*")] == ["d0"]
        assert await decisions.recent(observed="night") == []


async def test_numbers_that_a_caller_writes_into_names_devices_and_fields_are_not_stored(tmp_path):
    async with opened(tmp_path) as (journal, decisions, clock, log):
        number = CALLED.canonical[1:]
        texts = {"display_name": f"call {number}", "user_agent": f"dialer/{number}", "domain": f"{number}.example"}
        note(journal, clock, "a" * 20, **texts, headers={"diversion": f"<sip:+{number}@h>"})
        await journal.flush(everything=True)
        found = await decisions.find("a" * 20)
        assert found.facts["display_name"] == "call 861*******78"
        assert found.facts["headers"] == {"diversion": "<sip:+861*******78@h>"}
        await decisions.store.connection.execute("pragma wal_checkpoint(truncate)")
        assert number.encode() not in (tmp_path / "decisions.db").read_bytes()
        assert number not in log.getvalue()


async def test_that_lines_are_lost_is_said_until_there_is_room_and_not_until_the_next_call(tmp_path):
    path = tmp_path / "logs" / "calls.log"
    path.parent.touch()
    async with opened(tmp_path, log=CallLog(path)) as (journal, _, clock, _log):
        note(journal, clock, "a" * 20)
        await journal.flush(everything=True)
        assert "Not a directory" in journal.lines_fail
        await journal.flush()
        path.parent.unlink()
        path.parent.mkdir()
        for seconds, fine in ((1, False), (5, True)):
            clock.now += seconds
            await journal.flush()
            assert (journal.lines_fail == "") is fine, "tried every five seconds"
        assert not journal._log.closed_to_us
        journal._log.close()


async def test_lines_that_are_lost_and_ids_told_too_early_are_said_until_they_are_not(tmp_path, monkeypatch):
    async with opened(tmp_path, log=Broken()) as (journal, _, clock, _log):
        note(journal, clock, "a" * 20)
        await journal.flush(everything=True)
        assert journal.lines_fail == "no space left on device"
        journal._log = io.StringIO()
        note(journal, clock, "b" * 20)
        await journal.flush(everything=True)
        assert journal.lines_fail == ""
    with monkeypatch.context() as patch:
        async with opened(tmp_path, spool=lambda: Spool.open(tmp_path / "decisions.db")) as (journal, _, clock, _log):
            patch.setattr(Spool, "add", lambda *_: (_ for _ in ()).throw(OSError("no space left on device")))
            note(journal, clock, "c" * 20)
            journal.secure()
            assert journal.without == "verdicts are told before their records are on file: no space left on device"
            patch.undo()
            note(journal, clock, "d" * 20)
            journal.secure()
            assert journal.without == ""
