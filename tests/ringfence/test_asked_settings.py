"""Where verdicts are told over HTTP: on this machine alone."""

import pytest

from ringfence.asked_settings import AskedSettings


@pytest.mark.parametrize("listen", ["127.0.0.1:8608", "localhost:8608", "[::1]:8608"])
def test_it_listens_on_loopback(listen):
    assert AskedSettings.model_validate({"listen": listen}).per_second == 1000.0


@pytest.mark.parametrize("listen", ["0.0.0.0:8608", "192.0.2.5:8608", "node.example:8608"])
def test_and_nowhere_else_since_keys_would_travel_in_clear(listen):
    with pytest.raises(ValueError, match="not on loopback"):
        AskedSettings.model_validate({"listen": listen})
