"""What an operator sets for complaints, cases, appeals and the ladder; each with default and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from desk.clock_profiles import AppealClock, CaseClock, sound_clocks, sound_span
from desk.privacy_settings import PrivacySettings
from rules.settings.screening import CallSideComplaints, Part, ScreeningSettings
from rules.texts.bad_value import BadValue

CATEGORIES = ["marketing", "fraud", "loan", "property", "insurance", "ring-once", "abuse", "other"]


class MailSettings(Part):
    """The SMTP server that takes letters."""

    host: str = Field(description="Its name or address.")
    port: int = Field(25, ge=1, le=65535, description="Its port.")
    sender: str = Field(pattern=r"^[^\s@<>]+@[^\s@<>]+$", description="The address that letters come from.")
    tls: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="tls: from the first byte, port 465; none: only for a server on this machine."
    )
    user: str = Field("", description="Login name at the server; empty: it asks for none.")
    password_file: Path | None = Field(None, description="File that holds the password, mode 0600.")

    patience_days: float = Field(
        5.0, gt=0, description="What the server refuses for the time being (4xx) is tried again for so many days."
    )

    @model_validator(mode="after")
    def _password_is_kept(self) -> MailSettings:
        if bool(self.user) != bool(self.password_file):
            raise BadValue("user and password_file belong together", "set both or none")
        if self.user and self.tls == "none":
            raise BadValue("a password is sent over TLS only", "set tls to starttls or tls")
        return self


class LetterheadSettings(Part):
    """Who writes letters, and where an addressee turns to: what makes a letter one that he trusts."""

    name: str = Field("", max_length=200, description="Who writes: North Telecom, complaint desk. Empty: the desk.")
    contact: list[str] = Field(
        default=[], max_length=10, description="Lines below it: postal address, telephone, hours, a web page."
    )
    confirm: str = Field(
        "", max_length=500, description="Where a code goes: enter it at https://... Empty: reply to the letter."
    )
    appeal: str = Field("", max_length=500, description="Where an appeal goes. Empty: reply to the letter.")


class ComplaintSettings(CallSideComplaints):
    """How complaints are weighed, on which clocks they are answered, and who may do what."""

    appeal_page: bool = Field(
        False,
        description="Tell whoever was rejected why, by the decision's id, and take his appeal: /console/why/ID, "
        "open to all.",
    )
    categories: list[str] = Field(default=CATEGORIES, min_length=1, description="What a complaint can be about.")
    half_life_days: float = Field(30.0, gt=0, description="A complaint weighs half after so many days.")
    fewest_subscribers: int = Field(20, ge=1, description="Subscribers that evidence assumes at least.")
    case_clock: CaseClock = Field("12321", description="Deadlines of cases: working days as 12321 has them, or 5 days.")
    appeal_clock: AppealClock = Field("crtc", description="Deadline of appeals: 24 hours, or 20 working days.")
    clocks: Annotated[dict[str, str], AfterValidator(sound_clocks)] = Field(
        default={},
        description="Own deadlines: accept, hand over, decide, answer, appeal; 4h, 5d or 3wd (working days).",
    )
    policy_step: Literal["none", "tag", "limit"] = Field("tag", description="What enough reporters do by themselves.")
    policy_reporters: int = Field(5, ge=2, description="Different reporters, all tied to judged calls, that suffice.")
    policy_hours: float = Field(240.0, gt=0, description="Within so many hours.")
    officers: list[str] = Field(default=[], description="Who may work on cases, by login name; none: everybody.")
    released_by: list[str] = Field(default=[], description="Who may release a seal; none: every officer.")
    language: Literal["en", "zh"] = Field("zh", description="Of letters to reporters, appellants and owners.")
    letters: Path | None = Field(None, description="Own texts of letters, in place of the shipped ones.")
    words_days: int = Field(365, ge=1, description="What people wrote is erased so many days after they were answered.")
    letterhead: LetterheadSettings = Field(
        LetterheadSettings(), description="Who writes letters, and where an addressee turns to."
    )
    code_days: int = Field(30, ge=1, le=3650, description="A code that confirms an address counts so many days.")
    appeal_days: int = Field(
        60, ge=1, le=3650, description="Letters ask an owner to appeal within so many days; later ones are heard, too."
    )
    mail: MailSettings | None = Field(None, description="The server that takes letters; without it none leaves.")
    last_call_hours: float = Field(24.0, gt=0, description="How old the last call may be that a feature code reports.")
    jump_factor: float = Field(
        3.0, gt=1, description="Alert when so many times as many people as usual complain about a code in a day."
    )
    jump_least: int = Field(20, ge=1, description="Reporters of a day that such an alert needs at least.")
    unheld_calls: int = Field(
        20, ge=0, description="Alert when so many calls of a day come from a code that nobody holds; 0: never."
    )
    branch_complaints: int = Field(
        5, ge=2, description="Different reporters naming one office as the leak that raise an alert."
    )
    branch_untied: float = Field(
        0.2, ge=0, le=1, description="What a reporter counts for in that whose call is not on record."
    )
    offices: dict[str, str] = Field(
        default={}, description="Other names of offices that reporters name as a leak: {CY shop: Chaoyang office}."
    )
    inquiry_clock: Annotated[str, AfterValidator(sound_span)] = Field(
        "10wd", description="By when an office answers that is asked after a leak: 24h, 5d or 10wd (working days)."
    )
    branch_days: int = Field(30, ge=1, description="Such an alert looks back so many days.")


class DeskSettings(ScreeningSettings):
    """The settings of judging with all that the desk reads."""

    complaints: ComplaintSettings = ComplaintSettings()
    privacy: PrivacySettings = PrivacySettings()
