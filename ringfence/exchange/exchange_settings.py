"""What an operator sets for the exchange with other operators: what he gives, and from whom he takes what."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from rules.numbering.intervals import interval_of
from rules.settings.screening import Part
from rules.sharing.entries import MOST_HOPS, is_operator
from rules.texts.bad_value import BadValue

Reason = Literal["fraud", "harassment", "marketing", "forged", "do-not-originate", "other"]


def operator_name(name: str) -> str:
    """The name, if it is one of an operator."""
    if not is_operator(name):
        raise BadValue(f"{name!r} is no name of an operator", "write a domain of yours in lower case: example.net")
    return name


def network(text: str) -> str:
    """The network, if it is one."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise BadValue(f"{text!r} is no network", "write 192.0.2.0/24 or 192.0.2.7") from error


def canonical(text: str) -> str:
    """The number, prefix or range, if it is written as lists show it."""
    try:
        interval_of(text)
    except ValueError as error:
        raise BadValue(f"{text!r} is no number, prefix or range", "write it as lists show it: +861380*") from error
    return text


def short_name(name: str) -> str:
    """The name, if a folder and a source may be called so."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise BadValue(f"{name!r} is no name for a partner", "write small letters, digits and hyphens: beta")
    return name


OperatorName = Annotated[str, AfterValidator(operator_name)]


class PublishSettings(Part):
    """What is given to other operators: plain files, which any web server hands out."""

    folder: Path = Field(Path("share"), description="Where they are written; relative to ringfence.yaml.")
    keys: Path = Field(
        Path("share-keys"), description="Folder of the keys that sign them, mode 0700; that of root lies elsewhere."
    )
    lists: dict[str, Reason] = Field(
        default={}, description="Lists that are given, of kind sealed, block or do-not-originate, with why they list."
    )
    days: int = Field(180, ge=1, le=366, description="How long an entry counts that has no end of its own.")
    by_itself: bool = Field(True, description="The running node gives what changed by itself, at its next look.")
    pass_on: bool = Field(False, description="Also give what partners gave us, as theirs, one hop farther.")
    most_hops: int = Field(2, ge=1, le=MOST_HOPS, description="What has come so far is not passed on.")


class HandingSettings(Part):
    """How cases are handed over to a partner, and come from him."""

    key: Path = Field(description="His public key, which `ringfence share handing-key` printed at his place.")
    url: str = Field(
        "",
        pattern=r"^(https?://[^\s@?#]{1,500})?$",
        description="Where he takes cases: https://api.example.net/v1/handed-over; empty: he hands over to us alone.",
    )
    token: Path | None = Field(None, description="File of the key of his API that he gave us, mode 0600.")
    names: list[str] = Field(default=[], description="What else officers call him when they hand a case over.")


class PartnerSettings(Part):
    """An operator from whom lists are taken, and how far he is believed."""

    operator: OperatorName = Field(description="How he calls himself in what he gives.")
    url: str = Field(
        "",
        pattern=r"^(https?://[^\s@?#]{1,500}|file:///[^\s?#]{1,500})?$",
        description="Where his files lie: https://lists.example.net/share or file:///srv/share; none: no lists.",
    )
    root: Path | None = Field(
        None, description="His root.json, which he handed over otherwise: what he signs is held against it."
    )
    into: str = Field(
        "", description="List of `lists` that his entries go to: shared, of kind suspect or block or plain."
    )
    holder: str = Field("", description="Who stands behind him; partners of one holder have one voice. Default: he.")
    weight: float = Field(1.0, ge=0, le=1, description="What his word weighs where several have to agree.")
    reasons: list[Reason] = Field(default=[], description="Only these are taken; none: all.")
    ranges: list[Annotated[str, AfterValidator(canonical)]] = Field(
        default=[], description="Only numbers of these prefixes and ranges are taken; none: all."
    )
    hops: int = Field(1, ge=0, le=MOST_HOPS, description="What came farther is not taken; 0: only what he verified.")
    ttl_days: int = Field(90, ge=1, le=731, description="An entry counts so long after it was last seen, at most.")
    most_entries: int = Field(1_000_000, ge=1, description="A version with more is refused.")
    most_mib: int = Field(256, ge=1, description="A file that is larger, packed or unpacked, is refused.")
    most_growth: int = Field(
        50, ge=1, description="A version that adds more percent than this waits for a person; the first one does not."
    )
    handing: HandingSettings | None = Field(
        None, description="Cases that are handed over to him, or by him; none: none."
    )
    networks: list[Annotated[str, AfterValidator(network)]] = Field(
        default=[], description="Private networks in which his web server may lie; none: only public addresses."
    )
    deadline_s: float = Field(120.0, gt=0, le=3600, description="How long it may take to fetch all of it.")

    @model_validator(mode="after")
    def _gives_lists_or_takes_cases(self) -> PartnerSettings:
        given = [name for name in ("url", "root", "into") if getattr(self, name)]
        if len(given) not in (0, 3):
            missing = " and ".join(sorted({"url", "root", "into"} - {*given}))
            raise BadValue(f"his lists need {missing}, too", "write all of url, root and into, or none of them")
        if not given and self.handing is None:
            raise BadValue("nothing is done with him", "write url, root and into for his lists, or handing for cases")
        return self


class AgreedSettings(Part):
    """What partners agree on."""

    into: str = Field(description="List of `lists` that it goes to: shared, of kind block or suspect.")
    partners: int = Field(2, ge=2, description="So many of different holders, about so many different origins' words.")


class ExchangeSettings(Part):
    """The exchange of lists with other operators (docs/sharing.md)."""

    operator: Literal[""] | OperatorName = Field("", description="How we call ourselves in what we give: example.net.")
    folder: Path | None = Field(
        None, description="Where it is kept what partners gave; default: beside the database, as NAME.partners."
    )
    publish: PublishSettings | None = Field(None, description="What is given; none: nothing.")
    partners: dict[Annotated[str, AfterValidator(short_name)], PartnerSettings] = Field(
        default={}, description="From whom lists are taken, by a short name."
    )
    handing_key: Path = Field(
        Path("handing.jwk"), description="Our key, by which cases that are handed over are signed; mode 0600."
    )
    agreed: AgreedSettings | None = Field(None, description="What several partners agree on; none: nothing.")
    poll_s: float = Field(60.0, ge=10, description="Seconds between two looks at what partners withdrew or changed.")
    kept_versions: int = Field(20, ge=1, le=1000, description="Versions of a partner that one can go back to.")

    @property
    def givers(self) -> dict[str, PartnerSettings]:
        """The partners from whom lists are taken."""
        return {name: partner for name, partner in self.partners.items() if partner.url}
