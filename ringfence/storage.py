"""What the running proxy has to do without because its storage cannot be used: in figures, and in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Storage(Collector):
    """Asks each part whether it can use its files, and the disks for room; all stand in the figures from the start."""

    def __init__(self, without: Callable[[], Mapping[str, str]], room: Room) -> None:
        self._without, self._room = without, room

    def collect(self) -> Iterator[Metric]:
        """1 for each part that cannot be used now, and how much room is left."""
        family = GaugeMetricFamily(
            "ringfence_storage_unusable",
            "Files that cannot be used now: calls go on by what is known without them.",
            labels=["part"],
        )
        for part, why in self._all().items():
            family.add_metric([part.replace(" ", "-")], 1 if why else 0)
        yield family
        if free := self._room.free:
            meaning = "Room left on the fullest disk that is written to."
            yield GaugeMetricFamily("ringfence_storage_free_bytes", meaning, min(free.values()))

    def ailments(self) -> list[str]:
        """All that cannot be used now, a sentence each."""
        return [why for why in self._all().values() if why]

    def _all(self) -> dict[str, str]:
        return {**self._without(), "disk": self._room.without}


_MIB = 1 << 20


class Room:
    """The folders of these files. A disk that fills up is told before the first write fails on it."""

    def __init__(
        self, files: Iterable[Path], least_mib: int, look: Callable[[Path], os.statvfs_result] = os.statvfs
    ) -> None:
        self._folders = list(dict.fromkeys(file.parent for file in files))
        self._least, self._look = least_mib * _MIB, look

    def want(self, least_mib: int) -> None:
        """So much is to be left from now on."""
        self._least = least_mib * _MIB

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
