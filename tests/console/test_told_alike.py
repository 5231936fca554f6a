"""Two callers who look alike behind their masks: who may not see numbers is told the same of both, wherever he asks.

Rules and list entries of his own tell the two apart, as narrow as he likes. Were anything told that lies in hidden
digits, he would read a caller by asking again and again. What shows the outcome of a call is in the tables below; a
new command, path or page belongs there, too.
"""

import json
import re
import shutil
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from console.api.access.idempotency_keys import IdempotencyKeys
from console.api.access.key_book import KeyBook
from console.api.authentication import Authentication
from console.api.idempotency import Idempotency
from console.api.middleware import Middleware
from console.cli.commands import app
from console.web.application import Beside, console
from ringfence.installation import Installation
from ringfence.people.accounts import Wanted
from ringfence.people.rights import RIGHTS_OF, Right, Role
from ringfence.rulebook import load_rulebook, trunks_of
from rules.language.examples import Described
from rules.model import Hit, Outcome
from rules.records.decisions import row
from rules.records.privacy import mask
from tests.console.built import serving
from tests.installed import CONFIGURATION
from tests.rules.calls import READ, rule

ONE, OTHER = "+8613817264953", "+8613817299953"
NEAR, FAR = "{caller: {range: +8613817264000..+8613817264999}}", "{caller: {range: +8613817299000..+8613817299999}}"
RULES = "".join(
    (
        rule(NEAR, name="seen-near", mode="observe"),
        rule(FAR, name="seen-far", mode="observe"),
        rule(f"{{caller: {ONE}}}", name="exactly", mode="observe"),
        rule(NEAR, "{tag: {label: near}}", name="tag-near"),
        rule(FAR, "{tag: {label: far}}", name="tag-far"),
        rule(NEAR, "{suspicion: 1}", name="little"),
        rule(FAR, "{suspicion: 2}", name="more"),
        rule("{caller: {starts_with: [+86138]}}", name="wide", mode="observe"),
    )
)
# Everything but the right to see numbers.
INSIDER = frozenset(role for role in Role if Right.NUMBERS_UNMASK not in RIGHTS_OF[role])
COMMANDS = [
    "explain {decision}",
    "explain {decision} --json",
    "log",
    "log --json",
    "log --rule tag-near",
    "log --rule tag-far",
    "log --observed seen-near",
    "log --observed * --json",
    "log --by-day",
    "rules list --json",
    "rules stats --json",
    "rules stats seen-near",
    "rules promote seen-near --to live --reason x",
    "rules promote seen-far --to live --reason x",
    "lists import suspected {file} --range --dry-run --json",
    "check",
    "db check --json",
    "replay --json",
    "campaigns --json",
    "lists show suspected --json",
    "lists stats --json",
    "lists top --json",
    "lists top suspected",
    "lists stale suspected --for 30d --json",
    "report --quarter 2026Q3 --json",
    "trunks --json",
    "alerts --json",
    "audit show --json --limit 5",
]
PAGES = [
    "/console/live",
    "/console/calls",
    "/console/calls?rule=tag-near",
    "/console/calls?rule=tag-far",
    "/console/calls/{decision}",
    "NUMBER",  # the link of that page to its number's story
    "/console/rules",
    "/console/lists",
    "/console/lists/suspected",
]
FOLDERS = r"/\S*twins\d*/(?:one|two)"
NICKNAME = r'<span class="short".*?</span>'  # by which two numbers are told apart, and nothing is learnt of either
MOMENTS = r"\d{4}-\d\d-\d\d[T ][\d:.+]+|\b[0-2]\d:[0-5]\d:[0-5]\d\b|\d+(?:\.\d+)? m?s\b|(?<=seconds\": )[\d.]+"


def alike(text: str) -> str:
    """What was said, without what differs each time it is said."""
    return re.sub(rf"{FOLDERS}|{NICKNAME}|[\w-]{{40,}}|{MOMENTS}", "…", text)


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """One installation twice: the same but for who called, by one digit of those that are hidden."""
    first = tmp_path_factory.mktemp("twins") / "one"
    (first / "rules.d").mkdir(parents=True)
    (first / "rules.d" / "own.yaml").write_text(RULES)
    (first / "ringfence.yaml").write_text(CONFIGURATION)

    def done(*words: str) -> None:
        found = CliRunner().invoke(app, ["--config", str(first / "ringfence.yaml"), *words])
        assert found.exit_code == 0, (words, found.output[-2000:], found.stderr[:3000])

    async def hire(here):
        people = await here.people()
        await people.accounts.add(Wanted("root", frozenset({Role.ADMIN})), author="root")
        await people.accounts.add(Wanted("insider", INSIDER, login="insider"), author="root")
        await (await here.decisions()).close()
        await here.open_desk()

    done("rules", "activate", "--reason", "first")
    done("lists", "add", "suspected", f"{ONE[:-3]}*", "--range", "--reason", "near him")
    done("lists", "add", "suspected", OTHER, "--reason", "far from him")
    Installation.open(first / "ringfence.yaml").run(hire)
    second = first.parent / "two"
    shutil.copytree(first, second)
    at, files = time.time(), [first / "ringfence.yaml", second / "ringfence.yaml"]
    for file, caller, entry in zip(files, (ONE, OTHER), (f"{ONE[:-3]}*", OTHER), strict=True):
        decision = recorded(file, caller, entry, at)
    return files, decision


def recorded(file: Path, caller: str, entry: str, at: float) -> str:
    """Record a call of this caller, whom this entry covers; its decision."""
    book = load_rulebook(file)
    call = READ(Described(caller, "13800138000"), trunks_of(book.configuration)[0], at)
    call.source, call.call_id = "192.0.2.9", "c1"
    verdict = book.ruleset.judge(call, (Hit("suspected", "suspect", entry, "insider", caller, len(entry)),))
    verdict.decision = f"{int(at * 256):010x}{7:010x}"

    async def write(here):
        decisions = await here.decisions()
        made = row(call, verdict, Outcome(200, True, 100), here.keys.pseudonym)
        await decisions.write([made], [], [("suspected", entry, 1, at)])

    Installation.open(file).run(write)
    return verdict.decision


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_tells_the_same_of_both(twins, monkeypatch, words):
    files, decision = twins
    monkeypatch.setattr("ringfence.installation.login_name", lambda: "insider")
    monkeypatch.setattr("ringfence.installation.logins", lambda: ("insider",))
    told, wide = [], files[0].parent / "wide.csv"
    wide.write_text(f"number\n{ONE[:-4]}*\n")
    for file in files:
        found = CliRunner().invoke(app, ["--config", str(file), *words.format(decision=decision, file=wide).split()])
        assert found.exit_code in (0, 1), found.output
        told.append(alike(found.output))
    assert told[0] == told[1]
    assert told[0].strip()


def test_a_page_tells_the_same_of_both(twins):
    files, decision = twins

    async def walk(here):
        gate = console(here, await here.open_desk(), await here.people(), neighbours=lambda *_: True)
        front = httpx.ASGITransport(Beside(gate, None, ""), client=("127.0.0.1", 40_000))
        begun = await gate.people._enter(await gate.people.accounts.named("insider"), "127.0.0.1")
        headers, texts = {"Cookie": f"rf_session={begun.token}; rf_browser={'b' * 32}"}, {}
        async with httpx.AsyncClient(transport=front, base_url="http://localhost", headers=headers) as browser:
            last = ""
            for page in PAGES:
                where = page.format(decision=decision)
                if page == "NUMBER":
                    where = re.search(r'href="(/console/number/[^"]+)"', last)[1]
                shown = await browser.get(where)
                last = shown.text
                assert shown.status_code == 200, where
                texts[page] = alike(shown.text)
            token = re.search(r'name="form_token" value="([0-9a-f]+)"', last)[1]
            for asked in (NEAR, FAR, f"{{caller: {ONE}}}", f"{{any: [{NEAR}, {{trunk: [default]}}]}}"):
                form = {"form_token": token, "rule": rule(asked, name="probe")}
                said = await browser.post(f"/console/calls/{decision}/try", data=form)
                assert said.status_code == 200, said.text
                assert "probe looks at digits which you may not see" in said.text
                texts[asked] = alike(said.text)
            said = await browser.post("/console/rules/compare", data={"form_token": token})
            assert said.status_code == 200, said.text
            texts["compare"] = alike(said.text)
        told.append(texts)

    told: list[dict[str, str]] = []
    for file in files:
        Installation.open(file).run(walk)
    for page, text in told[0].items():
        pairs = zip(text.splitlines(), told[1][page].splitlines(), strict=False)
        assert [(page, pair) for pair in pairs if pair[0] != pair[1]] == []
    assert "wide" in told[0]["/console/calls/{decision}"], "what lies in digits that everybody sees is told"


def test_a_path_tells_the_same_of_both(twins):
    files, _ = twins

    async def ask(here):
        desk, store = await here.open_desk(), await here.access()
        scopes = tuple(sorted({right for role in INSIDER for right in RIGHTS_OF[role]}))
        _, key = await KeyBook(store).add("key", scopes, author="root", acts_as="insider")
        door = Authentication(store, here.configuration.api, await here.people())
        gate = Middleware(
            *(serving(desk), door, Idempotency(IdempotencyKeys(store), desk.archive.secrecy.pseudonym)),
            here.configuration.api,
        )
        headers, texts = {"Authorization": f"Bearer {key}"}, {}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(gate), base_url="http://localhost", headers=headers
        ) as client:
            for path in ("/v1/lists/suspected/entries", "/v1/lists/suspected/stats", "/v1/lists", "/v1/alerts"):
                said = await client.get(path)
                texts[path] = said.status_code, re.sub(r'(?<="last_hit":")[^"]+', "", alike(said.text))
            rows = {"rows": [{"number": f"{ONE[:-4]}*"}], "dry_run": True, "ranges": True}
            said = await client.post("/v1/lists/suspected/import", json=rows)
            texts["import"] = said.status_code, alike(said.text)
        told.append(texts)

    told: list[dict[str, tuple[int, str]]] = []
    for file in files:
        Installation.open(file).run(ask)
    assert told[0] == told[1]
    assert [told[0][path][0] for path in ("/v1/lists/suspected/stats", "import")] == [200, 200], told[0]


def test_who_may_see_numbers_is_told_all(twins):
    files, decision = twins
    found = CliRunner().invoke(app, ["--config", str(files[0]), "explain", decision, "--json"])
    assert found.exit_code == 1, "root is an admin here, who sees no calls"

    async def ask(here):
        from ringfence.explanations import explain_decision

        told.append(await explain_decision(here, decision, clear=False, figures=True))
        told.append(await explain_decision(here, decision, clear=False))

    told: list = []
    Installation.open(files[0]).run(ask)
    full, masked = (json.dumps(one.as_data()) for one in told)
    assert [one in full for one in ("seen-near held", "tag-near", "near him")] == [True] * 3
    assert [one in masked for one in ("near", "exactly", "little", "+861381726")] == [False] * 4
    assert "wide held" in masked
    assert mask(ONE) in masked
