"""Block lists in the words of others: Kamailio, Asterisk, PhoneBlock, the do-not-originate list of the FCC, MISP.

What they write is made into rows as `list_files` reads them, so that it is imported, held and taken back like any other
file; what such a form cannot say is counted, and told to whoever reads or writes it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple

from rules.lists.list_files import ListFileError, harmless
from rules.numbering.intervals import digits_of
from rules.texts.encodings import encoding_of

LARGEST: Final = 512 * 1024 * 1024  # octets of a file, which is read whole
_ASTDB: Final = re.compile(r"/blacklist/(\S+)\s*:\s*(.*)")  # a line of `database show blacklist`
_FREEPBX: Final = ("blocked", "dest")  # settings of its module, among the numbers
# PhoneBlock's ratings; A_LEGITIMATE speaks for a number.
_RATINGS: Final = {
    "B_MISSED": "missed",
    "C_PING": "ping call",
    "D_POLL": "poll",
    "E_ADVERTISING": "advertising",
    "F_GAMBLE": "gambling",
    "G_FRAUD": "fraud",
}
_MISP_PHONE: Final = {"name": "phone", "meta-category": "misc", "template_version": "5"}
_MISP_TEMPLATE: Final = "d7e4fbdd-b551-4862-bddb-a0b470a38509"
_NORTH_AMERICAN: Final = re.compile(r"(?:\+?1)?([2-9][0-9]{9})")
_SHORTEST_WHOLE: Final = 10  # digits: a shorter prefix of Kamailio's is no whole number with its country code
Row = dict[str, str]


class Read(NamedTuple):
    """A file of another program as rows of ours."""

    stream: BinaryIO
    left_out: Counter[str]  # what was not taken, by why


def read_as(form: str, stream: BinaryIO) -> Read:
    """What another program wrote, as JSON lines for `import_file`; what we write as it is. Raises ListFileError."""
    if form not in _READERS:
        return Read(stream, Counter())
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ListFileError(f"it is larger than {LARGEST // 1024 // 1024} MiB: divide it")
    left_out: Counter[str] = Counter()
    try:
        text = data.decode(encoding_of(data) or "utf-8").removeprefix("\ufeff")
        rows = list(_READERS[form](text, left_out))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ListFileError(f"it is no text of this form: {error}") from error
    except json.JSONDecodeError as error:
        raise ListFileError(f"it is no JSON: {error.msg}", error.lineno) from error
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ListFileError("it is not what such a file looks like") from error
    lines = "".join(json.dumps({key: value for key, value in row.items() if value}) + "\n" for row in rows)
    return Read(io.BytesIO(lines.encode()), left_out)


def _kamailio(text: str, left_out: Counter[str]) -> Iterator[Row]:
    """Rows of globalblocklist or userblocklist: digits with the country code, for all that begin so."""
    for row in _table(text, "prefix"):
        if row.get("allowlist", row.get("whitelist", "0")) not in ("0", ""):
            left_out["lets through"] += 1
            continue
        digits = row["prefix"].removeprefix("+")
        star = "*" if len(digits) < _SHORTEST_WHOLE else ""
        yield {"number": f"+{digits}{star}", "reason": row.get("description", "")}


def _asterisk(text: str, _: Counter[str]) -> Iterator[Row]:
    """FreePBX's file of number and description, or what `database show blacklist` prints."""
    found = [match for line in text.splitlines() if (match := _ASTDB.match(line.strip()))]
    if found:
        yield from (
            {"number": one[1], "reason": "" if one[2] == "1" else one[2]} for one in found if one[1] not in _FREEPBX
        )
        return
    for row in _table(text, "number"):
        yield {"number": row["number"], "reason": row.get("description", "")}


def _phoneblock(text: str, left_out: Counter[str]) -> Iterator[Row]:
    """The answer of its API, or a table of the same columns."""
    rows: Iterable[Mapping[str, Any]]
    rows = json.loads(text)["numbers"] if text.lstrip().startswith("{") else _table(text, "phone")
    for row in rows:
        rating = str(row.get("rating", ""))
        if rating == "A_LEGITIMATE":
            left_out["is said to be legitimate"] += 1
            continue
        votes = f"{row['votes']} votes" if row.get("votes") else ""
        yield {"number": str(row["phone"]), "reason": _RATINGS.get(rating, rating), "evidence": votes}


def _dno(text: str, _: Counter[str]) -> Iterator[Row]:
    """A column of ten digits of the North American plan, with their 1 or without it, whatever it is called."""
    rows = csv.reader(io.StringIO(text))
    for row in rows:
        cell = re.sub(r"[\s().-]", "", row[0]) if row else ""
        if not any(map(str.isdigit, cell)):
            continue  # a heading, or nothing
        found = _NORTH_AMERICAN.fullmatch(cell)
        if found is None:
            raise ListFileError(f"{row[0][:40]!r} is no number of ten digits of the North American plan", rows.line_num)
        yield {"number": f"+1{found[1]}", "reason": "do not originate"}


def _misp(text: str, left_out: Counter[str]) -> Iterator[Row]:
    """Every telephone number of an event: objects `phone`, and attributes `phone-number` alone."""
    said = json.loads(text)
    events = [one.get("Event", one) for one in (said if isinstance(said, list) else said.get("response", [said]))]
    for event in events:
        info = str(event.get("info", ""))
        for one in event.get("Object", ()):
            parts = {each["object_relation"]: str(each["value"]) for each in one.get("Attribute", ())}
            number = _plus(parts["msisdn"]) if parts.get("msisdn") else parts.get("phone-number")
            if one.get("name") != "phone" or not number:
                left_out["is no telephone number"] += 1
                continue
            yield {"number": number, "reason": parts.get("text", info), "evidence": str(one.get("uuid", ""))}
        for one in event.get("Attribute", ()):
            if one.get("type") != "phone-number":
                left_out["is no telephone number"] += 1
                continue
            reason = str(one.get("comment") or info)
            yield {"number": str(one["value"]), "reason": reason, "evidence": str(one.get("uuid", ""))}


def _plus(number: str) -> str:
    """An MSISDN is written without its plus (ITU-T E.164, 3GPP TS 23.003)."""
    return f"+{number}" if number.isdigit() and not number.startswith("0") else number


def _table(text: str, wanted: str) -> Iterator[dict[str, str]]:
    """The rows of a file whose first line names its columns."""
    lines = io.StringIO(text)
    first = text.partition("\n")[0]
    rows = csv.reader(lines, delimiter=max(",;\t", key=first.count))
    heads = [cell.strip().lower() for cell in next(rows, [])]
    if wanted not in heads:
        raise ListFileError(f"the first line names no column {wanted!r}", 1)
    for row in rows:
        found = dict(zip(heads, map(str.strip, row), strict=False))
        if found.get(wanted):
            yield found


_READERS: Final[dict[str, Callable[[str, Counter[str]], Iterator[Row]]]] = {
    "kamailio": _kamailio,
    "asterisk": _asterisk,
    "phoneblock": _phoneblock,
    "fcc-dno": _dno,
    "misp": _misp,
}
FORMS: Final = tuple(_READERS)


class Writer:
    """Writes entries, in the columns of `list_files`, as another program reads them."""

    def __init__(self, form: str, write: Callable[[str], object], *, name: str, day: str) -> None:
        """``write`` takes each piece of text; ``name`` is the list's, ``day`` that of the export."""
        self._form, self._write, self._name, self._day = form, write, name, day
        self.left_out: Counter[str] = Counter()
        self._csv = csv.writer(_Lines(write), lineterminator="\n")
        self._count = 0

    def begin(self) -> None:
        """What stands before the first entry."""
        heads = {
            "kamailio": ("prefix", "allowlist", "description"),
            "asterisk": ("number", "description"),
            "phoneblock": ("phone", "rating", "votes"),
            "fcc-dno": ("number",),
        }
        if self._form == "misp":
            event = {"info": f"Ringfence list {self._name}", "date": self._day, "analysis": "2", "threat_level_id": "3"}
            self._write(f'{{"Event": {json.dumps(event)[:-1]}, "Object": [')
        else:
            self._csv.writerow(heads[self._form])

    def entry(self, entry: Mapping[str, str]) -> None:
        """One entry; what this form cannot say is left out and counted."""
        number, reason = entry["number"], entry.get("reason", "")
        if not number.startswith("+"):
            self.left_out["has no country code"] += 1
        elif ".." in number or (number.endswith("*") and self._form != "kamailio"):
            self.left_out["is a prefix or range"] += 1
        elif number.endswith("*") and len(digits_of(number.rstrip("*"))) >= _SHORTEST_WHOLE:
            self.left_out["is a prefix as long as a number"] += 1
        elif self._form == "fcc-dno" and not (number.startswith("+1") and len(number) == 12):
            self.left_out["is of another plan than the North American"] += 1
        else:
            self._put(number, reason)
            self._count += 1

    def _put(self, number: str, reason: str) -> None:
        match self._form:
            case "kamailio":
                self._csv.writerow((digits_of(number.rstrip("*")), 0, harmless(reason)))
            case "asterisk":
                self._csv.writerow((number, harmless(reason)))
            case "phoneblock":
                known = next((rating for rating, meaning in _RATINGS.items() if meaning == reason), "B_MISSED")
                self._csv.writerow((number, known, ""))
            case "fcc-dno":
                self._csv.writerow((number[2:],))
            case _:
                self._write(f"{', ' if self._count else ''}{json.dumps(_misp_object(number, reason))}")

    def end(self) -> None:
        """What stands behind the last one."""
        if self._form == "misp":
            self._write("]}}\n")


class _Lines:
    """A stream as `csv` wants it."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write


def _misp_object(number: str, reason: str) -> dict[str, Any]:
    """The object template `phone`; the same number has the same UUID, so that MISP knows it again."""
    made = uuid.uuid5(uuid.NAMESPACE_URL, f"tel:{number}")
    parts = [{"object_relation": "msisdn", "type": "text", "category": "Other", "value": digits_of(number)}]
    if reason:
        parts.append({"object_relation": "text", "type": "text", "category": "Other", "value": reason})
    return {**_MISP_PHONE, "template_uuid": _MISP_TEMPLATE, "uuid": str(made), "Attribute": parts}
