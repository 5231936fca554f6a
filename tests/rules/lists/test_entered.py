"""A change of a list stands in the audit: who, which number by its pseudonym, why, before and after."""

import json

from rules.audit.chain import entries
from rules.audit.entering import Entering
from rules.lists.editing import Lists
from rules.lists.origins import Origin
from rules.settings.screening import ListSettings
from rules.storage.keys import Keys

KEYS = Keys((), b"p" * 32, (), b"k" * 32)


async def test_an_entry_that_is_added_changed_and_removed(tmp_path):
    settings = {"blocked": ListSettings(kind="block")}
    lists = await Lists.open(tmp_path / "a.db", settings, entering=Entering(lambda: KEYS))
    await lists.add("blocked", "+8613912345678", Origin(author="li", reason="rings", evidence="case 1"))
    await lists.add("blocked", "+8613912345678", Origin(author="li", reason="rings", evidence="case 1"))
    await lists.add("blocked", "+861391*", Origin(author="li"), wide=True)
    await lists.remove("blocked", "+8613912345678", author="wang", reason="wrong")
    added, wide, removed = [one.deed for one in await entries(lists.store.connection)]
    assert (added.subject, added.subject_id) == ("number", KEYS.hide("+8613912345678"))
    assert (added.step, added.reason, added.detail, added.before) == ("put on list", "rings", "blocked", "")
    assert json.loads(added.after) == {"source": "operator", "evidence": "case 1"}
    assert (wide.subject, wide.subject_id, wide.detail) == ("list", "blocked", "blocked: +861391*")
    assert (removed.actor, removed.step, removed.reason) == ("wang", "taken off list", "wrong")
    assert (removed.before, removed.after) == (added.after, "")
    await lists.close()
