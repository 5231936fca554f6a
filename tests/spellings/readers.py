"""Asterisk, Kamailio and telephones as readers: each tells what it takes a call's caller and its called number for."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.peers import asterisk, kamailio
from tests.peers.asterisk import Asterisk
from tests.peers.kamailio import Kamailio
from tests.peers.loopback import Endpoint
from tests.peers.process import Peer
from tests.spellings.generate import shown_user

ROOT = Path(__file__).parents[2]
_ASTERISK_EXTENSIONS = """
[from-ringfence]
exten => _.,1,Log(NOTICE,READ|${PJSIP_HEADER(read,X-Number)}|${CALLERID(num)}|${EXTEN}|READ)
 same => n,Hangup(17)
"""
# What stands behind us believes our assertions.
_ASTERISK_PJSIP = asterisk.PJSIP_CONF.replace("context=from-ringfence", "context=from-ringfence\ntrust_id_inbound=yes")
# $ai, $re: the URIs of P-Asserted-Identity and Remote-Party-ID.
_KAMAILIO = (
    kamailio.CONFIGURATION.partition("request_route")[0].replace("children=1", "children=2", 1)
    + """
loadmodule "xlog.so"
request_route {{
  if (is_method("INVITE")) {{
    xlog("L_ALERT", "READ|$hdr(X-Number)|$fU|$ai|$re|$rU|READ\\n");
    sl_send_reply("486", "Busy Here");
  }}
  exit;
}}
# {next}
"""
)


class Reading(NamedTuple):
    """What one reader takes a call for."""

    shown: tuple[str, ...]  # as its caller
    dialled: str  # as the number to ring


class Reader(NamedTuple):
    """A running peer behind the proxy, and how to learn what it read."""

    name: str
    peer: Peer
    at: Endpoint
    read: Callable[[str], dict[int, Reading]]  # out of all that it said

    def readings(self) -> dict[int, Reading]:
        """What it read so far, by the numbers of the calls."""
        return self.read(self.peer.said)


def _of_asterisk(said: str) -> dict[int, Reading]:
    found: dict[int, Reading] = {}
    for number, shown, dialled in re.findall(r"READ\|(\d+)\|(.*?)\|([^\n]*)\|READ", said, re.DOTALL):
        found.setdefault(int(number), Reading((shown,), dialled))  # the extension `h` hangs up
    return found


def _of_kamailio(said: str) -> dict[int, Reading]:
    found: dict[int, Reading] = {}
    for line in re.findall(r"READ\|(.*)\|READ", said):
        number, *shown, dialled = line.split("|", 4)
        if number.isdigit():
            users = (shown_user(each) for each in shown if each != "<null>")
            found[int(number)] = Reading(tuple(users), shown_user(dialled))
    return found


def _of_phone(said: str) -> dict[int, Reading]:
    found: dict[int, Reading] = {}
    for line in said.splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            if told["number"].isdigit():
                found[int(told["number"])] = Reading((shown_user(told["shown"]),), told["dialled"])
    return found


def start_reader(name: str, at: Endpoint, proxy: Endpoint, folder: Path) -> Reader:
    """One of asterisk, kamailio, pjsua2, baresip, listening at `at`."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "asterisk":
        nobody = Endpoint("127.0.0.1", 9)
        pbx = Asterisk(
            at=at, proxy=proxy, telephone=nobody, folder=folder, extensions=_ASTERISK_EXTENSIONS, pjsip=_ASTERISK_PJSIP
        )
        return Reader(name, pbx, at, _of_asterisk)
    if name == "kamailio":
        return Reader(name, Kamailio(at=at, next_hop=proxy, folder=folder, configuration=_KAMAILIO), at, _of_kamailio)
    command = [sys.executable, "-m", "tests.spellings.phone", name, at.host, str(at.port)]
    phone = Peer(command, output=folder / f"{name}.txt", folder=ROOT)
    phone.ready(lambda: '"ready"' in phone.said, f"ready on {at}")
    return Reader(name, phone, at, _of_phone)
