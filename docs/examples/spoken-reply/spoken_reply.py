"""A reply profile by name `spoken`: the caller's telephone shows the words of whoever decided, by day and by night."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "sealed": "Sealed After Complaints",
    "ladder": "Too Many Complaints",
    "suspicion": "Looks Like A Machine",
}


class Spoken:
    """480 in place of 603, so that exchanges play their own announcement."""

    def reply(self, judged: Any) -> tuple[int, str, Mapping[str, str]] | None:
        """Words for three steps; all others get the usual profile."""
        phrase = _WORDS.get(judged.step)
        if phrase is None:
            return None
        return 480, phrase, {"Reason": f'Q.850;cause=21;text="{judged.decision}"'}
