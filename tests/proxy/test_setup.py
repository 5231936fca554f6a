"""What a core goes by, made of settings, and made anew with what the core knew before."""

from proxy.proxy_settings import ProxySettings
from proxy.setup import set_up
from rules.settings.screening import ScreeningSettings
from tests import wire
from tests.playbook import SETTINGS
from tests.proxy.test_server import Keys

JUDGING = ScreeningSettings.model_validate({"thresholds": {"tag": 3, "reject": 7}, "country": "CN"})


def test_it_is_made_of_the_settings():
    made = set_up(ProxySettings.model_validate({**SETTINGS, "record_route": False}), JUDGING, Keys())
    assert [each.sent_by for each in made.topology.listeners] == [wire.US.encode()]
    assert made.topology.places.trunks.get("carrier").trunk.tag_at == 3
    assert (made.record_route, made.limits.timer_c_s) == (False, 185.0)


def test_another_takes_over_what_the_first_knew():
    settings = ProxySettings.model_validate(SETTINGS)
    first = set_up(settings, JUDGING, Keys())
    second = set_up(settings, JUDGING, Keys(), first.topology)
    assert second.topology is not first.topology
    assert second.topology.listeners == first.topology.listeners
