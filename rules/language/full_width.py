"""Full-width signs where YAML needs ordinary ones: Chinese and Japanese keyboards write them, and they look alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

SIGNS: Final = {
    "：": ":",
    "，": ",",
    "、": ",",
    "｛": "{",
    "｝": "}",
    "［": "[",
    "］": "]",
    "【": "[",
    "】": "]",
    "“": '"',
    "”": '"',
    "„": '"',
    "＂": '"',
    "‘": "'",
    "’": "'",
    "＇": "'",
    "－": "-",
    "＃": "#",
    "％": "%",
    "　": " ",
    "；": ",",
    "～": "-",
    "．": ".",
}
_ALL: Final = "".join(SIGNS)
_NAMES: Final = {":": "colon", ",": "comma", "-": "hyphen", "#": "number sign", "%": "percent sign", " ": "blank"}
_NAMES_TOO: Final = {"{": "brace", "}": "brace", "[": "bracket", "]": "bracket", '"': "quote", "'": "quote", ".": "dot"}
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'')
_REMARK: Final = re.compile(r"(?:^|(?<=\s))#.*")
_KEY: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
# Where such a sign stands in place of one that YAML would heed, and not in the middle of a text.
_STRUCTURAL: Final = (
    re.compile(rf"(?:^[\s　]*(?:- +)*|[{{,｛，]\s*){_KEY}\s*(：)"),
    re.compile(rf"([，、；])\s*{_KEY}\s*[:：]"),
    re.compile(r"[:：\[{,，]\s*([｛［【])"),
    re.compile(r"[}\]]\s*([，、｝］】])"),
    re.compile(r"([｝］】])\s*(?:[,，}\]]|$)"),
    re.compile(r"^\s*(　)"),
    re.compile(r"[:：]\s*(　)"),
)
_AS_WRITTEN: Final = frozenset(  # keys whose text may hold any sign
    ("because", "source", "about", "label", "display_name", "user_agent", "header", "contains", "matches", "test")
)
_ABOVE: Final = 3  # lines above a fault of syntax in which its cause may stand


class Sign(NamedTuple):
    """A full-width sign and its place, both counted from 1."""

    line: int
    column: int
    sign: str
    before: str = ""  # what stands before it

    def sentence(self) -> tuple[str, str]:
        """What is wrong and what would be right."""
        ordinary = SIGNS[self.sign]
        name = (_NAMES | _NAMES_TOO)[ordinary]
        after = " and a blank" if ordinary in ":," and not self.before[-1:].isdigit() else ""
        shown = "" if ordinary == " " else f" {self.sign}"
        return f"a full-width {name}{shown} stands here", f"write an ordinary {ordinary!r}{after}"


def in_syntax(lines: Sequence[str], line: int) -> Sign | None:
    """The sign that most likely made a line, counted from 1, unreadable: in it or just above."""
    for number in range(min(line, len(lines)), max(0, line - 1 - _ABOVE), -1):
        bare = _bare(lines[number - 1])
        found = [match.start(1) for pattern in _STRUCTURAL for match in pattern.finditer(bare)]
        if found:
            return Sign(number, min(found) + 1, bare[min(found)], "key")
    return None


def in_value(lines: Sequence[str], line: int, column: int, path: Sequence[int | str]) -> Sign | None:
    """The first sign in the plain value or key that begins at a place; none where any text may stand."""
    if not 0 < line <= len(lines) or _AS_WRITTEN.intersection(map(str, path)):
        return None
    text = _REMARK.sub("", lines[line - 1][column - 1 :])
    if text[:1] in "\"'":
        return None
    if text[:1] in "{":
        return None
    # A list may be wrong as a whole; anything else ends where YAML would end it.
    plain = text.partition("]")[0] if text[:1] == "[" else re.split(r": |:$|[,\]}]", text)[0]
    for position, sign in enumerate(plain):
        if sign in _ALL:
            return Sign(line, column + position, sign, plain[:position])
    return None


def _bare(line: str) -> str:
    """The line with quoted texts and the remark blanked out."""
    line = _QUOTED.sub(lambda match: "x" * len(match[0]), line)
    return _REMARK.sub(lambda match: " " * len(match[0]), line)
