"""Start the real product with a list of numbers, as it would run in production: logging and metrics on.

Numbers in FILE (`number,action`, action `reject` or `tag`) get that, all others are forwarded to --upstream. The
folder given by --dir holds ringfence.yaml, rules, keys, database and the log of calls: a second start on it keeps keys
and records and takes the numbers given now, and `ringfence --config DIR/ringfence.yaml ...` works beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from console.phones.processes import free_port, host_port, own_address
from proxy.proxy_settings import HostPort
from ringfence.configuration import load_configuration
from rules.language.source import RuleError, load_document
from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_rows

Line = tuple[int, str, Mapping[str, str]]
LISTS = {"reject": ("rejected", {"kind": "block"}), "tag": ("tagged", {"kind": "suspect"})}
RULES = """\
# Further rules of this installation. The numbers themselves are on the lists `rejected` and `tagged`.
rules:
  - rule: anonymous-callers
    because: A caller may withhold the number.
    when: {caller: {class: anonymous}}
    then: forward
    catches: [{from: anonymous, to: 13800138000}]
    spares: [{from: 13912345678, to: 13800138000}]
"""


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", required=True, type=host_port, metavar="HOST:PORT", help="[::1]:PORT for IPv6")
    parser.add_argument("--upstream", required=True, type=host_port, metavar="HOST:PORT", help="the PBX")
    parser.add_argument("--numbers", required=True, type=Path, metavar="FILE.csv", help="number,action")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="made if missing; default: a temporary folder")
    parser.add_argument("--tls", type=Path, metavar="FILE.pem", help="callers come by TLS; certificate with its key")
    parser.add_argument("--pure", action="store_true", help="not compiled (read by bench/contender)")
    return parser.parse_args()


def listeners(listen: HostPort, upstream: HostPort) -> list[dict[str, str]]:
    """The address asked for, and one of the PBX's IP version beside it where that differs."""
    found = [{"address": str(listen)}]
    if listen.host in ("0.0.0.0", "::"):
        found[0]["advertise"] = str(HostPort(host=own_address(upstream), port=listen.port))
    own = own_address(upstream)
    if (":" in own) != (":" in listen.host):
        found.append({"address": str(HostPort(host=own, port=free_port(own)))})
    return found


def free_tcp_port() -> int:
    """A TCP port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_configuration(folder: Path, listen: HostPort, upstream: HostPort, certificate: Path | None = None) -> None:
    """ringfence.yaml and rules; what somebody added to an earlier one stays, addresses are those given now."""
    file = folder / "ringfence.yaml"
    data: dict[str, Any] = load_document(file).data if file.exists() else {}
    data.setdefault("version", 1)
    data.setdefault("time_zone", "Asia/Shanghai")
    data["listen"] = listeners(listen, upstream)
    if certificate is not None:
        data["listen"][0]["transport"] = "tls"
        data["listen"].append(
            {"address": str(HostPort(host=own_address(upstream), port=free_port(own_address(upstream))))}
        )
        data["tls"] = {"certificates": [{"certificate": str(certificate.resolve())}]}
    data["pbxes"] = [{"name": "pbx", "addresses": [str(upstream)], "probe": {"every_s": 0}}]
    data.setdefault("trunks", [{"name": "default", "country": "CN", "identity": "untrusted", "methods": "any"}])
    # Whoever measures sends everything from one address, which in production would be a stranger's.
    data.setdefault("limits", {"trunk_percent": 100, "source_percent": 100})
    data.setdefault("lists", {}).update(dict(LISTS.values()))
    data.setdefault("use", [])
    data.setdefault("rules", ["rules/*.yaml"])
    data.setdefault("storage", {"database": "ringfence.db", "key_file": "ringfence.keys"})
    data.setdefault("logging", {"file": "calls.log"})
    data["metrics"] = f"127.0.0.1:{free_tcp_port()}"
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    if not any(rules.glob("*.yaml")):
        (rules / "own.yaml").write_text(RULES)


def read_numbers(file: Path) -> dict[str, list[Line]]:
    """The numbers of each action, with the lines that they stand in."""
    numbers: dict[str, list[Line]] = {action: [] for action in LISTS}
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.reader(lines)
        head = next(rows, [])
        if {"number", "action"} - set(head):
            sys.exit(f"{file}:1: expected the header number,action")
        number, action = head.index("number"), head.index("action")
        for row in filter(None, rows):
            if len(row) != len(head) or row[action] not in numbers:
                sys.exit(f"{file}:{rows.line_num}: expected NUMBER,reject or NUMBER,tag, not {','.join(row)!r}")
            numbers[row[action]].append((rows.line_num, row[number], {}))
    return numbers


async def fill_lists(folder: Path, numbers: dict[str, list[Line]]) -> None:
    """Make the two lists hold these numbers and no others."""
    configuration = load_configuration(folder / "ringfence.yaml")
    lists = await Lists.open(folder / configuration.storage.database, configuration.lists)
    wishes = Wishes("CN", on_error="skip", replace_all=True, wide=True, force=True, insist=True)
    try:
        for action, rows in numbers.items():
            origin = Origin(source="numbers given to bench/contender", reason=f"to {action}")
            report = await import_rows(lists, LISTS[action][0], rows, origin, wishes)
            for refusal in report.refusals:
                print(f"line {refusal.line}: {refusal.text!r} is not taken: {refusal.message}", file=sys.stderr)
    finally:
        await lists.close()


def main() -> None:
    """Write the folder, fill the lists, become the proxy."""
    words = arguments()
    numbers = read_numbers(words.numbers)
    folder = words.dir or Path(tempfile.mkdtemp(prefix="ringfence-contender-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_configuration(folder, words.listen, words.upstream, words.tls)
        asyncio.run(fill_lists(folder, numbers))
    except RuleError as error:
        sys.exit(str(error))
    program = str(Path(sys.executable).with_name("ringfence"))
    os.execv(program, [program, "--config", str(folder / "ringfence.yaml"), "serve"])


if __name__ == "__main__":
    main()
