"""How long `ringfence replay` takes for a million decisions: a log as the proxy writes it, then the command itself.

Callers come from 300,000 numbers; one in ten is a marketing number, some stand on lists, a tenth of the records carries
measured facts. The candidate has 1,000 rules. The figure is the command's own, start and reading of rules included, on
one core (`taskset`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rules.lists.editing import Lists, Origin
from rules.model import Call, Outcome, Trunk, Verdict
from rules.numbering.numbers import read_number
from rules.records.decisions import Decisions, row
from rules.settings.screening import ListSettings
from rules.storage.keys import Keys

CONFIGURATION = """\
time_zone: Asia/Shanghai
listen: [{address: "127.0.0.1:5060"}]
pbxes: [{name: pbx, addresses: ["127.0.0.1:5080"]}]
trunks: [{name: default, country: CN}]
lists: {blocked: {kind: block}, suspected: {kind: suspect}, allowed: {kind: allow}}
rules: [rules.yaml]
"""
TRUNK = Trunk("default", country="CN")
RULES = 1_000
PAGE = 20_000


def rules() -> str:
    """A thousand rules: prefixes of marketing numbers, single numbers, classes by the hour, rates."""
    found = []
    for n in range(RULES):
        when = (
            f"{{caller: {{starts_with: 950{n % 1000:03d}}}}}",
            f"{{caller: +8613900{n:06d}}}",
            f"{{caller: {{starts_with: 951{n % 1000:03d}}}, hours: 21:00-08:00}}",
            f"{{caller: {{class: mobile, calls: {{over: {60 + n}, within: 1h}}}}}}",
        )[n % 4]
        then = ("tag", "reject", "{suspicion: 3}", "{suspicion: 4}")[n % 4]
        found.append(f"- rule: r{n}\n  because: It is so.\n  when: {when}\n  then: {then}\n")
    return "".join(found)


def one_call(dice: random.Random, at: float) -> Call:
    """A call as they come."""
    lot = dice.random()
    caller = f"95{dice.randrange(2)}{dice.randrange(100_000):05d}" if lot < 0.1 else f"139{dice.randrange(300_000):08d}"
    facts: dict[str, float | str | bool] | None = {"calls_1h": float(dice.randrange(100))} if lot > 0.9 else None
    return Call(
        caller=read_number(caller, TRUNK),
        called=read_number(f"138{dice.randrange(10**8):08d}", TRUNK, called=True),
        trunk=TRUNK,
        at=at,
        display_name="Li" if lot > 0.5 else "",
        user_agent="pjsua 2.14",
        domain="example.com",
        call_id=f"{dice.getrandbits(96):024x}@example.com",
        source="192.0.2.1",
        facts=facts,
    )


async def make_log(folder: Path, many: int) -> None:
    """A day of decisions, as the proxy records them."""
    dice, begin, key = random.Random(1), time.time() - 80_000, Keys.load(folder / "ringfence.keys").pseudonym
    kinds = {"blocked": "block", "suspected": "suspect", "allowed": "allow"}
    lists = await Lists.open(folder / "ringfence.db", {name: ListSettings(kind=kind) for name, kind in kinds.items()})
    for n in range(300):
        await lists.add(("blocked", "suspected", "allowed")[n % 3], f"+861390000{n:04d}", Origin("bench", ""))
    await lists.close()
    decisions = await Decisions.open(folder / "ringfence-decisions.db")
    from rules.model import Action, Step

    for start in range(0, many, PAGE):
        rows = []
        for n in range(start, min(start + PAGE, many)):
            made = one_call(dice, begin + n * 79_000 / many)
            decision = f"{int(made.at * 256):010x}{dice.getrandbits(40):010x}"
            verdict = Verdict(Action.FORWARD, Step.DEFAULT, decision=decision, revision="0" * 12)
            rows.append(row(made, verdict, Outcome(200, True, 2_000), key))
        await decisions.write(rows, [])
    await decisions.close()


def main() -> None:
    """Make the log, replay it, print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ringfence-replay-") as name:
        folder = Path(name)
        (folder / "ringfence.yaml").write_text(CONFIGURATION)
        (folder / "rules.yaml").write_text(rules())
        asyncio.run(make_log(folder, words.decisions))
        size = (folder / "ringfence-decisions.db").stat().st_size / 2**20
        program = Path(sys.executable).with_name("ringfence")
        command = [str(program), "--config", str(folder / "ringfence.yaml"), "replay", "--json"]
        core = min(os.sched_getaffinity(0))
        started = time.perf_counter()
        done = subprocess.run(
            command, check=True, capture_output=True, preexec_fn=lambda: os.sched_setaffinity(0, {core})
        )
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads(done.stdout)
    read = found["read"]
    print(
        f"{read['calls']:,} decisions ({size:.0f} MiB), {RULES:,} rules: {seconds:.1f} s by the clock, "
        f"{used.ru_utime + used.ru_stime:.1f} s of one core, {1e6 * seconds / read['calls']:.1f} us a decision, "
        f"{used.ru_maxrss / 1024:.0f} MiB; {found['changed']:,} change, {read['judged']:,} judged"
    )


if __name__ == "__main__":
    main()
