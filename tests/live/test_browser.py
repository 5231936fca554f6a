"""A telephone in a browser, JsSIP in Chromium, calls by wss through Ringfence to Asterisk, is judged and hung up on."""

import pytest

from tests.authority import Authority
from tests.live.conftest import BLOCKED, NUMBERS, SUSPECTED
from tests.peers.asterisk import EXTENSIONS_CONF, MODULES, PJSIP_CONF, Asterisk
from tests.peers.browser import BrowserCall
from tests.peers.lanes import new_lane
from tests.peers.loopback import new_endpoint
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live

# 600 echoes, 601 hangs up after three seconds, 602 hangs up at once unless the call came tagged, and then echoes.
EXTENSIONS = EXTENSIONS_CONF.replace(
    "exten => 600,1,",
    """exten => 601,1,Answer()
 same => n,Wait(3)
 same => n,Hangup()
exten => 602,1,GotoIf($["${PJSIP_HEADER(read,X-Ringfence-Verdict)}" = "suspected"]?tagged)
 same => n,Hangup(21)
 same => n(tagged),Answer()
 same => n,Echo()
exten => 600,1,""",
)
PJSIP = PJSIP_CONF.replace("aors=ringfence\n", "aors=ringfence\nwebrtc=yes\ndtls_auto_generate_cert=yes\n")


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """Where browsers connect, Ringfence, and Asterisk behind it, which speaks WebRTC."""
    folder = tmp_path_factory.mktemp("browser")
    authority = Authority(folder)
    at, secure = new_endpoint(), new_endpoint()
    lane = new_lane(
        "browsers", folder / "lane", trunk=new_endpoint("127.0.0.1"), pbx=new_endpoint("127.0.0.1"), proxy=at
    )
    configuration = settings([at], [lane])
    configuration["listen"].append({"address": str(secure), "transport": "wss"})
    configuration["tls"] = {"certificates": [authority.sign("sbc.rook.example").as_setting()]}
    with (
        Asterisk(
            at=lane.pbx,
            proxy=at,
            telephone=new_endpoint("127.0.0.1"),
            folder=folder / "asterisk",
            extensions=EXTENSIONS,
            pjsip=PJSIP,
            modules=f"{MODULES} res_srtp res_crypto",
        ),
        Ringfence(folder / "proxy", configuration, numbers=NUMBERS) as proxy,
    ):
        yield proxy, secure, folder


def call(line, number: str, target: str, *, leaves: bool = True) -> BrowserCall:
    _, secure, folder = line
    return BrowserCall(
        folder / f"{number}-{target}",
        server=f"wss://{secure}",
        uri=f"sip:{number}@127.0.0.1",
        target=f"sip:{target}@{secure}",
        name="李",
        leaves="yes" if leaves else "no",
    )


def test_a_browser_hears_the_echo_and_hangs_up(line):
    with call(line, "+8613912345678", "600") as browser:
        browser.told("confirmed")
        assert browser.told("heard")["packets"] >= 50
        assert browser.told("ended")["by"] == "local"


def test_asterisk_hangs_up_on_a_browser_by_its_connection(line):
    with call(line, "+8613912345679", "601", leaves=False) as browser:
        browser.told("confirmed")
        assert browser.told("ended")["by"] == "remote"


def test_a_listed_number_in_a_browser_is_declined(line):
    with call(line, BLOCKED, "600") as browser:
        failed = browser.told("failed")
    assert failed["status"] == 603
    assert "cause=603" in failed["reason"]


def test_a_suspected_one_is_tagged_for_asterisk(line):
    with call(line, SUSPECTED, "602") as browser:
        browser.told("confirmed")
        browser.told("ended")
