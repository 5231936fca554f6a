"""What rules cost a call, and how that grows: ten rules against ten thousand, compiled from YAML as in production.

    .venv/bin/python bench/rule_scale.py [--markdown] [--rules 10 1000 10000] [--rounds 7]

The mixture is that of an operator: most rules name a number, a beginning, a range, a class, a list, a text or a rate;
one in a hundred has an `unless`. The same 2,000 calls are judged by each set in turns, and the best round counts; time
is processor time, so that a busy machine does not speak. `ringfence check` is measured on the same rules with an
example each. Exit status 1 when a limit is broken: 1.1 times of what ten rules cost a call, two seconds to compile,
three to check.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time, thread_time
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from console.cli.workbench.check import check
from rules.judging.engine import RuleSet
from rules.language.compile import compile_rules
from rules.language.source import read_document
from rules.model import Call, Hit, Trunk
from rules.numbering.numbers import read_number
from rules.settings.screening import ListSettings, ScreeningSettings

TRUNK = Trunk("carrier", country="CN")
NOW = 1795529400.0
LISTS = {f"list-{n}": ListSettings(kind="plain") for n in range(20)}
GROWTH, COMPILED_S, CHECKED_S = 1.1, 2.0, 3.0
CONFIGURATION = {
    "version": 1,
    "time_zone": "Asia/Shanghai",
    "listen": [{"address": "127.0.0.1:5060"}],
    "pbxes": [{"name": "pbx", "addresses": ["127.0.0.1:5080"]}],
    "trunks": [{"name": "carrier", "country": "CN", "addresses": ["192.0.2.1"]}],
    "lists": {**{name: {"kind": "plain"} for name in LISTS}, "homes": {"kind": "group"}},
    "rules": ["rules.yaml"],
}


def conditions(chance: random.Random, number: int) -> str:
    """What a rule asks: the kinds of conditions in turn, so that ten rules hold the same mixture as ten thousand."""
    kind = number % 10
    mobile = f"1{chance.choice('35789')}{chance.randrange(10**9):09d}"
    return (
        f"{{caller: {mobile}}}",
        f"{{caller: {{starts_with: +86{mobile[:8]}}}, hours: 21:00-08:00}}",
        f"{{caller: {{range: {mobile[:7]}0000..{mobile[:7]}0099}}}}",
        f"{{called: {mobile}, caller: {{class: cn-95}}}}",
        f"{{caller: {{on_list: list-{chance.randrange(20)}, starts_with: +86{mobile[:7]}}}}}",
        f"{{caller: [{mobile}, {mobile[:-1]}{(int(mobile[-1]) + 1) % 10}]}}",
        f"{{display_name: 'seller {number}'}}",
        f"{{user_agent: {{contains: 'dialler/{number}'}}}}",
        f"{{caller: {{starts_with: 95{chance.randrange(10**5):05d}}}, called: {{group: homes}}}}",
        f"{{caller: {{exact: {mobile}, calls: {{over: {chance.randrange(20, 90)}, within: 1h}}}}}}",
    )[kind]


def rules_text(count: int, *, examples: bool = False) -> str:
    """A rule file of so many rules; with `examples` each shows a call that it spares."""
    chance = random.Random(7)
    lines = []
    for number in range(count):
        lines.append(f"- rule: rule-{number}\n  because: It is so.\n  when: {conditions(chance, number)}")
        if not number % 100:
            lines.append("  unless: [{diverted: true}]")
        lines.append(f"  then: {('tag', 'reject', '{suspicion: 3}')[number % 3]}")
        if examples:
            lines.append("  spares: [{from: 01065551234, to: 01065551235}]")
    return "\n".join(lines) + "\n"


def compiled(count: int) -> tuple[RuleSet, float]:
    """The rule set, and the seconds from text to the last index."""
    text = rules_text(count)
    settings = ScreeningSettings(time_zone="Asia/Shanghai", lists=LISTS)
    started = thread_time()
    document = read_document(text, "rules.yaml")
    ruleset, faults, *_ = compile_rules([document], settings, trunks=(TRUNK,), now=NOW)
    took = thread_time() - started
    if ruleset is None:
        raise SystemExit("\n".join(str(fault) for fault in faults if not fault.warning)[:2000])
    return ruleset, took


def checked(count: int) -> float:
    """The seconds of `ringfence check`, from the file to the last warning."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "rules.yaml").write_text(rules_text(count, examples=True))
        (path / "ringfence.yaml").write_text(json.dumps(CONFIGURATION))  # JSON is YAML too
        started = process_time()
        found = check(path / "ringfence.yaml", [])
        took = process_time() - started
    if found.refused:
        raise SystemExit(found.as_text()[:2000])
    return took


def calls(count: int) -> list[tuple[Call, tuple[Hit, ...]]]:
    """Calls that no rule was made for, some of callers on a list: what a trunk brings all day."""
    chance = random.Random(11)
    made: list[tuple[Call, tuple[Hit, ...]]] = []
    for _ in range(count):
        caller = read_number(f"1{chance.choice('35789')}{chance.randrange(10**9):09d}", TRUNK)
        called = read_number(f"138{chance.randrange(10**8):08d}", TRUNK, called=True)
        facts: dict[str, float | str | bool] = {"calls_1h": float(chance.randrange(30))}
        call = Call(caller=caller, called=called, trunk=TRUNK, at=NOW, user_agent="PBX/1.0", facts=facts)
        listed = chance.random() < 0.1
        hits = (Hit("list-1", "plain", caller.canonical, "", caller.canonical, 100),) if listed else ()
        made.append((call, hits))
    return made


def microseconds(ruleset: RuleSet, asked: list[tuple[Call, tuple[Hit, ...]]]) -> float:
    """What one call costs."""
    judge = ruleset.judge
    started = thread_time()
    for call, hits in asked:
        judge(call, hits)
    return (thread_time() - started) * 1e6 / len(asked)


class Took(NamedTuple):
    """What so many rules take, in seconds."""

    to_compile: float
    to_check: float


def table(counts: list[int], best: dict[int, float], took: dict[int, Took], *, markdown: bool) -> str:
    """The figures, the first column the yardstick."""
    first = best[counts[0]]
    rows = [
        (
            *(f"{count:,}", f"{best[count]:.2f}", f"{best[count] / first:.2f}"),
            *(f"{seconds:.2f}" for seconds in took[count]),
        )
        for count in counts
    ]
    head = ("rules", "us a call", f"x {counts[0]} rules", "s to compile", "s to check")
    if markdown:
        return "\n".join(
            ["| " + " | ".join(head) + " |", "|--:|--:|--:|--:|--:|", *("| " + " | ".join(r) + " |" for r in rows)]
        )
    return "\n".join("".join(f"{cell:>14}" for cell in row) for row in (head, *rows))


def main() -> int:
    """Print the table; 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rules", type=int, nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    took: dict[int, Took] = {}
    sets: dict[int, RuleSet] = {}
    for count in options.rules:
        to_check = checked(count)
        sets[count], to_compile = compiled(count)
        took[count] = Took(to_compile, to_check)
    gc.collect()
    gc.freeze()  # as `ringfence serve` does
    gc.set_threshold(50_000, 20, 100)
    asked = calls(2_000)
    best = dict.fromkeys(options.rules, float("inf"))
    for _ in range(options.rounds):
        for count, ruleset in sets.items():
            best[count] = min(best[count], microseconds(ruleset, asked))
    print(table(options.rules, best, took, markdown=options.markdown))
    last = options.rules[-1]
    slow = took[last].to_compile > COMPILED_S or took[last].to_check > CHECKED_S
    return int(slow or best[last] > GROWTH * best[options.rules[0]])


if __name__ == "__main__":
    sys.exit(main())
