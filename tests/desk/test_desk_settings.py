"""A feature code can never be a number that somebody calls."""

import pytest
from pydantic import ValidationError

from desk.desk_settings import ComplaintSettings


@pytest.mark.parametrize("code", ["", "*33", "#33#", "**7", "*123456789012345"])
def test_a_code_begins_with_star_or_hash(code):
    assert ComplaintSettings(feature_code=code).feature_code == code


@pytest.mark.parametrize("code", ["33", "112", "*", "*1234567890123456", "*33@pbx", "+33", "*3 3", "*\uff13"])
def test_what_could_be_a_number_is_refused(code):
    with pytest.raises(ValidationError, match="could be a number"):
        ComplaintSettings(feature_code=code)
