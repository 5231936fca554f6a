"""Another configuration for a node that runs: read and checked whole, taken at once, or left with a reason."""

import asyncio
import os
import re
import resource
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from proxy.profile_settings import ProfileSettings
from ringfence.installation import Installation
from ringfence.live_rules import live_in, put_live
from ringfence.memory import FILES
from ringfence.reload import Ready, Reloading, fault_of_listener, goes_live, read_all
from ringfence.rulebook import load_rulebook
from rules.language.source import RuleError
from rules.screening.revisions import Superseded
from rules.storage.keys import KeyFileOutOfReach, Keys


class Stage:
    """A node without sockets, which takes what it is given."""

    def __init__(self, file):
        self.file, self.taken, self.given_back, self.fault = file, [], 0, None
        self.unled: list[str] = []
        here = Installation.open(file)
        here.make_folders()
        self.reloading = Reloading(here, Keys.load(here.key_file), self.prepare, lambda: None, lambda: self.unled)

    async def prepare(self, read, setup):
        if self.fault is not None:
            raise self.fault
        self.setup = setup
        return Ready(self.taken.append, self.give_back)

    def give_back(self):
        self.given_back += 1

    async def reload(self):
        with capture_logs() as self.lines:
            return await self.reloading.reload("wren", "because")

    @property
    def figures(self):
        found = {}
        for family in self.reloading.collect():
            for sample in family.samples:
                found[(sample.name, sample.labels.get("result", ""))] = sample.value
        return found


@pytest.fixture
async def stage(file):
    book = load_rulebook(file)
    async with Installation.open(file) as here:
        await put_live(here, book.texts, hash_=book.ruleset.revision, reason="the first", after=0)
    return Stage(file)


@asynccontextmanager
async def history(file):
    async with Installation.open(file) as here:
        yield await (await here.revisions()).history()


def change(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


async def test_what_is_sound_is_taken_and_what_changed_is_named(stage):
    change(stage.file, "country: CN, addresses: [192.0.2.1]", "country: CN, profile: busy, addresses: [192.0.2.1]")
    stage.file.write_text(stage.file.read_text() + "profiles: {busy: {status: 486}}\nthresholds: {tag: 4}\n")
    found = await stage.reload()
    assert found.done
    assert found.changed == [
        *[f"profiles.busy.{key}" for key in sorted(ProfileSettings.model_fields) if key != "headers"],
        "thresholds.tag",
        "trunks[carrier].profile",
    ]
    assert (found.restart, found.revision) == ([], 1)
    (read,) = stage.taken
    assert read.configuration.thresholds.tag == 4
    assert stage.figures["ringfence_reload_failed", ""] == 0
    assert stage.figures["ringfence_reloads_total", "done"] == 1


def test_where_few_files_may_be_open_fewer_connections_are_taken_and_it_is_said(file, monkeypatch):
    """Each connection is an open file: beyond the limit neither databases nor lists could be opened."""
    listen = 'listen: [{address: "127.0.0.1:5060", transport: tcp}]\n'
    file.write_text(re.sub(r"listen:\n.*?\n(?=\S)", listen, file.read_text(), flags=re.S))
    few, any_number = (1024, 1024), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda of: few if of == resource.RLIMIT_NOFILE else any_number)
    read = read_all(file)
    assert read.configuration.limits.connections == 1024 - FILES
    assert [said for said in read.warnings if "`ulimit -n` lets this process open 1,024 files" in said]


async def test_a_name_that_leads_nowhere_is_warned_of(stage):
    stage.unled = ["office: pbx.exmaple.test leads to no address"]
    found = await stage.reload()
    assert (found.done, found.warnings[-1:]) == (True, stage.unled)
    assert [line["fault"] for line in stage.lines if line["event"] == "check"] == found.warnings


async def test_a_trunk_that_came_and_one_that_went_are_named_once(stage):
    change(stage.file, "{name: carrier,", "{name: other,")
    assert (await stage.reload()).changed == ["trunks[carrier]", "trunks[other]"]


async def test_listeners_at_one_address_are_told_apart_by_their_transport(stage):
    change(stage.file, "pbxes:", "  - {address: 127.0.0.1:5060, transport: tcp}\npbxes:")
    assert (await stage.reload()).changed == ["listen[127.0.0.1:5060 tcp]"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("version: 1", "version: [", "ringfence.yaml:3:7: "),
        ("version: 1", "version: 7", "ringfence.yaml:1:10: "),
        ("identity: trusted", "identity: trustd", "ringfence.yaml:9:68: "),
        ("identity: trusted", "profile: loud, identity: trusted", "ringfence.yaml:9:67: "),
    ],
)
async def test_a_faulty_file_is_named_by_place_and_changes_nothing(stage, old, new, place):
    before = stage.reloading.configuration
    change(stage.file, old, new)
    found = await stage.reload()
    assert not found.done
    assert place in found.faults[0]
    assert stage.lines[0]["event"] == "not reloaded: what was live stays"
    assert place in stage.lines[0]["fault"]
    assert (stage.taken, stage.reloading.configuration) == ([], before)
    assert stage.figures["ringfence_reload_failed", ""] == 1
    assert stage.figures["ringfence_reloads_total", "refused"] == 1
    change(stage.file, new, old)
    assert (await stage.reload()).done
    assert stage.figures["ringfence_reload_failed", ""] == 0


async def test_a_faulty_rule_is_named_by_place_and_keeps_the_settings_back_too(stage):
    rules = stage.file.parent / "rules.d" / "own.yaml"
    change(rules, "then: reject", "then: rejekt")
    stage.file.write_text(stage.file.read_text() + "thresholds: {tag: 4}\n")
    found = await stage.reload()
    assert "own.yaml:4:9: " in found.faults[0]
    assert stage.taken == []


async def test_a_file_that_is_gone_is_named(stage):
    stage.file.rename(stage.file.with_name("elsewhere.yaml"))
    assert "ringfence.yaml" in (await stage.reload()).faults[0]


async def test_keys_that_others_may_read_are_refused(stage):
    keys = stage.file.parent / "ringfence.keys"
    keys.chmod(0o644)
    assert f"chmod 600 {keys}" in (await stage.reload()).faults[0]


async def test_the_first_of_the_keys_signs_and_those_before_it_are_known_still(stage):
    await stage.reload()
    before = stage.setup.tokens
    user = before.sign("-", b"t", b"call", b"tag", made=0, sealed=b"")
    keys = stage.file.parent / "ringfence.keys"
    keys.write_text(f"token new {'ab' * 32}\n" + keys.read_text())
    await stage.reload()
    assert stage.setup.tokens.sign("-", b"t", b"call", b"tag", made=0, sealed=b"").startswith(b"new.")
    assert stage.setup.tokens.verify(user, b"call", b"tag", b"", from_pbx=False) is not None


async def test_where_the_keys_can_not_be_read_those_of_before_go_on(stage, monkeypatch):
    def gone(path):
        raise KeyFileOutOfReach(f"{path}: Permission denied")

    monkeypatch.setattr(Keys, "load", gone)
    found = await stage.reload()
    assert found.done
    assert "the keys of before go on" in found.warnings[-1]


async def test_rules_that_were_saved_go_live_as_a_revision(stage):
    change(stage.file.parent / "rules.d" / "own.yaml", "then: reject", "then: tag")
    found = await stage.reload()
    assert (found.done, found.revision) == (True, 2)
    async with history(stage.file) as revisions:
        assert (revisions[0].author, revisions[0].reason, revisions[0].hash) == ("wren", "because", found.rules)
    assert (await stage.reload()).revision == 2  # nothing new


async def test_rules_that_were_rolled_back_do_not_come_back(stage):
    """A trunk is added in the night: what was taken back in the evening must not judge again."""
    first = await asyncio.to_thread(read_all, stage.file)
    change(stage.file.parent / "rules.d" / "own.yaml", "then: reject", "then: tag")
    await stage.reload()
    await asyncio.sleep(0.02)  # the clock of the file system is coarse
    async with Installation.open(stage.file) as here:
        live = await (await here.revisions()).get(1)
        await put_live(here, live.texts, hash_=live.hash, reason="back to revision 1", after=2)
        assert not await goes_live(here)
    stage.file.write_text(stage.file.read_text() + "thresholds: {tag: 4}\n")
    found = await stage.reload()
    assert (found.done, found.revision, found.rules) == (True, 3, first.ruleset.revision)
    assert "went live after the rule files were saved" in found.warnings[0]
    os.utime(stage.file.parent / "rules.d" / "own.yaml", (1, 1))  # a copy with its old date is saved all the same
    async with Installation.open(stage.file) as here:
        assert await goes_live(here)
    assert (await stage.reload()).revision == 4


async def test_a_file_that_is_being_saved_is_read_again_when_it_is_whole(stage, monkeypatch):
    """`cp` empties it first: what was read then went live, and the whole file was older than what was live."""
    own = stage.file.parent / "rules.d" / "own.yaml"
    text, looks = own.read_text().replace("then: reject", "then: tag"), []

    def load(file):
        looks.append(file)
        own.write_text("" if len(looks) == 1 else text)
        found = load_rulebook(file)
        own.write_text(text)
        return found

    monkeypatch.setattr("ringfence.reload.load_rulebook", load)
    found = await stage.reload()
    assert (found.done, found.revision) == (True, 2)
    assert len(looks) > 1
    async with Installation.open(stage.file) as here:
        live = await live_in(here)
    assert [one.text for one in live.texts.files if one.name.endswith(own.name)] == [text]


async def test_the_live_revision_is_compiled_by_the_settings_that_come(stage):
    change(stage.file, "time_zone: Asia/Shanghai", "time_zone: Asia/Hong_Kong")
    found = await stage.reload()
    assert (found.done, found.changed) == (True, ["time_zone"])


async def test_what_takes_a_restart_is_said_until_there_is_one(stage):
    change(stage.file, "rules: [", "limits: {receive_queue: 500}\nrules: [")
    for _ in range(2):
        found = await stage.reload()
        assert (found.done, found.changed, found.restart) == (True, [], ["limits.receive_queue"])
    assert any(line["event"] == "these changes take a restart" for line in stage.lines)


async def test_what_the_node_can_not_have_leaves_all_as_it_was(stage):
    stage.fault = OSError(98, "can't listen on 127.0.0.1 port 5060: Address already in use")
    change(stage.file.parent / "rules.d" / "own.yaml", "then: reject", "then: tag")
    found = await stage.reload()
    assert found.faults == ["[Errno 98] can't listen on 127.0.0.1 port 5060: Address already in use"]
    async with history(stage.file) as revisions:
        assert len(revisions) == 1


async def test_what_nobody_foresaw_leaves_all_as_it_was_too(stage):
    stage.fault = KeyError("x")
    found = await stage.reload()
    assert (found.done, found.faults) == (False, ["KeyError: 'x'"])
    assert stage.figures["ringfence_reload_failed", ""] == 1


async def test_where_the_rules_can_not_be_stored_what_was_made_ready_is_given_back(stage, monkeypatch):
    async def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ringfence.reload.put_live", full)
    change(stage.file.parent / "rules.d" / "own.yaml", "then: reject", "then: tag")
    found = await stage.reload()
    assert "No space left" in found.faults[0]
    assert (stage.given_back, stage.taken) == (1, [])


def test_an_address_that_can_not_be_had_is_named_by_its_place(file):
    here = Installation.open(file)
    error = OSError("can't listen on 127.0.0.1 port 5060: Address already in use; end who has it")
    fault = fault_of_listener(here.document, here.configuration, error)
    assert str(fault).startswith(f"{file}:4:14: can't listen on 127.0.0.1 port 5060")
    assert fault_of_listener(here.document, here.configuration, OSError("else")) is None


async def test_before_anything_was_live_the_disk_judges_and_becomes_the_first_revision(file):
    stage = Stage(file)
    found = await stage.reload()
    assert (found.done, found.revision) == (True, 1)
    async with Installation.open(file) as here:
        assert (await live_in(here)).number == 1


def test_a_configuration_that_can_not_be_read_is_no_plan(file):
    file.write_text("listen: [")
    with pytest.raises(RuleError):
        read_all(file)


async def test_a_revision_that_goes_live_at_the_same_moment_is_looked_at_once_more(stage, monkeypatch):
    change(stage.file.parent / "rules.d" / "own.yaml", "then: reject", "then: tag")
    tried = []

    async def slow(*words, **more):
        if not tried:
            tried.append(True)
            raise Superseded("revision 2 went live meanwhile")
        return await put_live(*words, **more)

    monkeypatch.setattr("ringfence.reload.put_live", slow)
    assert (await stage.reload()).revision == 2
    assert stage.given_back == 1
