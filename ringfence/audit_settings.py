"""What an operator sets for the audit: where heads are noted outside, and how often it is verified."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from rules.settings.screening import Part


class AuthoritySettings(Part):
    """A time-stamp authority (RFC 3161) that the heads are stamped by: it says since when they were so."""

    url: str = Field(
        pattern=r"^https?://[^\s@]{1,500}$", description="Where it is asked, by HTTP: http://tsa.example.com/tsr."
    )
    certificate: Path = Field(
        description="PEM file of the root certificates that its own leads to, with those between; old ones stay in it."
    )
    file: Path = Field(description="A file that its stamps are added to, on another mount best.")
    wait_s: float = Field(20.0, gt=0, le=600, description="How long it may take.")


class AnchorSettings(Part):
    """Where the heads of the audit are noted, out of reach of whoever can write the databases."""

    file: Path | None = Field(
        None, description="A file that lines are added to, on another mount or machine; none: no file."
    )
    syslog: bool = Field(False, description="Also to the system's log, which sends it on to another machine.")
    command: list[str] = Field(
        default=[], description="Also to a command, which reads the line: [ssh, other, 'cat >> anchors']; none: empty."
    )
    authority: AuthoritySettings | None = Field(
        None, description="Also stamped by a time-stamp authority; none: by none."
    )
    every_minutes: float = Field(60.0, ge=1, description="How often.")
    command_s: float = Field(20.0, gt=0, le=600, description="How long the command may take; then it is ended.")

    @property
    def anywhere(self) -> bool:
        """Are heads noted at all?"""
        return self.file is not None or self.syslog or bool(self.command) or self.authority is not None


class AuditSettings(Part):
    """The audit (`ringfence audit`): where its heads are noted, and how often it is verified."""

    anchors: AnchorSettings = AnchorSettings()
    verify_hours: float = Field(
        24.0, ge=0, description="Hours between two verifications by the running node; 0: it leaves them to others."
    )
