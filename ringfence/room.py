"""How much room is left on the disks that the node writes to, asked whenever somebody asks for health or figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

_MIB = 1 << 20


class Room:
    """The folders of these files. A disk that fills up is told before the first write fails on it."""

    def __init__(
        self, files: Iterable[Path], least_mib: int, look: Callable[[Path], os.statvfs_result] = os.statvfs
    ) -> None:
        self._folders = list(dict.fromkeys(file.parent for file in files))
        self._least, self._look = least_mib * _MIB, look

    @property
    def free(self) -> dict[str, int]:
        """Octets left for us, by folder; those that cannot be asked are missing, their files say why themselves."""
        found = {}
        for folder in self._folders:
            try:
                disk = self._look(folder)
            except OSError:
                continue
            out_of_names = disk.f_files > 0 and disk.f_favail == 0  # room for octets, none for a file more
            found[str(folder)] = 0 if out_of_names else disk.f_bavail * disk.f_frsize
        return found

    @property
    def without(self) -> str:
        """Which disk is full, or nearly so, in words; empty for none."""
        short = [f"{folder} has {left // _MIB} MiB left" for folder, left in self.free.items() if left < self._least]
        return f"the disk is full, or nearly so: {', '.join(short)}" if short else ""
