"""What the desk answers when it cannot do what was asked: which field, why, and who was faster.

ComplaintError > NotFound, Refused, Conflict
"""

from __future__ import annotations


class ComplaintError(ValueError):
    """What was asked for is wrong; ``field`` names the part, ``reason`` says what would be right."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotFound(ComplaintError):
    """There is no such complaint, case or appeal."""


class Refused(ComplaintError):
    """It is understood, and it must not be done: an emergency number, one's own, a person without the right."""


class Conflict(ComplaintError):
    """Somebody else was faster, or the step does not fit the state any more."""

    def __init__(self, field: str, reason: str, *, who: str, when: float) -> None:
        super().__init__(field, reason)
        self.who = who
        self.when = when
