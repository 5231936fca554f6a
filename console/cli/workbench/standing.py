"""Where a checked rule set stands: what it would have changed yesterday, and whether it is live."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

from console.cli.workbench.replay import DAY_S, live_ruleset, replay_log
from ringfence.live_rules import live_revision
from ringfence.rulebook import Rulebook
from rules.language.source import RuleError

MOST = 10_000  # of the newest calls: an author waits for the answer


class Standing(NamedTuple):
    """What check says of the past and of what is live."""

    calls: int  # that were read
    cut: bool  # were there more yesterday than these?
    changed: int
    from_allow_lists: int  # callers on an allow list that it catches, who ring now
    live: int | None  # the live revision; None: nothing was ever put live
    is_live: bool
    unsound: bool = False  # what is live no longer fits ringfence.yaml

    def as_text(self) -> str:
        """The end of check's last line."""
        when = f"the last {self.calls:,} calls:" if self.cut else "yesterday:"
        if self.is_live:
            return self._live()
        if not self.calls:
            past = "yesterday: no calls"
        elif not self.changed:
            past = f"{when} no call changes"
        else:
            change = "1 call changes" if self.changed == 1 else f"{self.changed:,} calls change"
            past = f"{when} {change}, {self.from_allow_lists:,} from allow lists"
        return f"{past}; {self._live()}"

    def _live(self) -> str:
        if self.live is None:
            return "nothing is live yet"
        if self.is_live:
            return f"live as revision {self.live}"
        return f"not live, revision {self.live} is{', which no longer fits ringfence.yaml' if self.unsound else ''}"

    def as_data(self) -> dict[str, Any]:
        """The same for programs."""
        return self._asdict()


def standing(file: Path, book: Rulebook) -> Standing:
    """Judge yesterday's calls, the newest of them where they are many, by these rules and by the live ones."""
    revision = live_revision(file, book.configuration)
    number = revision.number if revision else None
    if revision is not None and revision.hash == book.ruleset.revision:
        return Standing(0, False, 0, 0, number, True)
    try:
        ruleset, unsound = live_ruleset(file), False
    except RuleError:
        ruleset, unsound = None, True
    found = replay_log(file, book, ruleset, since=time.time() - DAY_S, most=MOST)
    replay, span = found.replay, found.span
    cut = span is not None and span.to_read == MOST < span.in_log
    return Standing(replay.read, cut, replay.changed, replay.from_allow_lists[1], number, False, unsound)
