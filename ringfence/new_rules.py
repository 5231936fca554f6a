"""The first text of a rule: a recipe under a name of one's own, or what a recorded call had in common with others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from rules.language.faults import nearest
from rules.language.source import load_document, shipped
from rules.numbering.typed import read_spelling
from rules.records.decisions import Decision
from rules.texts.bad_value import BadValue
from rules.texts.unseen import spelt_out

SOMEBODY: Final = "+12025550100"  # a number that is kept for fiction
_SCHEMA: Final = "# yaml-language-server: $schema=../schema/rules.json\n"
_PLAIN: Final = re.compile(r"[A-Za-z0-9+][A-Za-z0-9+._/-]*")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LONGEST: Final = 400  # characters of a text that a rule asks for
_LAST: Final = 3  # digits of a number that its neighbours have not
BY: Final = ("caller", "block", "display_name", "user_agent", "domain")


class Recipe(NamedTuple):
    """One file of config/recipes."""

    name: str
    about: str
    needs: str
    text: str


def recipes() -> list[Recipe]:
    """All of them, by name."""
    return [_recipe(path) for path in sorted(shipped("recipes").glob("*.yaml"))]


def recipe_named(name: str) -> Recipe:
    """The one of this name. BadValue: there is none."""
    path = shipped(f"recipes/{name}.yaml")
    if not (_NAME.fullmatch(name) and path.is_file()):
        raise BadValue(
            f"there is no recipe {name!r}", nearest(name, [each.stem for each in path.parent.glob("*.yaml")])
        )
    return _recipe(path)


def _recipe(path: Path) -> Recipe:
    document = load_document(path)
    needs = re.search(r"^# Needs in ringfence\.yaml: (.*)$", document.text, re.MULTILINE)
    return Recipe(path.stem, document.data["about"], needs[1] if needs else "", document.text)


def named_rule(name: str) -> str:
    """The name of a new rule. BadValue: no rule may bear it."""
    if not _NAME.fullmatch(name):
        raise BadValue(f"{name!r} is no name of a rule", "write letters, digits, - _ or ., 64 at most: loans-at-night")
    return name


def from_recipe(name: str, recipe: Recipe) -> str:
    """The recipe with its rule under another name."""
    text, found = re.subn(r"^- rule: .*$", f"- rule: {named_rule(name)}", recipe.text, count=1, flags=re.MULTILINE)
    assert found, recipe.name
    return text


def from_call(name: str, decision: Decision, by: str) -> str:
    """A rule that watches for calls like a recorded one. BadValue: the call has not what it is to be told by."""
    facts = decision.facts
    example: dict[str, Any] = {"from": decision.caller or "anonymous", "trunk": decision.trunk}
    if by in ("caller", "block"):
        if not decision.caller:
            raise BadValue("the call shows no number", f"tell it by {', '.join(BY[2:])}")
        one = {"exact": decision.caller} if by == "caller" else {"starts_with": _block(decision.caller)}
        when: dict[str, Any] = {"caller": one}
    else:
        text = str(facts.get(by, ""))
        if not text or "*" in text:
            what = "is kept without its digits" if text else "is none of this call's"
            raise BadValue(f"{by} {what}", "tell it by something else")
        asked, shown = just_this(text)
        when, example = {by: asked}, {"from": SOMEBODY, by: shown, "trunk": decision.trunk}
    because = f"Calls like the one of decision {decision.id} are unwanted."
    return rule_text(name, because, when, catches=[example], spares=[{"from": SOMEBODY[:-1] + "1"}])


def just_this(text: str) -> tuple[Any, str]:
    """How a rule asks for a text that somebody sent, and one of its examples shows it: strangers choose these texts.

    A name behind $ stands for a setting; what is longer than a rule may ask for is told by its beginning.
    """
    if len(text) > _LONGEST:
        text = text[:_LONGEST].lstrip("$")
        return {"contains": text}, text
    if "*" not in text and re.fullmatch(r"\$[A-Za-z0-9_.-]+", text):
        return {"matches": f"^{re.escape(text)}$"}, text
    return text, text


def _block(number: str) -> str:
    start = number[: max(len(number) - _LAST, 4)]
    return f"{start}*" if ":" in start else read_spelling(start).first


def rule_text(
    name: str, because: str, when: dict[str, Any], *, catches: list[dict[str, Any]], spares: list[dict[str, Any]]
) -> str:
    """A whole file with one rule, which only watches until somebody promotes it."""
    lines = [f"- rule: {named_rule(name)}", f"  because: {_scalar(because)}", "  mode: observe", "  when:"]
    lines += [f"    {key}: {_flow(value)}" for key, value in when.items()]
    lines.append("  then: tag")
    for key, examples in (("catches", catches), ("spares", spares)):
        lines += [f"  {key}:", *(f"  - {_flow(example)}" for example in examples)]
    return _SCHEMA + "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    words = text.isascii() and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 .-]*", text) and text == text.strip()
    plain = words or _PLAIN.fullmatch(text)
    if plain and text not in ("~", "null", "Null", "NULL"):
        return text
    return spelt_out(json.dumps(text, ensure_ascii=False))
