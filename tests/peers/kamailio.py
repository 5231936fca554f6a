"""Kamailio as a second hop: a plain record-routing proxy between Ringfence and whoever answers."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from tests.peers.loopback import Endpoint, listening
from tests.peers.process import Peer

# What a dialog establishes goes on to NEXT; what is within one follows its route set; nothing is judged.
CONFIGURATION = """#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
disable_tcp=yes
auto_aliases=no
listen=udp:{at}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
request_route {{
  if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    if (!loose_route() && !is_method("ACK")) {{ sl_send_reply("404", "Not Here"); exit; }}
    t_relay();
    exit;
  }}
  if (is_method("INVITE|SUBSCRIBE|REFER|NOTIFY")) record_route();
  append_hf("X-Second-Hop: kamailio\\r\\n");
  $du = "sip:{next}";
  t_relay();
}}
"""


# The same, which hides those before it from those behind it and the other way round: Via, Record-Route and Contact.
HIDES = CONFIGURATION.replace(
    'loadmodule "textops.so"',
    """loadmodule "textops.so"
loadmodule "db_sqlite.so"
loadmodule "topos.so"
modparam("topos", "db_url", "sqlite:///{folder}/topos.db")""",
)
# On every transport, IPv4 and IPv6: what comes with X-By goes there, all else to NEXT.
RELAY = """#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=2
enable_tls=yes
tcp_source_ipv4={at.host}
tcp_source_ipv6={six.host}
auto_aliases=no
listen=udp:{at}
listen=tcp:{at}
listen=tls:{at.host}:{secure}
listen=udp:{six}
listen=tcp:{six}
listen=tls:[{six.host}]:{secure}
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{certificate}")
request_route {{
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    if (!loose_route() && !is_method("ACK")) {{ sl_send_reply("404", "Not Here"); exit; }}
    t_relay();
    exit;
  }}
  record_route();
  if (is_present_hf("X-By")) {{ $du = $hdr(X-By); remove_hf("X-By"); }} else {{ $du = "sip:{next}"; }}
  t_relay();
}}
"""
TABLES = Path("/usr/share/kamailio/db_sqlite")


def remembers_topology(folder: Path) -> None:
    """The tables that it keeps what is hidden in."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / "topos.db")) as database:
        for name in ("standard", "topos"):
            database.executescript((TABLES / f"{name}-create.sql").read_text())


class Kamailio(Peer):
    """A proxy at `at` that sends on to `next_hop`."""

    def __init__(
        self, *, at: Endpoint, next_hop: Endpoint, folder: Path, configuration: str = CONFIGURATION, **more: object
    ) -> None:
        """`more` of what the configuration names."""
        folder.mkdir(parents=True, exist_ok=True)
        script = folder / "kamailio.cfg"
        script.write_text(configuration.format(at=at, next=next_hop, folder=folder, **more))
        command: list[str | Path] = ["kamailio", "-f", script, "-DD", "-E", "-m", "64", "-M", "8"]
        # -Y: its control socket, where two at once would meet otherwise.
        command += ["-w", folder, "-Y", folder, "-P", folder / "kamailio.pid"]
        super().__init__(command, output=folder / "kamailio.txt", folder=folder)
        self.ready(lambda: listening(at), f"listening on {at}")
