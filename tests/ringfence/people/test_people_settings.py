"""Where browsers go with secrets of people is encrypted."""

import pytest

from ringfence.people.people_settings import PeopleSettings


@pytest.mark.parametrize("wrong", [{"tries": 1}, {"idle_minutes": 0}, {"second_factor": ["king"]}, {"unknown": 1}])
def test_what_cannot_be_set(wrong):
    with pytest.raises(ValueError):  # noqa: PT011  pydantic's own words
        PeopleSettings(**wrong)
