"""What an operator sets for people: how long they stay signed in, and how often somebody may try."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ringfence.people.rights import Role
from rules.settings.screening import Part
from rules.texts.bad_value import BadValue


class DirectorySettings(Part):
    """A staff directory that lets people in (OpenID Connect); accounts and roles stay ours."""

    issuer: str = Field(description="Its address, as its own document names it: https://id.example.com/realms/staff.")
    client_id: str = Field(min_length=1, description="Under which it knows this console.")
    client_secret: Path = Field(description="File, readable by us alone, in which the secret that it gave stands.")
    console: str = Field(description="Where browsers find the console: https://ringfence.example.com/console.")
    name_claim: str = Field("preferred_username", description="Of the token: the name of the account.")
    check_s: float = Field(1.0, ge=0.1, le=3600, description="So often it is asked whether somebody is still there.")
    grace_s: float = Field(60.0, ge=0, le=86_400, description="So long a session goes on while it cannot be asked.")

    @field_validator("issuer", "console")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        return _encrypted(value)


class PeopleSettings(Part):
    """Accounts of people (`ringfence people`) and their sessions."""

    idle_minutes: float = Field(30.0, gt=0, le=1440, description="A session ends after so long without a request.")
    session_hours: float = Field(
        12.0, gt=0, le=168, description="A session ends after so long, whatever is done in it."
    )
    console: str = Field(
        "",
        description="Where browsers find the console: https://ringfence.example.com/console. Passkeys are made for it; "
        "default: that of the staff directory.",
    )
    second_factor: list[Role] = Field(default=[], description="Roles that sign in with a second factor, or not at all.")
    four_eyes: bool = Field(
        True,
        description="Seals, releases, whole ranges, accounts, keys, erasures, and numbers in full or exported in bulk "
        "take two persons; false for a desk of one, which the record then says of each.",
    )
    proposal_hours: float = Field(72.0, gt=0, le=720, description="What another has to confirm lapses after so long.")
    directory: DirectorySettings | None = Field(None, description="A staff directory that lets people in.")
    tries: int = Field(
        5,
        ge=3,
        le=100,
        description="Sign-ins that fail in 15 minutes under one name from one address before the next has to wait; "
        "four times as many from one address, ten times as many under one name.",
    )

    @field_validator("console")
    @classmethod
    def _a_name(cls, value: str) -> str:
        """Passkeys are made for a name, never for an address (WebAuthn level 3, section 5.1.3)."""
        host = urlsplit(value).hostname or ""
        if value and (not host or _is_address(host)):
            raise BadValue(f"{value!r} names no host", "write https://ringfence.example.com/console")
        return _encrypted(value)

    @property
    def passkeys_for(self) -> str:
        """Where browsers find the console; nothing: it is not said."""
        return self.console or (self.directory.console if self.directory is not None else "")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _encrypted(value: str) -> str:
    found = urlsplit(value)
    host = found.hostname or ""
    here = host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")  # RFC 6761 6.3
    if value and found.scheme != "https" and not here:
        raise BadValue(f"{value!r} is not encrypted", "write https://...")
    return value.rstrip("/")
