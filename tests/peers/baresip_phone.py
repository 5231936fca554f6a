"""A baresip softphone in this process: one identity, audio as PCM, registered where it is told a registrar."""

from __future__ import annotations

import array
import math
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from baresip import Account, Config
from baresip.call import Call
from baresip.errors import AudioNotActive
from baresip.events import Event, StackEvent
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from tests.peers.loopback import SOUND_PORTS, Endpoint
from tests.peers.process import eventually

Transport = Literal["udp", "tcp", "tls"]
RATE = 8000  # of G.711
TALK_S = 3.0  # a caller who must be heard talks so long: on a busy machine sound comes late
LOUD = 3000  # amplitude of the tone; full scale is 32767
TONE_HZ = 400
SHOWN = (
    "From",
    "To",
    "X-Ringfence-Verdict",
    "X-Ringfence-Rule",
    "X-Ringfence-Decision",
    "X-Seen-By-Pbx",
    "X-Was-Called",
    "X-Second-Hop",
)

TONE = array.array("h", (int(LOUD * math.sin(2 * math.pi * TONE_HZ * n / RATE)) for n in range(RATE))).tobytes()


def loudness(pcm: bytes) -> float:
    """Root mean square of 16-bit samples."""
    samples = array.array("h", pcm)
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) if samples else 0.0


async def hears_a_tone(call: Call, seconds: float = 0.3) -> float:
    """Send a tone until that much sound as loud as a tone came back; its loudness."""
    heard = bytearray()

    def talk_and_listen() -> bool:
        try:
            info = call.audio.info()
        except AudioNotActive:
            return False
        if info.tx_ready and info.tx_buffered < RATE:
            call.audio.write(TONE[: RATE // 2])
        if info.rx_ready and (pcm := call.audio.read(info.rx_capacity)) and loudness(pcm) > LOUD / 10:
            heard.extend(pcm)
        return len(heard) >= seconds * RATE * 2

    await eventually(talk_and_listen, "a tone heard")
    return loudness(bytes(heard))


class BaresipPhone:
    """One user at one endpoint. A process holds one such phone at a time."""

    def __init__(
        self,
        user: str,
        at: Endpoint,
        *,
        proxy: Endpoint | None = None,
        registrar: Endpoint | None = None,
        password: str = "",
    ) -> None:
        self.user, self.at, self.proxy = user, at, proxy
        self.registrar, self.password = registrar, password
        self.by: Transport = "udp"  # transport to the proxy
        self.trusts: Path | None = None  # who signs its certificate
        self.shows: Path | None = None  # its own certificate with key: it is called by TLS at the port after its own
        self.incoming: list[Call] = []
        self.ended: list[str] = []  # why calls ended, in the stack's words: status, phrase, Reason
        self.runtime = Runtime()
        self.agent: UserAgent

    async def __aenter__(self) -> Self:
        await self.runtime.start(
            Config(
                net_interface=self.at.host,
                expose_headers=SHOWN,
                extra_config_text=f"sip_listen {self.at}\nrtp_ports {'{}-{}'.format(*SOUND_PORTS)}\n{self._verifies}",
                max_concurrent_calls=None,
            )
        )
        self.agent = await self.agent_by(self.by, self.proxy)
        self.runtime.subscribe(self._note_end)
        return self

    async def agent_by(self, transport: Transport, proxy: Endpoint | None = None) -> UserAgent:
        """One that calls, and is called, by this transport."""
        # catchall: whatever the Request-URI's user is, the call is for this phone.
        further = ("catchall=yes", *((f'outbound="sip:{proxy};transport={transport};lr"',) if proxy else ()))
        account = Account(
            self.user,
            str(self.registrar or self.at),
            self.password,
            transport=transport,
            reg_interval=300 if self.registrar else 0,
            audio_codecs=("pcma",),
            extra_params=further,
        )
        agent = await UserAgent.create(self.runtime, account)
        agent.on_incoming(self.incoming.append)
        return agent

    @property
    def _verifies(self) -> str:
        trusts = f"sip_verify_server yes\nsip_cafile {self.trusts}\n" if self.trusts is not None else ""
        return trusts + (f"sip_certificate {self.shows}\n" if self.shows is not None else "")

    def _note_end(self, event: StackEvent) -> None:
        if event.event is Event.CALL_CLOSED:
            self.ended.append(event.text or "")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.runtime.close()

    async def refused(self, target: str) -> str:
        """Call `target` and be refused; the words of the refusal.

        A refusal within the same millisecond ends the call before `dial` hands it out, so its own events may be missed.
        """
        await self.agent.dial(target)
        await eventually(lambda: self.ended, f"{target} refused")
        return self.ended[-1]

    async def rings(self) -> Call:
        """The call that has come in."""
        await eventually(lambda: self.incoming, f"a call at {self.at}")
        return self.incoming[-1]
