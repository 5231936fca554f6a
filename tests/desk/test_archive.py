"""What the desk works on: opened together, closed together, in the operator's zone."""

import stat

import pytest

from desk.archive import complaints_path
from desk.desk_settings import ComplaintSettings
from desk.faults import ComplaintError
from rules.storage.store import StoreError
from tests.desk.town import HOUR, NOON, SCREENING, SPAM, Town


async def test_days_and_periods_are_the_operators(town):
    archive = town.desk.archive
    assert archive.periods(NOON) == ("2026-07-01", "2026-07", "2026Q3")
    assert archive.periods(NOON - 13 * 3_600) == ("2026-06-30", "2026-06", "2026Q2")
    assert archive.day(NOON - 13 * 3_600) == 20260630
    assert archive.day_ends(NOON) == archive.day_ends(NOON + 12 * HOUR - 1) == NOON + 12 * HOUR
    assert archive.day_ends(NOON + 12 * HOUR) == NOON + 36 * HOUR


async def test_a_day_may_have_25_hours(tmp_path):
    town = Town(tmp_path)
    town.screening = SCREENING.model_copy(update={"time_zone": "Europe/Berlin"})
    archive = (await town.open()).archive
    midnight = 1_792_879_200.0  # 2026-10-25 00:00, the day on which summer time ends
    assert archive.day(midnight) == archive.day(midnight + 24.5 * HOUR) == 20261025
    assert archive.day_ends(midnight) == midnight + 25 * HOUR
    await town.desk.close()


async def test_numbers_in_any_spelling(town):
    assert town.desk.archive.read_number(" 0950 12345", "x").canonical == SPAM
    with pytest.raises(ComplaintError, match="accused: 'nobody' is no number"):
        town.desk.archive.read_number("nobody", "accused")


async def test_the_database_is_its_owners_alone(town):
    path = complaints_path(town.folder / SCREENING.storage.database)
    assert path.name == "ringfence-complaints.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_unusable_file_opens_nothing(tmp_path):
    complaints_path(tmp_path / SCREENING.storage.database).write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="complaints"):
        await Town(tmp_path).open()


async def test_the_operators_calendar_is_read(tmp_path):
    (tmp_path / "days").write_text("2026-07-02 free\n")
    town = Town(tmp_path)
    await town.open(calendar=tmp_path / "days")
    filed = await town.complain()
    (row,) = [await town.one("select due from clock where id = ? and name = 'accept'", filed.case_id)]
    assert town.desk.archive.periods(row[0])[0] == "2026-07-04"
    await town.desk.close()


def test_defaults():
    assert ComplaintSettings().half_life_days == 30
