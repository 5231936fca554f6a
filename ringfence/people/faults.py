"""What is answered when an account cannot be as it was asked for, or somebody may not do something.

PeopleError > NotAllowed; and Waits, which the desk refuses with as with anything of its own
"""

from __future__ import annotations

from collections.abc import Sequence

from desk.faults import Refused


class PeopleError(ValueError):
    """What was asked for is wrong; ``field`` names the part, ``reason`` says what would be right."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class NotAllowed(PeopleError):
    """It is understood, and whoever asks may not do it."""


class Waits(Refused):
    """Nothing is done yet: it takes another person to confirm it."""

    def __init__(self, proposal: int, about: str, others: Sequence[str], *, again: bool = False) -> None:
        who, how = ", ".join(others), f"`ringfence approvals confirm {proposal}` or on the page of approvals"
        proposed = f"{about} takes two persons: it is proposed as {proposal}, and"
        # ``again``: whoever proposed it does it himself, who alone has what it takes, or is to see it.
        then = f"done once another confirms it ({who}), with {how}"
        if again:
            then = f"once another confirms it ({who}), with {how}, the same asked for again within a day does it"
        super().__init__("four-eyes", f"{proposed} {then}")
        self.proposal, self.others = proposal, tuple(others)


class DirectoryError(Exception):
    """A staff directory cannot be asked, or what it says is not to be believed; the message says why, for the log."""
