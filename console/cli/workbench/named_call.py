"""Which recorded call somebody means: by a decision id or its beginning, a Call-ID, or what was pasted from a trace."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import NamedTuple

from rules.records.decisions import Decision, Decisions
from rules.records.privacy import mask
from rules.storage.keys import Keys

SHORTEST = 4  # digits of a beginning
SHOWN = 5
_WHOLE = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{20}(?![0-9A-Za-z])")
_DECISION = re.compile(
    r"""(?:X-Ringfence-Decision\s*:\s*|"decision"\s*:\s*"|text\s*=\s*"?)([0-9a-fA-F]{4,20})\b""", re.I
)
_CALL_ID = re.compile(r"""(?:^\s*(?:Call-ID|i)\s*:\s*|"call_id"\s*:\s*")([^\s"]+)""", re.I | re.M)
_BEGINNING = re.compile(rf"[0-9a-fA-F]{{{SHORTEST},20}}")


class Named(NamedTuple):
    """What a text names."""

    decision: str = ""  # its id, or the beginning of one
    call_id: str = ""


class SeveralCalls(ValueError):
    """A beginning that several decisions share."""


def named(text: str) -> Named:
    """The decision or Call-ID in a text: bare, in a header field, in a line of the log, or in a whole message."""
    text = text.strip()
    found = _DECISION.search(text) or _WHOLE.search(text)
    if found:
        return Named(decision=(found[1] if found.re is _DECISION else found[0]).lower())
    if call_id := _CALL_ID.search(text):
        return Named(call_id=call_id[1])
    return Named(decision=text.lower() if _BEGINNING.fullmatch(text) else "", call_id=text)


async def find(database: Path, key_file: Path, text: str) -> Decision | None:
    """The recorded call that a text names; SeveralCalls where it is only a beginning and several begin so."""
    said = named(text)
    decisions = await Decisions.open(database)
    try:
        if said.decision and (found := await decisions.find(said.decision)) is not None:
            return found
        if SHORTEST <= len(said.decision) < 20:
            begun = await decisions.beginning(said.decision, SHOWN + 1)
            if len(begun) > 1:
                raise SeveralCalls(_several(said.decision, begun))
            if begun:
                return begun[0]
        if said.call_id:
            key = await asyncio.to_thread(_key_in, key_file)
            return await decisions.by_call_id(said.call_id, key)
        return None
    finally:
        await decisions.close()


def _key_in(key_file: Path) -> bytes:
    return Keys.load(key_file).pseudonym if key_file.exists() else b""


def _several(beginning: str, begun: list[Decision]) -> str:
    shown = ", ".join(f"{one.id} ({mask(one.caller) or one.caller_class})" for one in begun[:SHOWN])
    more = " and more" if len(begun) > SHOWN else ""
    return f"several decisions begin with {beginning}: {shown}{more}; write more of its digits"
