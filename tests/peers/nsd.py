"""nsd, a real name server, with zones of a test's own, on loopback and with nothing but those zones."""

from __future__ import annotations

from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.peers.loopback import Endpoint
from tests.peers.process import Peer

_CONFIGURATION = """server:
  ip-address: {at.host}@{at.port}
  username: ""
  pidfile: ""
  database: ""
  chroot: ""
  zonesdir: "{folder}"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  cookie-secret-file: "{folder}/cookies"
  logfile: ""
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
_HEAD = """$ORIGIN {zone}.
$TTL {ttl}
@ SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 {ttl}
@ NS ns.{zone}.
ns A 127.0.0.1
"""


class Nsd(Peer):
    """A name server at this address for these zones: the records of each, as a zone file has them."""

    def __init__(self, at: Endpoint, zones: dict[str, str], *, folder: Path, ttl: int = 60) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.at = at
        text = _CONFIGURATION.format(at=at, folder=folder)
        for zone, records in zones.items():
            (folder / f"{zone}.zone").write_text(_HEAD.format(zone=zone, ttl=ttl) + records)
            text += f'zone:\n  name: "{zone}"\n  zonefile: "{zone}.zone"\n'
        (folder / "nsd.conf").write_text(text)
        super().__init__(["/usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"], output=folder / "nsd.log")
        self.ready(lambda: self._answers(next(iter(zones))), f"answering at {at}")

    def _answers(self, zone: str) -> bool:
        try:
            dns.query.udp(dns.message.make_query(zone, "SOA"), self.at.host, timeout=0.2, port=self.at.port)
        except (OSError, dns.exception.Timeout):
            return False
        return True
