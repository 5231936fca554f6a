"""What is given to others as a repository of The Update Framework: plain files in a folder, signed, written in order.

    metadata/N.root.json ...  who may sign what, and which version is the newest
    targets/HASH.NAME         the whole version, differences from one version to the next, and what was withdrawn

A file that others may be reading never changes: each version has names of its own, and timestamp.json, which leads to
them, is put in place last.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from ringfence.exchange.refused import ExchangeError
from ringfence.exchange.signing import ROOT, WITHDRAWN, KeyFault, add_signatures, keys_of_role, make_keys, sign
from ringfence.exchange.whole_files import packed, put_file
from rules.lists.origins import DAY_S
from rules.sharing.entries import SharedEntry, Withdrawal, day_of, shared
from rules.sharing.versions import Difference, State, digest_of, lines_of, lines_of_difference, state_of

INDEX: Final = "index.json"
FEED: Final = "withdrawn.jsonl"
# How long a signature counts. Whoever sees no newer timestamp for a week is kept from it.
LIVES: Final = {ROOT: 365, "targets": 90, WITHDRAWN: 30, "snapshot": 7, "timestamp": 7}
_DELTAS: Final = 30  # versions that can be had as differences
_WITHDRAWN_DAYS: Final = 731  # no entry lives longer
_NAMED: Final = re.compile(r"(\d+)\.(\w+)\.json")


class Published(NamedTuple):
    """What a publication changed."""

    version: int
    entries: int
    added: int
    changed: int
    removed: int
    withdrawn: int  # that other operators are told of at once
    held_back: str = ""  # why only withdrawals went out
    left_out: int = 0  # of our lists what no operator takes


class Repository:
    """The folder, and the keys at hand."""

    def __init__(self, folder: Path, keys: Path, now: Callable[[], float]) -> None:
        self._metadata, self._targets, self._keys, self._now = folder / "metadata", folder / "targets", keys, now

    @property
    def begun(self) -> bool:
        """Was it ever made?"""
        return bool(self._latest(ROOT))

    def begin(self, root_keys: Path, *, roots: int, root_threshold: int, targets: int, targets_threshold: int) -> Path:
        """Make the keys and the first root, which partners are handed. Where there is one, ExchangeError."""
        if self.begun:
            raise ExchangeError(f"{self._metadata} holds a repository already", "`share rotate` gives it other keys")
        root = Root(consistent_snapshot=True)
        for role, count, threshold in (
            (ROOT, roots, root_threshold),
            ("targets", targets, targets_threshold),
            ("snapshot", 1, 1),
            ("timestamp", 1, 1),
        ):
            folder = root_keys if role == ROOT else self._keys
            for signer in make_keys(folder, role, count):
                root.add_key(signer.public_key, role)
            root.roles[role].threshold = threshold
        make_keys(self._keys, WITHDRAWN, 1)
        return self._write_root(Metadata(root), keys_of_role(root_keys, ROOT))

    def rotate(self, role: str, root_keys: Path) -> int:
        """Give a role new keys, as many as it has; the old ones count no more. The version of root that says so."""
        old = self._root()
        if role == WITHDRAWN:
            fresh = make_keys(self._keys, role, 1)
            self._sign_targets(self._targets_now(), delegate=fresh)
            self._finish(self._feed())
            self._set_aside(role, fresh)
            return int(old.signed.version)
        root = Metadata.from_bytes(old.to_bytes()).signed
        signers = keys_of_role(root_keys, ROOT)
        wanted = root.roles[role]
        fresh = make_keys(root_keys if role == ROOT else self._keys, role, len(wanted.keyids))
        for keyid in list(wanted.keyids):
            root.revoke_key(keyid, role)
        for signer in fresh:
            root.add_key(signer.public_key, role)
        root.version += 1
        if role == ROOT:
            signers |= {one.public_key.keyid: one for one in fresh}
        self._write_root(Metadata(root), signers, old)
        if role != ROOT:
            self._set_aside(role, fresh)
            if self._targets_there():
                self._sign_targets(self._targets_now())
                self._finish(self._feed())
        return int(root.version)

    def renew(self, root_keys: Path) -> int:
        """Sign root anew, so that it counts for another year."""
        old = self._root()
        root = Metadata.from_bytes(old.to_bytes()).signed
        root.version += 1
        self._write_root(Metadata(root), keys_of_role(root_keys, ROOT), old)
        return int(root.version)

    @property
    def version(self) -> int:
        """Which version is given now; 0: none yet."""
        index = self._index()
        return int(index["version"]) if index else 0

    def state(self) -> State:
        """What is given now."""
        return self._state(self._index())

    def publish(
        self, state: State, why: Callable[[SharedEntry], str], operator: str, *, at_least: int = 0
    ) -> Published:
        """Give this state as the next version, if it is another; sign anew what would expire soon.

        ``why`` tells of an entry that goes why it is withdrawn; nothing for one that merely ended. ``at_least``: the
        next version has this number, since partners have seen those below it.
        """
        index = self._index()
        old, version = self._state(index), int(index["version"]) if index else 0
        comes = [key for key in sorted(state) if old.get(key) != _of_version(state[key], old.get(key))]
        gone = [key for key in sorted(old) if key not in state]
        feed, withdrawn = self._feed_with([old[key] for key in gone], version, why)
        done = Published(version, len(old), 0, 0, 0, withdrawn)
        try:
            if comes or gone or not index or version < at_least:
                following = max(version + 1, at_least)
                after = {key: old[key] for key in old if key in state}
                after |= {key: _of_version(state[key], None, following) for key in comes}
                change = Difference(tuple(after[key] for key in comes), tuple(gone))
                self._sign_targets(self._with_version(index, after, change, operator, following))
                added = sum(key not in old for key in comes)
                done = Published(following, len(after), added, len(comes) - added, len(gone), withdrawn)
            elif self._ages("targets"):
                self._sign_targets(self._targets_now())
        except KeyFault as error:
            if not index:
                raise
            done = done._replace(held_back=str(error))  # withdrawals go out all the same
        self._finish(feed)
        return done

    def _with_version(
        self, index: dict[str, Any], after: State, change: Difference, operator: str, version: int
    ) -> dict[str, TargetFile]:
        """The target files of the next version, written."""
        before = int(index["version"]) if index else 0
        full, delta = f"full-{version}.jsonl.gz", f"delta-{version}.jsonl.gz"
        there = self._targets_now() if index else {}
        deltas = index["deltas"][1 - _DELTAS :] if index else []
        files = {one["name"]: there[one["name"]] for one in deltas}
        files[full] = self._put(full, packed(lines_of(after)))
        if before:
            files[delta] = self._put(delta, packed(lines_of_difference(change)))
            deltas = [*deltas, {"from": before, "to": version, "name": delta}]
        made = {
            "operator": operator,
            "version": version,
            "entries": len(after),
            "digest": digest_of(lines_of(after)),
            "full": full,
            "deltas": deltas,
        }
        files[INDEX] = self._put(INDEX, json.dumps(made, indent=1).encode())
        return files

    def _feed_with(
        self, gone: Iterable[SharedEntry], version: int, why: Callable[[SharedEntry], str]
    ) -> tuple[list[Withdrawal], int]:
        """What is withdrawn with these, old enough to be forgotten left out; how many are new."""
        now = self._now()
        oldest = day_of(now - _WITHDRAWN_DAYS * DAY_S)
        feed = {one.key: one for one in self._feed() if one.on > oldest}
        count = 0
        for one in gone:
            upto = one.version if one.hop else version
            if (said := why(one)) and (one.key not in feed or feed[one.key].version < upto):
                feed[one.key] = Withdrawal(one.number, one.origin, upto, said, day_of(now))
                count += 1
        return [feed[key] for key in sorted(feed)], count

    def _finish(self, feed: Sequence[Withdrawal]) -> None:
        """Sign the feed where it changed, then snapshot and timestamp, which leads to all of it."""
        lines = [one.line for one in feed]
        data = "".join(f"{line}\n" for line in lines).encode()
        old = self._load(WITHDRAWN)
        changed = old is None or old.signed.targets[FEED] != TargetFile.from_data(FEED, data)
        delegated = self._load("targets")
        assert delegated is not None
        role = delegated.signed.delegations.roles[WITHDRAWN]
        unsigned = old is None or not set(role.keyids) & set(old.signatures)
        if changed or unsigned or self._ages(WITHDRAWN):
            signed = Targets(version=_next(old), expires=self._until(WITHDRAWN), targets={FEED: self._put(FEED, data)})
            self._write(WITHDRAWN, Metadata(signed), role.keyids, role.threshold)
        root, snapshot = self._root().signed, self._load("snapshot")
        versions = {f"{name}.json": MetaFile(self._latest(name)) for name in ("targets", WITHDRAWN)}
        keyids = set(root.roles["snapshot"].keyids)
        if (
            snapshot is None
            or snapshot.signed.meta != versions
            or self._ages("snapshot")
            or not keyids & set(snapshot.signatures)
        ):
            made = Snapshot(version=_next(snapshot), expires=self._until("snapshot"), meta=versions)
            snapshot = Metadata(made)
            self._write("snapshot", snapshot, *_asked(root, "snapshot"))
        stamp = Timestamp(
            version=_next(self._load("timestamp")),
            expires=self._until("timestamp"),
            snapshot_meta=MetaFile(snapshot.signed.version),
        )
        self._write("timestamp", Metadata(stamp), *_asked(root, "timestamp"))
        self._clear()

    def _sign_targets(self, files: dict[str, TargetFile], *, delegate: Sequence[CryptoSigner] | None = None) -> None:
        """Sign what is given, and whose word withdraws."""
        old, root = self._load("targets"), self._root().signed
        if delegate is not None or old is None:
            signers = delegate or list(keys_of_role(self._keys, WITHDRAWN).values())
            keys: dict[str, Key] = {one.public_key.keyid: one.public_key for one in signers}
            role = DelegatedRole(WITHDRAWN, list(keys), 1, terminating=True, paths=[FEED])
            delegations = Delegations(keys, {WITHDRAWN: role})
        else:
            delegations = old.signed.delegations
        signed = Targets(version=_next(old), expires=self._until("targets"), targets=files, delegations=delegations)
        self._write("targets", Metadata(signed), *_asked(root, "targets"))

    def _write(self, role: str, metadata: Metadata[Any], keyids: Sequence[str], threshold: int) -> None:
        """Sign, and put it where it is looked for."""
        sign(metadata, keys_of_role(self._keys, role), keyids, threshold)
        name = "timestamp.json" if role == "timestamp" else f"{metadata.signed.version}.{role}.json"
        put_file(self._metadata / name, metadata.to_bytes())

    def _write_root(
        self, metadata: Metadata[Root], signers: dict[str, CryptoSigner], old: Metadata[Root] | None = None
    ) -> Path:
        """Sign root by the old keys and by the new ones, each as many as are asked for."""
        metadata.signed.expires = self._until(ROOT)
        metadata.signatures.clear()
        for each in (old, metadata) if old is not None else (metadata,):
            add_signatures(metadata, signers, each.signed.roles[ROOT].keyids)
        try:
            for each in (old, metadata) if old is not None else (metadata,):
                each.verify_delegate(ROOT, metadata)
        except RepositoryError as error:
            raise KeyFault(
                "too few of the keys of root are here", "name the folder in which they lie: --root-keys"
            ) from error
        path = self._metadata / f"{metadata.signed.version}.root.json"
        put_file(path, metadata.to_bytes())
        return path

    def _set_aside(self, role: str, fresh: Sequence[CryptoSigner]) -> None:
        """Delete the keys of the role that count no more."""
        kept = {one.public_key.keyid for one in fresh}
        for path in self._keys.glob(f"{role}-*.pem"):
            if not any(keyid.startswith(path.stem.removeprefix(f"{role}-")) for keyid in kept):
                path.unlink()

    def _put(self, name: str, data: bytes) -> TargetFile:
        """A target file under the name that no other content has."""
        made = TargetFile.from_data(name, data)
        put_file(self._targets / f"{made.hashes['sha256']}.{name}", data)
        return made

    def _clear(self) -> None:
        """Delete target files that neither the newest metadata names nor the one before, which somebody may read."""
        named = {path.name for path in self._targets.glob("*")}
        for role in ("targets", WITHDRAWN):
            newest = self._latest(role)
            for version in (newest, newest - 1):
                found = self._load(role, version) if version > 0 else None
                files = found.signed.targets.values() if found is not None else ()
                named -= {f"{one.hashes['sha256']}.{one.path}" for one in files}
        for name in named:
            (self._targets / name).unlink(missing_ok=True)

    def _index(self) -> dict[str, Any]:
        targets = self._load("targets")
        if targets is None or INDEX not in targets.signed.targets:
            return {}
        found: dict[str, Any] = json.loads(self._read(targets.signed.targets[INDEX]))
        return found

    def _state(self, index: dict[str, Any]) -> State:
        if not index:
            return {}
        data = gzip.decompress(self._read(self._targets_now()[index["full"]]))
        return state_of(shared(json.loads(line)) for line in data.decode().splitlines())

    def _feed(self) -> list[Withdrawal]:
        found = self._load(WITHDRAWN)
        if found is None:
            return []
        lines = self._read(found.signed.targets[FEED]).decode().splitlines()
        return [Withdrawal(**json.loads(line)) for line in lines]

    def _read(self, file: TargetFile) -> bytes:
        data = (self._targets / f"{file.hashes['sha256']}.{file.path}").read_bytes()
        file.verify_length_and_hashes(data)
        return data

    def _targets_now(self) -> dict[str, TargetFile]:
        found = self._load("targets")
        return dict(found.signed.targets) if found is not None else {}

    def _targets_there(self) -> bool:
        return self._latest("targets") > 0

    def _root(self) -> Metadata[Root]:
        found = self._load(ROOT)
        if found is None:
            raise ExchangeError(
                f"nothing was ever given from {self._metadata.parent}", "begin with `ringfence share init`"
            )
        return found

    def _load(self, role: str, version: int = 0) -> Metadata[Any] | None:
        """The newest metadata of a role, or that of a version."""
        if role == "timestamp":
            path = self._metadata / "timestamp.json"
        else:
            path = self._metadata / f"{version or self._latest(role)}.{role}.json"
        return Metadata.from_bytes(path.read_bytes()) if path.exists() else None

    def _latest(self, role: str) -> int:
        found = [_NAMED.fullmatch(path.name) for path in self._metadata.glob(f"*.{role}.json")]
        return max((int(one[1]) for one in found if one and one[2] == role), default=0)

    def _until(self, role: str) -> datetime:
        at = datetime.fromtimestamp(int(self._now()), UTC)
        return at + timedelta(days=LIVES[role])

    def _ages(self, role: str) -> bool:
        """Is half of its life over?"""
        found = self._load(role)
        if found is None:
            return True
        left = found.signed.expires.timestamp() - self._now()
        return bool(left < LIVES[role] * DAY_S / 2)


def _asked(root: Root, role: str) -> tuple[Sequence[str], int]:
    return root.roles[role].keyids, root.roles[role].threshold


def _next(old: Metadata[Any] | None) -> int:
    return int(old.signed.version) + 1 if old is not None else 1


def _of_version(one: SharedEntry, old: SharedEntry | None, version: int = 0) -> SharedEntry:
    """Our own word has the version in which it changed last; that of others the one that they gave it."""
    if one.hop:
        return one
    return one._replace(version=old.version if old is not None else version)
