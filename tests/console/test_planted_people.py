"""Planted names, reporters and called numbers, brought in by every way: no page, log line or export shows them."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from desk.scheduler import Scheduler
from ringfence.configuration import load_configuration
from ringfence.installation import Installation
from rules.language.compile import compile_rules
from rules.model import Call, Outcome, Trunk
from rules.numbering.numbers import read_number
from rules.screening.screen import Screen
from tests.console.api.served import Served, new_key

CALLER, REPORTER, CALLED = "95012345", "13812344321", "13943211234"
TRUNK = Trunk("carrier", country="CN", identity_trusted=True, cli_screened=True)
WORDS = ["--text", f"Zhao Planted, {REPORTER}, heard it", "--contact", "planted@example.com"]
KNEW = ["name=Zhao Planted", "plan=Planted Gold", "purchase=planted phone"]
# As anybody might find them: whole, in national form, in the middle of something, and as UTF-16.
PLANTED = [word.encode() for word in ("lanted", "LANTED", REPORTER, CALLED, REPORTER[3:], CALLED[3:])]
PLANTED += [word.decode().encode("utf-16-le") for word in PLANTED]


async def call_and_be_unwanted(file: Path) -> None:
    """A call that the callee's phone answers 607, and one that he reports by the feature code."""
    folder, configuration = file.parent, load_configuration(file)
    ruleset = compile_rules([], configuration, trunks=[TRUNK]).ruleset
    async with Installation.open(file) as here:
        desk = await here.desk()
        with (folder / "calls.log").open("a") as log:
            screen = await Screen.open(configuration, ruleset, folder, log=log)
            screen.unwanted = desk.callee.unwanted
            for status in (607, 200):
                call = Call(
                    caller=read_number(CALLER, TRUNK),
                    called=read_number(CALLED, TRUNK, called=True),
                    trunk=TRUNK,
                    at=desk.archive.now(),
                )
                screen.ended(screen.judge(call).decision, Outcome(status, True, 900))
            await screen.close()
        await Scheduler(desk).once()
        assert not (await desk.callee.report_last_call(CALLED)).duplicate


@pytest.fixture
def installation(file, run):
    """Everything that a complaint can go through, done once."""
    file.write_text(
        file.read_text().replace("lists:\n", "lists:\n  sealed: {kind: sealed}\n")
        + "complaints: {mail: {host: 127.0.0.1, port: 1, sender: desk@example.com}}\n"
    )
    folder, outside = file.parent, file.parent.parent / "outside"
    outside.mkdir(exist_ok=True)
    asyncio.run(call_and_be_unwanted(file))
    # Held open, so that logs of writes stay beside the databases.
    held = [sqlite3.connect(path) for path in folder.glob("*.db")]
    for connection in held:
        connection.execute("select count(*) from sqlite_schema").fetchall()

    def done(*words: str, status: int = 0) -> str:
        found = run(*words)
        assert found.exit_code == status, (words, found.output)
        return found.output

    knew = [word for one in KNEW for word in ("--knew", one)]
    said = [done("complaints", "add", CALLER, "--by", REPORTER, "--to", CALLED, *WORDS, *knew)]
    (outside / "centre.csv").write_text(
        "accused,reporter,called,text,contact,knew name,knew plan\n"
        f"{CALLER},{REPORTER},{CALLED},Zhao Planted heard it,planted@example.com,Zhao Planted,Planted Gold\n"
    )
    said += [done("complaints", "import", str(outside / "centre.csv"))]
    said += [done("complaints", "show", said[0].split()[0]), done("complaints", "list", "--json")]
    said += [done("cases", "take", "1"), done("cases", "verify", "1", "--by", "trunk", "--reason", "asked")]
    said += [done("cases", "seal", "1", "--reason", "five people")]
    with Served(file) as api, api.client(new_key(file)) as client:
        body = {"accused": CALLER, "reporter": REPORTER, "called": CALLED, "text": "Zhao Planted heard it"}
        body |= {"contact": "planted@example.com", "knew": {"name": "Zhao Planted", "purchase": "planted phone"}}
        for _ in range(2):  # the second one is answered out of what is kept of the first
            filed = client.post("/v1/complaints", json=body, headers={"Idempotency-Key": "k1"})
            assert filed.status_code == 201, filed.text
        wrong = client.post("/v1/complaints", json=body | {"accused": REPORTER, "called": "Zhao Planted"})
        assert wrong.status_code == 422
        said += [client.get("/v1/complaints").text, client.get("/v1/cases/1/story").text]
    appeal = done("appeals", "file", "--number", CALLER, *WORDS).split()[0]
    said += [done("appeals", "pack", appeal, "--out", str(folder / "pack.json"))]
    said += [done("ladder", "assign", CALLER, "--owner", "Loan King")]
    said += [done("letters", "owner", "Loan King", "planted@example.com")]
    said += [done("letters", "send", status=1), done("appeals", "grant", appeal, "--reason", "forged")]
    said += [done("complaints", "add", "95013333", "--by", REPORTER, *WORDS)]
    said += [done("cases", "hand-over", "2", "--to", "Other Telecom", "--out", str(folder / "them.csv"))]
    said += [done("report", "--quarter", "2026Q3", "--csv", str(folder / "report.csv"))]
    said += [done("case", "1"), done("case", "1", "--json"), done("log"), done("alerts")]
    yield folder, "\n".join(said)
    for connection in held:
        connection.close()


def test_they_are_found_nowhere(installation):
    folder, said = installation
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".keys"}
    names = {path.name for path in files}
    assert {f"ringfence{name}.db" for name in ("", "-decisions", "-complaints", "-access")} <= names
    assert {"ringfence.db-wal", "ringfence-complaints.db-wal"} <= names
    assert {"calls.log", "api.log", "pack.json", "them.csv", "report.csv"} <= names
    assert b"CN:95012345" in files[folder / "ringfence-complaints.db"], "the test reads the right files"
    assert files[folder / "calls.log"].count(b"\n") == 2
    for channel in ("607", "feature code", "operator", "centre", "api"):
        assert f'"channel":"{channel}"' in said.replace('": "', '":"')
    for path, content in (*files.items(), (Path("what commands said"), said.encode())):
        for word in PLANTED:
            assert word not in content, (path, word)
