"""Each role against each action, on the command line and over HTTP: who may not is refused, who may is not.

The table is written out, and not made from the program's own: whoever changes a role changes it here, too.
"""

import shlex

import httpx
import pytest

from console.api.access.idempotency_keys import IdempotencyKeys
from console.api.access.key_book import KeyBook
from console.api.authentication import Authentication
from console.api.idempotency import Idempotency
from console.api.middleware import Middleware
from console.api.problems import Problem
from ringfence.installation import Installation
from ringfence.people.accounts import Wanted
from ringfence.people.rights import Right, Role
from tests.console.built import serving

ROLES = [role.value for role in Role]
VIEWER, OFFICER, KEEPER, AUTHOR, ENGINEER, PRIVACY, AUDITOR, ADMIN = ROLES
LOOKS = {VIEWER, OFFICER, KEEPER, AUTHOR, ENGINEER, AUDITOR}
REASON = ("--reason", "why")
# What is typed, and the roles that may; whoever may meets another answer, or none.
COMMANDS = {
    "log": LOOKS,
    "explain 6b0736ec2633c7d7bc8b": LOOKS,
    "explain 6b0736ec2633c7d7bc8b --unmasked --reason why": {OFFICER},
    "log --unmasked --reason why": {OFFICER},  # a privacy officer reads no calls; nobody else sees a number in full
    "explain --file /nowhere.csv": LOOKS,
    "rules new mine --decision 6b0736ec2633c7d7bc8b --by domain": {AUTHOR, OFFICER, PRIVACY},
    "rules new mine --decision 6b0736ec2633c7d7bc8b --unmasked --reason why": {OFFICER, PRIVACY},
    "rules recipes": set(ROLES),
    "rules history": LOOKS | {ADMIN},
    "rules rollback 9 --reason why": {AUTHOR},
    "rules activate --reason why": {AUTHOR},
    "campaigns": {AUTHOR},
    "replay": {AUTHOR},  # by digits it finds out whose number a call is
    "lists show blocked": {OFFICER, KEEPER, AUTHOR},
    "lists add blocked 17012345678 --reason why": {KEEPER},
    "lists remove blocked 17012345679": {KEEPER},
    "lists export blocked": {KEEPER},
    "lists release 9 --reason why": {KEEPER},
    "lists undo 9": {KEEPER},
    "why 95012345": {OFFICER, KEEPER, AUTHOR},
    "ranges show": {OFFICER, KEEPER, AUTHOR},
    "ranges undo 9": {KEEPER},
    "subscribers show 13800138000": {OFFICER, KEEPER, AUTHOR},
    "subscribers show 13800138000 --unmasked --reason why": {OFFICER},
    "subscribers add 13800138000 block 95012345": {KEEPER},
    "complaints add 95012345 --by 13800138001": {OFFICER},
    "complaints list": {OFFICER},
    "complaints show C-7K3M9-2QF4T": {OFFICER},
    "complaints reject C-7K3M9-2QF4T --reason why": {OFFICER},
    "case 9": {OFFICER},
    "cases list": {OFFICER},
    "cases take 9": {OFFICER},
    "cases seal 9 --reason why": {OFFICER},
    "cases release 9 --reason why": {OFFICER},
    "appeals list": {OFFICER},
    "appeals grant A-7K3M9-2QF4T --reason why": {OFFICER},
    "ladder show": {OFFICER},
    "ladder clear number 95012345 --reason why": {OFFICER},
    "owners": {OFFICER},
    "letters list": {OFFICER},
    "letters send": {OFFICER, ENGINEER},
    "leaks list": {OFFICER},
    "leaks ack nowhere --reason why": {OFFICER},
    "inquiries list": {OFFICER},
    "inquiries open nowhere --ask what": {OFFICER},
    "offices list": {OFFICER},
    "offices merge lake nowhere": {OFFICER},
    "report --quarter 2026Q3": LOOKS | {PRIVACY},
    "alerts": LOOKS | {PRIVACY},
    "trunks": LOOKS | {PRIVACY},
    "numbers show 'case 9' --reason why": {OFFICER, PRIVACY},
    "case 9 --unmasked --reason why": {OFFICER},
    "cases list --unmasked --reason why": {OFFICER},
    "complaints list --reason why": {OFFICER},
    "complaints show C-7K3M9-2QF4T --unmasked --reason why": {OFFICER},
    "appeals pack A-7K3M9-2QF4T --unmasked --reason why": {OFFICER},
    "ladder show --unmasked --reason why": {OFFICER},
    "lists show blocked --unmasked --reason why": {OFFICER},  # a keeper needs no reason for it: nothing is masked
    "audit export /dev/null --unmasked --reason why": {PRIVACY},
    "privacy retention": {PRIVACY},
    "privacy export nobody /dev/null --reason why": {PRIVACY},
    "privacy erase nobody --reason why --yes": {PRIVACY},
    "keys forget": {PRIVACY},
    "audit show": {PRIVACY, AUDITOR},
    "audit verify": {PRIVACY, AUDITOR},
    "api keys list": {ADMIN},
    "api keys revoke nobody": {ADMIN},
    "people list": {ADMIN},
    "people add zhao --role king": {ADMIN},
    "people roles nobody admin": {ADMIN},
    "people passkeys nobody --remove 9": {ADMIN},
    "approvals list": {OFFICER, KEEPER, PRIVACY, ADMIN},
    "approvals confirm 9": {OFFICER, KEEPER, PRIVACY, ADMIN},  # each what he may do himself: see test_approvals.py
    "peers": LOOKS | {ADMIN},
    "bans": LOOKS | {ADMIN},
    "top --once": LOOKS | {ADMIN},
    "peers drain pbx 127.0.0.1": {ENGINEER},
    "bans add 192.0.2.7": {ENGINEER},
    "bans lift 192.0.2.7": {ENGINEER},
    "reload": {ENGINEER},
    "restart": {ENGINEER},
    "trace 95012345": {ENGINEER},
    "trace 95012345 --unmasked --reason why": set(),
    "db check": {ENGINEER},
    "check": set(ROLES),
    "settings": set(ROLES),
    "version": set(ROLES),
}
PATHS = {
    ("GET", "/v1/cases"): {OFFICER},
    ("POST", "/v1/cases/9/seal"): {OFFICER},
    ("POST", "/v1/cases/9/release"): {OFFICER},
    ("GET", "/v1/complaints"): {OFFICER},
    ("POST", "/v1/complaints"): {OFFICER},
    ("GET", "/v1/complaints/C-7K3M9-2QF4T/words"): {OFFICER},
    ("GET", "/v1/numbers/95012345"): {OFFICER},
    ("POST", "/v1/numbers/unmask"): {OFFICER, PRIVACY},
    ("GET", "/v1/privacy/retention"): {PRIVACY},
    ("POST", "/v1/privacy/export"): {PRIVACY},
    ("POST", "/v1/privacy/erase"): {PRIVACY},
    ("GET", "/v1/appeals"): {OFFICER},
    ("POST", "/v1/appeals/A-7K3M9-2QF4T/grant"): {OFFICER},
    ("GET", "/v1/leaks"): {OFFICER},
    ("POST", "/v1/inquiries"): {OFFICER},
    ("GET", "/v1/offices"): {OFFICER},
    ("POST", "/v1/offices/merge"): {OFFICER},
    ("GET", "/v1/ladder"): {OFFICER},
    ("POST", "/v1/ladder/clear"): {OFFICER},
    ("GET", "/v1/lists/blocked/entries"): {OFFICER, KEEPER, AUTHOR},
    ("POST", "/v1/lists/blocked/entries"): {KEEPER},
    ("POST", "/v1/imports/held/9/release"): {KEEPER},
    ("GET", "/v1/reports/alerts"): LOOKS | {PRIVACY},
}
REFUSED = ("may not", "has none, and there are accounts", "is disabled")


@pytest.fixture(scope="module")
def staffed(tmp_path_factory):
    """An installation with an account for each role, whose login is called as the role; and one more admin."""
    from tests.installed import CONFIGURATION, RULES

    folder = tmp_path_factory.mktemp("staffed")
    (folder / "rules.d").mkdir()
    (folder / "rules.d" / "own.yaml").write_text(RULES)
    file = folder / "ringfence.yaml"
    file.write_text(CONFIGURATION + "people: {four_eyes: false}\n")

    async def hire(here):
        people = await here.people()
        await people.accounts.add(Wanted("root", frozenset({Role.ADMIN})), author="root")
        for role in Role:
            await people.accounts.add(Wanted(role.value, frozenset({role}), login=role.value), author="root")
        away = Wanted("away", frozenset(Role), login="away")
        await people.accounts.add(away, author="root")
        await people.accounts.disable("away", author="root")
        for name in (*ROLES, "away"):
            yield_to = KeyBook(await here.access())
            _, tokens[name] = await yield_to.add(name, tuple(Right), author="root", acts_as=name)

    tokens: dict[str, str] = {}
    Installation.open(file).run(hire)
    return file, tokens


@pytest.fixture
def file(staffed):
    return staffed[0]


def refused(done) -> bool:
    return done.exit_code == 1 and any(word in done.output for word in REFUSED)


@pytest.mark.parametrize("words", COMMANDS)
def test_each_role_may_what_it_is_there_for_on_the_command_line(under, words):
    may = {role for role in ROLES if not refused(under(role, *shlex.split(words)))}
    assert may == COMMANDS[words]


@pytest.mark.parametrize(
    "words", [words for words in COMMANDS if words not in ("check", "settings", "version", "rules recipes")]
)
def test_who_has_no_account_or_a_disabled_one_may_nothing(under, words):
    assert refused(under("stranger", *shlex.split(words)))
    assert refused(under("away", *shlex.split(words)))


def test_each_role_may_what_it_is_there_for_over_http(staffed):
    """Each key has every scope; what the account may not, the key may not."""
    file, tokens = staffed

    async def ask_all(here):
        desk, store = await here.open_desk(), await here.access()
        door = Authentication(store, here.configuration.api, await here.people())
        replays = Idempotency(IdempotencyKeys(store), desk.archive.secrecy.pseudonym)
        gate = Middleware(serving(desk), door, replays, here.configuration.api)
        found = {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://localhost") as client:
            for method, path in PATHS:
                answers = {}
                for name in (*ROLES, "away"):
                    headers = {"Authorization": f"Bearer {tokens[name]}"}
                    door._requests._levels.clear()
                    said = await client.request(method, path, headers=headers, json={} if method == "POST" else None)
                    answers[name] = said.status_code
                found[method, path] = {name for name, status in answers.items() if status != 403}
        return found

    assert Installation.open(file).run(ask_all) == PATHS


def test_who_is_disabled_may_nothing_by_any_key_at_once(staffed):
    file, tokens = staffed

    async def work(here):
        people = await here.people()
        door = Authentication(await here.access(), here.configuration.api, people)
        key = await door.whose(f"Bearer {tokens[VIEWER]}", "127.0.0.1")
        assert (await door.admit(key)).actor == VIEWER
        await people.accounts.disable(VIEWER, author="root")
        with pytest.raises(Problem) as refused:
            await door.admit(key)
        assert "viewer, as whom this key acts, is disabled" in refused.value.detail
        await people.accounts.enable(VIEWER, author="root")

    Installation.open(file).run(work)
