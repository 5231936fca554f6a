"""The words of letters: the shipped texts or the operator's own, filled in, with who writes and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import yaml

from desk.clock_profiles import TimeLimit
from desk.desk_settings import ComplaintSettings
from desk.faults import ComplaintError

_LONGEST_TEXTS = 1_000_000  # characters
_KINDS = ("confirm", "answer", "appeal", "owner")
_GAP = re.compile(r"\n{3,}")  # where a part said nothing
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Written(NamedTuple):
    """What a letter says."""

    subject: str
    body: str


class LetterTexts:
    """Texts of one language, with what every letter of this desk has in common."""

    def __init__(self, settings: ComplaintSettings, zone: ZoneInfo, own: Path | None) -> None:
        self.chinese = settings.language == "zh"
        self._settings, self._zone = settings, zone
        self._texts = read_texts(settings.language, own)
        shipped = self._texts if own is None else read_texts(settings.language, None)
        self._words = {**shipped["words"], **self._texts.get("words", {})}

    def code_until(self, now: float) -> float:
        """Until when a code counts that leaves at this moment: whole days, as the letter says."""
        end = datetime.combine(self._day(now) + timedelta(days=self._settings.code_days + 1), datetime.min.time())
        return end.replace(tzinfo=self._zone).timestamp()

    def outcome(self, outcome: str, reason: str) -> str:
        """What came of it, in a sentence or two."""
        return Template(self._texts["outcomes"].get(outcome, outcome)).safe_substitute(reason=reason)

    def written(
        self, kind: str, outcome: str, words: Mapping[str, str], now: float, decided: TimeLimit | None = None
    ) -> Written:
        """The whole letter; ``decided``: how long a decision on an appeal takes."""
        common = self._common(now, decided)
        notice = self._words["appeal"] if (kind, outcome) == ("owner", "sealed") else ""
        again = self._words["again"] if (kind, outcome) == ("appeal", "refused") else ""
        because = self._words["because"] if words.get("reason") else ""
        parts = {"because": because, "appeal": notice or again, "signature": self._words["signature"]}
        filled = {name: Template(text).safe_substitute(common, **words).strip("\n") for name, text in parts.items()}
        said = {**common, **words, **filled}
        text = self._texts[kind]
        subject, body = (Template(text[part]).safe_substitute(said) for part in ("subject", "body"))
        return Written(" ".join(subject.split()), _GAP.sub("\n\n", body).strip("\n") + "\n")

    def _common(self, now: float, decided: TimeLimit | None) -> dict[str, str]:
        head, words = self._settings.letterhead, self._words
        today = self._day(now)
        return {
            "who": head.name or words["who"],
            "contact": "\n".join(head.contact),
            "confirm_at": head.confirm or words["confirm_at"],
            "appeal_at": head.appeal or words["appeal_at"],
            "code_until": self._date(today + timedelta(days=self._settings.code_days)),
            "appeal_by": self._date(today + timedelta(days=self._settings.appeal_days)),
            "decided_within": self._span(decided) if decided else "",
            "date": self._date(today),
        }

    def _day(self, at: float) -> date:
        return datetime.fromtimestamp(at, self._zone).date()

    def _date(self, day: date) -> str:
        if self.chinese:
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def _span(self, span: TimeLimit) -> str:
        if span.working_days:
            count, unit = span.working_days, ("个工作日", "working day")
        elif span.hours > 48 and not span.hours % 24:
            count, unit = round(span.hours / 24), ("天", "day")
        else:
            count, unit = round(span.hours), ("小时", "hour")
        return f"{count}{unit[0]}" if self.chinese else f"{count} {unit[1]}{'' if count == 1 else 's'}"


def read_texts(language: str, own: Path | None) -> Mapping[str, Any]:
    """The shipped texts of a language, or the operator's own file."""
    if own is None:
        text = resources.files("desk").joinpath("texts", f"{language}.yaml").read_text("utf-8")
    else:
        if own.exists() and not own.is_file():  # opening a FIFO waits for ever
            raise ComplaintError("letters", f"{own} is no file")
        try:
            with own.open(encoding="utf-8") as file:
                text = file.read(_LONGEST_TEXTS + 1)
            if len(text) > _LONGEST_TEXTS:
                raise ComplaintError(
                    "letters", f"{own} has more than {_LONGEST_TEXTS:,} characters: are these letters?"
                )
        except (OSError, UnicodeDecodeError) as error:
            raise ComplaintError("letters", f"{own} cannot be read as UTF-8 ({error})") from error
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ComplaintError("letters", f"{own} is no YAML: {' '.join(str(error).split())}") from error
    for kind in _KINDS:
        part = found.get(kind) if isinstance(found, dict) else None
        if not isinstance(part, dict) or not all(isinstance(part.get(name), str) for name in ("subject", "body")):
            raise ComplaintError("letters", f"{own}: letter {kind} needs a subject and a body")
    for part in ("outcomes", "words"):
        named = found.setdefault(part, {})
        if not isinstance(named, dict) or not all(isinstance(text, str) for text in named.values()):
            raise ComplaintError("letters", f"{own}: {part} are names and texts")
    checked: dict[str, Any] = found
    return checked
