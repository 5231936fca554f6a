"""What systemd is told (sd_notify): ready, stopping, alive, and which process is the service's main one.

A few lines: one datagram on the socket that $NOTIFY_SOCKET names. Without one, nothing is told.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Final

_EXTEND_S: Final = 30  # more that a stop asks for, each time
_STEP_S: Final = 10.0


def is_there() -> bool:
    """Does a supervisor want to be told?"""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def tell(*lines: str, wait_s: float = 1.0) -> None:
    """Tell it these, `NAME=VALUE` each; while it has no ear for more (ten datagrams wait) it is given a moment."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(wait_s)
        sock.sendto("\n".join(lines).encode(), address)


async def feed_watchdog() -> None:
    """Say from the loop that it goes round, twice as often as asked for; ends at once where nobody asks."""
    try:
        microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return
    while microseconds > 0:
        tell("WATCHDOG=1", wait_s=0)
        await asyncio.sleep(microseconds / 2_000_000)


async def ask_for_time() -> None:
    """While it stops: however long its calls take, it is not to be killed."""
    tell("STOPPING=1", "STATUS=ending calls in set-up")
    while is_there():
        tell(f"EXTEND_TIMEOUT_USEC={_EXTEND_S * 1_000_000}")
        await asyncio.sleep(_STEP_S)
