"""Which files a pattern of ringfence.yaml means; what looks like one of them and is none is said, never skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

Remark = tuple[str, str]  # what is so, and what to do


class Found(NamedTuple):
    """What a pattern matches."""

    files: list[Path]  # to be read, in one order everywhere; what is no file after all its reader says (source.py)
    remarks: list[Remark]  # matched, but not read or not where one would look


def find(base: Path, pattern: str) -> Found:
    """The files that a path or pattern means, beside `base` where it is relative."""
    path = Path(pattern)
    if path.is_absolute():
        base, pattern = Path(path.anchor), str(path.relative_to(path.anchor))
    if not any(sign in pattern for sign in "*?["):
        file = base / pattern
        return Found([file] if os.path.lexists(file) else [], [])
    files: list[Path] = []
    remarks: list[Remark] = []
    for match in sorted(base.glob(pattern)):
        if match.is_dir():
            if pattern.rpartition("/")[2] != "**":
                remarks.append((f"{match} is a folder and is not read", "move it away, or narrow the pattern"))
            continue
        files.append(match)
    if "**" in pattern:
        remarks += _not_entered(base, pattern)
    else:
        remarks += _nearly(base / pattern, files)
    return Found(files, remarks)


def leads_out(path: Path) -> Path | None:
    """Where a link leads, if that is not the folder that it lies in, nor one below."""
    if not path.is_symlink():
        return None
    try:
        end, folder = path.resolve(), path.parent.resolve()
    except (OSError, RuntimeError):  # a circle: whoever reads it says so
        return None
    return None if end.is_relative_to(folder) else end


def _not_entered(base: Path, pattern: str) -> list[Remark]:
    """Links to folders, which `**` does not follow."""
    root = base / pattern.partition("**")[0]
    return [
        (f"{link} is a link to a folder, which ** does not enter", "name that folder in a pattern of its own")
        for link in sorted(root.rglob("*"))
        if link.is_symlink() and link.is_dir()
    ]


def _nearly(pattern: Path, files: list[Path]) -> list[Remark]:
    """Files beside those of `*.yaml` that are spelt `.yml` or the other way round."""
    other = {".yaml": ".yml", ".yml": ".yaml"}.get(pattern.suffix, "")
    if not other or any(sign in str(pattern.parent) for sign in "*?["):
        return []
    near = sorted(pattern.parent.glob(f"{pattern.stem}{other}"))
    return [
        (f"{file} is not read: the pattern takes {pattern.name}", f"name it {file.stem}{pattern.suffix}")
        for file in near
        if file not in files
    ]
