"""Hours that are none are refused."""

import pytest
from pydantic import ValidationError

from desk.privacy_settings import PrivacySettings


@pytest.mark.parametrize("hours", ["22:00", "22-6", "25:00-06:00", "22:00-06:60"])
def test_hours_that_are_none(hours):
    with pytest.raises(ValidationError, match="write them as 22:00-06:00"):
        PrivacySettings(night_hours=hours)


def test_no_hours_are_hours():
    assert PrivacySettings(night_hours="").night_hours == ""
