"""Why what a partner offers is not taken: a word for programs, a sentence for people. What was taken before stays."""

from __future__ import annotations

from typing import Final

from rules.texts.bad_value import BadValue

WHAT: Final = {
    "root": "the file that he is held against is no root of a repository",
    "unreachable": "he cannot be reached",
    "address": "his web server is said to lie in a network that is not asked",
    "redirect": "his web server sends us elsewhere, and nobody follows",
    "slow": "fetching took too long",
    "signature": "it is not signed as it has to be",
    "rollback": "it is older than what was seen",
    "frozen": "nothing new was signed for a week: somebody may be keeping it from us, or a clock is wrong",
    "broken": "a file is not what was signed, or only part of it",
    "large": "it is larger than is taken",
    "rubbish": "it holds what no operator may say",
    "gap": "its versions do not follow from each other",
    "ours": "it would stop a range of our own numbers",
    "growth": "it grew by more than is taken without a person",
    "other": "it calls itself otherwise than we know it",
}


class Refused(Exception):
    """Nothing of the offer is taken."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{WHAT[code]}{f': {detail}' if detail else ''}")
        self.code = code


class ExchangeError(BadValue):
    """What somebody asked of the exchange cannot be done: what is wrong, and what would be right."""
