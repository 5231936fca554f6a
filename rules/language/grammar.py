"""The rule language as types: what a rule file may say, and nothing else.

Shorthands (one value for a list of one, ``tag`` for ``{tag: {}}``) become the long form here, so that whoever reads
a ``RuleFile`` sees one shape. Numbers stay as written: only the compiler knows the country they are read in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rules.language.editor_schema import for_editors
from rules.language.faults import Location
from rules.language.key_examples import with_examples
from rules.language.shorthand import OneOrMore, as_it_is, as_list, as_numbers, as_words
from rules.language.values import (
    COMPLAINTS,
    Counted,
    Lengths,
    Per,
    Window,
    is_share,
    is_time,
    read_amount,
    read_attestation,
    read_because,
    read_countries_or_stored,
    read_date,
    read_days,
    read_hold_span,
    read_label,
    read_lack,
    read_lengths,
    read_mask,
    read_mode,
    read_name,
    read_per,
    read_ring,
    read_time,
    read_version,
    read_whole,
    read_window,
    read_within,
    refuse_bounds,
    refuse_count,
    refuse_figure,
    refuse_share,
)
from rules.model import NumberClass
from rules.numbering.countries import Country
from rules.settings.screening import ListKind
from rules.texts.bad_value import BadValue

Item = TypeVar("Item")


Some = Annotated[list[Item], Field(min_length=1), OneOrMore()]
RuleName = Annotated[str, BeforeValidator(read_name), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Word = Annotated[str, Field(min_length=1, max_length=200)]


_VALUES = (
    "is_",
    "exact",
    "starts_with",
    "range",
    "contains",
    "matches",
    "over",
    "under",
)  # what a lacking fact has not
STORED = MappingProxyType({"stored": True})  # context of texts that were live once: what they said then, they say now


class Part(BaseModel):
    """A part of a rule file: an unknown key is an error, and so is a part that says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    @field_validator("*", mode="before")
    @classmethod
    def _not_empty(cls, value: object, info: ValidationInfo) -> object:
        """A key whose value was left out, or turned into a remark, would vanish: the rule would match more calls."""
        if value is None and info.context != STORED:
            raise BadValue("no value stands here", "write one, or remove the key")
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _says_something(cls, value: object, info: ValidationInfo) -> object:
        """Nor may it be there and say nothing."""
        if value == {} and info.context != STORED:
            raise BadValue("nothing stands in these braces", "write what is meant, or remove the key")
        if isinstance(value, str) and value.isspace() and info.context != STORED:
            raise BadValue("nothing but blanks stands here", "write words, or remove the key")
        return value


class Fact(Part):
    """A part that asks for a fact, or for the lack of it."""

    @property
    def counts_whole(self) -> bool:
        """Has it whole numbers only?"""
        return False

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> Self:
        """What no call can be: between bounds that exclude each other, or lacking and known at once."""
        asked = self.__dict__
        if info.context != STORED and (asked.get("missing") or asked.get("under") is not None):
            refuse_bounds(asked.get("over"), asked.get("under"), whole=self.counts_whole)
            others = [name.rstrip("_") for name in _VALUES if asked.get(name) is not None]
            if asked.get("missing") and others:
                raise BadValue("no call lacks it and has it", f"write missing: true, or {' and '.join(others)}")
        return self


def said(value: Item) -> Item:
    """The part, if it says anything: an empty condition would match every call."""
    if isinstance(value, BaseModel) and not value.model_fields_set:
        raise BadValue("there is no condition here, so it would match every call", "write at least one condition")
    return value


Pattern = Annotated[str, Field(min_length=1, max_length=500)]


Lacking = Annotated[Literal[True], BeforeValidator(read_lack, json_schema_input_type=Literal[True])]


class Words(Fact):
    """A fact that is a word: one of these, or lacking."""

    is_: Some[Word] | None = Field(None, alias="is", description="One of these words.")
    missing: Lacking | None = Field(None, description="true: the call lacks this fact.")


class CountryWord(Words):
    """A fact that is a country, or lacking."""

    is_: Some[Country] | None = Field(None, alias="is", description="One of these countries: CN.")


class Text(Fact):
    """A fact that is text the caller's side wrote."""

    is_: Some[Pattern] | None = Field(
        None, alias="is", description="The whole text, capitals or not; * stands for any characters."
    )
    contains: Some[Pattern] | None = Field(None, description="Stands somewhere in the text, capitals or not.")
    matches: Some[Pattern] | None = Field(None, description="Regular expressions of RE2, found anywhere in the text.")
    missing: Lacking | None = Field(None, description="true: the call lacks this text.")


class Truth(Fact):
    """A fact that is true or false, if the call has it."""

    is_: bool | None = Field(None, alias="is")
    missing: Lacking | None = Field(None, description="true: the call lacks this fact.")


class Amount(Fact):
    """A fact that is a number or a word, from whoever measured it."""

    is_: Some[Word] | None = Field(None, alias="is", description="One of these values.")
    over: Annotated[float, BeforeValidator(read_amount, json_schema_input_type=float | str)] | None = Field(
        None, description="More than this."
    )
    under: Annotated[float, BeforeValidator(read_amount, json_schema_input_type=float | str)] | None = Field(
        None, description="Less than this."
    )
    missing: Lacking | None = Field(None, description="true: the call lacks this fact.")


class Rate(Fact):
    """What this caller did on this trunk within a rolling window."""

    over: Annotated[float, BeforeValidator(read_amount, json_schema_input_type=float | str)] | None = Field(
        None, description="More than this."
    )
    under: Annotated[float, BeforeValidator(read_amount, json_schema_input_type=float | str)] | None = Field(
        None, description="Less than this."
    )
    within: Annotated[int, BeforeValidator(read_within, json_schema_input_type=str)] = Field(
        description="Length of the window: 10m, 1h, 1d."
    )
    missing: Lacking | None = Field(None, description="true: the call lacks this fact.")

    @model_validator(mode="after")
    def _asks(self, info: ValidationInfo) -> Self:
        if info.context != STORED and self.model_fields_set.isdisjoint(("over", "under", "missing")):
            raise BadValue("nothing is asked of it", "write over, under or missing: true beside within")
        return self


class Many(Rate):
    """How many, this call counted: 1 at least."""

    @property
    def counts_whole(self) -> bool:
        """It does."""
        return True

    @field_validator("over", "under", mode="before")
    @classmethod
    def _is_a_count(cls, value: object, info: ValidationInfo) -> object:
        if info.context != STORED and value is not None:
            refuse_count(value, str(info.field_name))
        return value


class Share(Rate):
    """Percent, from 0 to 100."""

    @field_validator("over", "under", mode="before")
    @classmethod
    def _is_a_share(cls, value: object, info: ValidationInfo) -> object:
        if info.context != STORED and value is not None:
            refuse_share(value, str(info.field_name))
        return value


class Count(Rate):
    """What came within a rolling window by anything that calls have in common, on all trunks together."""

    of: Counted = Field(
        description="calls, different called_numbers or callers, unanswered ones, those that go on at once "
        "(concurrent), the share of short_calls or answered ones in %, or the ring_time of those that the caller gave "
        "up, in seconds, or complaints about a caller: calls."
    )
    per: Annotated[
        list[Per],
        BeforeValidator(read_per, json_schema_input_type=Per | Literal["pair"] | list[Per | Literal["pair"]]),
        Field(min_length=1),
    ] = Field(
        description="What they have in common: caller, called, pair (both), caller.block/1000, holder, list, trunk, "
        "source, domain, display_name, user_agent; several together: [caller, called]."
    )

    @property
    def counts_whole(self) -> bool:
        """Is it no share and no time?"""
        return not (is_share(self.of) or is_time(self.of))

    @model_validator(mode="before")
    @classmethod
    def _is_a_figure(cls, value: object, info: ValidationInfo) -> object:
        """Read as it was written: a percent sign says what is meant."""
        if isinstance(value, dict) and value.get("of") in get_args(Counted) and info.context != STORED:
            for bound in ("over", "under"):
                if value.get(bound) is not None:
                    refuse_figure(str(value["of"]), value[bound], bound)
        return value

    @model_validator(mode="after")
    def _counts_something(self, info: ValidationInfo) -> Self:
        if info.context == STORED:
            return self
        if self.of == COMPLAINTS and (len(self.per) > 1 or not self.per[0].startswith("caller")):
            raise BadValue(
                "complaints are about a caller", "write per: caller, or caller.block/1000 for his neighbours"
            )
        alone = {"callers": "caller", "called_numbers": "called"}.get(self.of)
        if alone in self.per:
            raise BadValue(f"there is one {alone} per {alone}", f"leave {alone} out of per, or count calls")
        if len(set(self.per)) < len(self.per):
            raise BadValue("one of these stands twice", "write each once")
        return self


SomeWords = Annotated[Words, BeforeValidator(as_words, json_schema_input_type=Words | str | list[str])]
SomeText = Annotated[Text, BeforeValidator(as_words, json_schema_input_type=Text | str | list[str])]
SomeTruth = Annotated[Truth, BeforeValidator(as_words, json_schema_input_type=Truth | bool)]
SomeAmount = Annotated[
    Amount, BeforeValidator(as_words, json_schema_input_type=Amount | str | float | bool | list[str])
]
CountryWords = Annotated[
    list[str], BeforeValidator(read_countries_or_stored, json_schema_input_type=str | list[str]), Field(min_length=1)
]


_Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "working", "off", "holiday", "mon-fri", "sat-sun"]
Days = _Day | Annotated[str, Field(pattern=r"^[A-Za-z]{3,9}(-[A-Za-z]{3,9})?$")]
Mode = Annotated[
    float,
    BeforeValidator(
        read_mode,
        json_schema_input_type=Literal["live", "observe", "10%"]
        | Annotated[str, Field(pattern=r"^\d{1,2}(\.\d{1,2})? *%$")],
    ),
]


class NumberCondition(Fact):
    """What a caller's and a called number may be asked; keys must all hold, values in a list are alternatives."""

    is_: Some[Word] | None = Field(
        None, alias="is", description="One of these: a number, a prefix 95*, a range 95500..95599."
    )
    exact: Some[Word] | None = Field(None, description="One of these numbers, in any spelling.")
    starts_with: Some[Word] | None = Field(None, description="Begins with one of these digits.")
    range: Some[Word] | None = Field(None, description="From one number to another of the same length: FIRST..LAST.")
    length: Some[Annotated[Lengths, BeforeValidator(read_lengths, json_schema_input_type=str | int)]] | None = Field(
        None, description="How many digits the number has, its country code counted: 5 or 5-8."
    )
    class_: Some[NumberClass] | None = Field(None, alias="class", description="Kind of number.")
    on_list: Some[RuleName] | None = Field(None, description="Stands on one of these lists.")
    list_kind: Some[ListKind] | None = Field(None, description="Stands on any list of one of these kinds.")
    country: CountryWords | None = Field(
        None, description="Country of the number: CN, trunk (the trunk's own), not-trunk (any other)."
    )
    inbound_only: bool | None = Field(None, description="true: a number that is called but never calls (400 in China).")
    missing: Lacking | None = Field(None, description="true: there is no number.")


class CallerCondition(NumberCondition):
    """What the caller may be asked."""

    attestation: Some[Annotated[Literal["A", "B", "C", "none", "failed"], BeforeValidator(read_attestation)]] | None = (
        Field(None, description="What a signature proved of the number: A, B, C, none (nobody signed), failed.")
    )
    calls: Many | None = Field(None, description="Calls by this caller.")
    called_numbers: Many | None = Field(None, description="Different numbers this caller called.")
    short_calls: Share | None = Field(None, description="Share of answered calls that ended within seconds, in %.")
    answered: Share | None = Field(None, description="Share of calls that were answered, in %.")


class CalledCondition(NumberCondition):
    """What the called number may be asked."""

    group: SomeWords | None = Field(None, description="Subscriber group of the called number.")


class Similar(Part):
    """A caller who shows a number like that of whom he calls."""

    digits: Annotated[int, BeforeValidator(read_whole), Field(ge=3, le=10)] = Field(
        description="How many digits are the same: 7."
    )


class KnownContact(Part):
    """Whether the two had to do with each other."""

    within: Annotated[int, BeforeValidator(read_within, json_schema_input_type=str)] = Field(
        description="How long ago at most: 30d."
    )
    is_: bool = Field(True, alias="is", description="false: they had not.")


class When(Part):
    """Conditions that must all hold."""

    caller: (
        Annotated[
            CallerCondition,
            BeforeValidator(as_numbers, json_schema_input_type=CallerCondition | str | list[str]),
            AfterValidator(said),
        ]
        | None
    ) = Field(None, description="The caller's number; bare: numbers, prefixes 95*, ranges 95500..95599.")
    called: (
        Annotated[
            CalledCondition,
            BeforeValidator(as_numbers, json_schema_input_type=CalledCondition | str | list[str]),
            AfterValidator(said),
        ]
        | None
    ) = Field(None, description="The called number; bare: numbers, prefixes 95*, ranges 95500..95599.")
    anonymous: bool | None = Field(None, description="true: the caller shows no number.")
    trunk: Some[Word] | None = Field(None, description="The call came from one of these trunks.")
    trunk_country: Annotated[CountryWord, BeforeValidator(as_words), AfterValidator(said)] | None = Field(
        None, description="Country of the trunk: CN."
    )
    display_name: Annotated[SomeText, AfterValidator(said)] | None = Field(
        None, description="Name shown to the callee."
    )
    domain: Annotated[SomeText, AfterValidator(said)] | None = Field(None, description="Host of the caller's identity.")
    user_agent: Annotated[SomeText, AfterValidator(said)] | None = Field(None, description="User-Agent of the caller.")
    header: dict[str, Annotated[SomeText, AfterValidator(said)]] | None = Field(
        None, description="Further header fields, declared under `headers` in ringfence.yaml."
    )
    agrees: Annotated[SomeTruth, AfterValidator(said)] | None = Field(
        None, description="P-Asserted-Identity and From name one number."
    )
    diverted: bool | None = Field(None, description="true: the call was forwarded to the called number (Diversion).")
    hours: Some[Annotated[Window, BeforeValidator(read_window, json_schema_input_type=str)]] | None = Field(
        None, description="Wall clock, start in, end out: 21:00-08:00."
    )
    days: (
        Annotated[list[str], BeforeValidator(read_days, json_schema_input_type=Days | list[Days]), Field(min_length=1)]
        | None
    ) = Field(None, description="mon, mon-fri, working (a working day), off (any other day), holiday.")
    calendar: Country | None = Field(
        None, description="Whose working days and holidays these are, if not those of home: DE."
    )
    called_hours: Some[Annotated[Window, BeforeValidator(read_window, json_schema_input_type=str)]] | None = Field(
        None, description="Wall clock where the called number is, by its plan: 21:00-08:00."
    )
    similar: Similar | None = Field(
        None, description="Caller and called number have the same first digits behind the country code: {digits: 7}."
    )
    known_contact: KnownContact | None = Field(
        None, description="A call of this caller rang this called number before, or that one called him: {within: 30d}."
    )
    believed: bool | None = Field(None, description="true: the network before us answers for the caller's number.")
    count: Count | None = Field(
        None, description="Calls counted by anything: {of: calls, per: [caller, called], within: 1d, over: 20}."
    )
    fact: dict[str, Annotated[SomeAmount, AfterValidator(said)]] | None = Field(
        None, description="Facts that others measured, by name."
    )
    fired: Some[RuleName] | None = Field(
        None, description="One of these rules holds for the call, whether it acts or observes: robot-caller."
    )
    condition: Some[RuleName] | None = Field(None, description="One of these named conditions holds.")
    any_: list[Annotated[When, AfterValidator(said)]] | None = Field(
        None, alias="any", min_length=1, description="One of these is enough."
    )
    all_: list[Annotated[When, AfterValidator(said)]] | None = Field(
        None, alias="all", min_length=1, description="All of these must hold."
    )


class Hold(Part):
    """The caller is put on a list for a time, written beside the call."""

    add: RuleName = Field(description="The list, of kind plain, suspect or block: watch.")
    for_: Annotated[int, BeforeValidator(read_hold_span, json_schema_input_type=str)] = Field(
        alias="for", description="For how long, 90 days at most: 1h."
    )


class Then(Part):
    """What a rule does: decide, mark, or add suspicion."""

    action: Literal["forward", "tag", "reject", "divert", "suspicion"]
    profile: str = ""  # of a rejection; empty: the trunk's
    destination: str = ""  # of a divert
    label: Annotated[str, BeforeValidator(read_label), Field(max_length=64)] = ""  # display-name label of a tag
    ring: Annotated[str, BeforeValidator(read_ring), Field(max_length=200)] = ""  # Alert-Info URI of a tag
    mask: Annotated[bool, BeforeValidator(read_mask)] = (
        False  # the callee sees the label of a tag in place of the number
    )
    suspicion: Annotated[int, BeforeValidator(read_whole), Field(ge=-10, le=10)] = 0
    hold: Hold | None = None  # puts the caller on a list for a time


class _Reject(Part):
    reject: RuleName = Field(description="Reply profile.")


class _Divert(Part):
    divert: RuleName = Field(description="Named destination.")


class _Marks(Part):
    label: str | None = Field(
        None, max_length=64, description="Put before the name that the callee sees: Fraud? {holder}."
    )
    ring: str | None = Field(None, max_length=200, description="Alert-Info URI: it rings in another way.")
    mask: bool | None = Field(None, description="Show the callee the label in place of the number, in the whole call.")


class _Tag(Part):
    tag: _Marks = Field(description="Beside the headers of every tagged call: label, ring, mask, or several.")


class _Suspicion(Part):
    suspicion: Annotated[int, Field(ge=-10, le=10)] | Annotated[str, Field(pattern=r"^\$")] = Field(
        description="Added up over all rules; ringfence.yaml says what it leads to."
    )


class _List(Part):
    list: Hold = Field(description="The caller is put on it for a time: {add: watch, for: 1h}.")


class _Several(Part):
    """One action with its details, and suspicion beside it."""

    reject: RuleName | None = Field(None, description="Reply profile: decline.")
    divert: RuleName | None = Field(None, description="Named destination: screening.")
    tag: _Marks | None = Field(None, description="Label, ring or both: {label: Fraud?}.")
    suspicion: Annotated[int, Field(ge=-10, le=10)] | Annotated[str, Field(pattern=r"^\$")] | None = Field(
        None, description="Added up over all rules: 4."
    )
    list: Hold | None = Field(None, description="The caller is put on it for a time: {add: watch, for: 1h}.")


_One = Literal["forward", "tag", "reject", "divert"] | _Reject | _Divert | _Tag | _Suspicion | _List
ThenText = _One | _Several | list[_One]
_ADVICE = (
    "write forward, tag, {tag: {label: TEXT, ring: URI, mask: true}}, reject, {reject: PROFILE}, divert, "
    "{divert: NAME}, {suspicion: 4} or {list: {add: NAME, for: 1h}}"
)


def read_then(value: object) -> object:
    """The long form of what a rule does."""
    if isinstance(value, str) and value in ("forward", "tag", "reject", "divert"):
        return {"action": value}
    if isinstance(value, list) or (isinstance(value, dict) and len(value) > 1):
        return _read_several(value)
    if not isinstance(value, dict) or len(value) != 1:
        raise BadValue(f"{value!r} is no action" if isinstance(value, str) else "one action", _ADVICE)
    ((action, detail),) = value.items()
    if action == "tag" and isinstance(detail, dict) and detail and set(detail) <= {"label", "ring", "mask"}:
        return {"action": "tag", **detail}
    if action == "list" and isinstance(detail, dict):
        return {"action": "suspicion", "hold": detail}
    keys = {"reject": "profile", "divert": "destination", "suspicion": "suspicion"}
    if action not in keys or isinstance(detail, dict | list):
        raise BadValue(f"{action!r} is no action of this shape", _ADVICE)
    return {"action": action, keys[action]: detail}


def _read_several(value: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """One action and suspicion beside it, as a list or as keys beside each other."""
    parts = value if isinstance(value, list) else [{key: detail} for key, detail in value.items()]
    found: dict[str, Any] = {}
    if not parts:
        raise BadValue("no action stands here", _ADVICE)
    for part in parts:
        read = read_then(part if not isinstance(part, dict) or len(part) == 1 else None)
        assert isinstance(read, dict)
        action = read.pop("action")
        if "hold" in read and "hold" in found:
            raise BadValue("a list stands here twice", "hold him on one list, or write two rules")
        if action == "suspicion":
            if "suspicion" in found and "suspicion" in read:
                raise BadValue("suspicion stands here twice", "write one figure")
        elif "action" in found:
            what = f"{found['action']} and {action} exclude each other in one rule"
            raise BadValue(what, "write one of forward, tag, reject and divert, and suspicion beside it")
        else:
            found["action"] = action
        found |= read
    return {"action": "suspicion", **found}


class Example(Part):
    """A made-up call that a rule catches or spares."""

    from_: str = Field(alias="from", description="The caller, in any spelling; anonymous for none.")
    to: str = Field("", description="The called number.")
    at: Annotated[datetime, BeforeValidator(read_time, json_schema_input_type=str)] | None = Field(
        None,
        description="2026-11-24T22:10, with an offset or in the zone of ringfence.yaml; default: a Wednesday noon.",
    )
    trunk: str = Field("", description="Name of the trunk; default: the first one.")
    trunk_country: Country | None = Field(None, description="Country of the trunk, when it matters.")
    group: str = Field("", description="Subscriber group of the called number.")
    display_name: str = ""
    domain: str = ""
    user_agent: str = ""
    header: dict[str, str] = Field(default_factory=dict)
    agrees: bool | None = None
    diverted: bool = False
    on_list: Annotated[list[str], BeforeValidator(as_list, json_schema_input_type=str | list[str])] = Field(
        default_factory=list, description="Lists the caller stands on."
    )
    list_kind: Annotated[list[ListKind], BeforeValidator(as_list, json_schema_input_type=ListKind | list[ListKind])] = (
        Field([], description="Kinds of lists the caller stands on, where their names do not matter.")
    )
    called_on_list: Annotated[list[str], BeforeValidator(as_list, json_schema_input_type=str | list[str])] = Field(
        default_factory=list, description="Lists the called number stands on."
    )
    facts: dict[str, Annotated[str, BeforeValidator(as_it_is, json_schema_input_type=str | bool)]] = Field(
        default_factory=dict, description="Measured facts: calls_1h: 61, short_calls_1h: 80%."
    )


Day = Annotated[date, BeforeValidator(read_date, json_schema_input_type=str)]


class Valid(Part):
    """The days on which a rule is valid, both included, by the wall clock of `time_zone`."""

    from_: Day | None = Field(None, alias="from", description="Its first day: 2026-12-01.")
    until: Day | None = Field(None, description="Its last day: 2027-02-15.")

    @model_validator(mode="after")
    def _has_days(self, info: ValidationInfo) -> Self:
        if not self.model_fields_set:
            raise BadValue("no day stands here", "write from, until, or both")
        if info.context != STORED and self.from_ and self.until and self.until < self.from_:
            raise BadValue(f"it ends on {self.until}, before it begins on {self.from_}", "turn the two round")
        return self

    def holds(self, day: date) -> bool:
        """Is this one of its days?"""
        return (self.from_ is None or self.from_ <= day) and (self.until is None or day <= self.until)

    def covers(self, other: Valid | None) -> bool:
        """Are all days of the other one among its own?"""
        if other is None:
            return False
        begins = self.from_ is None or (other.from_ is not None and self.from_ <= other.from_)
        return begins and (self.until is None or (other.until is not None and other.until <= self.until))


class Rule(Part):
    """One rule: when it applies, what it then does, and the calls that prove it."""

    rule: RuleName = Field(description="Its name: unique, shown in headers and records.")
    because: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(read_because)] = Field(
        description="Shown to the blocked party."
    )
    source: str = Field("", description="Where the knowledge comes from.")
    when: Annotated[When, AfterValidator(said)] = Field(description="Conditions that must all hold.")
    unless: Annotated[
        list[Annotated[When, AfterValidator(said)]],
        BeforeValidator(as_list, json_schema_input_type=When | list[When]),
    ] = Field(default_factory=list, description="One that holds stops the rule.")
    valid: Valid | None = Field(
        None, description="The days on which it holds, both included: {from: 2026-12-01, until: 2027-02-15}."
    )
    then: Annotated[Then, BeforeValidator(read_then, json_schema_input_type=ThenText)] = Field(
        description="forward, tag, reject, divert, {tag: {label: TEXT}}, {reject: PROFILE} or {suspicion: 4}; "
        "one of them and suspicion: [tag, {suspicion: 4}]."
    )
    mode: Mode = Field(
        100.0,
        description="live, observe (recorded only), or a share of callers such as 10%.",
        json_schema_extra={"default": "live"},
    )
    catches: list[Example] = Field(default_factory=list, description="Calls that it catches.")
    spares: list[Example] = Field(default_factory=list, description="Calls that it leaves alone.")


class RuleFile(Part):
    """A file of rules; a bare list is short for ``rules:``."""

    version: Annotated[int, BeforeValidator(read_version, json_schema_input_type=Literal[1])] = 1
    about: str = Field("", description="What the file is for.")
    country: Country | None = Field(None, description="Country whose plan bare numbers in this file are read in.")
    settings: dict[RuleName, str] = Field(
        default_factory=dict,
        description="Values by name; $NAME stands for one. Those of a pack may be altered by `use`.",
    )
    include: Annotated[list[str], BeforeValidator(as_list, json_schema_input_type=str | list[str])] = Field(
        default_factory=list, description="Further files of the same folder."
    )
    conditions: dict[RuleName, Annotated[When, AfterValidator(said)]] = Field(
        default_factory=dict, description="Named conditions."
    )
    rules: list[Rule] = Field(default_factory=list)


class PackUse(Part):
    """How ringfence.yaml turns a shipped pack on, and the only way to alter it."""

    model_config = ConfigDict(coerce_numbers_to_str=True)  # settings may come from Python, too

    pack: str
    off: Annotated[list[str], BeforeValidator(as_list)] = Field(
        default_factory=list, description="Rules of the pack that are left out."
    )
    settings: dict[str, str] = Field(default_factory=dict, description="Values that the pack lets you alter.")
    mode: Mode | None = Field(None, description="Of all its rules: live, observe, or a share of callers.")
    modes: dict[str, Mode] = Field(default_factory=dict, description="Of single rules of it, before that of the pack.")


def whens(content: RuleFile) -> Iterator[tuple[Location, When]]:
    """Every condition of a file with its place, nested ones included."""
    for name, when in content.conditions.items():
        yield from _within(when, ("conditions", name))
    for position, rule in enumerate(content.rules):
        yield from whens_of(rule, ("rules", position))


def whens_of(rule: Rule, loc: Location) -> Iterator[tuple[Location, When]]:
    """Every condition of a rule with its place."""
    yield from _within(rule.when, (*loc, "when"))
    for number, part in enumerate(rule.unless):
        yield from _within(part, (*loc, "unless", number))


def _within(when: When, loc: Location) -> Iterator[tuple[Location, When]]:
    yield loc, when
    for key, parts in (("any", when.any_), ("all", when.all_)):
        for position, part in enumerate(parts or ()):
            yield from _within(part, (*loc, key, position))


def references(when: When) -> set[str]:
    """The named conditions that a condition refers to."""
    return {name for _, part in _within(when, ()) for name in part.condition or ()}


def rule_file_data(data: Any) -> Any:
    """A bare list of rules is a file of them, and so is one rule that lacks its dash, with a fault."""
    if isinstance(data, dict) and "rule" in data and "rules" not in data:
        return {"rules": [data]}
    return {"rules": data} if isinstance(data, list) else {} if data is None else data


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a rule file, for completion and hover in editors."""
    schema = RuleFile.model_json_schema(by_alias=True, mode="validation")
    definitions = schema.pop("$defs")
    schema["type"] = "object"
    either = {"oneOf": [schema, {"type": "array", "items": {"$ref": "#/$defs/Rule"}}]}
    return with_examples(for_editors("Ringfence rules", either, definitions=definitions))


if __name__ == "__main__":  # python -m rules.language.grammar > config/schema/rules.json
    import json

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
