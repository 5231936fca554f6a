"""What counting costs: a call with ten counts of different kinds beside one without any, and memory at 500,000 callers.

python -m bench.counting [--rounds 9] [--calls 2000] [--callers 500000]

The calls are those of bench/call_path.py, all of their messages, core and judging, without sockets: processor time of
the thread, both nodes in turns, the best round of each counts. Exit status 1 when ten counts cost more than a tenth.
The compiled build: PYTHONSAFEPATH=1 PYTHONPATH=$(tools/compile):. python -m bench.counting
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import tempfile
from pathlib import Path

import uvloop

from bench.call_path import KINDS, open_bench
from proxy.build import BUILD
from rules.judging.counting_memory import mib_of
from rules.judging.rates import Rates
from rules.model import Call, Number, NumberClass, Outcome, Trunk
from rules.settings.screening import RateSettings

MOST = 1.1
COUNTS = (
    "{of: calls, per: pair, within: 1d, over: 200}",
    "{of: callers, per: called, within: 10m, over: 300}",
    "{of: calls, per: caller.block/1000, within: 1h, over: 100000}",
    "{of: called_numbers, per: caller, within: 1h, over: 10000}",
    "{of: unanswered, per: caller, within: 1h, over: 10000}",
    "{of: short_calls, per: user_agent, within: 1h, under: 1%}",
    "{of: answered, per: source, within: 1h, under: 1%}",
    "{of: concurrent, per: trunk, within: 4h, over: 1000000}",
    "{of: ring_time, per: caller.block/1000, within: 1d, under: 1}",
    "{of: calls, per: domain, within: 1h, over: 10000000}",
)


def rules() -> str:
    """Ten rules, of which none holds."""
    return "".join(
        f"- rule: count-{number}\n  because: It is so.\n  when: {{count: {count}}}\n  then: tag\n"
        for number, count in enumerate(COUNTS)
    )


async def cost(folder: Path, words: argparse.Namespace) -> tuple[float, float]:
    """Microseconds a call without counts, and with ten."""
    benches = []
    for name, text in (("none", ""), ("ten", rules())):
        (folder / name).mkdir()
        benches.append(await open_bench(folder / name, text))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    best = [1e9, 1e9]
    for bench in benches:
        await bench.calls(200)
    for _ in range(words.rounds):
        for which, bench in enumerate(benches):
            bench.spent = dict.fromkeys(KINDS, 0)
            for _ in range(max(words.calls // 200, 1)):
                await bench.calls(200)
            best[which] = min(best[which], sum(bench.spent.values()) / 1000 / (words.calls // 200 * 200))
    for bench in benches:
        await bench.screen.close()
    return best[0], best[1]


def memory(callers: int) -> tuple[float, int]:
    """MiB that so many callers take, each with a call, and what is told that they may take."""
    asked = [
        ("calls", 3600),
        ("called_numbers", 3600),
        ("calls_per_caller_and_called", 86_400),
        ("callers_per_called", 600),
        ("unanswered_per_caller", 3600),
    ]
    rates, trunk = Rates(asked, RateSettings(remembered_calls=callers)), Trunk("carrier", country="CN")
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(callers):
        caller = Number(f"+86139{number:08d}", NumberClass.MOBILE, "CN")
        called = Number(f"+86138{number:08d}", NumberClass.MOBILE, "CN")
        call = Call(caller=caller, called=called, trunk=trunk, at=1e9 + number / 1e6, call_id=f"{number}@wren")
        rates.count(call, f"{number:020x}")
        rates.ended(f"{number:020x}", Outcome(486, True, 1000))
    assert len(rates) == callers
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, mib_of(asked, callers)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000, help="a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--callers", type=int, default=500_000)
    words = parser.parse_args()
    print(BUILD)
    taken, told = memory(words.callers)
    print(f"{words.callers:,} callers, five counts: {taken:,.0f} MiB, told are {told:,} at most")
    with tempfile.TemporaryDirectory(prefix="ringfence-counting-") as folder:
        none, ten = uvloop.run(cost(Path(folder), words))
    print(f"no count {none:.1f} us a call, ten counts {ten:.1f}: {ten / none:.3f}")
    return int(ten / none > MOST or taken > told)


if __name__ == "__main__":
    sys.exit(main())
