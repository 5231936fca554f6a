"""List entries as sentences."""

from ringfence.shown_values import period_told
from rules.lists.history import Period
from rules.lists.origins import Entry, Origin


def test_a_period_in_a_sentence():
    entry = Entry("blocked", "+86170*", Origin("police", "list 7", "wang", evidence="file 3"), 0.0, 4)
    stands = Period(entry, 0.0, "wang", None, None, "", "", "", None)
    said = "+86170* on blocked, added on 1970-01-01 00:00:00+00:00 by wang (police, import 4): list 7; evidence: file 3"
    assert period_told(stands, "UTC") == f"{said}; it stands"
    gone = stands._replace(until=60.0, how="removed", author="li", reason="appeal")
    assert period_told(gone, "UTC") == f"{said}; removed on 1970-01-01 00:01:00+00:00 by li: appeal"
    undone = stands._replace(until=60.0, how="undo", author="li", import_id=4)
    assert period_told(undone, "UTC").endswith("; import 4 undone on 1970-01-01 00:01:00+00:00 by li")
