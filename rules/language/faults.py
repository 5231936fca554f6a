"""A mistake of an author as one clear sentence: the place, what is wrong, what would be right."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ValidationError

from rules.language.full_width import Sign
from rules.texts.bad_value import BadValue
from rules.texts.key_runs import without_keys

Location = tuple[int | str, ...]


class Fault(NamedTuple):
    """One mistake of an author: where it is, what is wrong, and what would be right."""

    file: str
    line: int  # 1-based; 0: the file as a whole
    column: int
    what: str
    hint: str = ""
    warning: bool = False  # a warning stops nothing

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        told = f"{'warning: ' if self.warning else ''}{without_keys(self.what)}"
        return f"{place}: {told}{'; ' if self.hint else ''}{self.hint}"


class RuleError(Exception):
    """A document cannot be used; ``faults`` says why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


class Placed(Protocol):
    """A document that knows where its parts stand (rules.language.source.Document)."""

    @property
    def file(self) -> str:
        """The name of the file."""

    def locate(self, loc: Iterable[int | str], *, value: bool = False) -> tuple[int, int]:
        """Line and column of the part that `loc` names."""

    def path(self, loc: Iterable[int | str]) -> Location:
        """The parts of `loc` that the document has."""

    def sign(self, line: int, column: int, path: Location) -> Sign | None:
        """A full-width sign in the value or key at this place."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint for a misspelt word: the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if not names:
        return "there is none to choose from"
    return f"known here: {', '.join(names[:40])}"


def faults_of(
    error: ValidationError, document: Placed, model: type[BaseModel] | None = None, *, within: Location = ()
) -> list[Fault]:
    """What is wrong with a document, by place.

    `model`, when given, lets unknown keys be compared with known ones; `within` is the part that was validated.
    """
    entries = [(document.path((*within, *entry["loc"])), entry) for entry in error.errors(include_url=False)]
    faults: dict[Location, Fault] = {}
    begun: set[int | str] = set()  # keys that a full-width sign hides
    for path, entry in entries:
        vague = len(path) < len(within) + len(entry["loc"]) and entry["type"] not in ("missing", "extra_forbidden")
        if vague and any(len(other) > len(path) and other[: len(path)] == path for other, _ in entries):
            continue  # another choice of the same union comes closer to what was meant
        key = (*path, entry["loc"][-1]) if entry["type"] == "missing" else path
        if key not in faults:
            what, hint = _sentence(entry, path, model)
            at_key = entry["type"] in ("missing", "extra_forbidden")
            line, column = document.locate(path, value=not at_key)
            sign = document.sign(line, column, path) if entry["type"] != "missing" else None
            if sign is not None:
                line, column, (what, hint) = sign.line, sign.column, sign.sentence()
                begun |= {str(entry["loc"][-1]).partition(sign.sign)[0]}
            faults[key] = Fault(document.file, line, column, what, hint)
    for key in [key for key in faults if key and key[-1] in begun and "is missing" in faults[key].what]:
        del faults[key]  # it is there, behind a sign that hides it
    return sorted(faults.values(), key=lambda fault: (fault.line, fault.column))


_EXPECTED = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "path_type": "the path of a file",
}
_CALL = "a call: {from: NUMBER, to: NUMBER}"


def _sentence(entry: Mapping[str, Any], path: Location, model: type[BaseModel] | None) -> tuple[str, str]:
    """What is wrong and what would be right, from one pydantic error."""
    kind, context = entry["type"], entry.get("ctx", {})
    name = next((part for part in (*reversed(path), *entry["loc"]) if isinstance(part, str)), "the file")
    shown = _shown(entry["input"])
    if kind == "extra_forbidden":
        word = str(entry["loc"][-1])
        return f"unknown key {word!r}", _key_hint(word, model, entry["loc"][:-1]) if model else ""
    if kind == "missing":
        key = str(entry["loc"][-1])
        return f"{key!r} is missing", f"add {key}: ..."
    if kind in ("literal_error", "enum"):
        choices = [choice.strip("'") for choice in str(context["expected"]).replace(" or ", ", ").split(", ")]
        return f"{name}: {shown} is none of the words allowed here", nearest(str(entry["input"]), choices)
    if kind in _EXPECTED:
        expected = _CALL if name in ("catches", "spares") and kind == "model_type" else _EXPECTED[kind]
        return f"{name}: {shown} is not what belongs here", f"write {expected}"
    if kind == "value_error":
        wrong = context["error"]
        return (f"{name}: {wrong.what}", wrong.hint) if isinstance(wrong, BadValue) else (f"{name}: {wrong}", "")
    bounds = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le", "less_than": "lt"}
    if kind in bounds:
        words = {"ge": "or more", "le": "or less", "gt": "at least a little more than", "lt": "less than"}
        sign, limit = bounds[kind], context[bounds[kind]]
        hint = f"write {limit} {words[sign]}" if sign in ("ge", "le") else f"write a number {words[sign]} {limit}"
        return f"{name}: {shown} is out of bounds", hint
    if kind == "too_short":
        return f"{name}: there is too little here", f"write at least {context['min_length']}"
    if kind == "string_too_short":
        return f"{name}: nothing stands here", "write some text, or leave the key out"
    if kind in ("too_long", "string_too_long"):
        unit = " characters" if isinstance(entry["input"], str) else ""
        return f"{name}: there is too much here", f"write at most {context['max_length']}{unit}"
    if kind == "string_pattern_mismatch":
        return f"{name}: {shown} is not spelt as it must be", f"it must fit {context['pattern']}"
    return f"{name}: {entry['msg'][:1].lower()}{entry['msg'][1:]}", ""


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "an empty value"
    text = str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _key_hint(word: str, model: type[BaseModel], loc: Sequence[int | str]) -> str:
    """The nearest key that is known here, or where the key belongs, or all that are known here."""
    known = _known_keys(model, loc)
    if (colon := re.match(r"([^:]+):", word)) and colon[1].strip() in known:
        return "put a space after the colon"
    hint = nearest(word, known)
    if not hint.startswith("did you mean") and (places := sorted(_places_of(word, model, set()))):
        return f"it stands under {' or '.join(places)}"
    return hint


def _places_of(word: str, model: type[BaseModel], seen: set[type[BaseModel]]) -> set[str]:
    """The keys under which a key may stand."""
    seen.add(model)
    found = set()
    for key, annotation in _fields(model).items():
        for inner in _models_in(annotation):
            if word in _fields(inner):
                found.add(key)
            if inner not in seen:
                found |= _places_of(word, inner, seen)
    return found


def _known_keys(model: type[BaseModel], loc: Sequence[int | str]) -> set[str]:
    """The keys that the model at `loc` knows."""
    models = [model]
    for part in loc:
        below = [m for known in models if part in (keys := _fields(known)) for m in _models_in(keys[str(part)])]
        models = below or models
    return {key for known in models for key in _fields(known)}


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a value of this type may hold, through lists, mappings and unions."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for inner in typing.get_args(annotation) for model in _models_in(inner)]
