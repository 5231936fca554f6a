#!/usr/bin/env python3
"""What one screened call costs: Ringfence beside Kamailio and the floor, the same work for each in turn.

SIPp calls at a steady rate; one caller in ten is on the list of those to reject, one in ten is suspected and must be
tagged, the rest are forwarded. Whoever rings is answered by a SIPp PBX, acknowledged, and hung up on. Everything runs
over UDP on loopback; with --transport tls callers come by TLS on one connection, as from a carrier, and go on by UDP.
Debian's SIPp speaks no TLS: socat enciphers for it, and is not counted. The figure is user and system time of all the
contender's processes, divided by calls: unlike elapsed time it holds on a busy machine. It falls as the rate rises,
since datagrams then come in batches; name the rate and the interpreter with it.

    bench/cost_per_call.py                         this checkout beside Kamailio and the floor
    bench/cost_per_call.py NAME='COMMAND' ...      other contenders, with {listen} {upstream} {numbers} {certificate}

Needs kamailio, kamailio-sqlite-modules, sip-tester and a C compiler (`make set-up` installs them); for TLS also
kamailio-tls-modules, socat and openssl. Exit status 1 when a
contender fails more than 0.5 % of the calls, lets a listed caller ring, or stops another one.
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench import meter, workload

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
TOLERATED = 0.005  # of the calls
LATE_S = 60.0  # how long a busy machine may keep anybody from starting, ending or answering
OWN, PURE = "ringfence", "ringfence-pure"
REFERENCE = "kamailio"  # with its line a call: the least that must be written to explain a verdict


class Round(NamedTuple):
    """One contender's turn."""

    us_per_call: float
    failed: int
    retransmitted: int
    mib: float
    rang: int
    said: str  # what Ringfence says of itself; empty for others


class Ports(NamedTuple):
    """Where the three parties are."""

    proxy: int
    caller: int
    pbx: int


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1500, help="calls a second")
    parser.add_argument("--calls", type=int, default=9000, help="calls a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--list-size", type=int, default=200_000, help="numbers on the list")
    parser.add_argument("--settle", type=float, default=6.0, help="seconds of rest once a contender listens")
    parser.add_argument("--port", type=int, default=15_060, help="of the contender; the next tens are the peers'")
    parser.add_argument(
        "--without", choices=("kamailio",), help="leave both Kamailios out: for lists too long for them"
    )
    parser.add_argument(
        "--pure", action="store_true", help="this checkout also as pure Python, beside the compiled one"
    )
    parser.add_argument("--transport", choices=("udp", "tls"), default="udp", help="by which callers come")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    parser.add_argument("contenders", nargs="*", metavar="NAME=COMMAND")
    return parser.parse_args()


def commands(options: argparse.Namespace, work: workload.Workload, ports: Ports) -> dict[str, list[str]]:
    """The command of each contender, the floor first."""
    found: dict[str, list[str]] = {}
    secret = options.transport == "tls"
    if not secret:
        relay = work.folder / "relay"
        subprocess.run(["cc", "-O2", "-o", relay, HERE / "relay.c"], check=True)
        found["floor"] = [str(relay), str(ports.proxy), str(ports.pbx)]
    if options.without != "kamailio":
        plain = [
            *("kamailio", "-f", str(HERE / "kamailio.cfg"), "-DD", "-x", "fm", "-X", "fm", "-m", "1024", "-M", "1024"),
            *("-Y", str(work.folder), "-P", str(work.folder / "kamailio.pid")),
            *("-A", f"LISTEN={options.transport}:{HOST}:{ports.proxy}", "-A", f'UPSTREAM="sip:{HOST}:{ports.pbx}"'),
            *("-A", f'TABLE="sqlite://{work.table}"'),
        ]
        if secret:
            certificate = f'CERTIFICATE="{certificate_in(work.folder)}"'
            plain += ["-A", "SECRET", "-A", f"BEHIND=udp:{HOST}:{ports.proxy + 1}", "-A", certificate]
        found |= {"kamailio-bare": plain, REFERENCE: [*plain, "-A", "LOGGED"]}
    fill = {
        "listen": f"{HOST}:{ports.proxy}",
        "upstream": f"{HOST}:{ports.pbx}",
        "numbers": shlex.quote(str(work.numbers)),
        "certificate": shlex.quote(str(certificate_in(work.folder))) if secret else "",
    }
    own = [own_contender(work, OWN)]
    if secret:
        own[0] += f" --tls {shlex.quote(str(certificate_in(work.folder)))}"
    if options.pure:
        own.append(own[0].replace(own_contender(work, OWN), own_contender(work, PURE)) + " --pure")
    for contender in options.contenders or own:
        name, equals, command = contender.partition("=")
        if not equals:
            sys.exit(f"{contender!r}: expected NAME=COMMAND")
        found[name] = shlex.split(command.format(**fill))
    return found


def quiet(words: list[str], *, cwd: Path | None = None, timeout: float | None = None, check: bool = True) -> None:
    """Run it, with nothing to read and nobody to tell."""
    nowhere = subprocess.DEVNULL
    subprocess.run(words, cwd=cwd, timeout=timeout, check=check, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def certificate_in(folder: Path) -> Path:
    """A certificate with its key in one file, made in this run."""
    file = folder / "certificate.pem"
    if not file.exists():
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        words += ["-keyout", f"{file}.key", "-out", f"{file}.crt", "-days", "2", "-subj", "/CN=bench.example"]
        quiet(words)
        made = "".join(Path(f"{file}.{kind}").read_text() for kind in ("key", "crt"))
        file.touch(mode=0o600)
        file.write_text(made)
    return file


def by_tls(work: workload.Workload, ports: Ports) -> tuple[list[str], Path]:
    """Who enciphers for SIPp, and the scenario of a caller who says that it is TLS."""
    scenario = work.folder / "caller-tls.xml"
    scenario.write_text((HERE / "sipp" / "caller.xml").read_text().replace("[transport]", "TLS"))
    listens = f"TCP-LISTEN:{ports.proxy + 2},bind={HOST},reuseaddr,fork"
    return ["socat", "-b", "65536", listens, f"OPENSSL:{HOST}:{ports.proxy},verify=0,nodelay"], scenario


def own_contender(work: workload.Workload, name: str) -> str:
    """This checkout as a contender; it keeps its files round after round."""
    command = f"{name}={shlex.quote(str(HERE / 'contender'))} --listen {{listen}} --upstream {{upstream}}"
    return f"{command} --numbers {{numbers}} --dir {shlex.quote(str(work.folder / name))}"


def said_by(folder: Path) -> str:
    """What Ringfence says of itself: its build, its loop's stalls, how long verdicts took; empty for others."""
    file = folder / "ringfence.yaml"
    address = re.search(r"^metrics: (\S+)$", file.read_text(), re.MULTILINE) if file.exists() else None
    if address is None:
        return ""
    with urllib.request.urlopen(f"http://{address[1]}/metrics", timeout=LATE_S) as page:
        figures = dict(line.rsplit(" ", 1) for line in page.read().decode().splitlines() if not line.startswith("#"))
    longest = float(figures["ringfence_loop_longest_stall_seconds"]) * 1000
    verdicts = " and ".join(f"p{share} <= {verdict_us(figures, share):.0f}" for share in (50, 99))
    build = next(name.split('"')[1] for name in figures if name.startswith("ringfence_build_info"))
    stalls = (
        f"loop stalls over 50 ms: {float(figures['ringfence_loop_stalls_total']):.0f}, the longest {longest:.0f} ms"
    )
    return f"{stalls}; verdict {verdicts} us; {build}"


def verdict_us(figures: dict[str, str], share: int) -> float:
    """The bound of the bucket that holds this percentile of the times to judge a call, in microseconds."""
    prefix = 'ringfence_verdict_seconds_bucket{le="'
    counts = {name[len(prefix) : -2]: float(count) for name, count in figures.items() if name.startswith(prefix)}
    wanted = counts["+Inf"] * share / 100
    return min(float(bound) for bound, count in counts.items() if count >= wanted) * 1e6


@contextlib.contextmanager
def running(command: list[str], folder: Path, log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, ended at the end."""
    with contextlib.ExitStack() as files:
        out = files.enter_context(log.open("ab")) if log else subprocess.DEVNULL
        process = subprocess.Popen(
            command, cwd=folder, start_new_session=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            yield process
        finally:
            meter.end(process)


def statistics_of(file: Path) -> dict[str, str]:
    """The last row of a SIPp statistics file, by column."""
    lines = file.read_text().splitlines()
    return dict(zip(lines[0].split(";"), lines[-1].split(";"), strict=False))


def sipp(scenario: str | Path, port: int, statistics_file: Path, *more: str) -> list[str]:
    """The command of a SIPp that writes its statistics each second."""
    return [
        *("sipp", "-sf", str(HERE / "sipp" / scenario), "-i", HOST, "-p", str(port), "-nostdin"),
        *("-buff_size", "4000000", "-trace_stat", "-fd", "1", "-stf", str(statistics_file)),
        *more,
    ]


def await_listeners(*expected: tuple[subprocess.Popen[bytes], int]) -> None:
    """Until each of these processes listens on its port or has ended, asked of the kernel: nothing is sent."""
    latest = time.monotonic() + LATE_S
    for process, port in expected:
        while process.poll() is None and time.monotonic() < latest:
            bound = [line for kind in ("udp", "tcp") for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
            if any(line.split()[1].endswith(f":{port:04X}") for line in bound):
                break
            time.sleep(0.05)


def one_round(
    name: str, command: list[str], work: workload.Workload, ports: Ports, options: argparse.Namespace, log: Path
) -> Round:
    """Start a contender between the caller and the PBX, play the calls, and see what they cost it."""
    seen_by_caller, seen_by_pbx = work.folder / "caller.stat", work.folder / "pbx.stat"
    for file in (seen_by_caller, seen_by_pbx):
        file.unlink(missing_ok=True)
    longest = options.calls / options.rate + LATE_S
    enciphers, scenario, how, port = ["sleep", "inf"], HERE / "sipp" / "caller.xml", ["-t", "u1"], ports.proxy
    if options.transport == "tls":
        (enciphers, scenario), how, port = by_tls(work, ports), ["-t", "t1"], ports.proxy + 2
    caller = sipp(
        *(scenario, ports.caller, seen_by_caller),
        *(*how, "-inf", str(work.injection), "-r", str(options.rate), "-m", str(options.calls)),
        *("-l", "30000", "-timeout", str(int(longest)), f"{HOST}:{port}"),
    )
    answering = running(sipp("pbx.xml", ports.pbx, seen_by_pbx), work.folder)
    with answering as pbx, running(command, work.folder, log) as proxy, running(enciphers, work.folder, log):
        await_listeners((pbx, ports.pbx), (proxy, ports.proxy))
        time.sleep(options.settle)
        if pbx.poll() is not None:
            sys.exit(f"the PBX did not start: is UDP port {ports.pbx} in use? --port takes others")
        if proxy.poll() is not None:
            sys.exit(
                f"{shlex.join(command)} ended with {proxy.returncode} before the first call; its output is in {log}"
            )
        before = meter.cpu_seconds(proxy.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            quiet(caller, cwd=work.folder, timeout=longest + 40, check=False)
        spent = meter.cpu_seconds(proxy.pid) - before
        mib = meter.memory_mib(proxy.pid)
        said = said_by(work.folder / name)
        pbx.send_signal(signal.SIGUSR1)  # SIPp then ends what it has, writes its last row and quits
        with contextlib.suppress(subprocess.TimeoutExpired):
            pbx.wait(LATE_S)
    done = statistics_of(seen_by_caller)
    return Round(
        us_per_call=spent / options.calls * 1e6,
        failed=options.calls - int(done["SuccessfulCall(C)"]),
        retransmitted=int(done["Retransmissions(C)"]),
        mib=mib,
        rang=int(statistics_of(seen_by_pbx)["IncomingCall(C)"]),
        said=said,
    )


def faults(name: str, rounds: list[Round], expected: int, calls: int) -> list[str]:
    """What disqualifies a contender."""
    found = []
    if sum(one.failed for one in rounds) > TOLERATED * calls * len(rounds):
        found.append("too many failed calls")
    if name != "floor" and any(abs(one.rang - expected) > TOLERATED * calls for one in rounds):
        found.append(f"wrong verdicts: {', '.join(str(one.rang) for one in rounds)} calls rang, {expected} should")
    return found


def compared(cost: float, other: float | None) -> str:
    """The ratio of two costs; a dash where there is no other, or it took less than a clock tick."""
    return f"{cost / other:.2f}" if other else "-"


def print_table(results: dict[str, list[Round]], expected: int, options: argparse.Namespace) -> bool:
    """One row a contender; True when none is disqualified."""
    cost = {name: statistics.median(one.us_per_call for one in rounds) for name, rounds in results.items()}
    head = ("contender", "us a call", "x kamailio", "x floor", "failed", "retransmitted", "MiB")
    rows, notes = [head], []
    for name, rounds in results.items():
        ratio, floor = (compared(cost[name], cost.get(other)) for other in (REFERENCE, "floor"))
        failed, again = sum(one.failed for one in rounds), sum(one.retransmitted for one in rounds)
        most = max(one.mib for one in rounds)
        rows.append((name, f"{cost[name]:.0f}", ratio, floor, str(failed), str(again), f"{most:.0f}"))
        notes += [f"{name}: {fault}" for fault in faults(name, rounds, expected, options.calls)]
    print(
        f"{options.transport}, {options.rate} calls/s, {options.calls} calls a round, {options.rounds} rounds, "
        f"list of {options.list_size}, "
        f"Python {platform.python_version()} ({sys.executable})"
    )
    for count, row in enumerate(rows):
        if options.markdown:
            print("| " + " | ".join(row) + " |")
            if count == 0:
                print("|---" + "|--:" * (len(head) - 1) + "|")
        else:
            print(f"{row[0]:16}" + "".join(f"{value:>14}" for value in row[1:]))
    print("\n".join(notes), end="\n" if notes else "")
    for name, rounds in results.items():
        print(
            "".join(f"{name}, round {count}: {one.said}\n" for count, one in enumerate(rounds, 1) if one.said),
            end="",
        )
    return not notes


def main() -> int:
    """Run every contender in turn, round after round."""
    options = arguments()
    ports = Ports(options.port, options.port + 10, options.port + 20)
    log = Path(tempfile.gettempdir()) / "ringfence-bench.log"
    log.write_bytes(b"")
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-") as name:
        work = workload.make(Path(name), options.list_size)
        if not options.contenders:  # before the clock runs; a machine that can't compile measures the sources
            subprocess.run([HERE.parent / "tools" / "compile"], check=False, stdout=subprocess.DEVNULL)
        contenders = commands(options, work, ports)
        results: dict[str, list[Round]] = {contender: [] for contender in contenders}
        for _ in range(options.rounds):
            for contender, command in contenders.items():
                results[contender].append(one_round(contender, command, work, ports, options, log))
        return 0 if print_table(results, work.ringing(options.calls), options) else 1


if __name__ == "__main__":
    sys.exit(main())
