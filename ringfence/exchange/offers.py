"""What a partner offers at this moment, fetched and held against his root; Refused where anything of it is wrong.

The rules of The Update Framework keep out what others signed, what is older than what was seen, and what is signed no
more; python-tuf keeps them. What is checked here is what was signed: another operator may be wrong as well.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.ngclient import TargetFile, Updater, UpdaterConfig

from ringfence.exchange.exchange_settings import PartnerSettings
from ringfence.exchange.refused import Refused
from ringfence.exchange.repository import FEED, INDEX
from ringfence.exchange.web import Web
from rules.sharing.entries import Reader, Rubbish, Withdrawal
from rules.sharing.taking import lies
from rules.sharing.versions import (
    Difference,
    Gap,
    Index,
    State,
    applied,
    digest_of,
    lines_of,
    split_difference,
    state_of,
)

_LARGEST_INDEX: Final = 65_536
_LARGEST_FEED: Final = 64 * 1024 * 1024
_MIB: Final = 1024 * 1024
_FULL: Final = re.compile(r"full-[0-9]{1,15}\.jsonl\.gz")
_DELTA: Final = re.compile(r"delta-[0-9]{1,15}\.jsonl\.gz")
_INDEX_KEYS: Final = {"operator", "version", "entries", "digest", "full", "deltas"}


class Offer(NamedTuple):
    """What was fetched."""

    newest: Index
    state: State | None  # None: it is the version that was known


@contextmanager
def refusing() -> Iterator[None]:
    """What is wrong with files, signatures and versions as a Refused."""
    try:
        yield
    except UnsignedMetadataError as error:
        raise Refused("signature", str(error)) from error
    except ExpiredMetadataError as error:
        raise Refused("frozen", str(error)) from error
    except BadVersionNumberError as error:
        raise Refused("rollback", str(error)) from error
    except LengthOrHashMismatchError as error:
        raise Refused("broken", str(error)) from error
    except RepositoryError as error:
        raise Refused("signature", str(error)) from error
    except DownloadLengthMismatchError as error:
        raise Refused("broken", str(error)) from error
    except DownloadHTTPError as error:
        raise Refused("unreachable", f"status {error.status_code}") from error
    except DownloadError as error:
        raise error.__cause__ if isinstance(error.__cause__, Refused) else Refused("unreachable", str(error)) from error
    except (Rubbish, UnicodeDecodeError) as error:
        raise Refused("rubbish", str(error)) from error
    except Gap as error:
        raise Refused("gap", str(error)) from error


class Look:
    """One look at one partner. ``folder``: where metadata and files are kept."""

    def __init__(self, partner: PartnerSettings, root: bytes, folder: Path, web: Web, now: float) -> None:
        self._partner, self._reader = partner, Reader(now)
        metadata, targets = folder / "metadata", folder / "targets"
        for each in (metadata, targets):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        base = partner.url.rstrip("/")
        try:
            self._updater = Updater(
                *(str(metadata), f"{base}/metadata", str(targets), f"{base}/targets"),
                fetcher=web,
                config=UpdaterConfig(),
                bootstrap=root,
            )
        except RepositoryError as error:
            raise Refused("root", str(error)) from error
        # One moment for signatures and days alike; the library has no other door for it.
        self._updater._trusted_set.reference_time = datetime.fromtimestamp(now, UTC)

    def feed(self) -> list[Withdrawal]:
        """What he withdrew. It is asked for first, and counts whatever is wrong with the version beside it."""
        with refusing():
            self._updater.refresh()
            return list(self._reader.withdrawals(self._lines(FEED, _LARGEST_FEED)))

    def offer(self, known: Index | None, old: Callable[[], State]) -> Offer:
        """What is there. ``known``: the version that is known, which ``old`` reads."""
        with refusing():
            index = self._index()
            if known is not None and index.version < known.version:
                raise Refused("rollback", f"version {index.version} after {known.version}")
            if index.entries > self._partner.most_entries:
                raise Refused("large", f"{index.entries:,} entries; most_entries allows {self._partner.most_entries:,}")
            if known is not None and index.version == known.version:
                if index.digest != known.digest:
                    raise Refused("gap", f"version {index.version} is another than it was")
                return Offer(index, None)
            state = self._whole(index) if known is None else self._onward(index, known, old)
            if said := lies(state.values(), self._partner.operator):
                raise Refused("rubbish", said)
            return Offer(index, state)

    def _onward(self, index: Index, known: Index, old: Callable[[], State]) -> State:
        """By differences where they lead from the version that is known to the newest, else by the whole."""
        steps, at = [], known.version
        while at < index.version:
            to, name = index.deltas.get(at, (0, ""))
            if not at < to <= index.version:
                return self._whole(index)
            steps.append(name)
            at = to
        state = old()
        for name in steps:
            goes, comes = split_difference(self._lines(name, self._most))
            state = applied(state, Difference(tuple(self._reader.entries(comes)), tuple(goes)))
        return self._checked(index, state)

    def _whole(self, index: Index) -> State:
        return self._checked(index, state_of(self._reader.entries(self._lines(index.full, self._most))))

    @staticmethod
    def _checked(index: Index, state: State) -> State:
        if len(state) != index.entries or digest_of(lines_of(state)) != index.digest:
            raise Gap(f"version {index.version} does not come out as it is told")
        return state

    @property
    def _most(self) -> int:
        return self._partner.most_mib * _MIB

    def _index(self) -> Index:
        try:
            said = json.loads(self._read(INDEX, _LARGEST_INDEX))
            if not isinstance(said, dict) or said.keys() != _INDEX_KEYS:
                raise ValueError("it has other fields")
            return self._understood(said)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Refused("rubbish", f"{INDEX}: {error}") from error

    def _understood(self, said: dict[str, Any]) -> Index:
        if said["operator"] != self._partner.operator:
            raise Refused("other", f"{said['operator']!r:.80}, not {self._partner.operator}")
        deltas = {}
        for one in said["deltas"]:
            if not _DELTA.fullmatch(one["name"]):
                raise ValueError("the name of a difference is none")
            deltas[int(one["from"])] = int(one["to"]), str(one["name"])
        version, entries = said["version"], said["entries"]
        if not (type(version) is type(entries) is int and version > 0 <= entries) or not _FULL.fullmatch(said["full"]):
            raise ValueError("its version, number of entries or whole file is none")
        return Index(version, entries, str(said["digest"]), said["full"], deltas)

    def _lines(self, name: str, most: int) -> list[str]:
        data = self._read(name, most)
        if name.endswith(".gz"):
            data = _unpacked(data, most)
        return data.decode("utf-8").splitlines()

    def _read(self, name: str, most: int) -> bytes:
        """A file as it was signed, from here if it is."""
        found: TargetFile | None = self._updater.get_targetinfo(name)
        if found is None:
            raise Refused("gap", f"{name} is not among what was signed")
        if found.length > most:
            raise Refused("large", f"{name} has {found.length:,} octets; {most:,} are taken")
        path = self._updater.find_cached_target(found)
        return Path(path if path is not None else self._updater.download_target(found)).read_bytes()


def _unpacked(data: bytes, most: int) -> bytes:
    """What is packed, as long as it is no larger than is taken: a few octets may unpack to a full memory."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(data, most + 1)
        if len(found) > most:
            raise Refused("large", f"it unpacks to over {most:,} octets")
        found += unpacking.flush()
    except zlib.error as error:
        raise Refused("broken", "it does not unpack") from error
    if not unpacking.eof or unpacking.unused_data:
        raise Refused("broken", "it does not unpack whole")
    return found
