"""What somebody asks the audit about."""

import pytest

from desk.faults import ComplaintError
from desk.subjects import subject_of
from tests.desk.town import SPAM


async def test_a_case_a_complaint_an_appeal_and_a_number(town):
    archive = town.desk.archive
    assert subject_of(archive, " ") == ("", "")
    assert subject_of(archive, "case 12") == subject_of(archive, "CASE12") == ("case", "12")
    assert subject_of(archive, "c-7k3m9-2qf4t") == ("complaint", "C-7K3M9-2QF4T")
    assert subject_of(archive, "A7K3M92QF4T") == ("appeal", "A-7K3M9-2QF4T")
    assert subject_of(archive, "95012345") == ("number", archive.secrecy.pseudonym(SPAM))
    with pytest.raises(ComplaintError, match="write case 1, C-"):
        subject_of(archive, "the weather")
