"""Numbers as they were written before their plan changed, where the plan of today has none that is written so.

Carriers, messengers and address books send and keep them for years. Whoever has the number has it in both spellings.
"""

from __future__ import annotations

import re
from typing import Final

# Without their plus, by their first digits. Each is one number, and no slip of a digit makes another one's of it.
_BEFORE: Final = {
    # Mexico: 1 before mobiles from abroad, 01, 044 and 045 within, until August 2019 (IFT); none begins with 0 or 1.
    "52": (re.compile(r"52(?:0?1|04[45])([2-9][0-9]{9})"), "52"),
    # Benin: eight digits until 30 November 2024, when 01 was put before all of them (ARCEP); none began with 0 or 1.
    "22": (re.compile(r"229([2-9][0-9]{7})"), "22901"),
}
# Brazil: mobiles got a 9 behind their area code until November 2016 (Anatel). A mobile of today that lost its last
# digit looks just so: this is only what to write.
_NINTH_DIGIT: Final = re.compile(r"55([1-9][0-9])([689][0-9]{7})")
# Italy: the 0 of an area code was dialled within the country only until 1998. Without it a digit may be lost as well.
_ZERO: Final = re.compile(r"39([124-9][0-9]{5,9})")
_NO_ZERO: Final = re.compile(
    r"390(3[0-9]{8,9})"
)  # nor has a mobile had one since 2001, and +39 (0) is written all the same


def as_written_now(digits: str) -> str:
    """The digits behind a plus as the plan writes them today; nothing where they are in no old spelling."""
    before = _BEFORE.get(digits[:2])
    found = before[0].fullmatch(digits) if before else None
    return before[1] + found[1] if before and found else ""


def could_be_now(digits: str) -> str:
    """What may be meant by digits behind a plus that no plan has; nothing where nobody knows."""
    if found := _NINTH_DIGIT.fullmatch(digits):
        return f"55{found[1]}9{found[2]}"
    if found := _NO_ZERO.fullmatch(digits):
        return f"39{found[1]}"
    return f"390{found[1]}" if (found := _ZERO.fullmatch(digits)) else ""
