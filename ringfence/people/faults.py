"""What is answered when an account cannot be as it was asked for, or somebody may not do something.

PeopleError > NotAllowed
"""

from __future__ import annotations


class PeopleError(ValueError):
    """What was asked for is wrong; ``field`` names the part, ``reason`` says what would be right."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class NotAllowed(PeopleError):
    """It is understood, and whoever asks may not do it."""
