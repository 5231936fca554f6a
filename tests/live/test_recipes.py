"""What docs/operating.md says to write for Asterisk and Kamailio, word for word, between a carrier and a telephone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.peers.alone import is_alone, passes_alone
from tests.peers.asterisk import Asterisk
from tests.peers.kamailio import CONFIGURATION, Kamailio
from tests.peers.loopback import Endpoint
from tests.peers.ringfence import LISTS, Ringfence
from tests.peers.sipp import Sipp

pytestmark = pytest.mark.live

CHAPTER = "## Before Asterisk or Kamailio\n"
OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
RECIPES = re.findall(r"^```(\w*)\n(.*?)^```$", OPERATING.partition(CHAPTER)[2].partition("\n## ")[0], re.M | re.S)
CARRIER, US, PBX, TELEPHONE = (Endpoint(host, 5060) for host in ("198.51.100.7", "192.0.2.5", "192.0.2.6", "192.0.2.7"))
CALLED, BEYOND, SUSPECTED = "13800138000", "013900139000", "+8613900000002"

# What an Asterisk has already: a transport, and a telephone that calls from the context of the recipe.
ALREADY = """
[udp]
type=transport
protocol=udp
bind={at}
[telephone]
type=endpoint
context=from-telephones
callerid=Telephone <02161234567>
disallow=all
allow=alaw
direct_media=no
aors=telephone
[telephone]
type=aor
contact=sip:telephone@{telephone}
[telephone]
type=identify
endpoint=telephone
match={telephone.host}
"""


def recipe(kind: str) -> str:
    """The one block of that kind in the chapter."""
    [found] = [text for name, text in RECIPES if name == kind]
    return found


if not is_alone(__file__):

    def test_the_recipes_work_word_for_word():
        """Where only this network exists, their addresses can be ours."""
        passes_alone(__file__)

else:

    @pytest.fixture(scope="module")
    def proxy(tmp_path_factory):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for endpoint in (CARRIER, US, PBX, TELEPHONE):
            subprocess.run(["ip", "address", "add", f"{endpoint.host}/32", "dev", "lo"], check=True)
        written = YAML(typ="safe").load(recipe("yaml"))
        more = {"lists": LISTS, "use": [], "storage": {"database": "ringfence.db", "key_file": "ringfence.keys"}}
        numbers = {"suspects": [SUSPECTED]}
        with Ringfence(tmp_path_factory.mktemp("proxy"), {**written, **more}, numbers=numbers) as found:
            yield found
        assert "Traceback" not in found.said

    @pytest.fixture(scope="module", params=["Asterisk", "Kamailio"])
    def pbx(request, proxy, tmp_path_factory):
        folder = tmp_path_factory.mktemp("pbx")
        if request.param == "Asterisk":
            endpoints, _, extensions = recipe("ini").partition("; extensions.conf")
            words = {"pjsip": ALREADY + endpoints, "extensions": "[general]\n;" + extensions}
            found = Asterisk(at=PBX, proxy=US, telephone=TELEPHONE, folder=folder, **words)
        else:
            out = f'  if ($si == "{TELEPHONE.host}") {{{{ {recipe("")} exit; }}}}\n'
            script = CONFIGURATION.replace('  append_hf("X-Second', out + '  append_hf("X-Second')
            found = Kamailio(at=PBX, next_hop=TELEPHONE, folder=folder, configuration=script)
        with found:
            yield request.param

    def plays(at: Endpoint, to: Endpoint, callee: Endpoint, folder: Path, **values: str) -> Sipp:
        """A call, to the end; what the callee saw."""
        with (
            Sipp("callee_answers", at=callee, to=US, folder=folder).listens() as second,
            Sipp("caller_hangs_up", at=at, to=to, folder=folder, values=values) as first,
        ):
            failed = [peer for peer in (first, second) if peer.failed()]
            assert not failed, "\n".join(peer.story() for peer in (first, second))
        return second

    def test_a_call_in(pbx, tmp_path):
        [invite] = plays(CARRIER, US, TELEPHONE, tmp_path, called=CALLED).received("INVITE")
        assert "suspected" not in invite.field("From")

    def test_a_suspected_caller_is_shown_as_such_by_asterisk(pbx, tmp_path):
        [invite] = plays(CARRIER, US, TELEPHONE, tmp_path, called=CALLED, caller=SUSPECTED).received("INVITE")
        if pbx == "Asterisk":
            assert invite.field("From").startswith('"suspected" <')
        else:
            assert invite.field("X-Ringfence-Verdict") == "suspected"

    @pytest.mark.parametrize("called", [BEYOND, "112", "110"])
    def test_calls_out_reach_the_carrier_under_its_own_address(pbx, tmp_path, called: str):
        [invite] = plays(TELEPHONE, PBX, CARRIER, tmp_path, called=called).received("INVITE")
        assert invite.start == f"INVITE sip:{called}@{CARRIER.host} SIP/2.0"

    def test_no_telephone_rings_for_an_emergency_call_from_outside(pbx, tmp_path):
        if pbx == "Asterisk":  # a Kamailio's own routing says who is behind it
            values = {"called": "112", "status": "404"}
            with Sipp("caller_refused", at=CARRIER, to=US, folder=tmp_path, values=values) as caller:
                caller.done()
