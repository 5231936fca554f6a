"""What a person wrote cannot be used: what is wrong with it and what would be right, apart from each other."""

from __future__ import annotations


class BadValue(ValueError):
    """What is wrong with a value, and what would be right. Not compiled, since others build on it (mypyc)."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what}; {hint}" if hint else what)
        self.what = what
        self.hint = hint
