"""Which rules are live, asked without leaving traces; and who put them there."""

import asyncio
import os
import pwd

import pytest

from ringfence.installation import Installation
from ringfence.live_rules import live_in, live_rulebook, put_live, rulebook_of
from ringfence.rulebook import load_rulebook
from rules.language.source import RuleError


async def put(file, reason="test"):
    book = load_rulebook(file)
    async with Installation.open(file) as here:
        return await put_live(here, book.texts, hash_=book.ruleset.revision, reason=reason)


async def test_asking_makes_no_file(file):
    async with Installation.open(file) as here:
        assert await live_in(here) is None
        book, revision = await live_rulebook(here)
    assert not here.database_of("revisions").exists()
    assert revision is None
    assert book.ruleset.revision == load_rulebook(file).ruleset.revision


async def test_what_was_put_live_stays_when_the_disk_changes(file):
    before = load_rulebook(file)
    assert await put(file) == 1
    rules = file.parent / "rules.d" / "own.yaml"
    rules.write_text(rules.read_text().replace("then: reject", "then: tag"))
    assert load_rulebook(file).ruleset.revision != before.ruleset.revision
    assert await put(file, "milder") == 2


def test_a_revision_under_a_configuration_that_lacks_its_list(file, run):
    rules = file.parent / "rules.d" / "own.yaml"
    rules.write_text("- {rule: a, because: b, when: {caller: {on_list: allowed}}, then: tag}\n")
    assert run("rules", "activate", "--reason", "x").exit_code == 0
    file.write_text(file.read_text().replace("  allowed: {kind: allow}\n", ""))

    async def fits():
        async with Installation.open(file) as here:
            rulebook_of(here, await live_in(here))

    with pytest.raises(RuleError, match=r"^revision 1:rules.d/own.yaml:1:.*there is no list 'allowed'"):
        asyncio.run(fits())


async def test_the_account_is_the_author_whatever_the_environment_says(file, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    await put(file, "by the account")
    async with Installation.open(file) as here:
        assert (await live_in(here)).author == pwd.getpwuid(os.getuid()).pw_name
