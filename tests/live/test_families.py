"""Calls that cross from IPv6 to IPv4 and back through one proxy."""

import pytest

pytestmark = pytest.mark.live

FLOWS = [
    ("caller_hangs_up", "callee_answers"),
    ("caller_hears_bye", "callee_hangs_up"),
    ("caller_reinvited", "callee_reinvites"),
]


@pytest.mark.parametrize(("caller", "callee"), FLOWS)
@pytest.mark.parametrize("which", ["from_six", "to_six"])
def test_a_call_in(house, which, caller, callee):
    getattr(house, which).call(caller, callee)


@pytest.mark.parametrize(("caller", "callee"), FLOWS)
@pytest.mark.parametrize("which", ["from_six", "to_six"])
def test_a_call_out(house, which, caller, callee):
    getattr(house, which).call_out(caller, callee)
