"""The product as it is, with a count of what it holds: for a soak whose memory grows.

A thread beside its loop writes every so many seconds to a file: objects by type, the longest containers, blocks of
Python's allocator, and what the C library holds beside. Counting stops the loop for a moment. With PYTHONTRACEMALLOC=1
before it, also what the lines of the code hold more of than at the second count.

    bench/counted.py FILE SECONDS WORDS...     instead of: ringfence WORDS...
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import sys
import threading
import time
import tracemalloc
from collections import Counter, deque
from pathlib import Path
from typing import Any

from ringfence.__main__ import main

MALLINFO = [
    *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
]
MOST = 40  # types and containers of each count
FIRST = 2
SNAPSHOTS: list[tracemalloc.Snapshot] = []
COLLECTED = 5  # of so many counts one after a collection
CONTAINERS = (dict, list, set, deque)


class Mallinfo(ctypes.Structure):
    """mallinfo2(3)."""

    _fields_ = [(name, ctypes.c_size_t) for name in MALLINFO]


def heap() -> str:
    """What malloc(3) has of the system, and how much of that is in use."""
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = Mallinfo
    found = ask()
    parts = {"heap": found.arena, "in use": found.uordblks, "free": found.fordblks, "mapped": found.hblkhd}
    return ", ".join(f"{name} {octets / 2**20:.1f} MiB" for name, octets in parts.items())


def shown(container: Any) -> str:
    """Its kind and length, and one of what is in it."""
    try:
        first = next(iter(container))
        value = container[first] if isinstance(container, dict) else ""
    except (StopIteration, RuntimeError, KeyError):
        return ""
    return f"{type(container).__name__} {len(container):,} {first!r:.60} {type(value).__name__} {value!r:.60}"


def count(out: Any, began: float, number: int) -> None:
    """One count; what only the collector can free is among it, but for each fifth."""
    if number % COLLECTED == 0:
        print(f"collected: {gc.collect():,} objects, {gc.get_stats()}", file=out)
    objects = gc.get_objects()
    kinds = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in objects)
    longest = sorted((each for each in objects if type(each) in CONTAINERS), key=len, reverse=True)[:MOST]
    passed, blocks = time.monotonic() - began, sys.getallocatedblocks()
    print(f"== {passed:.0f} s: {len(objects):,} objects, {blocks:,} blocks, {heap()}", file=out)
    for name, many in kinds.most_common(MOST):
        print(f"  {many:9,} {name}", file=out)
    for container in longest:
        print(f"  - {shown(container)}", file=out)
    if tracemalloc.is_tracing():
        tell_lines(out, number)
    out.flush()


def tell_lines(out: Any, number: int) -> None:
    """What grew since the second count, by line."""
    gc.collect()
    now = tracemalloc.take_snapshot()
    if number == FIRST:
        SNAPSHOTS.append(now)
    elif SNAPSHOTS:
        for line in now.compare_to(SNAPSHOTS[0], "lineno")[:MOST]:
            print(f"  + {line.size_diff / 1024:9,.0f} KiB of {line.size / 1024:9,.0f}, {line.count_diff:,} of "
                  f"{line.count:,} {line.traceback}", file=out)  # fmt: skip


def keep_counting(file: Path, seconds: float) -> None:
    """Until the end."""
    began = time.monotonic()
    with file.open("a") as out:
        for number in itertools.count(1):
            time.sleep(seconds)
            count(out, began, number)


if __name__ == "__main__":
    name, seconds, *words = sys.argv[1:]
    if "serve" in words:
        threading.Thread(target=keep_counting, args=(Path(name), float(seconds)), daemon=True).start()
    sys.argv = ["ringfence", *words]
    main()
