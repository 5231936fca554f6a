"""Heads of the chains as they are noted outside, where nobody who can write the databases can write."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rules.audit.chain import AuditError, Noted
from rules.audit.chains import CHAINS, Heads
from rules.storage.database_files import Series

_MARK = '{"ringfence audit": '  # how an anchor begins, wherever in a line it stands: syslog writes something before it
_STAMP = ', "token": "'
_LONGEST = 65_536  # octets of a line


class Anchors(NamedTuple):
    """What was read where anchors are noted."""

    heads: Mapping[Series, list[Noted]]
    anchors: int  # of this installation
    latest: str = ""  # when the last one of these was noted
    strangers: int = 0  # of another key: another installation's, or this one's before it lost its key
    unread: int = 0  # lines that begin as an anchor does and do not end as one: writing was cut short


class Stamped(NamedTuple):
    """An anchor, and what a time-stamp authority answered to it."""

    line: str  # as it was stamped
    heads: Mapping[Series, Noted]
    at: str
    token: bytes


def key_name(key: bytes) -> str:
    """Which key it is, told to everybody: anchors of several installations may stand in one file."""
    return hmac.digest(key, b"ringfence audit anchor", "sha256").hex()[:8]


def anchor(heads: Heads, key: bytes, at: float) -> str:
    """The line that notes these heads."""
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rest = json.dumps({"at": when, "heads": dict(heads)}, ensure_ascii=True)
    return f'{_MARK}"{key_name(key)}", {rest[1:]}'


def stamped(line: str, token: bytes) -> str:
    """The line that keeps an anchor with its stamp; whoever reads anchors reads it as one."""
    return f'{line[:-1]}{_STAMP}{b64encode(token).decode()}"}}'


def read_stamp_file(path: Path, key: bytes) -> tuple[list[Stamped], int]:
    """The stamps of this installation's anchors in a file, and how many lines of it were cut short."""
    found: list[Stamped] = []
    unread, name = 0, key_name(key)
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in iter(lambda: file.readline(_LONGEST), ""):
            text, mark, rest = line.strip().partition(_STAMP)
            if not mark and _anchor(text) is not None:
                continue  # an anchor without a stamp: one file may hold both
            anchor_ = _anchor(f"{text}}}") if mark else None
            token = _octets(rest.removesuffix('"}'))
            if anchor_ is None or token is None or not rest.endswith('"}'):
                unread += bool(line.strip())
            elif anchor_["ringfence audit"] == name:
                at = str(anchor_["at"])[:20]
                heads = {one: Noted.read(str(anchor_["heads"][one]), at) for one in CHAINS if one in anchor_["heads"]}
                found.append(Stamped(f"{text}}}", heads, at, token))
    return found, unread


def read_anchors(lines: Iterable[str], key: bytes) -> Anchors:
    """What these lines note of the chains under this key; whatever else stands among them is passed over."""
    heads: dict[Series, list[Noted]] = {}
    anchors = strangers = unread = 0
    latest, name = "", key_name(key)
    for line in lines:
        begins = line.find(_MARK)
        if begins < 0:
            continue
        found = _anchor(line[begins:])
        if found is None:
            unread += 1
        elif found["ringfence audit"] != name:
            strangers += 1
        else:
            anchors, latest = anchors + 1, str(found["at"])[:20]
            for chain in CHAINS:
                if chain in found["heads"]:
                    heads.setdefault(chain, []).append(Noted.read(str(found["heads"][chain]), latest))
    return Anchors(heads, anchors, latest, strangers, unread)


def read_anchor_file(path: Path, key: bytes) -> Anchors:
    """The same of a file; AuditError where it holds no anchor of this key."""
    with path.open(encoding="utf-8", errors="replace") as file:
        found = read_anchors(iter(lambda: file.readline(_LONGEST), ""), key)
    if not found.anchors:
        others = f"; {found.strangers} are of another key" if found.strangers else ""
        raise AuditError(
            f"{path}: it holds no anchor of this installation{others}: is it the file that was written to?"
        )
    return found


def _octets(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def _anchor(text: str) -> dict[str, Any] | None:
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None
    return found if isinstance(found.get("heads"), dict) and "at" in found else None
