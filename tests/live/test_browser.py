"""A telephone in a browser, JsSIP in Chromium, calls by ws and wss through Ringfence to Asterisk, and is called."""

import asyncio
import itertools
from pathlib import Path
from typing import NamedTuple

import pytest

from console.phones.processes import host_port, place
from tests.authority import Authority
from tests.live.conftest import BLOCKED, NUMBERS, SUSPECTED
from tests.pairs import PLAYED
from tests.peers.asterisk import EXTENSIONS_CONF, MODULES, PJSIP_CONF, Asterisk
from tests.peers.baresip_phone import TALK_S
from tests.peers.browser import Browser
from tests.peers.lanes import new_lane
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live

ORDINARY, BROWSER, PASSWORD = "+8613912345678", "211", "of the browser"
# 211 is the browser, 600 echoes, 601 hangs up after three seconds, 602 at once unless the call came tagged.
EXTENSIONS = EXTENSIONS_CONF.replace(
    "exten => 600,1,",
    """exten => 211,1,Dial(PJSIP/211,20)
exten => 601,1,Answer()
 same => n,Wait(3)
 same => n,Hangup()
exten => 602,1,GotoIf($["${PJSIP_HEADER(read,X-Ringfence-Verdict)}" = "suspected"]?tagged)
 same => n,Hangup(21)
 same => n(tagged),Answer()
 same => n,Echo()
exten => 600,1,""",
)
WEBRTC = "webrtc=yes\ndtls_auto_generate_cert=yes\n"
PJSIP = (
    PJSIP_CONF.replace("aors=ringfence\n", f"aors=ringfence\n{WEBRTC}")
    + """
[global]
type=global
endpoint_identifier_order=username,ip
[tcp]
type=transport
protocol=tcp
bind={at}
[tls]
type=transport
protocol=tls
bind={at.host}:SECURE
cert_file=CERTIFICATE
priv_key_file=CERTIFICATE
method=tlsv1_2
[211]
type=endpoint
context=from-ringfence
disallow=all
allow=alaw
auth=211
aors=211
"""
    + WEBRTC
    + """
[211]
type=auth
auth_type=userpass
username=211
password=of the browser
[211]
type=aor
max_contacts=1
support_path=yes
"""
)
REGISTRAR = "res_pjsip_registrar res_pjsip_authenticator_digest res_pjsip_path res_pjsip_endpoint_identifier_user"


class Line(NamedTuple):
    """Where browsers connect, Ringfence, and Asterisk behind it, which speaks WebRTC."""

    proxy: Ringfence
    at: Endpoint
    sockets: list[str]  # WebSocket and its secure one, IPv4 and IPv6
    targets: list[str]  # the echo of Asterisk by each transport
    folder: Path


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    authority = Authority(folder)
    at, pbx = new_endpoint(), new_endpoint("127.0.0.1")
    lane = new_lane("browsers", folder / "lane", trunk=new_endpoint("127.0.0.1"), pbx=pbx, proxy=at)
    configuration = settings([at], [lane])
    ends = {(by, host): new_endpoint(host) for by in ("wss", "ws") for host in ("127.0.0.1", "::1")}
    configuration["listen"] += [{"address": str(end), "transport": by} for (by, _), end in ends.items()]
    inside = {by: str(new_endpoint(at.host)) for by in ("tcp", "tls")}
    configuration["listen"] += [{"address": end, "transport": by, "side": "pbx"} for by, end in inside.items()]
    configuration["trunks"][0]["addresses"].append("::1")
    secure = Endpoint(pbx.host, pbx.port + 1)
    configuration["pbxes"][0]["addresses"] += [f"tcp:{pbx}", f"tls:{secure}"]
    shown = authority.sign("sbc.rook.example", pbx.host)
    configuration["tls"] = {"certificates": [shown.as_setting()], "authorities": str(authority.file)}
    words = {"extensions": EXTENSIONS, "modules": f"{MODULES} {REGISTRAR} res_srtp res_crypto"}
    words["pjsip"] = PJSIP.replace("SECURE", str(secure.port)).replace("CERTIFICATE", str(shown.path))
    with (
        Asterisk(at=pbx, proxy=at, telephone=new_endpoint("127.0.0.1"), folder=folder / "asterisk", **words),
        Ringfence(folder / "proxy", configuration, numbers=NUMBERS) as proxy,
    ):
        targets = [f"sip:600@{pbx};transport=udp", f"sip:600@{pbx};transport=tcp", f"sip:600@{secure};transport=tls"]
        yield Line(proxy, at, [f"{by}://{end}" for (by, _), end in ends.items()], targets, folder)


def call(line: Line, number: str, target: str, *, leaves: bool = True) -> Browser:
    return Browser(
        line.folder / f"{number}-{target}",
        server=line.sockets[0],
        uri=f"sip:{number}@127.0.0.1",
        target=f"sip:{target}@{line.sockets[0].removeprefix('wss://')}",
        name="李",
        leaves="yes" if leaves else "no",
    )


def test_each_kind_of_websocket_to_each_transport_of_asterisk(line):
    wishes = {"server": ",".join(line.sockets), "target": ",".join(line.targets), "uri": f"sip:{ORDINARY}@127.0.0.1"}
    with Browser(line.folder / "each", **wishes, leaves="yes", hears="0") as browser:
        calls = len(line.sockets) * len(line.targets)
        assert calls == len(PLAYED["browser"].all())
        ended = [browser.told("ended") for _ in range(calls)]
    confirmed = {(each["server"], each["target"]) for each in browser.events if each["event"] == "confirmed"}
    assert confirmed == set(itertools.product(line.sockets, line.targets))
    assert {each["by"] for each in ended} == {"local"}


async def test_a_browser_registers_with_asterisk_and_is_called_by_who_may(line):
    wishes = {"server": line.sockets[0], "uri": f"sip:{BROWSER}@127.0.0.1", "password": PASSWORD}
    with Browser(line.folder / "registered", **wishes, hears="10") as browser:
        await asyncio.to_thread(browser.told, "registered")
        assert (await place(BLOCKED, BROWSER, host_port(str(line.at)))).status == 603
        placing = asyncio.create_task(place(ORDINARY, BROWSER, host_port(str(line.at)), talk_s=TALK_S))
        assert (await asyncio.to_thread(browser.told, "rings"))["from"] == ORDINARY
        assert (await asyncio.to_thread(browser.told, "heard"))["packets"] >= 10
        assert (await placing).status == 200
        assert (await asyncio.to_thread(browser.told, "ended"))["by"] == "remote"


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
