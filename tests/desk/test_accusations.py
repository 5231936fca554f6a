"""The complaints about one number: by state, the latest first, none that were withdrawn."""

from desk.accusations import accusations
from desk.reading import NewComplaint
from tests.desk.town import Town


async def test_what_was_complained_of(tmp_path):
    town = Town(tmp_path)
    await town.open()
    filed = [
        await town.desk.complaints.file(NewComplaint("95012345", f"+861380013800{n}", category="loan"))
        for n in range(3)
    ]
    await town.desk.complaints.withdraw(filed[0].reference, actor="li", reason="a mistake")
    found = await accusations(town.desk.archive, "CN:95012345", limit=1)
    assert found.total == 2
    assert [one.reference for one in found.latest] == [filed[2].reference]
    assert (await accusations(town.desk.archive, "CN:95012346")).total == 0
    await town.desk.close()
