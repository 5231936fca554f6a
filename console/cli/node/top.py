"""`ringfence top`: what the running node does now, drawn again and again in the terminal, or as JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from console.cli.answers import harmless
from ringfence.control import ControlError
from ringfence.watching import Figures, Moment, Quantiles, Seen, Watching, look

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH: Final = 80
_MOST_PEERS: Final = 30
_UP, _DOWN = "green", "red"


# ---- for people ----------------------------------------------------------------------------------------------------


def drawn(seen: Seen, moment: Moment) -> RenderableType:
    """All of it, in 80 columns."""
    from rich.console import Group
    from rich.text import Text

    figures = seen.figures
    head = Text(f"Ringfence {figures['build']}, up {lasting(figures['up_s'])}", "bold", no_wrap=True)
    if figures["stopping"]:
        head.append("  stopping: new calls get 503", "bold red")
    clock = time.strftime("%H:%M:%S", time.localtime(seen.at))
    head.append(" " * max(1, WIDTH - len(head) - len(clock)) + clock, "dim")
    remarks = [Text(f"! {harmless(each)}", "yellow") for each in figures["remarks"]]
    return Group(head, "", *_now(figures, moment), "", _verdicts(figures, moment), _peers(seen), *remarks)


def _now(figures: Figures, moment: Moment) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text.assemble(
        *("calls ", (f"{moment.calls:,.1f}/s", "bold"), f"   in set-up {figures['in_setup']:,}"),
        f"   talking {figures['calls']:,}   memory {figures['memory_mib']:,.0f} MiB",
    )
    yield f"delay added  {_delays(moment.added)}    judging  {_delays(moment.judging)}"
    lost = f", {moment.lost:,.0f}/s lost" if moment.lost else ""
    full = 100 * figures["transactions"] / figures["most_transactions"]
    room = f"   no room {moment.no_room:,.0f}/s" if moment.no_room else ""
    queue = Text(f"queue {figures['queue']:,}{lost}   transactions {figures['transactions']:,} ({full:.0f} %){room}")
    if figures["bans"]:
        queue.append(f"   bans {figures['bans']:,}")
    queue.append(f"   stalls {figures['stalls']:,}   faults {figures['faults']:,}")
    yield queue
    if moment.answered:
        most = sorted(moment.answered.items(), key=lambda item: -item[1])[:6]
        yield "answered by the proxy  " + "   ".join(f"{status} {each:,.1f}/s" for status, each in most)


def _delays(found: Quantiles) -> str:
    return f"p50 {_duration(found.half, found.beyond)}  p99 {_duration(found.nearly_all, found.beyond)}"


def _duration(seconds: float | None, beyond: float) -> str:
    if seconds is None:
        return "-"
    if seconds > beyond:
        return f"> {beyond * 1000:g} ms"
    return f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.0f} us"


def _verdicts(figures: Figures, moment: Moment) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("verdict")
    for name in ("a second", "since start"):
        table.add_column(name, justify="right", min_width=14)
    for name, count in figures["verdicts"].items():
        table.add_row(name, f"{moment.verdicts[name]:,.1f}", f"{count:,}")
    table.add_row("emergency (of these)", f"{moment.emergency:,.1f}", f"{figures['emergency']:,}")
    return table


def _peers(seen: Seen) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not seen.peers:
        return Text("no peer is known", "dim")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in (("peer", 12), ("address", 24), ("state", 7)):
        table.add_column(name, max_width=width, no_wrap=True, overflow="ellipsis")
    for name in ("for", "calls"):
        table.add_column(name, justify="right", min_width=7, no_wrap=True)
    table.add_column("why", min_width=11, overflow="fold")  # alone gives way where the window is narrow
    for each in seen.peers[:_MOST_PEERS]:
        state = Text(each["state"], _UP if each["state"] == "up" else _DOWN)
        since = lasting(max(0.0, seen.at - each["since"]))
        table.add_row(each["peer"], each["address"], state, since, f"{each['calls']:,}", each["why"])
    if len(seen.peers) > _MOST_PEERS:
        table.add_row(f"and {len(seen.peers) - _MOST_PEERS:,} more", "`ringfence peers` shows all", "", "", "", "")
    return table


def lasting(seconds: float) -> str:
    """A time in the two units that matter."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {left}s" if minutes else f"{left}s"


# ---- for programs --------------------------------------------------------------------------------------------------


def as_data(seen: Seen, moment: Moment) -> dict[str, Any]:
    """The same as one object."""
    rates = {
        "calls": moment.calls,
        "verdicts": moment.verdicts,
        "emergency": moment.emergency,
        "answered": moment.answered,
        "no_room": moment.no_room,
        "queue_lost": moment.lost,
    }
    delays = {name: _as_data(each) for name, each in (("added", moment.added), ("judging", moment.judging))}
    return {**seen.figures, "at": seen.at, "a_second": rates, "delay_s": delays, "peers": list(seen.peers)}


def _as_data(found: Quantiles) -> dict[str, float | None]:
    """What took longer than can be measured is nothing that JSON has a number for: the last bound."""
    names = {"p50": found.half, "p99": found.nearly_all}
    return {name: None if each is None else min(each, found.beyond) for name, each in names.items()}


# ---- the command ---------------------------------------------------------------------------------------------------


def watch(control: Path, every_s: float, *, once: bool, as_json: bool) -> str:
    """Show it until somebody ends it (nothing is returned) or the node does not answer (why it does not).

    Raises ControlError where no node answered to begin with.
    """
    from rich.console import Console

    watching = Watching()
    watching.saw(look(control))
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=WIDTH)
    moments = _moments(control, watching, every_s)
    if as_json:
        return _print_all(moments, lambda seen, moment: _line(seen, moment, pretty=once), once=once)
    if once or not console.is_terminal:
        return _print_all(moments, lambda seen, moment: console.print(drawn(seen, moment)), once=once)
    return _keep_drawing(moments, console)


def _moments(control: Path, watching: Watching, every_s: float) -> Iterator[tuple[Seen, Moment] | str]:
    """What is seen, again and again; at the end why nothing is. One look may fail: another process takes over."""
    failed = False
    while True:
        time.sleep(every_s)
        try:
            seen = look(control)
        except ControlError as error:
            if failed:
                yield str(error)
                return
            failed = True
            continue
        failed = False
        yield seen, watching.saw(seen)


def _print_all(
    moments: Iterator[tuple[Seen, Moment] | str], show: Callable[[Seen, Moment], None], *, once: bool
) -> str:
    for each in moments:
        if isinstance(each, str):
            return each
        show(*each)
        if once:
            break
    return ""


def _line(seen: Seen, moment: Moment, *, pretty: bool) -> None:
    sys.stdout.write(json.dumps(as_data(seen, moment), ensure_ascii=False, indent=2 if pretty else None) + "\n")
    sys.stdout.flush()


def _keep_drawing(moments: Iterator[tuple[Seen, Moment] | str], console: Console) -> str:
    """In a screen of its own; what was seen last stays when that is gone."""
    from rich.live import Live

    last: RenderableType = ""
    why = ""
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            live.update("Looking ...", refresh=True)
            for each in moments:
                if isinstance(each, str):
                    why = each
                    break
                last = drawn(*each)
                live.update(last, refresh=True)
    except KeyboardInterrupt:
        pass
    if last:
        console.print(last)
    return why
