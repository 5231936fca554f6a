"""The number in what a source knows a reporter by: beside a name, or with a sign too many. A file number is a name."""

from __future__ import annotations

import re
from typing import Final

from desk.faults import ComplaintError
from rules.numbering.groups import NO_NUMBER, without_slash
from rules.numbering.spelling import fold, fold_as_seen, without_separators
from rules.numbering.spoilt import NoExtension, SpoiltNumber
from rules.numbering.typed import SpellingFault, UndecidedHome, decided, one_typed
from rules.numbering.within import is_torn
from rules.texts.bad_value import BadValue

# A number among words, in brackets or not; behind it may stand what a PBX dials.
_IN_WORDS: Final = re.compile(
    r"(?:(?<![A-Za-z0-9_-])\+?|\(\+?)[0-9][0-9 ().-]{5,}[0-9]"
    r"(?:(?![A-Za-z0-9_])|(?=[xXpPwW][0-9]{1,6}(?![A-Za-z0-9])))"
)
_GOES_ON: Final = re.compile(r"[ ().-]*[0-9]")
_SLASHED: Final = re.compile(r"(?<![A-Za-z0-9_/-])\+?[0-9][0-9 ]*/[0-9][0-9 -]*[0-9](?![A-Za-z0-9_/])")
# Groups of digits with more between them than stands in the middle of a word.
_PARTED: Final = re.compile(r"[^\s,;|/&、，；／·]*[0-9]{2,}[^\s,;|/&、，；／·]*")
_DIGITS: Final = re.compile(r"[0-9]+")
_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:[.,'’`\s][0-9]{3}){2,}")
_CENTS: Final = re.compile(r"(.+)\.0{1,2}")
_LOOK_ALIKE: Final = str.maketrans("OoIl", "0011")
_SIGNS: Final = re.compile(r"[_\s.]+")
_SPOILT: Final = re.compile(r"\+?[0-9]{7,}")
_BEHIND: Final = re.compile(r"(\+?[0-9][0-9 ().-]{3,}[0-9])\s*(?:转|轉|分机|ext\.?|x|#)\s*[0-9]*#?", re.IGNORECASE)
_SHORTEST_ODD: Final = 7  # digits in a row


def is_number_in(text: str, country: str) -> bool:
    """Is it a number in the plan of this country, or could it be several there?"""
    try:
        number = one_typed(text, country, called=True)
    except NoExtension:
        return False
    except SpoiltNumber:
        return True
    except ValueError:
        return False
    return number.kind not in NO_NUMBER


def is_odd_number(text: str, home: str) -> bool:
    """Is it a number with something about it that makes it none: 13800138000.0, 13'800'138'000, ++86, l38OO138OOO?"""
    folded = fold(text).strip()
    homes = home.split() or [""]
    plain = _SIGNS.sub("", fold_as_seen(text))  # +33_4_15, in Chinese digits, or each digit apart
    spoilt = _SPOILT.fullmatch(plain) is not None and plain != without_separators(folded)
    if spoilt and any(is_number_in(plain, each) for each in homes):
        return True
    if (behind := _BEHIND.fullmatch(folded)) and any(is_number_in(behind[1], each) for each in homes):
        return True
    meant = folded.translate(_LOOK_ALIKE)
    if meant != folded and not any(sign.isalpha() for sign in meant):
        return any(is_number_in(meant, each) for each in homes)
    if any(sign.isalpha() for sign in folded):
        return False
    longest = max(_DIGITS.findall(without_separators(folded) if "+" in folded else folded), key=len, default="")
    if "+" in folded[:4] and len(longest) >= _SHORTEST_ODD:
        return True
    if _THOUSANDS.fullmatch(folded):
        return True
    cents = _CENTS.fullmatch(folded)
    runs = [longest] if len(longest) >= _SHORTEST_ODD else []
    return any(is_number_in(each, country) for each in [*runs, *([cents[1]] if cents else ())] for country in homes)


def number_beside(text: str, home: str) -> str:
    """The number beside a name: however the name is written, it is one person. Empty where there is none.

    Two numbers are two people, and would count as one under a name that is neither's.
    Digits with a hyphen between them are the name that many sources give: 2026-00123.
    """
    folded = _SLASHED.sub(lambda found: without_slash(found[0], decided(home)), fold(text))
    several = False
    found: dict[str, BadValue | None] = {}
    for place in _IN_WORDS.finditer(folded):
        run = place[0].strip()
        if is_torn(folded, place.start(), place.end()):
            raise ComplaintError("reporter", "it has a letter or a sign within its number; write the digits alone")
        if _GOES_ON.match(folded, place.end()) and not run.isdigit():
            continue  # 0755 1234 5678abc holds no 0755 1234
        try:
            number = one_typed(run, home, called=True)
        except NoExtension:
            continue  # a customer's number
        except (UndecidedHome, SpoiltNumber) as error:
            found[run] = error
        except SpellingFault:
            several |= " " in run or "(" in run
        else:
            if number.canonical and number.kind not in NO_NUMBER:
                found[number.canonical] = None
    bare = not any(sign.isalpha() for sign in folded)
    if len(found) > 1 or several or (bare and len(_PARTED.findall(folded)) > 1):
        what = "it holds more than one number; file a complaint for each person"
        raise ComplaintError("reporter", what)
    for canonical, fault in found.items():
        if fault is None:
            return canonical
        if isinstance(fault, SpoiltNumber) or any(is_number_in(canonical, each) for each in home.split()):
            raise ComplaintError("reporter", str(fault)) from fault
    return ""
