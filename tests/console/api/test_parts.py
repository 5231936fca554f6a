"""Times and versions as clients write them."""

import pytest

from console.api.parts import maybe_utc, moment, seen, utc
from console.api.problems import Problem


def test_times_there_and_back():
    assert utc(moment("2026-07-01T12:00:00+08:00")) == "2026-07-01T04:00:00Z"
    assert moment("2026-07-01t04:00:00z") == moment("2026-07-01T04:00:00.000Z")
    assert maybe_utc(None) is None


@pytest.mark.parametrize("text", ["2026-02-31T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:00"])
def test_a_time_that_does_not_exist(text):
    with pytest.raises(ValueError, match="no such time"):
        moment(text)


def test_the_version_that_was_looked_at():
    assert [seen(3, None), seen(None, '"3"'), seen(3, '"3"'), seen(None, None)] == [3, 3, 3, None]
    with pytest.raises(Problem):
        seen(2, '"3"')
