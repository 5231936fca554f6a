"""What an operator sets for judging: storage, keys, lists, rule files, thresholds; each with default and help."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from rules.numbering.countries import Country
from rules.storage.keys import Keys, Place, load_keys
from rules.texts.bad_value import BadValue

_CODE = re.compile(r"[*#][0-9*#]{1,15}")


def read_feature_code(text: str) -> str:
    """A code that no number can be: * or #, then digits. Raises ValueError."""
    if text and not _CODE.fullmatch(text):
        raise BadValue(f"{text!r} could be a number", "write * or # and up to 15 digits behind it, for example *33")
    return text


FeatureCode = Annotated[str, AfterValidator(read_feature_code)]


class Part(BaseModel):
    """A section of ringfence.yaml: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def known_zone(name: str) -> str:
    """The name of a zone that the tz database knows."""
    try:
        ZoneInfo(name)
    except Exception as error:
        raise BadValue(f"{name!r} is no time zone", "write one such as Asia/Shanghai or UTC") from error
    return name


ListKind = Literal["allow", "block", "suspect", "sealed", "do-not-originate", "own", "emergency", "group", "plain"]


class ListSettings(Part):
    """A named list and its policy."""

    kind: ListKind = Field(
        description="What an entry does by itself; plain and group do nothing until a rule names the list."
    )
    suspicion: int = Field(5, ge=-10, le=10, description="What an entry of a suspect list adds.")
    profile: str = Field("", description="Reply profile of its rejections; empty: that of the trunk.")
    divert: str = Field("", description="Destination that its callers hear in place of a rejection; empty: none.")
    shared: bool = Field(False, description="Comes from another operator: stands below the operator's own rules.")
    min_length: int = Field(3, ge=1, le=15, description="Digits that an entry must have at least.")
    expires_days: int | None = Field(None, ge=1, description="Default life of an entry; none: for ever.")
    max_entries: int = Field(20_000_000, ge=1, description="Entries it may have at most.")
    changed_by: list[str] = Field(default=[], description="Who may change it, by login name; none: everybody.")
    qualified: bool = Field(False, description="Allow entries need licence, document, purpose, review and approver.")
    review_days: int = Field(365, ge=1, description="Where it is qualified: a review is due within so many days.")
    proposal_hours: int = Field(72, ge=1, description="What waits for a second person lapses after so many hours.")
    review_notice_days: int = Field(14, ge=0, description="Notice so many days before a review is due; 0: none.")


class RecordSettings(Part):
    """The record that several nodes of one operator share; each judges by its own databases, which follow it."""

    at: str = Field(description="postgresql://USER@HOST:PORT/NAME, without a password.")
    node: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="Name of this node; no other node may have it.")
    password_file: Path | None = Field(
        None, description="A file of mode 0600 with the password; none: PGPASSFILE, or PostgreSQL asks for none."
    )
    first_copy_s: float = Field(
        60.0, ge=0, description="How long a new node waits for its first copy before it takes calls."
    )

    @field_validator("at")
    @classmethod
    def _has_no_password(cls, at: str) -> str:
        try:
            parts = urlsplit(at)
            secret = parts.password is not None or "password" in parse_qs(parts.query)
        except ValueError:
            raise BadValue("it is no URL", "write postgresql://USER@HOST:PORT/NAME") from None
        if parts.scheme not in ("postgresql", "postgres"):
            raise BadValue("it is no address of a PostgreSQL", "write postgresql://USER@HOST:PORT/NAME")
        if secret:
            raise BadValue("a password does not stand in an address", "write it to a file, and name it: password_file")
        return at


class StorageSettings(Part):
    """Where lists and decisions live."""

    database: Path = Field(Path("ringfence.db"), description="SQLite file; relative to ringfence.yaml.")
    key_file: Path = Field(
        Path("ringfence.keys"), description="Keys of tokens and pseudonyms, mode 0600; made if missing."
    )
    decision_days: int = Field(30, ge=1, description="How long decision records are kept.")
    decision_mib: int = Field(2048, ge=1, description="How much room decision records may take.")
    cache_entries: int = Field(100_000, ge=16, description="Callers held in the LRU cache.")
    history_days: int = Field(
        365, ge=1, description="How long what left a list or was changed on it is known, and an import can be undone."
    )
    room_mib: int = Field(100, ge=0, description="A disk with less room is named in `health` and the figures.")
    snapshot_hours: int = Field(1, ge=0, description="Hours between copies of changed lists to fall back on; 0: none.")
    record: RecordSettings | None = Field(
        None, description="The record that several nodes share; none: this node stands alone."
    )

    @field_validator("database", mode="before")
    @classmethod
    def _is_a_file(cls, database: object) -> object:
        if isinstance(database, str) and database.partition("://")[0] in ("postgresql", "postgres"):
            raise BadValue(
                "each node judges by an SQLite file of its own",
                "name the PostgreSQL that nodes share: record: {at: ...}",
            )
        return database


class KeyPlaceSettings(Part):
    """Where keys lie that are not to lie in the key file: a file or a command."""

    file: Path | None = Field(None, description="A file of mode 0600, on another mount; a key in each line.")
    command: list[str] = Field(
        default=[], description="A command that prints them: [systemd-creds, decrypt, FILE, '-'], a client of a KMS."
    )
    command_s: float = Field(10.0, gt=0, le=120, description="How long the command may take.")

    @model_validator(mode="after")
    def _is_one(self) -> KeyPlaceSettings:
        if (self.file is None) is not bool(self.command):
            raise BadValue("keys lie in a file or are printed by a command", "set file or command")
        return self

    def at(self, base: Path, name: str) -> Place:
        """The place, with files relative to this folder."""
        file = base / self.file if self.file is not None else None
        return Place(name, file, tuple(self.command), self.command_s)


class KeysSettings(Part):
    """Keys that lie elsewhere than in the key file, so that files and backups alone tell nothing."""

    contents: KeyPlaceSettings | None = Field(
        None, description="Of what people wrote: one line each, the first encrypts, all decrypt."
    )
    audit: KeyPlaceSettings | None = Field(None, description="Of the audit's chains: the first line counts.")


class Thresholds(Part):
    """Suspicion from which a call is tagged, and from which it is rejected."""

    tag: int = Field(5, description="A call whose suspicion reaches it is tagged.")
    reject: int = Field(10, description="A call whose suspicion reaches it is rejected.")
    divert: str = Field(
        "", description="Destination that hears calls in place of a rejection by suspicion; empty: none."
    )


class RateSettings(Part):
    """How callers' habits are measured, where some rule asks for them."""

    short_call_s: float = Field(6.0, gt=0, description="An answered call that ends within it is short.")
    ratio_calls: int = Field(20, ge=1, description="Calls that a share needs; with fewer it is lacking.")
    remembered_calls: int = Field(500_000, ge=100, description="Calls remembered at most; beyond it the oldest go.")
    remembered_contacts: int = Field(
        500_000, ge=100, description="Pairs of numbers, and callers, that are remembered where rules ask for them."
    )
    memory_mib: int = Field(
        2048, ge=16, description="What remembered calls may take; rules whose counts would need more are refused."
    )
    plugin_ms: int = Field(5, ge=1, description="How long a call waits for a fact of a plug-in; then it is lacking.")
    number_deadline_ms: int = Field(
        2000, ge=10, le=60_000, description="How long a plug-in may take that asks others about a number."
    )
    number_at_once: int = Field(8, ge=1, le=1000, description="Numbers that such a plug-in is asked about at once.")
    numbers_cached: int = Field(50_000, ge=1, le=5_000_000, description="Numbers whose answers each of them remembers.")
    number_kept_s: float = Field(3600.0, ge=1, le=2_592_000, description="How long an answer about a number counts.")
    number_wait_ms: int = Field(
        0, ge=0, le=50, description="How long a call waits for what is not remembered; 0: it is known at the next call."
    )


class FalsePositiveSettings(Part):
    """How often a rule may be wrong before it raises an alarm with its name."""

    per_thousand: float = Field(
        10, ge=0, description="Callers on an allow list and appeals granted, of the calls it catches."
    )
    hours: int = Field(24, ge=1, description="Over so many hours.")
    at_least: int = Field(100, ge=1, description="A rule that catches fewer calls than this raises none.")


class EmergencySettings(Part):
    """What an emergency call leads to."""

    # Android stops its own blocking for two hours by default, for a week at most (carrier configuration,
    # duration_blocking_disabled_after_emergency_int); RFC 7090 names no time.
    callback_minutes: int = Field(
        120,
        ge=0,
        le=10_080,
        description="So long all calls to a subscriber pass after he made an emergency call; 0: none.",
    )


class CallSideComplaints(Part):
    """The part `complaints` as far as calls are concerned; desk.desk_settings adds what only the desk reads."""

    ring_days: int = Field(30, ge=1, description="Evidence compares with subscribers that it rang in so many days.")
    limit_calls_hour: int = Field(10, ge=1, description="Ladder step limit: calls an hour that pass.")
    limit_called_day: int = Field(20, ge=1, description="Ladder step limit: different called numbers a day that pass.")
    ladder_divert: dict[Literal["limit", "reject"], str] = Field(
        default={}, description="Destination that callers on these steps of the ladder hear in place of a rejection."
    )
    feature_code: FeatureCode = Field(
        "", description="What a subscriber dials to report his last caller, such as *33; empty: nothing."
    )
    announcement: str = Field(
        "", description="Destination that plays the thanks for it; empty: 480 with the complaint's number."
    )


class LogSettings(Part):
    """The log: one masked JSON line a judged call, and what happens to the service."""

    file: Path | None = Field(None, description="Where the line of each judged call goes; default: standard output.")
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Of service events on stderr.")
    mask_numbers: bool = Field(True, description="Turn off only where the law lets you; it is logged.")


class ScreeningSettings(Part):
    """The deciding half's part of ringfence.yaml."""

    country: Country | Literal[""] = Field(
        "", description="Home country: what people type is read in its plan; default: the only country of the trunks."
    )
    time_zone: Annotated[str, AfterValidator(known_zone)] = Field("UTC", description="Zone of hours and days in rules.")
    calendar: Path | None = Field(
        None, description="File of days (2026-10-10 work, 2026-10-12 free) before the country's calendar."
    )
    storage: StorageSettings = StorageSettings()
    keys: KeysSettings = KeysSettings()
    lists: dict[str, ListSettings] = Field(default={}, description="Named lists.")
    rules: list[str] = Field(default=[], description="Rule files or patterns, relative to ringfence.yaml.")
    tests: list[str] = Field(default=[], description="Test files or patterns, which `ringfence test` runs.")
    use: list[dict[str, object] | str] = Field(default=["baseline"], description="Shipped packs that are on.")
    headers: list[str] = Field(default=[], max_length=8, description="Further header fields that rules may read.")
    thresholds: Thresholds = Thresholds()
    facts: RateSettings = RateSettings()
    false_positives: FalsePositiveSettings = FalsePositiveSettings()
    emergency: EmergencySettings = EmergencySettings()
    complaints: CallSideComplaints = CallSideComplaints()
    logging: LogSettings = LogSettings()

    @property
    def thresholds_by_trunk(self) -> dict[str, tuple[int, int]]:
        """Tag and reject, of trunks that have their own; whoever has trunks knows them."""
        return {}


def keys_of(base: Path, settings: ScreeningSettings, *, contents: bool = True) -> Keys:
    """The keys of an installation, wherever its settings say that they lie.

    Without ``contents`` no place is asked for those: for whoever neither reads nor writes what people wrote.
    """
    places = settings.keys
    return load_keys(
        base / settings.storage.key_file,
        contents=places.contents.at(base, "keys.contents") if contents and places.contents else None,
        audit=places.audit.at(base, "keys.audit") if places.audit else None,
    )
