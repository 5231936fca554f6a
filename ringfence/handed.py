"""What was handed to this process at its start: sockets, by systemd's activation or by the process before this one."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Final, NamedTuple

from proxy.handover import Predecessor
from proxy.sockets import Sockets
from ringfence.remembered import NOTHING, Remembered, unpacked

_FIRST: Final = 3  # SD_LISTEN_FDS_START
_ACTIVATED: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
SOCKETS: Final = "RINGFENCE_SOCKETS"  # descriptors with blanks between
REMEMBERED: Final = "RINGFENCE_REMEMBERED"  # what the process before this one knew
BEFORE: Final = "RINGFENCE_BEFORE"  # the channel to the process before this one


class Handed(NamedTuple):
    """What this process was given."""

    sockets: Sockets
    before: Predecessor | None = None
    control: socket.socket | None = None  # on which commands ask
    remembered: Remembered = NOTHING


def handed_over(environment: MutableMapping[str, str] | None = None) -> Handed:
    """What the environment speaks of; it does so no longer afterwards, for whoever is started from here."""
    found = os.environ if environment is None else environment
    descriptors = [*_numbers(found.pop(SOCKETS, "")), *_activated(found)]
    channel = _numbers(found.pop(BEFORE, ""))
    remembered = unpacked(found.pop(REMEMBERED, ""))
    sockets, control = [], None
    for number in descriptors:
        with suppress(OSError):  # nothing is open there
            os.set_inheritable(number, False)
            sock = socket.socket(fileno=number)
            if sock.family == socket.AF_UNIX:
                control = sock
            else:
                sockets.append(sock)
    before = None
    if channel:
        with suppress(OSError):
            os.set_inheritable(channel[0], False)
            before = Predecessor(socket.socket(fileno=channel[0]))
    return Handed(Sockets(sockets), before, control, remembered)


def _activated(environment: MutableMapping[str, str]) -> list[int]:
    """The descriptors of systemd's socket activation, if they are meant for this process (sd_listen_fds(3))."""
    pid, count, _ = (environment.pop(name, "") for name in _ACTIVATED)
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    return list(range(_FIRST, _FIRST + int(count)))


def _numbers(text: str) -> list[int]:
    """Those that can have been handed over: the standard streams are this process's own."""
    return [int(word) for word in text.split() if word.isdigit() and int(word) >= _FIRST]


def for_child(environment: Mapping[str, str], sockets: list[int], channel: int, remembered: str = "") -> dict[str, str]:
    """The environment of the process after this one."""
    kept = {name: value for name, value in environment.items() if name not in (*_ACTIVATED, "WATCHDOG_PID")}
    found = {**kept, SOCKETS: " ".join(map(str, sockets)), BEFORE: str(channel)}
    return {**found, REMEMBERED: remembered} if remembered else found
