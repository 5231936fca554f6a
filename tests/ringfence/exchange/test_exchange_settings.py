"""What may be set of the exchange, and what is refused with a word on what would be right."""

import pytest
from pydantic import ValidationError

from ringfence.exchange.exchange_settings import ExchangeSettings

BETA = {"operator": "beta.example", "url": "https://beta.example/share", "root": "beta.json", "into": "beta"}


def test_what_is_not_set_gives_and_takes_nothing():
    assert (ExchangeSettings().publish, ExchangeSettings().partners) == (None, {})


@pytest.mark.parametrize(
    "changed",
    [
        {"operator": "Beta Ltd"},
        {"url": "ftp://beta.example"},
        {"url": "https://user@beta.example"},
        {"url": "file://other/share"},
        {"weight": 2},
        {"ranges": ["everything"]},
        {"networks": ["inner"]},
        {"reasons": ["dislike"]},
        {"ttl_days": 9999},
        {"colour": "blue"},
        {"url": ""},
        {"root": None},
        {"into": "", "url": ""},
        {"into": "", "url": "", "root": None},
    ],
)
def test_a_partner_who_is_none_is_refused(changed):
    assert ExchangeSettings(partners={"beta": BETA}).partners["beta"].hops == 1
    with pytest.raises(ValidationError):
        ExchangeSettings(partners={"beta": BETA | changed})


def test_a_name_of_a_partner_is_no_path():
    for name in ("../beta", "", "a/b", ".", "Beta!"):
        with pytest.raises(ValidationError):
            ExchangeSettings(partners={name: BETA})


def test_a_centre_takes_cases_and_gives_no_lists():
    centre = {"operator": "12321.example", "handing": {"key": "centre.jwk"}}
    settings = ExchangeSettings(partners={"beta": BETA, "centre": centre})
    assert (set(settings.givers), set(settings.partners)) == ({"beta"}, {"beta", "centre"})
