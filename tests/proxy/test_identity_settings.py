"""What an operator may write about signed callers, and what is refused with what helps."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy.identity_settings import IdentitySettings

VERIFIES = {"authorities": "ca.pem", "hosts": ["a.example"]}


def test_nothing_is_verified_by_itself():
    assert IdentitySettings().authorities is None


def test_files_are_those_beside_the_configuration():
    settings = IdentitySettings.model_validate({**VERIFIES, "https": "web.pem"}).under(Path("/etc/ringfence"))
    assert (settings.authorities, settings.https) == (Path("/etc/ringfence/ca.pem"), Path("/etc/ringfence/web.pem"))
    assert IdentitySettings().under(Path("/etc")).authorities is None


def test_hosts_and_networks_have_one_spelling():
    given = {"hosts": ["*.STI.Example.com.", "a.example"], "networks": ["10.0.0.0/8", "[fd00::]"], "verstat": False}
    settings = IdentitySettings.model_validate({**VERIFIES, **given})
    assert settings.hosts == ["*.sti.example.com", "a.example"]
    assert settings.networks == ["10.0.0.0/8", "fd00::/128"]
    assert settings.verstat == "off"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"authorities": "ca.pem"}, "no certificate could be fetched"),
        ({"hosts": ["*"]}, "'\\*' is no host"),
        ({"hosts": ["https://a.example/"]}, "is no host"),
        ({"hosts": ["*a.example"]}, "is no host"),
        ({"networks": ["10.0.0.1/8"]}, "has host bits set"),
        ({"deadline_ms": 0}, "greater than or equal to 1"),
        ({"believe": ["D"]}, "'A', 'B' or 'C'"),
        ({"believe": ["none"]}, "'A', 'B' or 'C'"),
        ({"verstat": "header"}, "'uri', 'user' or 'off'"),
        ({"key": "x"}, "Extra inputs"),
    ],
)
def test_what_means_nothing_is_refused(given: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        IdentitySettings.model_validate(given)
