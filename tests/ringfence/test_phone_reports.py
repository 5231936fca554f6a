"""A 607 through the running proxy's judge is a complaint; a database that cannot be used costs no call."""

import io
from contextlib import asynccontextmanager

import structlog

from desk import deadlines
from desk.alerts import KINDS, alerts
from desk.archive import complaints_path
from desk.complaint_rows import listed
from desk.reading import NewComplaint
from proxy.effects import Filing, Receipt
from proxy.outgoing import NOT_TAKEN
from ringfence.installation import Installation
from ringfence.phone_reports import PhoneComplaints
from rules.language.compile import compile_rules
from rules.model import Call, Outcome, Trunk
from rules.numbering.numbers import read_number
from rules.screening.screen import Screen

CN = Trunk("carrier", country="CN", cli_screened=True)
CALLED = "+8613800138000"


@asynccontextmanager
async def opened(file):
    async with Installation.open(file) as here:
        ruleset = compile_rules([], here.configuration, trunks=[CN]).ruleset
        screen = await Screen.open(here.configuration, ruleset, here.base, log=io.StringIO())
        phones = await PhoneComplaints.open(here, screen)
        try:
            yield screen, phones
        finally:
            await screen.close()
            await phones.close()


def judged(screen, caller="95013345", at=1.8e9):
    call = Call(caller=read_number(caller, CN), called=read_number(CALLED, CN, called=True), trunk=CN, at=at)
    return screen.judge(call).decision


async def test_a_607_is_filed_by_the_time_the_proxy_has_stopped(file):
    async with opened(file) as (screen, phones):
        phones.begin()
        screen.ended(judged(screen), Outcome(200, True, 900))
        screen.ended(judged(screen), Outcome(607, True, 900))
    async with opened(file) as (_, phones):
        (complaint,) = await listed(phones.desk.archive.store.connection)
    assert (complaint.accused, complaint.channel) == ("CN:95013345", "607")


async def test_the_feature_code_reports_the_call_that_ended_a_moment_ago(file):
    async with opened(file) as (screen, phones):
        screen.ended(judged(screen, "95014444", at=1.8e9 - 1), Outcome(200, True, 900))
        await screen.journal.flush()
        screen.ended(judged(screen), Outcome(200, True, 900))
        receipt = await phones.report(["EXT:1001", CALLED])
        assert receipt.filing is Filing.TAKEN
        (complaint,) = await listed(phones.desk.archive.store.connection)
        assert (complaint.reference, complaint.accused, complaint.channel) == (
            receipt.complaint,
            "CN:95013345",
            "feature code",
        )
        assert await phones.report([CALLED]) == receipt, "twice is once"


async def test_the_calendar_of_deadlines_is_there_before_the_first_complaint(file, monkeypatch):
    """It takes 0.2 s to load, in which no call would be handled."""
    async with opened(file) as (screen, phones):
        monkeypatch.setattr(deadlines, "working_days", None)
        screen.ended(judged(screen), Outcome(200, True, 900))
        assert (await phones.report([CALLED])).filing is Filing.TAKEN


async def test_what_can_not_be_reported(file):
    async with opened(file) as (screen, phones):
        assert await phones.report([CALLED]) == Receipt(Filing.NOTHING)
        assert await phones.report([]) == Receipt(Filing.NOTHING)
        screen.ended(judged(screen, "110"), Outcome(200, True, 900))
        assert await phones.report([CALLED]) == Receipt(Filing.REFUSED)


async def test_a_desk_that_cannot_write_takes_nothing(file):
    async with opened(file) as (screen, phones):
        screen.ended(judged(screen), Outcome(200, True, 900))
        await phones.desk.archive.store.connection.execute("pragma query_only=on")
        assert await phones.report([CALLED]) == NOT_TAKEN
        assert await listed(phones.desk.archive.store.connection) == []


async def test_a_desk_that_cannot_write_hinders_no_end(file):
    with structlog.testing.capture_logs() as lines:
        async with opened(file) as (screen, phones):
            await phones.desk.archive.store.connection.execute("pragma query_only=on")
            screen.ended(judged(screen), Outcome(607, True, 900))
    assert [line["event"] for line in lines] == ["complaints of phones are not filed"]


async def test_an_unusable_database_costs_no_call(file):
    complaints_path(file.parent / "ringfence.db").write_bytes(b"no database at all" * 100)
    async with opened(file) as (screen, phones):
        assert phones.desk is None
        phones.begin()
        screen.ended(judged(screen), Outcome(607, True, 900))
        assert await phones.report([CALLED]) == NOT_TAKEN
        assert figures(phones)["ringfence_complaint_alerts", "jump"] == 0


def figures(phones):
    return {
        (sample.name, sample.labels.get("kind", "")): sample.value
        for family in phones.collect()
        for sample in family.samples
    }


async def test_an_alert_is_a_figure_and_one_line_without_what_anybody_wrote(file):
    async with opened(file) as (_, phones):
        archive = phones.desk.archive
        for person in range(28):  # the calls of 25 are not on record: all of them are worth half an alert at most
            accused, reporter = ("95013345", "965333")[person % 2], f"+86138001380{person:02}"
            if person == 25:
                assert await alerts(archive) == []
            if person >= 25:
                rang = (f"CN:{accused}", archive.secrecy.pseudonym(reporter), archive.now() - 600, f"{person:020x}", 1)
                async with archive.store.transaction() as connection:
                    await connection.execute("insert into rang values (?, ?, ?, ?, ?)", rang)
            await phones.desk.complaints.file(NewComplaint(accused, reporter, knew={"branch": "Chaoyang"}))
        with structlog.testing.capture_logs() as lines:
            await phones._rounds.once()
            await phones._rounds.once()
        (line,) = lines
        assert (line["log_level"], line["event"], line["kind"]) == ("warning", "complaints alert", "leak")
        assert (line["reporters"], line["complaints"]) == (5.5, 28)
        assert "Chaoyang" not in str(line)
        assert figures(phones) == {
            **{("ringfence_complaint_alerts", kind): kind == "leak" for kind in KINDS},
            ("ringfence_unwanted_dropped_total", ""): 0,
        }
