"""What the North American plan itself says of a number, whichever area codes phonenumbers knows by now.

Area codes go into service each year, and callers have numbers in them before a release of the library knows them.
"""

from __future__ import annotations

import re
from typing import Final

CALLING_CODE: Final = "1"
_LENGTH: Final = 10  # digits, of all its numbers
# NXX-NXX-XXXX. N11 are service codes, N9X is kept for longer numbers, 37X and 96X are set aside.
_SHAPE: Final = re.compile(r"(?!.11)(?!37|96)[2-9][0-8][0-9](?!.11)[2-9][0-9]{6}")


def allows(national: str) -> bool:
    """May the plan give somebody this number, written without its 1?"""
    return len(national) == _LENGTH and _SHAPE.fullmatch(national) is not None
