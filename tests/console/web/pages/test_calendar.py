"""Calendar: the days that deadlines count, and when each deadline would be due."""

import pytest

from ringfence.people import Role


@pytest.fixture
async def viewer(house):
    return await house.visitor(Role.VIEWER)


async def test_the_days_that_are_not_as_monday_to_friday(viewer):
    shown = (await viewer.get("/console/calendar", params={"year": 2026})).text
    assert "Chinese New Year" in shown
    assert "made up for a day that was moved" in shown, "Saturdays are worked in its place"
    in_chinese = await viewer.get("/console/calendar", params={"year": 2026}, headers={"accept-language": "zh"})
    assert "春节" in in_chinese.text
    unknown = (await viewer.get("/console/calendar", params={"year": 2099})).text
    assert "nobody has announced" in unknown


async def test_when_something_would_be_due(viewer):
    shown = (await viewer.get("/console/calendar", params={"received": "2026-09-30T16:00"})).text
    assert "2026-09-30 16:00" in shown
    assert "2026-10-09 00:00" in shown, "a day of work after the holidays of October"
    assert "2026-10-01 16:00" in shown, "24 hours for an appeal"
    assert "is no time" in (await viewer.get("/console/calendar", params={"received": "soon"})).text
    assert (await viewer.get("/console/calendar", params={"year": 1})).status_code == 422


@pytest.mark.parametrize("file", ["2026-12-07 free\n2026-12-12 work\n"], indirect=True)
async def test_the_file_of_the_operator_goes_before(viewer):
    shown = (await viewer.get("/console/calendar", params={"year": 2026})).text
    assert shown.count("the file of this operator") == 2


@pytest.fixture
def file(file, request):
    if days := getattr(request, "param", ""):
        file.with_name("days.txt").write_text(days)
        file.write_text(file.read_text() + "calendar: days.txt\n")
    return file
