"""SIPp as caller or callee: scenario files filled in, one call run, and what went over the wire read back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.peers.loopback import Endpoint, listening, new_endpoint
from tests.peers.process import Peer

SCENARIOS = Path(__file__).parent.parent / "live" / "sipp"
CALL_S = 60  # no flow takes longer, on a busy machine either; SIPp then gives up by itself

# What a scenario may leave unsaid; `parts/*.sip` are placeholders too.
DEFAULTS = {
    "caller": "+8613912345678",
    "called": "02161234567",
    "name": "",
    "headers": "",
    "expires": "60",
    "how": "",  # further parameters of its Contact
}

_runs = itertools.count(1)
_PLACEHOLDER = re.compile(r"\{\{([a-z0-9 -]+)\}\}")
_ENTRY = re.compile(r"^-{20,} (\S+ \S+)\n(?:UDP|TCP) message (sent|received)[^\n]*\n\n", re.MULTILINE)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The scenario with every ``{{name}}`` replaced; a line that was only an empty placeholder goes."""
    parts = {path.stem: path.read_text().rstrip("\n") for path in (SCENARIOS / "parts").glob("*.sip")}
    known = {**parts, **DEFAULTS, **values}

    def value(match: re.Match[str]) -> str:
        return known[match[1]]

    while _PLACEHOLDER.search(text):
        lines = (
            _PLACEHOLDER.sub(value, line)
            for line in text.split("\n")
            if not (match := _PLACEHOLDER.fullmatch(line)) or known[match[1]]
        )
        text = "\n".join(lines)
    return text


def path_of(hops: int) -> dict[str, str]:
    """Placeholders that note the path of an INVITE and give it back in a response that is sent after other messages.

    SIPp gives back by itself only the fields of the last message, and an action sees one line of a field at a time.
    """
    lines = [("Via", f"via{n}", n) for n in range(1, hops + 2)]
    lines += [("Record-Route", f"path{n}", n) for n in range(1, hops + 1)]
    note = '    <ereg regexp=".*" search_in="hdr" header="{0}:" occurrence="{2}" assign_to="{1}"/>'
    return {
        "note-path": "\n".join(note.format(*line) for line in lines),
        "noted": ",".join(variable for _, variable, _ in lines),
        "path": "\n".join(f"{name}:[${variable}]" for name, variable, _ in lines),
    }


class Packet(NamedTuple):
    """One SIP message that a SIPp sent or received."""

    at: str  # wall clock
    sent: bool
    text: str

    @property
    def start(self) -> str:
        """Its first line."""
        return self.text.partition("\n")[0].strip()

    @property
    def head(self) -> str:
        """All before its body."""
        return self.text.partition("\n\n")[0]

    def fields(self, name: str) -> list[str]:
        """The values of a header field, one for each line that carries it."""
        return re.findall(rf"^{re.escape(name)}\s*:[ \t]*(.*?)\s*$", self.head, re.MULTILINE | re.IGNORECASE)

    def field(self, name: str) -> str:
        """The value of a header field that must stand there exactly once."""
        values = self.fields(name)
        assert len(values) == 1, f"{len(values)} {name} fields in\n{self.text}"
        return values[0]


class Sipp(Peer):
    """One SIPp process that plays one scenario for one call."""

    def __init__(
        self,
        scenario: str,
        *,
        at: Endpoint,
        to: Endpoint,
        folder: Path,
        values: Mapping[str, str] | None = None,
        hops: int = 0,
        calls: int = 1,
        rate: int = 10,
        within: Sequence[str] = (),
        by: str = "udp",
        lines: Sequence[Sequence[str]] = (),
    ) -> None:
        """`hops`: how many proxies record their route between this one and the other end; it ends after `calls`, of
        which it begins `rate` a second.

        `lines`: for each call what stands in place of [field0], [field1] ...; no value has a semicolon.
        `within` stands before the command, where it is to run in another network.
        """
        script = folder / f"{scenario}-{next(_runs)}.xml"
        given = {"how": "" if by == "udp" else f";transport={by}", **path_of(hops), **(values or {})}
        script.write_text(fill((SCENARIOS / f"{scenario}.xml").read_text(), given))
        self.by = by
        self.scenario, self.at = scenario, at
        self.trace, self.errors = script.with_suffix(".messages"), script.with_suffix(".errors")
        command: list[str | Path] = [*within, "sipp", str(to), "-sf", script, "-i", at.host, "-p", str(at.port)]
        commands = new_endpoint()  # SIPp opens a port for commands, which nobody here sends
        command += ["-ci", commands.host, "-cp", str(commands.port), "-m", str(calls), "-r", str(rate), "-nostdin"]
        command += ["-t", "u1" if by == "udp" else "t1"]
        if lines:
            injected = script.with_suffix(".csv")
            injected.write_text("SEQUENTIAL\n" + "".join(";".join(line) + "\n" for line in lines))
            command += ["-inf", injected]
        command += ["-trace_msg", "-message_file", self.trace, "-trace_err", "-error_file", self.errors]
        command += ["-timeout", str(CALL_S), "-timeout_error"]
        super().__init__(command, output=script.with_suffix(".screen"), environment={"TERM": "dumb"}, folder=folder)

    def listens(self) -> Sipp:
        """Itself, once its socket is bound."""
        self.ready(lambda: listening(self.at, self.by), f"listening on {self.at}")
        return self

    def packets(self) -> list[Packet]:
        """What it sent and received so far, in order."""
        if not self.trace.exists():
            return []
        text = self.trace.read_text(errors="replace").replace("\r\n", "\n")
        entries = list(_ENTRY.finditer(text))
        ends = [*(entry.start() for entry in entries[1:]), len(text)] if entries else []
        return [
            Packet(entry[1], entry[2] == "sent", text[entry.end() : end].rstrip("\n") + "\n\n")
            for entry, end in zip(entries, ends, strict=True)
        ]

    def received(self, start: str) -> list[Packet]:
        """What it received whose first line begins so: a method, or ``SIP/2.0 200``; a repeated one counts once.

        After a pause of half a second whoever waits repeats a message octet for octet (RFC 3261 17.1.1.2).
        """
        found = {packet.head: packet for packet in reversed(self.copies(start))}
        return list(reversed(found.values()))

    def copies(self, start: str) -> list[Packet]:
        """The same with all that was repeated."""
        return [packet for packet in self.packets() if not packet.sent and packet.start.startswith(start)]

    def sent(self, start: str) -> list[Packet]:
        """What it sent whose first line begins so."""
        return [packet for packet in self.packets() if packet.sent and packet.start.startswith(start)]

    def owns(self, response: Packet) -> bool:
        """Does the response carry one Via, the one that was put on the request?"""
        vias = response.fields("Via")
        return len(vias) == 1 and vias[0].startswith(f"SIP/2.0/{self.by.upper()} {self.at};") and "," not in vias[0]

    def failed(self) -> bool:
        """Wait for the end of the scenario: did it go otherwise than written?"""
        try:
            return self.wait(CALL_S + 2) != 0
        except AssertionError:
            return True

    def done(self) -> None:
        """Wait for the end of the scenario; one that went otherwise is an error that shows the whole exchange."""
        if self.failed():
            raise AssertionError(self.story())

    def story(self) -> str:
        """The exchange as SIPp saw it, and what it complained of."""
        lines = [f"===== SIPp {self.scenario} at {self.at}, status {self.process.poll()}"]
        for packet in self.packets():
            lines.append(f"--- {packet.at} {'sent' if packet.sent else 'received'}\n{packet.text.rstrip()}")
        if self.errors.exists():
            lines.append("--- complaints\n" + self.errors.read_text(errors="replace"))
        return "\n".join(lines)
