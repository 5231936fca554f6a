"""What an operator sets for people's data: how much one person may see in full, and what raises an alert."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from rules.settings.screening import Part
from rules.texts.bad_value import BadValue

_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


def read_hours(text: str) -> str:
    """Hours such as 22:00-06:00; nothing for no hours. Raises ValueError."""
    if text and not _HOURS.fullmatch(text):
        raise BadValue(f"{text!r} are no hours", "write them as 22:00-06:00, or nothing")
    return text


class PrivacySettings(Part):
    """How much of people's data one person may see, and what he does that raises an alert."""

    unmask_hour: int = Field(30, ge=0, description="Numbers that one person may see in full in an hour; 0: none.")
    least_callers: int = Field(
        5,
        ge=0,
        le=100,
        description="What a preview or replay would catch of fewer callers is told exactly to nobody "
        "who may not see numbers in full; 0: it is to everybody.",
    )
    look_factor: float = Field(
        5.0, gt=1, description="Alert when one looks at so many times as many numbers in a day as his peers usually do."
    )
    look_least: int = Field(100, ge=1, description="Numbers of a day that such an alert needs at least.")
    night_hours: Annotated[str, AfterValidator(read_hours)] = Field(
        "22:00-06:00", description="When hardly anybody works; nothing: no hours are night."
    )
    night_least: int = Field(20, ge=1, description="Alert when one looks at so many numbers in a night.")
    office_least: int = Field(
        20, ge=1, description="Alert when one looks at so many complaints of customers of one office in a day ..."
    )
    office_share: float = Field(
        0.8, gt=0, le=1, description="... and these are at least this part of all complaints that he looked at."
    )
