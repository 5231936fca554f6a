"""Which account of this machine sits at the other end of a loopback connection, as the kernel knows it.

Before the first account exists, whoever runs the process is let in by it, and no other user of the machine: a browser
sends no password then, and 127.0.0.1 is everybody's.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _UID = 1, 2, 7  # columns, proc(5)


def uid_of(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """The account whose socket this client's is; None where no table has it."""
    wanted = {(_hex(*client, family), _hex(*server, family)) for family in (socket.AF_INET, socket.AF_INET6)}
    for table in _TABLES:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if (columns[_LOCAL], columns[_REMOTE]) in wanted:
                return int(columns[_UID])
    return None


def is_ours(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Does the account that runs this process, or root, sit there?"""
    try:
        if not ipaddress.ip_address(client[0]).is_loopback:
            return False
    except ValueError:
        return False
    return uid_of(client, server) in (0, os.getuid())


def _hex(host: str, port: int, family: int) -> str:
    """An address as the kernel's tables write it: each 32 bits in the machine's own order."""
    address = ipaddress.ip_address(host)
    if family == socket.AF_INET6 and address.version == 4:
        address = ipaddress.ip_address(f"::ffff:{host}")
    words = struct.unpack(f"={len(address.packed) // 4}I", address.packed)
    return f"{''.join(f'{word:08X}' for word in words)}:{port:04X}"
