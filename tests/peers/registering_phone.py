"""A pjsua2 telephone that registers, as a process of its own: it answers calls, and places those that it is ordered."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pjsua2 as pj

from console.phones.processes import TALK_S, Event, Placed
from console.phones.processes import Phone as Process
from console.phones.softphone import Account, Phone, answer_calls, place_call, speak_json

SOON_S = 30  # a registration that counts no longer is to be made again: this telephone does so at once


class Registering(Account):
    """Tells each outcome of its registration that lasts, or fails."""

    def onRegState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if prm.code == 200 and 0 < prm.expiration <= SOON_S:
            self.phone.again = True
        else:
            self.phone.tell("registered", status=prm.code, expires=prm.expiration, answer=prm.rdata.wholeMsg)


class RegisteringPhone(Phone):
    """Its one account registers with the registrar of the order, by the proxy of the order."""

    again = False  # is it to register now?

    def __init__(self, order: dict[str, Any], tell: Any) -> None:
        super().__init__(order["host"], order["port"], tell)
        self.order = order
        if order["transport"] == "tcp":
            transport = pj.TransportConfig()
            transport.boundAddress, transport.port = order["host"], order["port"]
            self.transport = self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_TCP, transport)

    def turn(self) -> None:
        """Register again as well, where that is due."""
        super().turn()
        if self.again:
            self.again = False
            self.accounts[0].setRegistration(True)

    def account(self, identity: str, route: str = "") -> Account:
        """The one that registers, whoever is asked for."""
        if self.accounts:
            return self.accounts[0]
        order, settings = self.order, pj.AccountConfig()
        suffix = ";transport=tcp" if order["transport"] == "tcp" else ""
        settings.idUri = f"sip:{order['user']}@{order['registrar']}"
        settings.regConfig.registrarUri = f"sip:{order['registrar']}{suffix}"
        settings.regConfig.timeoutSec = 300
        settings.natConfig.contactRewriteUse = 0
        settings.natConfig.udpKaIntervalSec = 1
        settings.sipConfig.proxies.append(f"sip:{order['proxy']};lr{suffix}")
        settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", order["user"], 0, order["password"]))
        settings.sipConfig.transportId = self.transport
        settings.mediaConfig.transportConfig.boundAddress = self.host
        account = Registering(self)
        account.create(settings)
        self.accounts.append(account)
        return account


class RegisteredPhone(Process):
    """Such a telephone, from outside; `registered` is among the first things it tells."""

    within: Sequence[str] = ()  # what stands before its command
    file = __file__  # what runs

    async def __aenter__(self) -> RegisteredPhone:
        self.process = await asyncio.create_subprocess_exec(
            *(*self.within, sys.executable, self.file, json.dumps(self.order)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        return self

    async def calls(self, called: str, *, talk_s: float = TALK_S) -> Placed:
        """Place a call there; it ends after so long, or when the other side hangs up."""
        return await self.dial(f"sip:{called}@{self.order['registrar']}", identity="", talk_s=talk_s)

    async def registers(self) -> Event:
        """Register anew; what comes of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(b'{"register": true}\n')
        await self.process.stdin.drain()
        return await self.expect("registered")


def obey(phone: Phone, order: dict[str, Any]) -> None:
    """Register, or place a call."""
    if "register" in order:
        phone.accounts[0].setRegistration(True)
    else:
        place_call(phone, order)


def main() -> None:
    tell = speak_json(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    phone = RegisteringPhone(json.loads(sys.argv[1]), tell)
    try:
        answer_calls(phone, obey)
    finally:
        phone.close()


if __name__ == "__main__":
    main()
