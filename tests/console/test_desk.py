"""The desk as commands hold it."""

from console.desk import clock_line, officer, opened_desk
from rules.complaints.deadlines import Clock


def test_a_deadline_in_words():
    clock = Clock("answer", 0.0, 3_600.0, None)
    assert clock_line(clock, 0.0, "UTC") == "answer: running, due 1970-01-01 01:00:00+00:00"
    assert clock_line(clock, 9_000.0, "UTC").startswith("answer: overdue, due ")
    assert clock_line(clock._replace(met=60.0), 9_000.0, "UTC") == "answer: met 1970-01-01 00:01:00+00:00"


async def test_folders_are_made_where_they_lack(file):
    file.write_text(file.read_text() + "storage: {database: var/deep/ringfence.db, key_file: var/keys}\n")
    async with opened_desk(file) as (desk, zone):
        assert zone == "Asia/Shanghai"
        assert desk.archive.country == "CN"
    assert (file.parent / "var/deep/ringfence-complaints.db").exists()
    assert officer()
