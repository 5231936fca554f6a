"""A telephone that tells what it shows of each call and refuses it: `python -m tests.spellings.phone KIND HOST PORT`.

One JSON line a call: the number of the call, what is shown, and for pjsua2 which of its accounts rang.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import IO, Any

from tests.spellings.generate import SUBSCRIBER

BUSY = 486


def tell(out: IO[str], number: str, shown: str, account: str) -> None:
    """One line, at once."""
    out.write(json.dumps({"number": number, "shown": shown, "dialled": account}) + "\n")
    out.flush()


def pjsua2(host: str, port: int, out: IO[str]) -> None:
    """The account of the subscriber, in each plain spelling, and one for everybody else."""
    import pjsua2 as pj

    from console.phones.softphone import Phone, headers_of

    calls: list[pj.Call] = []

    class Call(pj.Call):  # type: ignore[misc]
        over = refused = False

        def onCallState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
            self.over = self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED

    class Account(pj.Account):  # type: ignore[misc]
        user = ""

        def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
            call = Call(self, prm.callId)
            calls.append(call)
            number = headers_of(prm.rdata.wholeMsg).get("x-number", ["?"])[0]
            tell(out, number, call.getInfo().remoteUri, self.user)

    phone = Phone(host, port, lambda *_, **__: None, most_calls=32)
    accounts = []
    for user in ("pbx", SUBSCRIBER, f"+86{SUBSCRIBER}", f"86{SUBSCRIBER}", f"0{SUBSCRIBER}", f"0086{SUBSCRIBER}"):
        settings = pj.AccountConfig()
        settings.idUri = f"sip:{user}@{host}"
        settings.sipConfig.transportId = phone.transport
        account = Account()
        account.user = user
        account.create(settings, user == "pbx")
        accounts.append(account)
    refusal = pj.CallOpParam()
    refusal.statusCode = BUSY
    tell(out, "ready", "", "")
    while os.getppid() != 1:
        phone.endpoint.libHandleEvents(20)
        for call in calls:
            if not call.refused:  # within the callback the library would keep its sockets
                call.refused = True
                try:
                    call.hangup(refusal)
                except pj.Error:  # it has ended meanwhile
                    call.over = True
        calls[:] = [call for call in calls if not call.over]


async def baresip(host: str, port: int, out: IO[str]) -> None:
    """One user, whom every call is for."""
    from baresip import Account, Config
    from baresip.call import Call
    from baresip.runtime import Runtime
    from baresip.ua import UserAgent

    runtime = Runtime()
    await runtime.start(
        Config(net_interface=host, expose_headers=("X-Number",), extra_config_text=f"sip_listen {host}:{port}\n")
    )
    account = Account(
        "pbx", f"{host}:{port}", "", reg_interval=0, audio_codecs=("pcma",), extra_params=("catchall=yes",)
    )
    agent = await UserAgent.create(runtime, account)

    refusals: set[asyncio.Task[None]] = set()

    def take(call: Call) -> None:
        tell(out, call.headers.get("X-Number", "?"), call.peer or "", "")
        refusals.add(task := asyncio.ensure_future(call.reject()))
        task.add_done_callback(refusals.discard)

    agent.on_incoming(take)
    tell(out, "ready", "", "")
    await asyncio.Event().wait()


def main() -> None:
    """Be a telephone until somebody ends this process."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the libraries print what they like to standard output
    kind, host, port = sys.argv[1:]
    if kind == "pjsua2":
        pjsua2(host, int(port), out)
    else:
        asyncio.run(baresip(host, int(port), out))


if __name__ == "__main__":
    main()
