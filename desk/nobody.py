"""What stands in a column of reporters where nobody is named: each such word would be one person who complains."""

from __future__ import annotations

import re
from typing import Final

from rules.numbering.numbers import ANONYMOUS_WORDS
from rules.numbering.spelling import fold

# Empty cells as programs write them, and what people put into a field that wants something.
_WORDS: Final = ANONYMOUS_WORDS.union(
    ("na", "n/a", "n.a", "n/d", "n/v", "nan", "nil", "null", "none", "undefined", "missing", "empty", "blank", "tbd"),
    ("xxx", "notknown", "notgiven", "notprovided", "notavailable", "notapplicable", "nobody"),
    ("unbekannt", "anonym", "keineangabe", "keineangaben", "k.a", "unterdrückt", "niemand"),
    ("inconnu", "anonyme", "masqué", "privé", "sconosciuto", "anonimo", "ignoto", "privato"),
    ("desconocido", "anónimo", "desconhecido", "anônimo", "privado", "oculto"),
    ("неизвестно", "неизвестный", "аноним", "анонимно", "скрыт", "нет"),
    ("无", "無", "空", "不详", "不詳", "不明", "匿名", "未知", "未提供", "隐藏", "非通知", "なし", "अज्ञात"),
)
# Faults of a spreadsheet, in whatever language: #N/A, #REF!, #DIV/0!, #NV, #BEZUG!, #¡REF!
_FAULT: Final = re.compile(r"#\s*(?:n/?[avd]|nv|[¡]?[^\W\d]+(?:/0)?[!?]|(?:div/0!?))", re.IGNORECASE)
_MASK: Final = "*•●＊█▒░∗⁎"
_MASKED: Final = re.compile(  # 030123XXXX, xxx-xxx-9990
    rf"[{re.escape(_MASK)}]|[+(]*[0-9][0-9 ().-]*(?:[xX]{{2,}}|[?_#]{{2,}}|[.…]{{3,}})[0-9 ().xX?_#-]*"
    r"|\+?[xX?_#]{3,}[0-9xX -]*"
)
_BLANKS: Final = re.compile(r"[\s_]+")


def says_nobody(text: str) -> str:
    """Why the text names no person; nothing where it may name one."""
    folded = _BLANKS.sub("", fold(text)).casefold().strip(".,;:()[]<>\"'!?")
    if not any(sign.isalnum() for sign in folded) or folded in _WORDS or _FAULT.fullmatch(fold(text).strip()):
        return "names nobody"
    if _MASKED.search(text) if any(sign in _MASK for sign in text) else _MASKED.fullmatch(text):
        return "is masked, and others look the same"
    return ""
