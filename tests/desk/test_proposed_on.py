"""What a step was proposed on holds while it is confirmed; through the commands: test_carrying_out.py."""

import pytest

from desk.case_files import CaseFile
from desk.faults import Conflict
from desk.proposed_on import refuse_moved
from rules.audit.second import confirmed


def case(version, step="verify"):
    told = dict.fromkeys(CaseFile._fields) | {"id": 7, "version": version, "last_step": step, "last_actor": "zhao"}
    return CaseFile(**told)


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({"version": 2, "fallen": 1}, "verify by zhao"),
        ({"version": 3, "fallen": 0}, "1 complaint of it"),
        ({"version": 2, "fallen": 0}, "verify by zhao, 1 complaint of it"),
    ],
)
def test_a_case_that_stands_otherwise_is_refused(then, said):
    with confirmed("confirmed by wang", then), pytest.raises(Conflict, match=said):
        refuse_moved(case(3), {"version": 3, "fallen": 1})


@pytest.mark.parametrize("then", [{"version": 3, "fallen": 1}, {"version": 3, "fallen": 2}, {"step": "seal"}, None])
def test_what_stands_as_it_did_or_was_proposed_before_that_was_told_is_done(then):
    with confirmed("confirmed by wang", then):
        refuse_moved(case(3), {"version": 3, "fallen": 1})
    with confirmed("", {"version": 1}), confirmed("by policy"):
        refuse_moved(case(3), {"version": 3, "fallen": 1})
