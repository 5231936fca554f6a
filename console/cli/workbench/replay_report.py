"""What a replay found, as people read it: whom it must not hit, what changes, rule by rule, and what stays open."""

from __future__ import annotations

from typing import Any

from console.cli.options import shown_time
from console.cli.workbench.replay import Replayed, rule_rows
from rules.records.replay import Group, Replay, Watched

_ROWS = 20


def as_text(replayed: Replayed, zone: str) -> str:
    """The whole report."""
    replay = replayed.replay
    if not replay.read:
        return "There are no past calls to judge."
    parts = [
        allow_lists(replay),
        flips(replay),
        rules(replay),
        observed(replay),
        dead(replay),
        what_was_read(replayed, zone),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def allow_lists(replay: Replay) -> list[str]:
    """Callers on an allow list that the candidate would hit."""
    calls, new = replay.from_allow_lists
    if not calls:
        return ["Callers on an allow list: none is hit."]
    lines = [f"Callers on an allow list that it would hit: {count(calls)}, of which {new:,} ring now."]
    for (name, action, rule), group in _sorted(replay.allowed):
        lines.append(f"  on {name}: {action} by {rule}: {count(group.calls)}; {samples(group)}")
    return lines


def flips(replay: Replay) -> list[str]:
    """Verdicts that change."""
    against = f"beside the live rules ({replay.live.revision})" if replay.live else "beside what was decided then"
    if not replay.changed:
        return [f"Nothing changes {against}."]
    lines = [f"{count(replay.changed)} change {against}:"]
    for (before, after, rule), group in _sorted(replay.flips)[:_ROWS]:
        lines.append(f"  {before} -> {after}, {rule or 'by nothing'}: {count(group.calls)}; {samples(group)}")
    if (rest := len(replay.flips) - _ROWS) > 0:
        lines.append(f"  and {rest} more kinds")
    share = 100 * replay.share_newly_caught
    lines.append(
        f"Caught: {replay.caught:,} of {replay.judged:,}, before {replay.caught_before:,}; newly caught "
        f"{replay.newly:,}{' (or left open)' if replay.left_open else ''}, {share:.2f} %."
    )
    return lines


def rules(replay: Replay) -> list[str]:
    """What each rule did."""
    rows = rule_rows(replay)
    if not rows:
        return []
    width = max(len(row["rule"]) for row in rows[:_ROWS])
    head = f"  {'rule':{width}}  {'held':>9}  {'acted':>9}  {'decided':>9}  {'alone':>9}"
    lines = ["Rules (alone: without it these calls would fare otherwise):", head]
    for row in rows[:_ROWS]:
        figures = "".join(f"  {row[name]:>9,}" for name in ("held", "acted", "decided", "alone"))
        lines.append(f"  {row['rule']:{width}}{figures}")
    if len(rows) > _ROWS:
        lines.append(f"  and {len(rows) - _ROWS} more; --json shows all")
    return lines


def observed(replay: Replay) -> list[str]:
    """What the rules that only observe would have changed, each of them live by itself."""
    found = [(name, one) for name, one in sorted(replay.watched.items()) if one.held]
    lines = []
    for name, one in sorted(found, key=lambda item: (-item[1].changed, item[0]))[:_ROWS]:
        lines.append(f"  {name}: held on {count(one.held)}; {one.changed:,} would change, {_allowed(one)}")
        for (before, after, rule), group in _sorted(one.would):
            by = f" by {rule}" if rule != name else ""
            lines.append(f"    {before} -> {after}{by}: {count(group.calls)}; {samples(group)}")
        for listed, group in sorted(one.allowed.items()):
            lines.append(f"    on {listed}: {count(group.calls)}; {samples(group)}")
    if len(found) > _ROWS:
        lines.append(f"  and {len(found) - _ROWS} more; --json shows all")
    return ["If the rules that only observe went live, each by itself:", *lines] if lines else []


def _allowed(one: Watched) -> str:
    return f"{one.from_allow_lists:,} of them from allow lists" if one.from_allow_lists else "none from an allow list"


def dead(replay: Replay) -> list[str]:
    """Rules that held for no call."""
    names = replay.dead
    if not names:
        return []
    more = f" and {len(names) - _ROWS} more" if len(names) > _ROWS else ""
    return [f"Rules that held for no call: {', '.join(names[:_ROWS])}{more}."]


def what_was_read(replayed: Replayed, zone: str) -> list[str]:
    """How much of the past this rests on."""
    replay, span, seconds = replayed
    pace = f" in {seconds:.1f} s"
    if span is None:
        lines = [f"Read {count(replay.read)} of the file{pace}; judged {replay.judged:,}."]
    else:
        share = 100 * replay.read / span.in_log if span.in_log else 0.0
        between = f", {shown_time(replay.first, zone)} to {shown_time(replay.last, zone)}" if replay.judged else ""
        lines = [f"Read {count(replay.read)}, {share:.1f} % of the log{between}{pace}; judged {replay.judged:,}."]
    lines += [f"  {number:,} not: {why}" for why, number in replay.unusable.most_common()]
    for name, number in replay.unclear.most_common(_ROWS):
        lines.append(f"  {number:,} left open: {name} asks for digits of the called number, which no record keeps")
    for fact, names in sorted(replay.lacking.items()):
        asked = f"{', '.join(names[:5])} {'ask' if len(names) > 1 else 'asks'}"
        lines.append(f"  no record holds the fact {fact}, for which {asked}: it was not measured then")
    if replay.otherwise:
        lines.append(f"  {replay.otherwise:,} were judged otherwise then: lists, settings or rules have changed since")
    return lines


def samples(group: Group) -> str:
    """A few of the calls."""
    return ", ".join(f"{caller} ({decision})" for caller, decision in group.samples)


def count(calls: int) -> str:
    """How many calls."""
    return f"{calls:,} call{'' if calls == 1 else 's'}"


def _sorted(groups: dict[tuple[str, str, str], Group]) -> list[tuple[Any, Group]]:
    return sorted(groups.items(), key=lambda item: (-item[1].calls, item[0]))
