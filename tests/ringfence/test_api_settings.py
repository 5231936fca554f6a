"""Settings of the API: keys never travel in clear beyond this machine."""

import pytest
from pydantic import ValidationError

from ringfence.api_settings import ApiSettings, on_loopback


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"listen": "localhost:8607"},
        {"listen": "[::1]:8607"},
        {"listen": "192.0.2.1:443", "certificate": "desk.pem"},
        {"listen": "0.0.0.0:8607", "behind_proxy": True},
        {"certificate": "desk.crt", "key": "desk.key"},
    ],
)
def test_sound(settings):
    assert ApiSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"listen": "192.0.2.1:8607"}, "keys would travel in clear"),
        ({"listen": "0.0.0.0:8607"}, "keys would travel in clear"),
        ({"listen": "desk.example:8607", "behind_proxy": True}, "write an address"),
        ({"key": "desk.key"}, "no certificate"),
        ({"body_kib": 10_000}, "1024"),
    ],
)
def test_unsound(settings, told):
    with pytest.raises(ValidationError, match=told):
        ApiSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("address", "found"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("", False)],
)
def test_what_is_loopback(address, found):
    assert on_loopback(address) is found
