"""Make a small installation by the commands of an older checkout, and keep its databases as SQL text.

    git archive COMMIT | tar x -C /tmp/older
    .venv/bin/python tests/past/make.py /tmp/older tests/past/COMMIT

Every series gets rows: lists, range ledger, subscribers, revisions, decisions of calls that a real proxy judged on
loopback, complaints with cases, seals, appeals and letters, keys of the API. All numbers are made up.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

CONFIGURATION = """version: 1
time_zone: Asia/Shanghai
listen: [{address: 127.0.0.1:PORT}]
pbxes: [{name: pbx, addresses: [127.0.0.1:PBX]}]
trunks: [{name: carrier, addresses: [127.0.0.1], country: CN, cli: screened}]
lists:
  blocked: {kind: block}
  suspected: {kind: suspect}
  allowed: {kind: allow}
  sealed: {kind: sealed}
  bulk: {kind: block}
use: [baseline]
rules: [rules.yaml]
storage: {database: ringfence.db, key_file: ringfence.keys}
complaints: {language: en}
"""
RULES = """- rule: at-night
  because: A test number.
  when: {caller: {starts_with: ['+86139']}}
  then: {suspicion: 6}
- rule: watched
  because: Only watched.
  when: {caller: {starts_with: ['+86138']}}
  then: reject
  mode: observe
"""
QUALIFIED = (
    *("--owner", "North Contact", "--approver", "wang", "--licence", "L1", "--document", "d1"),
    *("--purpose", "sales", "--review", "2099-01-01"),
)
LOUD, SOLD, FORGED, BLOCKED = "+8617011112222", "+8617033334444", "+8617055556666", "+8617012345678"
LINES = [f"+861380013800{number}" for number in range(6)]


class House:
    """One installation, and the older command line that works on it."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source, self.folder = source, folder
        self.port, self.pbx = _free(), _free()
        text = CONFIGURATION.replace("PORT", str(self.port)).replace("PBX", str(self.pbx))
        (folder / "ringfence.yaml").write_text(text)
        (folder / "rules.yaml").write_text(RULES)

    def _command(self, *words: str) -> list[str]:
        program = "ringfence" if (self.source / "ringfence" / "__main__.py").exists() else "console"
        return [sys.executable, "-m", program, *words, "--config", str(self.folder)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.source), "LOGNAME": "li", "NO_COLOR": "1", "COLUMNS": "400"}

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            self._command(*words), env=self._environment(), cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode != code:
            raise SystemExit(f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def json(self, *words: str) -> object:
        return json.loads(self.run(*words, "--json"))

    def serve(self) -> subprocess.Popen[bytes]:
        with (self.folder / "serve.log").open("wb") as log:
            proxy = subprocess.Popen(
                self._command("serve"), env=self._environment(), cwd=self.folder, stdout=log, stderr=log
            )
        for _ in range(100):
            time.sleep(0.1)
            if b"listening" in (self.folder / "serve.log").read_bytes() or _answers(self.port):
                return proxy
        raise SystemExit((self.folder / "serve.log").read_text())


def _free() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(0.5)
        here = probe.getsockname()[1]
        probe.sendto(
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{here};branch=z9hG4bKo\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n".encode(),
            ("127.0.0.1", port),
        )
        try:
            return bool(probe.recv(4096))
        except OSError:
            return False


def telephone(port: int) -> None:
    """A PBX whose subscriber rings, and answers 486."""
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind(("127.0.0.1", port))

    def answer() -> None:
        while True:
            data, source = end.recvfrom(65_536)
            head = data.decode().split("\r\n\r\n")[0].split("\r\n")
            if not head[0].startswith("INVITE "):
                continue
            kept = [line for line in head[1:] if re.match(r"(?i)(via|from|to|call-id|cseq|record-route):", line)]
            kept = [f"{line};tag=callee" if line.lower().startswith("to:") else line for line in kept]
            for first in ("SIP/2.0 180 Ringing", "SIP/2.0 486 Busy Here"):
                end.sendto("\r\n".join([first, *kept, "Content-Length: 0", "", ""]).encode(), source)

    threading.Thread(target=answer, daemon=True).start()


def call(house: House, number: int, caller: str, called: str) -> str:
    """One call, from INVITE to ACK; the decision in the rejection, if it is one."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as end:
        end.bind(("127.0.0.1", 0))
        end.settimeout(5)
        here = end.getsockname()[1]
        head = (
            f"Via: SIP/2.0/UDP 127.0.0.1:{here};branch=z9hG4bKc{number}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:{caller}@127.0.0.1>;tag=f{number}\r\nCall-ID: call-{number}\r\n"
        )
        to = f"To: <sip:{called}@127.0.0.1>"
        where = f"sip:{called}@127.0.0.1:{house.port}"
        end.sendto(
            f"INVITE {where} SIP/2.0\r\n{head}{to}\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.1:{here}>\r\n"
            "Content-Length: 0\r\n\r\n".encode(),
            ("127.0.0.1", house.port),
        )
        while True:
            text = end.recv(65_536).decode()
            if int(text.split(" ", 2)[1]) >= 200:
                tagged = next(line for line in text.split("\r\n") if line.lower().startswith("to:"))
                end.sendto(
                    f"ACK {where} SIP/2.0\r\n{head}{tagged}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n".encode(),
                    ("127.0.0.1", house.port),
                )
                found = re.search(r'(?im)^Reason:.*text="([0-9a-f]{20})', text)
                return found[1] if found else ""


def fill(house: House) -> None:
    """Everything that people do with an installation, once."""
    fill_lists(house)
    house.run("rules", "activate", "--reason", "first rules")
    telephone(house.pbx)
    proxy = house.serve()
    try:
        ring(house)
        complain(house)
        decide_cases(house)
        appeal(house)
        house.run("ladder", "climb", "number", BLOCKED, "--reason", "once")
        house.run("api", "keys", "add", "centre", "--scope", "complaints:write", "--scope", "cases:read")
    finally:
        proxy.send_signal(signal.SIGTERM)
        proxy.wait(30)


def fill_lists(house: House) -> None:
    """Entries of every kind, added, removed, imported and undone; codes and subscribers' own entries."""
    run = house.run
    run("lists", "add", "blocked", BLOCKED, "--reason", "rang at night")
    run("lists", "add", "blocked", "95099*", "--range", "--reason", "a range")
    run("lists", "add", "suspected", "+8617187654321", "--expires", "2099-12-31")
    run("lists", "add", "allowed", LOUD, *QUALIFIED)
    run("lists", "add", "allowed", "+86170333*", "--except", "+8617033334445", "--reason", "a customer")
    run("lists", "add", "blocked", "+8617012345679")
    run("lists", "remove", "blocked", "+8617012345679")
    (house.folder / "bulk.csv").write_text("number,reason\n+8617000000001,one\n+8617000000002,two\n")
    run("lists", "import", "bulk", "bulk.csv")
    (house.folder / "bulk.csv").write_text("number,reason\n+8617000000003,three\n")
    run("lists", "import", "bulk", "bulk.csv", "--replace", code=3)
    run("lists", "import", "bulk", "bulk.csv")
    run("lists", "undo", "2", "--reason", "a mistake")
    (house.folder / "codes.csv").write_text("code,holder,host\n95012,North Contact,Unicom\n95013,Loan King,Telecom\n")
    run("ranges", "import", "codes.csv", "--complete", "95")
    run("subscribers", "add", "+8613800138001", "block", "+8617099998888")
    run("subscribers", "add", "+8613800138001", "allow", "+8613912345678")


def ring(house: House) -> None:
    """Calls of every verdict, counted in a report once they are on disk."""
    for number, line in enumerate(LINES):
        call(house, number, LOUD, line)
        call(house, 10 + number, SOLD, line)
    call(house, 20, BLOCKED, LINES[0])
    call(house, 21, "+8613912345678", LINES[0])
    call(house, 22, "+8613812345678", LINES[2])
    call(house, 23, "+8617099998888", LINES[1])
    call(house, 24, "+8617187654321", LINES[2])
    call(house, 25, FORGED, LINES[2])
    time.sleep(4)  # until they are on disk
    house.run("report", "--quarter", time.strftime("%Y") + f"Q{(time.gmtime().tm_mon + 2) // 3}")


def complain(house: House) -> None:
    """Enough reporters who were called put two numbers on the ladder; a third is complained about once."""
    run = house.run
    run("lists", "remove", "allowed", LOUD)
    for line in LINES:
        for number in (LOUD, SOLD):
            more = ("--contact", "a@example.com", "--text", "It rang at night.") if line == LINES[0] else ()
            run("complaints", "add", number, "--by", line, "--category", "loan", "--business", "Quick Cash", *more)
    run("lists", "remove", "allowed", "+86170333*")
    run("complaints", "add", SOLD, "--by", "+8613800138009", "--knew", "branch=Chaoyang office")
    run("lists", "add", "allowed", LOUD, *QUALIFIED)
    run("complaints", "add", FORGED, "--by", LINES[2])
    run("ladder", "assign", LOUD, "--owner", "North Contact", "--business", "Quick Cash")
    run("letters", "owner", "North Contact", "owner@example.com")


def decide_cases(house: House) -> None:
    """Two numbers are sealed, the caller of the third was forged."""
    for case in ("1", "2"):
        house.run("cases", "take", case)
        house.run("cases", "verify", case, "--by", "trunk", "--reason", "the trunk says so")
        house.run("cases", "seal", case, "--reason", "it goes on")
    house.run("cases", "take", "3")
    house.run("cases", "forged", "3", "--reason", "not his", "--trunk", "carrier")
    time.sleep(1.5)


def appeal(house: House) -> None:
    """One seal is taken off on appeal, the other stays; two appeals wait."""
    run = house.run
    decision = call(house, 30, SOLD, LINES[0])
    call(house, 31, LOUD, LINES[0])
    call(house, 32, LOUD, LINES[1])
    time.sleep(4)
    run("appeals", "file", "--decision", decision, "--text", "It was not me.", "--contact", "b@example.com")
    waiting = json.dumps(house.json("appeals", "list"))
    found = re.search(r"A-[0-9A-Z]{5}-[0-9A-Z]{5}", waiting)
    assert found is not None, waiting
    run("appeals", "grant", found[0], "--reason", "it was a mix-up")
    run("ladder", "assign", FORGED, "--owner", "Loan King")
    run("ladder", "climb", "owner", "Loan King", "--to", "reject", "--reason", "again and again")
    time.sleep(1.5)
    decision = call(house, 33, FORGED, LINES[3])
    time.sleep(4)
    run("appeals", "file", "--decision", decision)
    run("appeals", "file", "--number", LOUD)


def keep(folder: Path, target: Path) -> None:
    """The databases as SQL text, one file for all; configuration, rules and the key file beside them."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("ringfence.yaml", "rules.yaml", "ringfence.keys"):
        shutil.copy(folder / name, target / name)
    texts = {}
    for file in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(file)) as connection:
            version = connection.execute("pragma user_version").fetchone()[0]
            identity = connection.execute("pragma application_id").fetchone()[0]
            texts[file.name] = [*connection.iterdump(), f"pragma user_version={version};"]
            texts[file.name].append(f"pragma application_id={identity};")
    with gzip.GzipFile(target / "databases.json.gz", "wb", mtime=0) as packed:
        packed.write(json.dumps(texts, indent=0).encode())


if __name__ == "__main__":
    working = Path(sys.argv[3]) if len(sys.argv) > 3 else Path("/tmp") / f"ringfence-past-{os.getpid()}"
    working.mkdir(parents=True)
    made = House(Path(sys.argv[1]), working)
    fill(made)
    keep(working, Path(sys.argv[2]))
