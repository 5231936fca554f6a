"""What an operator sets for people: how long they stay signed in, and how often somebody may try."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ringfence.people.rights import Role


class PeopleSettings(BaseModel):
    """Accounts of people (`ringfence people`) and their sessions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    idle_minutes: float = Field(30.0, gt=0, le=1440, description="A session ends after so long without a request.")
    session_hours: float = Field(
        12.0, gt=0, le=168, description="A session ends after so long, whatever is done in it."
    )
    second_factor: list[Role] = Field(default=[], description="Roles that sign in with a second factor, or not at all.")
    four_eyes: bool = Field(
        True,
        description="Seals, releases, whole ranges, accounts, keys, and numbers in full or exported in bulk take two "
        "persons; false for a desk of one, which the record then says of each.",
    )
    proposal_hours: float = Field(72.0, gt=0, le=720, description="What another has to confirm lapses after so long.")
    tries: int = Field(
        5,
        ge=3,
        le=100,
        description="Sign-ins that fail in 15 minutes under one name from one address before the next has to wait; "
        "four times as many from one address, ten times as many under one name.",
    )
