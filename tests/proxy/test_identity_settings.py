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


SIGN = {"key": "k.pem", "certificate": "c.pem", "url": "https://cert.example.org/c.pem"}


def test_calls_are_signed_by_files_beside_the_configuration():
    settings = IdentitySettings.model_validate({"sign": {**SIGN, "numbers": ["+49 30 123*", "+4930555"]}})
    sign = settings.under(Path("/etc/ringfence")).sign
    assert sign is not None
    assert (sign.key, sign.certificate) == (Path("/etc/ringfence/k.pem"), Path("/etc/ringfence/c.pem"))
    assert (sign.numbers, sign.others) == (["+4930123*", "+4930555"], "B")


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
        ({"sign": {**SIGN, "url": "http://cert.example.org/c.pem"}}, "no address of a certificate"),
        ({"sign": {**SIGN, "numbers": ["030123"]}}, "no number with its country"),
        ({"sign": {**SIGN, "numbers": ["+49*1"]}}, "no number with its country"),
        ({"sign": {**SIGN, "others": "A"}}, "'B', 'C' or 'none'"),
        ({"sign": {**SIGN, "origid": "a b"}}, "should match pattern"),
    ],
)
def test_what_means_nothing_is_refused(given: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        IdentitySettings.model_validate(given)
