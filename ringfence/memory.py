"""What the limits may take in memory, against what cgroup, ulimit and machine give: they are lowered to that."""

from __future__ import annotations

import ctypes
import os
import resource
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ringfence.node_settings import Configuration
from rules.judging.counting_memory import octets_a_call
from rules.language.source import Document, Fault

Counts = Collection[tuple[str, int]]  # names of what is counted, and seconds
MIB: Final = 1 << 20
_SPARE: Final = 0.9  # of what is given: the rest is for what nobody counts
_UNLIMITED: Final = 1 << 60  # what a cgroup of the first version says when it has no limit is near 2^63
_TAKEN: Final = 200 * MIB  # before the first call: the process with rules, pages of SQLite, records on their way
_ARENAS: Final = -8  # M_ARENA_MAX of mallopt(3)
FILES: Final = 64  # open at once: databases, sockets, logs


class LimitError(Exception):
    """The system lets this process have too little of something; the message says of what."""


class Share(NamedTuple):
    """A limit, and what one of what it limits takes."""

    section: str
    name: str
    octets: int
    least: int  # that the setting takes

    @property
    def place(self) -> str:
        """As people write it."""
        return f"{self.section}.{self.name}"


# What counts only where there are listeners of connections: one that is enciphered, with messages on their way.
CONNECTIONS: Final = Share("limits", "connections", 48 * 1024, 10)
# Of rules that ask for one count, such as a caller's calls an hour; more counts take more.
COUNTED: Final = Share("facts", "remembered_calls", octets_a_call((("calls", 3600),)), 100)
# Measured as the growth of a node that holds so many.
SHARES: Final = (
    Share("limits", "max_transactions", 4096, 100),
    Share("limits", "receive_queue", 4096, 100),
    Share("limits", "unacknowledged_rejections", 2048, 10),
    Share("limits", "remembered_calls", 600, 100),
    COUNTED,
    Share("storage", "cache_entries", 640, 16),
)


class Grant(NamedTuple):
    """What somebody lets this process have."""

    by: str
    octets: int

    @property
    def left(self) -> int:
        """For calls."""
        return max(0, int(self.octets * _SPARE) - _TAKEN)


class Lowered(NamedTuple):
    """A limit that is lower than it was set."""

    share: Share
    was: int
    now: int


class Fit(NamedTuple):
    """A configuration whose limits fit, and what was lowered for that."""

    configuration: Configuration
    lowered: list[Lowered]
    grant: Grant | None
    wanted: int

    @property
    def words(self) -> str:
        """What was lowered and why, in a sentence; empty when nothing was."""
        if self.grant is None or not self.lowered:
            return ""
        changes = ", ".join(f"{one.share.place} {one.was:,} -> {one.now:,}" for one in self.lowered)
        return (
            f"the limits may take {self.wanted // MIB:,} MiB, and {self.grant.by} gives {self.grant.octets // MIB:,}: "
            f"lowered while it runs: {changes}"
        )


def fit(configuration: Configuration, granted: list[Grant] | None = None, asked: Counts = ()) -> Fit:
    """Lower the limits, all by the same share, until what they may take fits into what is given.

    `asked`: what rules ask to be counted; others, that count one thing, may go live at any time.
    """
    grants = grants_of_system() if granted is None else granted
    counted = COUNTED._replace(octets=max(COUNTED.octets, octets_a_call(asked)))
    shares = [counted if share is COUNTED else share for share in SHARES]
    if takes_connections(configuration):
        shares.append(CONNECTIONS)
    takes = {share: getattr(getattr(configuration, share.section), share.name) * share.octets for share in shares}
    wanted = sum(takes.values())
    grant = min(grants, key=lambda one: one.left, default=None)
    if grant is None or wanted <= grant.left:
        return Fit(configuration, [], grant, wanted)
    lowered = []
    parts: dict[str, dict[str, int]] = {}
    for share, octets in takes.items():
        was = octets // share.octets
        now = max(share.least, was * grant.left // wanted)
        if now < was:
            lowered.append(Lowered(share, was, now))
            parts.setdefault(share.section, {})[share.name] = now
    changed = {section: getattr(configuration, section).model_copy(update=part) for section, part in parts.items()}
    return Fit(configuration.model_copy(update=changed), lowered, grant, wanted)


def too_large(configuration: Configuration, document: Document, base: Path) -> Iterator[Fault]:
    """Warnings of `ringfence check`: limits that would be lowered here, and a process that may open too few files."""
    found = fit(configuration)
    if found.words:
        first = found.lowered[0].share
        hint = "give it more memory, or set smaller limits"
        yield document.fault((first.section, first.name), found.words, hint, warning=True)
    if few := too_few_files():
        yield document.fault((), few, "raise it with `ulimit -n` or LimitNOFILE", warning=True)


def takes_connections(configuration: Configuration) -> bool:
    """Is there a listener of a stream?"""
    return any(listener.transport != "udp" for listener in configuration.listen)


def fitted(configuration: Configuration, asked: Counts) -> tuple[Configuration, dict[str, str]]:
    """With limits that memory and open files allow, and what was lowered for which of them, a sentence each."""
    fitting = fit(configuration, asked=asked)
    found, few = files_for(fitting.configuration)
    return found, {cause: words for cause, words in (("memory", fitting.words), ("files", few)) if words}


def files_for(configuration: Configuration) -> tuple[Configuration, str]:
    """Use what may be had of open files for connections; where that is too few, there are fewer, and it is said."""
    limits = configuration.limits
    if not takes_connections(configuration):
        return configuration, ""
    take_files(FILES + limits.connections)
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY or allowed >= FILES + limits.connections:
        return configuration, ""
    now = max(CONNECTIONS.least, allowed - FILES)
    fewer = configuration.model_copy(update={"limits": limits.model_copy(update={"connections": now})})
    said = f"`ulimit -n` lets this process open {allowed:,} files at once: lowered while it runs: "
    return fewer, f"{said}{CONNECTIONS.place} {limits.connections:,} -> {now:,}"


def too_few_files() -> str:
    """May this process open too few files at once? In words; empty for no."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed == resource.RLIM_INFINITY or allowed >= FILES:
        return ""
    return f"`ulimit -n` lets this process open {allowed} files at once; it needs {FILES}"


def keep_addresses_few() -> None:
    """Where addresses are limited: glibc would reserve 64 MiB of them a thread, the system 8 more for its stack."""
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    threading.stack_size(MIB)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENAS, 1)


def take_files(needed: int = FILES) -> None:
    """Use what may be had of open files where fewer than needed are allowed for now."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < needed and (most == resource.RLIM_INFINITY or most > allowed):
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed if most == resource.RLIM_INFINITY else most, most))


def grants_of_system(root: Path = Path("/")) -> list[Grant]:
    """What the machine, its control groups and the limits of this process give."""
    found = [Grant("the machine", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))]
    found += [Grant("the control group (memory.max)", octets) for octets in _control_groups(root)]
    for name, limit in ("`ulimit -v`", resource.RLIMIT_AS), ("`ulimit -d`", resource.RLIMIT_DATA):
        octets = resource.getrlimit(limit)[0]
        if octets != resource.RLIM_INFINITY:
            found.append(Grant(name, octets))
    return found


def _control_groups(root: Path) -> Iterator[int]:
    """The limits of the control groups that this process is in, of either version, and of those above them."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            number, controllers, name = line.split(":", 2)
            if number == "0":
                folder, file = root / "sys/fs/cgroup", "memory.max"
            elif "memory" in controllers.split(","):
                folder, file = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
            else:
                continue
            parts = [part for part in name.split("/") if part and part != ".."]
            # A container sees its own group as the top one, whatever name it has outside.
            for depth in range(len(parts), -1, -1):
                with suppress(OSError, ValueError):
                    octets = int(folder.joinpath(*parts[:depth], file).read_text())
                    if octets < _UNLIMITED:
                        yield octets
