"""Door and role of whoever acts are entered with what he does, and with nothing that comes after."""

from rules.audit.chain import Deed, entered_by
from rules.audit.doors import through

DEED = Deed(1.0, "li", "case", "1", "take")


def test_a_deed_gets_the_door_by_which_somebody_came():
    with through("page", "auditor"):
        assert entered_by(DEED)[-4:-2] == ("auditor", "page")
        with through("api"):
            assert (entered_by(DEED).door, entered_by(DEED).role) == ("api", "")
        assert entered_by(DEED._replace(door="command line", role="keeper"))[-4:-2] == ("keeper", "command line")
    assert entered_by(DEED) == DEED
