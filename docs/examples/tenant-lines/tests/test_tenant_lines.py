"""Which lines a call gets."""

from types import SimpleNamespace

import pytest
from tenant_lines import Tenant


@pytest.mark.parametrize(
    ("called", "suspicion", "lines"),
    [
        ("sip:+8613800138000@192.0.2.5", 0, {"X-Ringfence-Tenant": "north"}),
        ("tel:+8613912345678", 6, {"X-Ringfence-Tenant": "south", "X-Ringfence-Suspicion": "6"}),
        ("sip:reception@192.0.2.5", 0, None),
        ("urn:service:sos", 0, None),
    ],
)
def test_the_lines_of_a_call(called, suspicion, lines):
    assert Tenant().lines(SimpleNamespace(called=called, suspicion=suspicion)) == lines
