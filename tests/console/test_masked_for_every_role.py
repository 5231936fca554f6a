"""Numbers that people complain about, planted: no command and no path shows one whole to any role, but for a reason."""

import json
import re
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from console.api.access.idempotency_keys import IdempotencyKeys
from console.api.access.key_book import KeyBook
from console.api.authentication import Authentication
from console.api.idempotency import Idempotency
from console.api.middleware import Middleware
from console.cli.answers import HELD
from console.cli.commands import app
from console.web.application import Beside, console
from ringfence.installation import Installation
from ringfence.people.accounts import Wanted
from ringfence.people.rights import Right, Role
from rules.lists.origins import BY_RULE, Origin
from rules.records.privacy import mask
from tests.console.built import serving
from tests.installed import CONFIGURATION

ROLES = [role.value for role in Role]
# Sealed, on the ladder and with an appeal; only complained about; in a name that reporters wrote; on a list of seals.
ACCUSED, SECOND, NAMED = "13712345678", "95012345", "13912344321"
PLANTED = (ACCUSED, SECOND, NAMED, "13712340000")
OFFICE, BUSINESS = f"Lake Branch {NAMED}", f"Quick Cash {NAMED}"
READS = [
    "complaints list",
    "complaints list --case 1",
    "complaints show {complaint}",
    "complaints show {complaint} --words",
    "cases list",
    "cases list --state sealed",
    "case 1",
    "case 2",
    "appeals list",
    "appeals show {appeal}",
    "appeals pack {appeal}",
    "ladder show",
    "owners",
    "letters list",
    "leaks list",
    "inquiries list",
    "offices list",
    "offices list --unknown",
    "lists show sealed",
    "lists top",
    "lists stale sealed",
    "lists show allowed",
    "lists export sealed",
    "report --quarter {quarter} --by business",
    "report --quarter {quarter} --by branch",
    "alerts",
    "audit show --limit 500",
    "approvals list",
    "log",
]
PATHS = [
    "/v1/complaints",
    "/v1/complaints/{complaint}",
    "/v1/complaints/{complaint}/words",
    "/v1/cases",
    "/v1/cases?state=sealed",
    "/v1/cases/1",
    "/v1/cases/1/complaints",
    "/v1/appeals",
    "/v1/appeals/{appeal}",
    "/v1/appeals/{appeal}/evidence",
    "/v1/ladder",
    "/v1/letters",
    "/v1/leaks",
    "/v1/inquiries",
    "/v1/offices",
    "/v1/lists/sealed/entries",
    "/v1/lists/sealed/stats",
    "/v1/lists/allowed/entries",
    "/v1/reports/{quarter}?by=business",
    "/v1/reports/{quarter}?by=business&format=csv",
    "/v1/reports/{quarter}?by=branch",
    "/v1/alerts",
]


def whole(text: str) -> list[str]:
    """Which of the planted numbers can be read in it."""
    plain = text.replace(" ", "").replace("-", "")
    return [number for number in PLANTED if number in plain]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """An installation in which each number went through everything, and an account with a key for each role."""
    folder = tmp_path_factory.mktemp("planted")
    file = folder / "ringfence.yaml"
    text = CONFIGURATION.replace("rules: [rules.d/*.yaml]\n", "").replace(
        "lists:\n", "lists:\n  sealed: {kind: sealed}\n  partners: {kind: allow}\n  contracts: {kind: allow}\n"
    )
    file.write_text(f"{text}people: {{four_eyes: false}}\n")

    def done(*words: str, status: int = 0) -> str:
        found = CliRunner().invoke(app, ["--config", str(file), *words])
        assert found.exit_code == status, (words, found.output)
        return found.stdout

    knew = ("--knew", f"branch={OFFICE}", "--business", BUSINESS, "--text", f"{NAMED} sold my data")
    complaint = done("complaints", "add", ACCUSED, "--by", "13800138000", *knew).split()[0]
    done("complaints", "add", SECOND, "--by", "13800138001", *knew)
    done("lists", "add", "allowed", "+8613*", "--source", "contract 7")
    done("lists", "add", "partners", ACCUSED, "--source", "contract 8")
    done("cases", "take", "1")
    done("cases", "verify", "1", "--by", "owner", "--reason", f"{ACCUSED} said so")
    sealed = done("cases", "seal", "1", "--reason", f"{ACCUSED} again")
    for kind, name in (("number", ACCUSED), ("owner", f"Loan King {NAMED}"), ("business", BUSINESS)):
        sealed += done("ladder", "climb", kind, name, "--reason", f"{ACCUSED} again")
    sealed += done("ladder", "assign", ACCUSED, "--owner", f"Loan King {NAMED}", "--business", BUSINESS)
    appeal = done("appeals", "file", "--number", ACCUSED, "--text", f"{ACCUSED} is ours").split()[0]
    sealed += done("inquiries", "open", OFFICE, "--ask", f"who knew {NAMED}")
    named = f"Lake Branch {mask(f'+86{NAMED}').removeprefix('+86')}"
    sealed += done("offices", "add", "Lake", "--alias", f"{OFFICE} too") + done(
        "leaks", "ack", named, "--reason", "seen"
    )
    third = done("complaints", "add", "13712340000", "--by", "13800138002").split()[0]
    sealed += done("complaints", "withdraw", third, "--json")
    sealed += done("cases", "take", "1", "--json", status=1) + done("case", "3")
    assert not whole(sealed), "what a step says of it"
    period = json.loads(done("complaints", "show", complaint, "--json"))["received"]
    quarter = f"{period[:4]}Q{(int(period[5:7]) + 2) // 3}"

    async def hire(here):
        people = await here.people()
        await people.accounts.add(Wanted("root", frozenset({Role.ADMIN})), author="root")
        second = Wanted("second-keeper", frozenset({Role.LIST_KEEPER}), login="second-keeper")
        await people.accounts.add(second, author="root")
        for role in Role:
            await people.accounts.add(Wanted(role.value, frozenset({role}), login=role.value), author="root")
            _, tokens[role.value] = await KeyBook(await here.access()).add(
                role.value, tuple(Right), author="root", acts_as=role.value
            )

    tokens: dict[str, str] = {}
    Installation.open(file).run(hire)
    return file, tokens, {"complaint": complaint, "appeal": appeal, "quarter": quarter}


@pytest.fixture
def file(planted) -> Path:
    return planted[0]


@pytest.mark.parametrize("read", READS)
def test_no_command_shows_one_whole_to_any_role(planted, under, read):
    words = read.format(**planted[2]).split()
    answered = 0
    for role in ROLES:
        for form in ((), ("--json",)) if words[1:2] not in (["export"], ["pack"]) else ((),):
            found = under(role, *words, *form)
            assert not whole(found.output), (role, found.output)
            assert found.exit_code in (0, 1), found.output
            answered += found.exit_code == 0 and bool(found.stdout.strip())
    assert answered or words[:2] in (["lists", "export"], ["alerts"]), "somebody was shown something"


def test_no_path_shows_one_whole_to_any_role(planted):
    file, tokens, names = planted

    async def ask_all(here):
        desk, store = await here.open_desk(), await here.access()
        door = Authentication(store, here.configuration.api, await here.people())
        replays = Idempotency(IdempotencyKeys(store), desk.archive.secrecy.pseudonym)
        gate = Middleware(serving(desk), door, replays, here.configuration.api)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://localhost") as client:
            for path in PATHS:
                for role in ROLES:
                    door._requests._levels.clear()
                    said = await client.get(path.format(**names), headers={"Authorization": f"Bearer {tokens[role]}"})
                    assert said.status_code in (200, 403), (path, said.text)
                    assert not whole(said.text), (path, role, said.text)
                    seen.setdefault(path, set()).add(said.status_code)

    seen: dict[str, set[int]] = {}
    Installation.open(file).run(ask_all)
    assert all(200 in statuses for statuses in seen.values()), seen


def test_who_changes_a_list_and_sees_no_number_learns_nothing_of_seals(planted, under, tmp_path):
    """Halving a range, or a file of whole numbers, would find the sealed one: both halves are answered alike."""

    def walk(met: str, exact: str) -> str:
        """Everything that a keeper does with a beginning and a whole number, and what it says, without these."""
        file, other = tmp_path / "numbers.csv", tmp_path / "other.csv"
        file.write_text(f"number\n{met}*\n{exact}\n13500000001\n")
        other.write_text(f"number\n{met}0*\n{met}5*\n")
        told, imported = [], ("lists", "import", "contracts")

        def said(*words: str, status: int = 0, by: str = "list-keeper") -> str:
            found = under(by, *words)
            assert found.exit_code == status, (words, found.output)
            told.append(found.output.replace(exact, "EXACT").replace(met, "MET"))
            return found.stdout

        for form in ((), ("--json",)):
            said(*imported, str(file), "--dry-run", *form)
            said(*imported, str(file), *form)
            said("lists", "show", "contracts", *form)
            said("lists", "stale", "contracts", "--for", "0s", *form)
            made = json.loads(under("list-keeper", "lists", "imports", "--json").stdout)[0]["id"]
            said(*imported, str(other), "--replace", *form, status=HELD)
            waits = json.loads(under("list-keeper", "lists", "held", "--json").stdout)[0]["id"]
            said("lists", "release", str(waits), "--reason", "asked", *form, by="second-keeper")
            after = json.loads(under("list-keeper", "lists", "imports", "--json").stdout)[0]["id"]
            said("lists", "undo", str(after), *form)
            said("lists", "undo", str(made), *form)
            said("lists", "add", "contracts", f"{met}9*", exact, *form)
            said("lists", "remove", "contracts", f"{met}9*", exact, *form)
        ids = r'(?<=mport )\d+|(?<=lists (?:drop|undo) )\d+|(?<=release )\d+|(?<="id": )\d+|(?<=_id": )\d+'
        moments = r"\d{4}-\d\d-\d\d[T ][\d:.+]+|after [\d.]+ s"
        return re.sub(f"{ids}|{moments}", "N", "\n".join(told))

    met, clear = walk("13712", ACCUSED), walk("13711", "13711345678")
    assert met == clear
    assert not [one for one in ("seal 1", "stays sealed", "suspended") if one in met]
    assert met.count("a person who may see numbers is told") >= 6, "that nothing is said of it"


def test_one_whole_number_that_is_typed_says_whether_it_is_sealed_and_is_entered_as_a_look_up(planted, under):
    added = under("list-keeper", "lists", "add", "contracts", ACCUSED)
    assert "stays sealed (seal 1, case 1)" in added.output
    under("list-keeper", "lists", "remove", "contracts", ACCUSED)
    (entry,) = json.loads(under("auditor", "audit", "show", "--step", "searched", "--limit", "1", "--json").stdout)
    assert (entry["actor"], entry["subject"], entry["detail"]) == ("list-keeper", "number", "lists add")


def test_a_file_of_many_numbers_tells_who_may_not_see_them_of_no_seal(planted, under, tmp_path):
    file = tmp_path / "calls.csv"
    few = [ACCUSED, "13712345679"]
    file.write_text("from,to\n" + "".join(f"{one},13800138000\n" for one in few))
    assert '"sealed"' in under("viewer", "explain", "--file", str(file), "--json").stdout
    looks = json.loads(under("auditor", "audit", "show", "--step", "searched", "--limit", "9", "--json").stdout)
    assert sum(one["actor"] == "viewer" and one["detail"] == "explain --file" for one in looks) == 2
    many = [*few, *(f"137123400{n:02}" for n in range(30))]
    file.write_text("from,to\n" + "".join(f"{one},13800138000\n" for one in many))
    told = under("viewer", "explain", "--file", str(file))
    assert ("By rules alone" in told.stdout, "seal" in told.stdout.partition("By rules")[0]) == (True, False)
    assert '"sealed"' in under("complaint-officer", "explain", "--file", str(file), "--json").stdout


def test_callers_whom_rules_hold_on_a_list_are_listed_to_no_keeper(planted, under):
    """He adds entries of his own: where a masked one stands among them would say its digits."""

    async def hold(here):
        await (await here.lists()).add(
            "contracts", held, Origin(source=BY_RULE, reason="rang ten people", author="ten")
        )

    held = "+8613712349999"
    Installation.open(planted[0]).run(hold)
    for words in (("lists", "show", "contracts"), ("lists", "stale", "contracts", "--for", "0s")):
        shown = {role: under(role, *words).output for role in ("list-keeper", "rule-author")}
        assert held not in "".join(shown.values())
        assert ("+86137******99" in shown["rule-author"], "*****99" in shown["list-keeper"]) == (True, False)
    assert "Callers whom rules hold here" in under("list-keeper", "lists", "show", "contracts").output
    under("list-keeper", "lists", "remove", "contracts", held)


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_what_the_desk_does_shows_no_number_as_text_or_as_json(tmp_path, form):
    """Whoever types a number is told it masked, and so is each step that is about it."""
    file = tmp_path / "ringfence.yaml"
    text = CONFIGURATION.replace("rules: [rules.d/*.yaml]\n", "").replace("lists:\n", "lists:\n  s: {kind: sealed}\n")
    file.write_text(f"{text}people: {{four_eyes: false}}\n")

    def said(*words: str) -> str:
        found = CliRunner().invoke(app, ["--config", str(file), *words, *form])
        assert found.exit_code == 0, (words, found.output)
        assert not whole(found.output), (words, found.output)
        return found.stdout

    many = tmp_path / "many.csv"
    many.write_text(f"accused,reporter,received\n{SECOND},13800138001,2026-11-24T10:00\n")
    said("complaints", "add", ACCUSED, "--by", "13800138000", "--business", BUSINESS, "--text", NAMED)
    said("complaints", "import", str(many))
    said("cases", "take", "1", "--reason", ACCUSED)
    said("cases", "verify", "1", "--by", "owner", "--reason", ACCUSED)
    said("cases", "seal", "1", "--reason", ACCUSED)
    said("appeals", "file", "--number", ACCUSED, "--text", f"{ACCUSED} is ours")
    said("cases", "release", "1", "--reason", ACCUSED)
    said("ladder", "assign", ACCUSED, "--owner", f"Loan King {NAMED}", "--business", BUSINESS)
    said("ladder", "climb", "number", ACCUSED, "--reason", f"{ACCUSED} again")
    said("ladder", "clear", "number", ACCUSED, "--reason", f"{ACCUSED} mended")
    said("offices", "add", OFFICE)
    said("inquiries", "open", OFFICE, "--ask", f"who knew {NAMED}")


IN_FULL = {  # by whom one number in full is seen, with a reason
    "case 1": {"complaint-officer"},
    "complaints show {complaint}": {"complaint-officer"},
    "appeals show {appeal}": {"complaint-officer"},
    "appeals pack {appeal}": {"complaint-officer"},
    "lists show sealed": {"complaint-officer"},
}


def test_an_ordinary_list_stands_in_full_for_who_keeps_it_and_masked_for_others(planted, under):
    file, tokens, _ = planted
    for words in (("lists", "show", "partners"), ("lists", "stale", "partners", "--for", "0s")):
        seen = {role for role in ROLES if ACCUSED in under(role, *words).output}
        assert seen == {"list-keeper"}, words
    assert ACCUSED in under("list-keeper", "lists", "export", "partners").stdout
    in_full = under("complaint-officer", "lists", "show", "partners", "--unmasked", "--reason", "asked")
    assert ACCUSED in in_full.stdout

    async def ask(here):
        desk, store = await here.open_desk(), await here.access()
        door = Authentication(store, here.configuration.api, await here.people())
        replays = Idempotency(IdempotencyKeys(store), desk.archive.secrecy.pseudonym)
        gate = Middleware(serving(desk), door, replays, here.configuration.api)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://localhost") as client:
            for role in ROLES:
                door._requests._levels.clear()
                headers = {"Authorization": f"Bearer {tokens[role]}"}
                if ACCUSED in (await client.get("/v1/lists/partners/entries", headers=headers)).text:
                    over_http.add(role)

    over_http: set[str] = set()
    Installation.open(file).run(ask)
    assert over_http == {"list-keeper"}


@pytest.mark.parametrize("read", IN_FULL)
def test_one_in_full_is_for_who_may_and_says_why(planted, under, read):
    words = read.format(**planted[2]).split()
    seen = {role for role in ROLES if ACCUSED in under(role, *words, "--unmasked", "--reason", "asked").output}
    assert seen == IN_FULL[read]
    unasked = under("complaint-officer", *words, "--unmasked")
    assert (unasked.exit_code, "say why" in unasked.stderr) == (1, True)
    (entry,) = json.loads(under("auditor", "audit", "show", "--step", "unmasked", "--limit", "1", "--json").stdout)
    assert (entry["actor"], entry["reason"]) == ("complaint-officer", "asked")
    assert entry["detail"].startswith(" ".join(words[:2]) if words[0] != "case" else "case")


def test_no_page_that_a_role_reaches_shows_one_whole(planted):
    """Each link is followed, to the story of each number, too; a page shows an example number where one is typed."""
    file, _, _ = planted

    async def walk(here):
        gate = console(here, await here.open_desk(), await here.people(), neighbours=lambda *_: True)
        front = httpx.ASGITransport(Beside(gate, None, ""), client=("127.0.0.1", 40_000))
        for role in ("complaint-officer", "list-keeper", "auditor"):
            begun = await gate.people._enter(await gate.people.accounts.named(role), "127.0.0.1")
            headers = {"Cookie": f"rf_session={begun.token}"}
            async with httpx.AsyncClient(transport=front, base_url="http://localhost", headers=headers) as browser:
                seen, waits = set(), ["/console/live"]
                while waits:
                    where = waits.pop()
                    # What is sealed in an address is another text each time; /static/ holds files of ours.
                    if (page := re.sub(r"[\w-]{40,}", "", where)) in seen or "/static/" in where or "/live/" in where:
                        continue
                    seen.add(page)
                    shown = await browser.get(where)
                    assert shown.status_code in (200, 303, 404), where
                    text = re.sub(r'placeholder="[^"]*"', "", shown.text)
                    assert (role, where, whole(text)) == (role, where, []), text
                    waits += [link.replace("&amp;", "&") for link in re.findall(r'href="(/console/[^"#]*)"', text)]
            reached[role] = seen

    reached: dict[str, set[str]] = {}
    Installation.open(file).run(walk)
    assert {"/console/number/", "/console/case/1", "/console/ladder", "/console/leaks"} <= reached["complaint-officer"]
    assert "/console/audit" in reached["auditor"]
