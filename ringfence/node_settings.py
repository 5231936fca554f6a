"""ringfence.yaml as one typed value: the data plane's settings, the deciding half's, and the file's version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from desk.desk_settings import DeskSettings
from proxy.proxy_settings import ProxySettings
from ringfence.api_settings import ApiSettings
from ringfence.asked_settings import AskedSettings
from ringfence.audit_settings import AuditSettings
from ringfence.exchange.exchange_settings import ExchangeSettings
from ringfence.people.people_settings import PeopleSettings
from rules.language.rule_paths import find
from rules.numbering.typed import home_of
from rules.texts.bad_value import BadValue

NEWEST = 1


def known_version(version: int) -> int:
    """The version, if this program reads it."""
    if version != NEWEST:
        raise BadValue(f"version {version} is unknown to this program", f"write version: {NEWEST}")
    return version


class Configuration(ProxySettings, DeskSettings):
    """Everything that an operator sets."""

    version: Annotated[int, AfterValidator(known_version)] = Field(NEWEST, description="Version of the file's format.")
    api: ApiSettings = ApiSettings()
    asked: AskedSettings | None = Field(
        None, description="Verdicts over HTTP, by the node itself; none: nobody is answered."
    )
    audit: AuditSettings = AuditSettings()
    people: PeopleSettings = PeopleSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    control: Path | None = Field(
        None,
        description="Unix socket where commands ask the running node; default: beside the database, as NAME.control.",
    )

    @property
    def home(self) -> str:
        """In which plan what people type is read (rules/numbering/typed.py); undecided between several countries."""
        return home_of(self.country, (trunk.country for trunk in self.trunks))

    @property
    def thresholds_by_trunk(self) -> dict[str, tuple[int, int]]:
        """Tag and reject, of all trunks."""
        usual = self.thresholds
        found = [one.facts(tag_at=usual.tag, reject_at=usual.reject) for one in self.trunks]
        return {one.name: (one.tag_at, one.reject_at) for one in found}


def rule_files(base: Path, pattern: str) -> list[Path]:
    """The rule files that one line of `rules:` means, in one order everywhere."""
    return find(base, pattern).files
