"""Numbers in what a command shows: masked; in full for who says why, so many in an hour, several with a second one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

from console.cli.noted import note_unmasking

if TYPE_CHECKING:
    from ringfence.installation import Installation

T = TypeVar("T")
Unmasked = Annotated[
    bool, typer.Option("--unmasked", help="Show numbers in full; several at once take two persons. Needs --reason.")
]
Why = Annotated[str, typer.Option("--reason", help="Why they have to be seen in full; it stands in the audit.")]


class InFull(NamedTuple):
    """What somebody asks to see in full."""

    by: str  # which command, for the audit
    asked: object  # with which arguments: what was confirmed is good for the same ones
    unmasked: bool
    reason: str

    @property
    def wanted(self) -> bool:
        """Is it asked for at all?"""
        return self.unmasked or bool(self.reason)


async def sight(here: Installation, wanted: InFull, numbers: Sequence[str]) -> Callable[[Any], Any]:
    """How a value with these numbers is shown to whoever runs the command, which stands in the audit before it is."""
    from desk.showing import as_shown

    clear = wanted.wanted and any(numbers)
    if clear:
        await see_in_full(here, wanted, numbers)
    return lambda value: as_shown(value, here.home, clear=clear)


async def see_in_full(here: Installation, wanted: InFull, numbers: Sequence[str]) -> None:
    """Raises, unless whoever runs this may see these numbers now."""
    from desk.unmasking import need_reason
    from ringfence.people.door import ask_one_of
    from ringfence.people.rights import Right
    from rules.audit.second import confirmed
    from rules.records.privacy import pseudonym

    ask_one_of(here.who, [Right.NUMBERS_UNMASK])
    need_reason(wanted.reason)
    seen, how = list(dict.fromkeys(here.keys.hide(number) for number in numbers if number)), ""
    if len(seen) > 1:  # one at a time is one person's to see
        told = {"asked": pseudonym(here.keys.pseudonym, repr(wanted.asked))}
        about, why = f"numbers of {wanted.by} in full", f"{wanted.reason.strip()} ({len(seen)} numbers)"
        how = await here.second.ask("unmask", about, told, actor=here.actor, reason=why)
    with confirmed(how):
        await note_unmasking(here, "number", seen, by=wanted.by, reason=wanted.reason)
