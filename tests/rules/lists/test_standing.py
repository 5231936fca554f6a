"""What was hit and left the list since does not count as standing."""

from rules.lists import standing as module
from rules.lists.editing import Lists
from rules.lists.standing import how_many_stand
from rules.settings.screening import ListSettings

LISTS = {"nuisance": ListSettings(kind="block"), "doubtful": ListSettings(kind="suspect")}


async def test_entries_of_every_form_are_counted_while_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    lists = await Lists.open(tmp_path / "lists.db", LISTS)
    texts = ["+8613800138000", "+86139*", "CN:95012000..CN:95012999", "CN:95588"]
    for text in texts:
        await lists.add("nuisance", text, wide=True)
    counted = [await how_many_stand(lists, "nuisance", texts), await how_many_stand(lists, "doubtful", texts)]
    await lists.remove("nuisance", "+86139*")
    await lists.remove("nuisance", "CN:95588")
    counted += [await how_many_stand(lists, "nuisance", texts), await how_many_stand(lists, "nuisance", [])]
    await lists.close()
    assert counted == [4, 0, 2, 0]
