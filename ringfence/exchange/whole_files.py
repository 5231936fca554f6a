"""A file is whole or the old one, whatever stops us; lines, packed one by one."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path


def put_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put it in place of what was there, on disk; by default others may read it, a web server among them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def packed(lines: Iterable[str]) -> bytes:
    """Lines as gzip has them; the same lines are the same octets."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as packing:
        for line in lines:
            packing.write(f"{line}\n".encode())
    return made.getvalue()
