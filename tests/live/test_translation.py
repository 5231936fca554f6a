"""A SIPp behind a real address translation: its callee's BYE reaches it, though its Contact is an inner address."""

from __future__ import annotations

import pytest

from tests.peers.alone import is_alone, passes_alone
from tests.peers.loopback import Endpoint
from tests.peers.ringfence import Ringfence, settings
from tests.peers.sipp import Sipp
from tests.peers.translation import APPARENT, INNER, OUTSIDE, PBX, Translation

PROXY, OFFICE, CALLER = Endpoint(OUTSIDE, 5060), Endpoint(PBX, 5060), Endpoint(INNER, 5060)

if not is_alone(__file__):

    def test_callers_behind_a_real_address_translation():
        """What follows a foreign address runs where only this network exists."""
        passes_alone(__file__)

else:

    @pytest.fixture(scope="module")
    def network():
        with Translation() as found:
            yield found

    @pytest.fixture(scope="module", params=["default", "named"])
    def proxy(request, network, tmp_path_factory):
        trunk = {"name": "default", "country": "CN"}
        if request.param == "named":
            trunk = {"name": "carrier", "addresses": [APPARENT], "country": "CN"}
        sides = {"pbxes": [{"name": "office", "addresses": [str(OFFICE)], "probe": {"every_s": 0}}], "trunks": [trunk]}
        with Ringfence(tmp_path_factory.mktemp("proxy"), settings([PROXY], [], **sides)) as found:
            yield found
        assert found.process.returncode == 0, found.said

    @pytest.mark.parametrize(
        ("caller", "callee"),
        [
            ("caller_hears_bye", "callee_hangs_up"),
            ("caller_hangs_up", "callee_answers"),
            ("caller_reinvited", "callee_reinvites"),
        ],
    )
    def test_a_call_from_behind_the_translation(proxy, network, tmp_path, caller: str, callee: str):
        inside = network.inside(network.caller)
        with (
            Sipp(callee, at=OFFICE, to=PROXY, folder=tmp_path, hops=1).listens() as second,
            Sipp(caller, at=CALLER, to=PROXY, folder=tmp_path, hops=1, within=inside) as first,
        ):
            failed = [peer for peer in (first, second) if peer.failed()]
            assert not failed, "\n".join(peer.story() for peer in (first, second))
        [invite] = second.received("INVITE")
        assert f"received={APPARENT}" in invite.fields("Via")[1], "it really was translated"
        assert invite.field("Contact").find(INNER) >= 0
        assert "Traceback" not in proxy.said
