"""Reads rule files with what they include, and the shipped packs that ringfence.yaml turns on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from rules.language.faults import Fault, Location, RuleError, faults_of, nearest
from rules.language.grammar import STORED, PackUse, Rule, RuleFile, rule_file_data
from rules.language.rule_paths import leads_out
from rules.language.sound_parts import Sound, sound_parts
from rules.language.source import (
    CIRCLE,
    Document,
    leads_in_a_circle,
    load_document,
    read_document,
    shipped,
)

NO_CONFIGURATION = read_document("", "ringfence.yaml")  # where faults of settings lie that came from no file
_SETTING = re.compile(r"\$([A-Za-z0-9][A-Za-z0-9_.-]*)")


class SourceFile(NamedTuple):
    """A rule file that could be read."""

    document: Document
    content: RuleFile
    pack: str = ""  # the shipped pack it belongs to
    off: frozenset[str] = frozenset()  # rules left out
    altered: frozenset[str] = frozenset()  # rules of a pack with another value than their examples are made for
    incomplete: frozenset[Location] = frozenset()  # rules and named conditions that could not be read whole
    unread: frozenset[Location] = frozenset()  # examples that could not be read, and rules that lack anything

    @property
    def shown(self) -> str:
        """What records and explanations call it."""
        return f"{self.pack}.yaml" if self.pack else self.document.file


class RuleFiles:
    """Collects rule files; every fault is kept, nothing stops at the first.

    With `packs`, texts by name, the files are those of a stored revision: complete, nothing is read beside them.
    """

    def __init__(self, packs: Mapping[str, str] | None = None) -> None:
        self.files: list[SourceFile] = []
        self.faults: list[Fault] = []
        self._packs = packs
        self._seen: set[Path] = set()

    @property
    def stored(self) -> bool:
        """Were these texts live once? Then they go on meaning what they meant, however they would be written today."""
        return self._packs is not None

    def add_all(self, sources: Iterable[Path | Document]) -> None:
        """Read these files and what they include."""
        for source in sources:
            if isinstance(source, Document):
                self._accept(source, Path(source.file).parent, ())
            else:
                self._add(source, ())

    def _add(self, path: Path, including: tuple[Path, ...]) -> None:
        try:
            resolved = path.resolve()
            if resolved in self._seen:
                if path.is_symlink():
                    what = f"the link leads to {resolved.name}, which is read already"
                    self.faults.append(Fault(str(path), 0, 0, what, "remove it", warning=True))
                return
            self._seen.add(resolved)
            if (out := leads_out(path)) is not None:
                what, hint = f"the link leads out of its folder, to {out}", "keep the file itself there, if you can"
                self.faults.append(Fault(str(path), 0, 0, what, hint, warning=True))
            document = load_document(path)
        except RuleError as error:
            self.faults += error.faults
            return
        except RuntimeError:  # a link that leads round in a circle
            self.faults.append(Fault(str(path), 0, 0, *CIRCLE))
            return
        self._accept(document, path.parent, (*including, resolved))

    def _accept(self, document: Document, folder: Path, including: tuple[Path, ...]) -> None:
        data = rule_file_data(document.data)
        settings = data.get("settings") if isinstance(data, dict) else None
        declared = settings if isinstance(settings, dict) else {}
        known = len(self.faults)
        self.faults += [] if self.stored else undeclared(document, data, declared)
        self.faults += dashless(document, data)
        found = self._read(document, filled_in(data, declared))
        self.faults[known:] = one_a_place(self.faults[known:])
        if found is None:
            return
        content = found.content
        self.files.append(SourceFile(document, content, incomplete=found.altered, unread=found.unread))
        for position, name in enumerate(content.include if self._packs is None else ()):
            place = ("include", position)
            path = folder / name
            if leads_in_a_circle(path):
                self.faults.append(document.fault(place, f"{name!r}: {CIRCLE[0]}", CIRCLE[1]))
            elif Path(name).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
                self.faults.append(
                    document.fault(place, f"{name!r} lies outside this folder", "keep it beside this file")
                )
            elif path.resolve() in including:
                self.faults.append(document.fault(place, f"{name!r} includes this file in turn", "remove one include"))
            elif not path.is_file():
                self.faults.append(document.fault(place, f"there is no file {name!r}", "write a path beside this file"))
            else:
                self._add(path, including)

    def _read(self, document: Document, data: Any) -> Sound | None:
        try:
            return Sound(RuleFile.model_validate(data, context=STORED if self.stored else None))
        except ValidationError as error:
            self.faults += faults_of(error, document, RuleFile)
            return sound_parts(data, error, unread=f"unread-{len(self.files)}")

    def add_packs(self, use: Iterable[Mapping[str, object] | str], configuration: Document) -> None:
        """Read the shipped packs that are on, altered as `use` says."""
        for position, item in enumerate(use):
            loc: Location = ("use", position)
            try:
                wanted = PackUse.model_validate({"pack": item} if isinstance(item, str) else item)
            except ValidationError as error:
                self.faults += faults_of(error, configuration, PackUse, within=loc)
                continue
            self._add_pack(wanted, loc, configuration)

    def _add_pack(self, wanted: PackUse, loc: Location, configuration: Document) -> None:
        document = self._pack(wanted.pack)
        if document is None:
            packs = [pack.stem for pack in shipped("rules").glob("*.yaml")]
            what, hint = f"there is no pack {wanted.pack!r}", nearest(wanted.pack, packs)
            self.faults.append(configuration.fault((*loc, "pack"), what, hint))
            return
        declared: dict[str, str] = document.data.get("settings", {})
        for name in wanted.settings:
            if name not in declared:
                what = f"pack {wanted.pack} has no setting {name!r}"
                self.faults.append(configuration.fault((*loc, "settings", name), what, nearest(name, declared)))
        known = len(self.faults)
        found = self._read(document, filled_in(document.data, {**declared, **wanted.settings}))
        self.faults[known:] = _where_it_was_set(self.faults[known:], document, configuration, wanted, loc)
        if found is None:
            return
        content = found.content
        names = [rule.rule for rule in content.rules]
        for key, among in (("off", [*enumerate(wanted.off)]), ("modes", [(name, name) for name in wanted.modes])):
            for place, name in among:
                if name not in names:
                    what = f"pack {wanted.pack} has no rule {name!r}"
                    self.faults.append(configuration.fault((*loc, key, place), what, nearest(name, names)))
        content = content.model_copy(update={"rules": [_in_mode(rule, wanted) for rule in content.rules]})
        altered = {name for name, value in wanted.settings.items() if value != declared.get(name)}
        using = {raw["rule"] for raw in document.data["rules"] if altered.intersection(names_in(raw))}
        left_out = (frozenset(wanted.off), frozenset(using), found.altered, found.unread)
        self.files.append(SourceFile(document, content, wanted.pack, *left_out))

    def _pack(self, name: str) -> Document | None:
        if self._packs is not None:
            return read_document(self._packs[name], f"{name}.yaml") if name in self._packs else None
        path = shipped(f"rules/{name}.yaml")
        return load_document(path) if re.fullmatch("[a-z][a-z-]*", name) and path.is_file() else None


def _in_mode(rule: Rule, wanted: PackUse) -> Rule:
    """A rule of a pack as `use` wants it: live, observing, or for a share of callers."""
    mode = wanted.modes.get(rule.rule, wanted.mode)
    return rule if mode is None else rule.model_copy(update={"mode": mode})


def _where_it_was_set(
    faults: Sequence[Fault], document: Document, configuration: Document, wanted: PackUse, loc: Location
) -> list[Fault]:
    """Faults of a pack that come from a value of ringfence.yaml, at that value."""
    places = {
        document.locate(place, value=True): name
        for place, name in settings_named(document.data)
        if name in wanted.settings
    }
    found = []
    for fault in faults:
        name = places.get((fault.line, fault.column))
        if name is not None and fault.file == document.file:
            what = f"setting {name} of pack {wanted.pack}: {fault.what.partition(': ')[2] or fault.what}"
            fault = configuration.fault((*loc, "settings", name), what, fault.hint)
        found.append(fault)
    return found


def settings_named(data: Any, loc: Location = ()) -> Iterator[tuple[Location, str]]:
    """Each `$NAME` that stands as a whole value, and where."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from settings_named(value, (*loc, key))
    elif isinstance(data, str) and (found := _SETTING.fullmatch(data)):
        yield loc, found[1]


def _signs(data: Any, loc: Location = ()) -> Iterator[tuple[Location, str, str]]:
    """Each `$NAME` in any value: where, the whole value, and the name."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _signs(value, (*loc, key))
    elif isinstance(data, str) and "$" in data:
        for found in _SETTING.finditer(data):
            yield loc, data, found[1]


def one_a_place(faults: Iterable[Fault]) -> list[Fault]:
    """The first fault of each place: what else is wrong there follows from it."""
    first: dict[tuple[str, int, int, bool], Fault] = {}
    for fault in faults:
        first.setdefault((fault.file, fault.line, fault.column, fault.warning), fault)
    return list(first.values())


def dashless(document: Document, data: Any) -> Iterator[Fault]:
    """A rule that stands in the file as if it was the file: the `- ` before it was forgotten."""
    if data is not document.data and isinstance(document.data, dict) and "rule" in document.data:
        line, column = document.locate(("rule",))
        what = "a rule stands here without the `- ` before its first key"
        yield Fault(document.file, line, column, what, "write `- rule: ...`, and its other keys two blanks further in")


def names_in(data: Any) -> set[str]:
    """The names of all settings that stand in it."""
    return {name for _, name in settings_named(data)}


def undeclared(document: Document, data: Any, declared: Mapping[str, str]) -> Iterator[Fault]:
    """`$NAME` for which the file has no value, and one inside a longer text; in free text both may be meant so."""
    for loc, text, name in _signs(data) if "$" in document.text else ():
        free = _FREE_TEXT.intersection(map(str, loc)) or ({"catches", "spares"} & {*loc} and _TEXTS & {*loc})
        whole = text == f"${name}"
        if free or whole is (name in declared) or (not whole and "matches" in loc):
            continue
        # A bare list of rules is read as a file of them; its places are those of the list.
        place = loc if isinstance(document.data, dict) else loc[1:]
        if not whole:
            what = f"${name} is not filled in here: a setting stands for a whole value only"
            yield document.fault(place, what, "leave it, if the sign is meant", warning=True)
            continue
        hint = nearest(name, declared) if declared else f"write the value itself, or settings: {{{name}: VALUE}} on top"
        if _TEXTS & {*loc}:
            hint += f"; with the sign itself: matches: '^\\${name}$'"
        yield document.fault(place, f"no setting {name!r} is declared at the top of this file", hint)


_FREE_TEXT = frozenset(("because", "source", "about", "label", "ring", "test"))
_TEXTS: frozenset[str | int] = frozenset(("display_name", "domain", "user_agent", "header"))  # of a call


def filled_in(data: Any, values: Mapping[str, str]) -> Any:
    """The data of a pack with each ``$NAME`` replaced by its value."""
    if not values:
        return data
    if isinstance(data, dict):
        return {key: filled_in(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [filled_in(value, values) for value in data]
    if isinstance(data, str) and (found := _SETTING.fullmatch(data)):
        return values.get(found[1], data)
    return data
