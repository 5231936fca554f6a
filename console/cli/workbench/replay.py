"""`ringfence replay`: what a replay found, as people read it and as programs do: whom it must not hit, what changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.cli.options import shown_time
from ringfence.replays import Progress, Replayed
from rules.language.rule_paths import find
from rules.records.replay import SAMPLES, Group, Replay, Watched

_ROWS, _EVERY = 20, 1_000_000  # lines of one kind; with --all


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar on standard error, where people watch."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("past calls"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def candidate_files(words: list[str]) -> list[Path] | None:
    """The rule files of a candidate: files, or folders with all their *.yaml; none: what ringfence.yaml names."""
    if not words:
        return None
    found: list[Path] = []
    for word in words:
        path = Path(word)
        found += find(path, "*.yaml").files if path.is_dir() else [path]
    return found


def as_text(replayed: Replayed, zone: str, *, every: bool = False) -> str:
    """The report; with `every` each call that changes and each rule."""
    replay, rows = replayed.replay, _EVERY if every else _ROWS
    if not replay.read:
        return "There are no past calls to judge."
    parts = [
        few(replay),
        allow_lists(replay),
        flips(replay, rows),
        rules(replay, rows),
        observed(replay, rows),
        dead(replay, rows),
        what_was_read(replayed, zone),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def few(replay: Replay) -> list[str]:
    """That not everything is told."""
    if not replay.least:
        return []
    return [
        f"What fewer than {replay.least} callers did is left out (privacy.least_callers), and nobody is named: "
        "that is for who may see numbers in full."
    ]


def allow_lists(replay: Replay) -> list[str]:
    """Callers on an allow list that the candidate would hit."""
    calls, new = replay.from_allow_lists
    if not calls:
        return ["Callers on an allow list: none is hit."]
    lines = [f"Callers on an allow list that it would hit: {count(calls)}, of which {new:,} ring now."]
    for (name, action, rule), group in _sorted(replay.allowed):
        lines.append(f"  on {name}: {action} by {rule}: {count(group.calls)}{samples(group)}")
    return lines


def flips(replay: Replay, most: int = _ROWS) -> list[str]:
    """Verdicts that change."""
    against = f"beside the live rules ({replay.live.revision})" if replay.live else "beside what was decided then"
    if not replay.changed:
        return [f"Nothing changes {against}."]
    lines = [f"{count(replay.changed)} {'changes' if replay.changed == 1 else 'change'} {against}:"]
    for (before, after, rule), group in _sorted(replay.flips)[:most]:
        lines.append(f"  {before} -> {after}, {rule or 'by nothing'}: {count(group.calls)}{samples(group)}")
    if (rest := len(replay.flips) - most) > 0:
        lines.append(f"  and {rest} more kinds")
    share = 100 * replay.share_newly_caught
    lines.append(
        f"Caught: {replay.caught:,} of {replay.judged:,}, before {replay.caught_before:,}; newly caught "
        f"{replay.newly:,}{' (or left open)' if replay.left_open else ''}, {share:.2f} %."
    )
    return lines


def rules(replay: Replay, most: int = _ROWS) -> list[str]:
    """What each rule did."""
    rows = rule_rows(replay)
    if not rows:
        return []
    width = max(len(row["rule"]) for row in rows[:most])
    head = f"  {'rule':{width}}  {'held':>9}  {'acted':>9}  {'decided':>9}  {'alone':>9}"
    lines = ["Rules (alone: without it these calls would fare otherwise):", head]
    for row in rows[:most]:
        figures = "".join(f"  {row[name]:>9,}" for name in ("held", "acted", "decided", "alone"))
        lines.append(f"  {row['rule']:{width}}{figures}")
    if len(rows) > most:
        lines.append(f"  and {len(rows) - most} more; --json shows all")
    return lines


def observed(replay: Replay, most: int = _ROWS) -> list[str]:
    """What the rules that only observe would have changed, each of them live by itself."""
    found = [(name, one) for name, one in sorted(replay.watched.items()) if one.held]
    lines = []
    for name, one in sorted(found, key=lambda item: (-item[1].changed, item[0]))[:most]:
        lines.append(f"  {name}: held on {count(one.held)}; {one.changed:,} would change, {_allowed(one)}")
        for (before, after, rule), group in _sorted(one.would):
            by = f" by {rule}" if rule != name else ""
            lines.append(f"    {before} -> {after}{by}: {count(group.calls)}{samples(group)}")
        for listed, group in sorted(one.allowed.items()):
            lines.append(f"    on {listed}: {count(group.calls)}{samples(group)}")
    if len(found) > most:
        lines.append(f"  and {len(found) - most} more; --json shows all")
    return ["If the rules that only observe went live, each by itself:", *lines] if lines else []


def _allowed(one: Watched) -> str:
    return f"{one.from_allow_lists:,} of them from allow lists" if one.from_allow_lists else "none from an allow list"


def dead(replay: Replay, most: int = _ROWS) -> list[str]:
    """Rules that held for no call."""
    names = replay.dead
    if not names:
        return []
    more = f" and {len(names) - most} more" if len(names) > most else ""
    many = f" of {replay.least} callers" if replay.least else ""
    return [f"Rules that held for no call{many}: {', '.join(names[:most])}{more}."]


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
    """A few of the calls, or each on a line of its own; none where they are hidden."""
    named = [f"{caller} ({decision})" for caller, decision in group.samples]
    if group.most > SAMPLES:
        return "".join(f"\n      {each}" for each in named)
    return f"; {', '.join(named)}" if named else ""


def count(calls: int) -> str:
    """How many calls."""
    return f"{calls:,} call{'' if calls == 1 else 's'}"


def _sorted(groups: dict[tuple[str, str, str], Group]) -> list[tuple[Any, Group]]:
    return sorted(groups.items(), key=lambda item: (-item[1].calls, item[0]))


def as_data(replayed: Replayed) -> dict[str, Any]:
    """For programs; callers are masked."""
    replay, span, seconds = replayed
    caught, new = replay.from_allow_lists
    return {
        "candidate": replay.candidate.revision,
        "least_callers": replay.least or None,
        "live": replay.live.revision if replay.live else None,
        "allow_lists": {"calls": caught, "new": new, "groups": _groups(replay.allowed, ("list", "to", "rule"))},
        "changed": replay.changed,
        "flips": _groups(replay.flips, ("from", "to", "rule")),
        "caught": {"before": replay.caught_before, "after": replay.caught, "newly": replay.newly},
        "newly_caught_percent": round(100 * replay.share_newly_caught, 3),
        "rules": rule_rows(replay),
        "observed": [
            {
                "rule": name,
                "calls": one.held,
                "would_change": one.changed,
                "from_allow_lists": one.from_allow_lists,
                "changes": _groups(one.would, ("from", "to", "rule")),
                "allow_lists": [
                    {"list": listed, "calls": group.calls, "samples": _samples(group)}
                    for listed, group in sorted(one.allowed.items())
                ],
            }
            for name, one in sorted(replay.watched.items())
        ],
        "dead": replay.dead,
        "lacking_facts": replay.lacking,
        "read": {
            "calls": replay.read,
            "judged": replay.judged,
            "in_log": span.in_log if span else None,
            "from": replay.first or None,
            "until": replay.last or None,
            "could_not_be_judged": dict(replay.unusable),
            "left_open": replay.left_open,
            "left_open_by_rule": dict(replay.unclear),
            "judged_otherwise_then": replay.otherwise,
            "seconds": round(seconds, 3),
        },
    }


def _groups(groups: dict[tuple[str, str, str], Any], names: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        {
            **dict(zip(names, key, strict=True)),
            "calls": group.calls,
            "new": group.new,
            "samples": _samples(group),
        }
        for key, group in sorted(groups.items(), key=lambda item: -item[1].calls)
    ]


def _samples(group: Group) -> list[dict[str, str]]:
    return [{"caller": caller, "decision": decision} for caller, decision in group.samples]


def rule_rows(replay: Replay) -> list[dict[str, Any]]:
    """What each rule that held for any call did, the most telling first."""
    rows = [
        {
            "rule": rule.name,
            "held": replay.matched[rule.name],
            "acted": replay.acted[rule.name],
            "decided": replay.decided[rule.name],
            "alone": replay.alone[rule.name],
            "place": rule.place,
        }
        for rule in replay.candidate.rules
        if replay.matched[rule.name]
    ]
    return sorted(rows, key=lambda row: (-row["alone"], -row["held"], row["rule"]))
