"""The keys that sign what is given to others: a folder of them for the roles that sign daily, another for root.

Root names the keys of all roles, and is signed when one of them changes. Its keys belong on a medium that lies in a
drawer: no command but `share init` and `share rotate` asks for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata

from ringfence.exchange.refused import ExchangeError

ROOT: Final = "root"
WITHDRAWN: Final = "withdrawn"  # delegated by targets, so that a number can be withdrawn while those keys are away
ONLINE: Final = ("targets", WITHDRAWN, "snapshot", "timestamp")
_SHOWN: Final = 12  # characters of a key's id in the name of its file


class KeyFault(ExchangeError):
    """Keys that are not there, or too few of them."""


def make_keys(folder: Path, role: str, count: int) -> list[CryptoSigner]:
    """New keys of a role, each in a file of its own that only its owner reads."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for _ in range(count):
        signer = CryptoSigner.generate_ed25519()
        path = folder / f"{role}-{signer.public_key.keyid[:_SHOWN]}.pem"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(signer.private_bytes)
            file.flush()
            os.fsync(file.fileno())
        made.append(signer)
    return made


def keys_of_role(folder: Path, role: str) -> dict[str, CryptoSigner]:
    """The keys of a role that lie in the folder, by their id."""
    found = {}
    for path in sorted(folder.glob(f"{role}-*.pem")):
        try:
            signer = CryptoSigner(load_pem_private_key(path.read_bytes(), None))
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFault(f"{path} cannot be read as a key", "put the file back as `share init` made it") from error
        found[signer.public_key.keyid] = signer
    return found


def sign(metadata: Metadata[Any], keys: Mapping[str, CryptoSigner], wanted: Sequence[str], threshold: int) -> None:
    """Sign by every key of the role that is at hand; KeyFault where that are too few."""
    metadata.signatures.clear()
    add_signatures(metadata, keys, wanted)
    if len(metadata.signatures) < threshold:
        role = metadata.signed.type
        raise KeyFault(
            f"{role} is signed by {threshold} keys, and {len(metadata.signatures)} of them are here",
            "put the others into the folder of keys while this runs",
        )


def add_signatures(metadata: Metadata[Any], keys: Mapping[str, CryptoSigner], wanted: Iterable[str]) -> None:
    """Sign by those of the keys that are at hand, beside what is signed already."""
    for keyid in wanted:
        if keyid in keys:
            metadata.sign(keys[keyid], append=True)
