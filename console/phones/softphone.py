"""Softphones on pjsua2, each run as a process of its own: one that answers calls and dials, one that places one call.

``python -m console.phones.softphone ORDER`` takes its order as one JSON object (console.phones.processes writes it) and
tells what happens as JSON lines on standard output, so that a crash inside the library stays its own.
pjsua2 is GPL: it is an optional extra, imported here and nowhere else.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import IO, Any

import pjsua2 as pj

RING_S = 0.1  # how long the answering phone rings
UNWANTED = 607  # the callee's word for a call that he never wants (RFC 8197)
DEAD_S = 0.5  # what is left in flight after a hang-up is read for so long
CODEC = "PCMA/8000/1"
Tell = Callable[..., None]


def speak_json(out: IO[str]) -> Tell:
    """A function that writes one event as one JSON line, at once, with the time that all processes share."""

    def tell(event: str, **facts: Any) -> None:
        out.write(json.dumps({"event": event, "at": time.monotonic(), **facts}, ensure_ascii=False) + "\n")
        out.flush()

    return tell


def headers_of(message: str) -> dict[str, list[str]]:
    """The header fields of a SIP message as it came, by lower-case name."""
    found: dict[str, list[str]] = {}
    head = re.sub(r"\r?\n[ \t]+", " ", message.partition("\r\n\r\n")[0])
    for line in head.splitlines()[1:]:
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


class Line(pj.Call):  # type: ignore[misc]
    """One call as a softphone sees it: it sends a tone, counts what it hears and tells each turn."""

    def __init__(self, phone: Phone, account: pj.Account, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self.phone = phone
        self.over = False
        self.answered_at = 0.0
        self.heard = 0
        self.answer_at = 0.0  # when to answer, for the phone that does
        self.told: set[int] = set()

    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """Tell when our INVITE left, and each response to it as it came in."""
        self.follow(prm.e)

    def onCallState(self, prm: Any) -> None:  # noqa: N802
        """Follow the call to its end; of a refusal the library tells only here."""
        self.follow(prm.e)
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.answered_at = time.monotonic()
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.over = True
            self.phone.tell("ended", status=info.lastStatusCode, phrase=info.lastReason, heard=self.heard)

    def follow(self, event: Any) -> None:
        """Tell what this event says about our INVITE, once."""
        if event.type != pj.PJSIP_EVENT_TSX_STATE:
            return
        turn = event.body.tsxState
        if turn.tsx.method != "INVITE" or turn.tsx.role != pj.PJSIP_ROLE_UAC:
            return
        status = turn.tsx.statusCode
        if turn.type == pj.PJSIP_EVENT_TX_MSG and 0 not in self.told:
            self.told.add(0)
            self.phone.tell("sent")
        elif turn.type == pj.PJSIP_EVENT_RX_MSG and status not in self.told:
            self.told.add(status)
            whole = turn.src.rdata.wholeMsg
            first = whole.partition("\r\n")[0].split(" ", 2)
            phrase = first[2] if len(first) > 2 else ""
            self.phone.tell("response", status=status, phrase=phrase, headers=headers_of(whole))

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        """Send the tone as soon as audio is up."""
        info = self.getInfo()  # kept in a variable: iterating over a temporary reads freed memory
        for medium in info.media:
            if medium.type == pj.PJMEDIA_TYPE_AUDIO and medium.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.phone.tone.startTransmit(self.getAudioMedia(medium.index))

    def listen(self) -> None:
        """Note how many RTP packets came in so far."""
        if self.answered_at and not self.over:
            self.heard = max(self.heard, self.getStreamStat(0).rtcp.rxStat.pkt)


class Account(pj.Account):  # type: ignore[misc]
    """The identity of a phone; takes incoming calls when the phone answers."""

    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self.phone = phone

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        """Ring, and remember to answer; tell the INVITE as it arrived, and how long ringing took to send."""
        begun = time.monotonic()
        whole = prm.rdata.wholeMsg
        line = Line(self.phone, self, prm.callId)
        self.phone.lines.append(line)
        ringing = pj.CallOpParam()
        ringing.statusCode = 180
        line.answer(ringing)
        rang = time.monotonic()
        line.answer_at = rang + RING_S
        self.phone.tell(
            "invite",
            request=whole.partition("\r\n")[0],
            headers=headers_of(whole),
            peer=prm.rdata.srcAddress,
            took_ms=(rang - begun) * 1e3,
        )


class Phone:
    """One endpoint on one UDP port, without sound card, driven by `run`."""

    def __init__(self, host: str, port: int, tell: Tell, answer: int = 200, *, most_calls: int = 4) -> None:
        self.tell = tell
        self.answer = answer  # what incoming calls get
        self.lines: list[Line] = []
        self.accounts: list[Account] = []
        self.host = host
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        settings = pj.EpConfig()
        settings.uaConfig.threadCnt = 0
        settings.uaConfig.maxCalls = most_calls
        settings.uaConfig.mainThreadOnly = True
        settings.uaConfig.userAgent = "Ringfence softphone (pjsua2)"
        settings.logConfig.level = settings.logConfig.consoleLevel = 0
        settings.medConfig.noVad = True
        self.endpoint.libInit(settings)
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = host, port
        self.transport = self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        for codec in self.endpoint.codecEnum2():
            self.endpoint.codecSetPriority(codec.codecId, 255 if codec.codecId == CODEC else 0)
        self.tone = pj.ToneGenerator()
        self.tone.createToneGenerator()
        sound = pj.ToneDesc()
        sound.freq1, sound.freq2, sound.on_msec, sound.off_msec = 425, 0, 400, 100
        sounds = pj.ToneDescVector()
        sounds.append(sound)
        self.tone.play(sounds, True)

    def account(self, identity: str, route: str = "") -> Account:
        """An identity that this phone calls with, or answers as."""
        settings = pj.AccountConfig()
        settings.idUri = identity
        settings.sipConfig.transportId = self.transport
        if route:
            settings.sipConfig.proxies.append(route)
        settings.mediaConfig.transportConfig.boundAddress = self.host
        account = Account(self)
        account.create(settings)
        self.accounts.append(account)
        return account

    def turn(self) -> None:
        """Handle what is there, answer who waits."""
        self.endpoint.libHandleEvents(10)
        now = time.monotonic()
        for line in self.lines:
            if not line.over:
                line.listen()
            if line.answer_at and now >= line.answer_at and not line.over:
                line.answer_at = 0.0
                answer = pj.CallOpParam()
                answer.statusCode = self.answer
                if self.answer == UNWANTED:
                    answer.reason = "Unwanted"
                line.answer(answer)
        self.lines = [line for line in self.lines if not line.over]

    def close(self) -> None:
        """Hang up, let the last messages pass, and take the library down in the order that it survives."""
        self.endpoint.hangupAllCalls()
        end = time.monotonic() + DEAD_S
        while time.monotonic() < end:
            self.endpoint.libHandleEvents(10)
        self.lines.clear()
        del self.tone
        for account in self.accounts:
            account.shutdown()
        self.accounts.clear()
        gc.collect()
        self.endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)


def answer_calls(phone: Phone, obey: Callable[[Phone, dict[str, Any]], None] | None = None) -> None:
    """Answer whatever comes until standard input ends; each line there orders a call, or what `obey` makes of it."""
    obey = obey or place_call
    phone.account(f"sip:pbx@{phone.host}")
    phone.tell("ready")
    os.set_blocking(0, False)
    orders = b""
    while True:
        phone.turn()
        try:
            read = os.read(0, 4096)
        except BlockingIOError:
            continue
        if read == b"":
            return
        *lines, orders = (orders + read).split(b"\n")
        for line in lines:
            obey(phone, json.loads(line))


def place_call(phone: Phone, order: dict[str, Any]) -> None:
    """Place one call, talk a little when it is answered, hang up; `ended` is the last thing told."""
    account = phone.account(order["identity"], order.get("route", ""))
    line = Line(phone, account)
    phone.lines.append(line)
    parameters = pj.CallOpParam(True)
    for name, value in order.get("headers", []):
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        parameters.txOption.headers.append(header)
    deadline = time.monotonic() + order["timeout"]
    phone.tell("calling")
    line.makeCall(order["target"], parameters)
    while not line.over:
        phone.turn()
        now = time.monotonic()
        if (line.answered_at and now > line.answered_at + order["talk"]) or now > deadline:
            deadline = line.answered_at = float("inf")
            line.hangup(pj.CallOpParam())


def main() -> None:
    """Run the phone that the one argument, a JSON object, orders."""
    tell = speak_json(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the library prints what it likes to standard output
    order = json.loads(sys.argv[1])
    phone = Phone(order["host"], order["port"], tell, order.get("answer", 200))
    try:
        if "target" in order:
            place_call(phone, order)
        else:
            answer_calls(phone)
    except pj.Error as error:  # a URI that the library does not take, most often
        sys.exit(f"pjsua2 says {error.reason}")
    finally:
        phone.close()


if __name__ == "__main__":
    main()
