"""A pjsua2 telephone with UDP, TCP and TLS, as a process of its own: it answers calls, and places those ordered."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pjsua2 as pj

from console.phones.softphone import Account, Phone, answer_calls, speak_json
from tests.peers.registering_phone import RegisteredPhone

KINDS = {"tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}


class ManyWays(Phone):
    """One port for UDP and TCP, the next for TLS."""

    def __init__(self, order: dict[str, Any], tell: Any) -> None:
        super().__init__(order["host"], order["port"], tell, most_calls=30)
        self.known: dict[tuple[str, str], Account] = {}  # the library holds eight at most
        self.ways = {"udp": self.transport}
        for name, kind in KINDS.items():
            settings = pj.TransportConfig()
            settings.boundAddress, settings.port = order["host"], order["port"] + (name == "tls")
            if name == "tls":
                settings.tlsConfig.certFile = settings.tlsConfig.privKeyFile = order["certificate"]
                settings.tlsConfig.CaListFile, settings.tlsConfig.verifyServer = order["authorities"], True
            self.ways[name] = self.endpoint.transportCreate(kind, settings)

    def account(self, identity: str, route: str = "") -> Account:
        """One that calls by the transport of its route; without one it answers by whichever a call came."""
        if (identity, route) in self.known:
            return self.known[identity, route]
        settings = pj.AccountConfig()
        settings.idUri = identity
        if route:
            settings.sipConfig.transportId = self.ways[route.partition("transport=")[2].partition(";")[0]]
            settings.sipConfig.proxies.append(route)
        settings.mediaConfig.transportConfig.boundAddress = self.host
        account = Account(self)
        account.create(settings)
        self.accounts.append(account)
        self.known[identity, route] = account
        return account


class PhoneByEachTransport(RegisteredPhone):
    """Such a telephone, from outside."""

    file = __file__


def main() -> None:
    tell = speak_json(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    phone = ManyWays(json.loads(sys.argv[1]), tell)
    try:
        answer_calls(phone)
    finally:
        phone.close()


if __name__ == "__main__":
    main()
