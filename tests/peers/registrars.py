"""Asterisk and Kamailio as registrars, and telephones that register with them: what several tests set up."""

from __future__ import annotations

from typing import Any

from tests.peers import asterisk
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.registering_phone import RegisteredPhone
from tests.peers.ringfence import settings

SECRET = "secret-of-both"
MODULES = f"""{asterisk.MODULES} res_pjsip_registrar res_pjsip_authenticator_digest res_pjsip_path
    res_pjsip_endpoint_identifier_user res_pjsip_outbound_registration res_pjsip_outbound_authenticator_digest"""

EXTENSIONS = """
[office]
exten => 600,1,Answer()
 same => n,Echo()
exten => _2XX,1,Dial(PJSIP/${EXTEN},20)
"""

# 201 and 202 as Asterisk has them by itself, which keeps no Path; 211 and 212 with Path. They share one password.
PJSIP = """
[global]
type=global
endpoint_identifier_order=username,ip,anonymous
[udp]
type=transport
protocol=udp
bind={at}
[telephone](!)
type=endpoint
context=office
disallow=all
allow=alaw
direct_media=no
rtp_symmetric=no
media_address={at.host}
bind_rtp_to_media_address=yes
[secret](!)
type=auth
auth_type=userpass
password=secret-of-both
[place](!)
type=aor
max_contacts=1
remove_existing=yes
[ringfence](telephone)
[ringfence]
type=identify
endpoint=ringfence
match={proxy.host}
""" + "".join(
    f"""
[{user}](telephone)
auth={user}
aors={user}
[{user}](secret)
username={user}
[{user}](place)
support_path={path}
"""
    for path, user in [("no", 201), ("no", 202), ("yes", 211), ("yes", 212)]
)

# It registers itself with its carrier, as 610 by Path and as 611 without.
CARRIER = "".join(
    f"""
[carrier{user}]
type=registration
transport=udp
outbound_auth=carrier{user}
outbound_proxy=sip:{{proxy}}\\;lr
server_uri=sip:{{telephone}}
client_uri=sip:{user}@{{telephone}}
contact_user=600
max_random_initial_delay=0
support_path={path}
[carrier{user}](secret)
username={user}
"""
    for path, user in [("yes", 610), ("no", 611)]
)

# Who registers with it is called by lookup, at `at` as a PBX and at `next` as a carrier.
REGISTRAR = """#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:{at}
listen=udp:{next}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("registrar", "use_path", 1)
request_route {{
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    if (!loose_route() && !is_method("ACK")) {{ sl_send_reply("404", "Not Here"); exit; }}
    t_relay();
    exit;
  }}
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("$td", "secret-of-both", "0")) {{ www_challenge("$td", "0"); exit; }}
    save("location");
    exit;
  }}
  record_route();
  if (!lookup("location")) {{ sl_send_reply("404", "Nobody"); exit; }}
  t_relay();
}}
"""


def telephone(
    user: str, registrar: Endpoint, proxy: Endpoint, *, transport: str = "udp", host: str = "127.0.0.1"
) -> RegisteredPhone:
    """A pjsua2 telephone that registers by the proxy."""
    at = new_endpoint(host)
    order = {"host": host, "port": at.port, "user": user, "password": SECRET, "transport": transport}
    return RegisteredPhone({**order, "registrar": str(registrar), "proxy": str(proxy)})


def configuration(at: Endpoint, *pbxes: Endpoint, carrier: Endpoint | None = None) -> dict[str, Any]:
    """A proxy before those registrars, by UDP and TCP, with which anybody may register; and a carrier behind it."""
    trunks: list[dict[str, Any]] = [{"name": "default", "country": "CN", "methods": ["REGISTER"]}]
    if carrier is not None:
        trunks.append({"name": "carrier", "addresses": [carrier.host], "send_to": [str(carrier)], "country": "CN"})
    houses = [{"name": f"office{n}", "addresses": [str(pbx)], "probe": {"every_s": 0}} for n, pbx in enumerate(pbxes)]
    for trunk in trunks:
        trunk["pbx"] = "office0"
    found = settings([at], [], pbxes=houses, trunks=trunks)
    found["listen"].append({"address": str(at), "transport": "tcp"})
    return found
