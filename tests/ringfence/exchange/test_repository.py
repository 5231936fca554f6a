"""What is given to others: versions, differences, withdrawals, keys that change, keys that are away."""

import json
import shutil

import pytest

from ringfence.exchange.repository import Repository
from ringfence.exchange.signing import KeyFault
from rules.sharing.entries import SharedEntry
from rules.sharing.versions import state_of
from rules.texts.bad_value import BadValue

NOON = 1_796_126_400.0  # 2026-12-01 12:00 UTC


def entry(number="+8617012345678", **more):
    said = {"reason": "fraud", "strength": "verified", "first": "2026-11-01", "last": "2026-11-30"}
    said |= {"expires": "2027-03-01", "origin": "acme.example", "version": 0, "hop": 0} | more
    return SharedEntry(number, **said)


class Clock:
    now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def repository(tmp_path, clock):
    made = Repository(tmp_path / "share", tmp_path / "keys", clock)
    made.begin(tmp_path / "root", roots=2, root_threshold=2, targets=2, targets_threshold=2)
    return made


def publish(repository, *entries, why="appeal"):
    return repository.publish(state_of(entries), lambda _: why, "acme.example")


def test_a_version_is_made_only_of_what_changed(repository):
    assert publish(repository, entry())[:5] == (1, 1, 1, 0, 0)
    assert publish(repository, entry())[:5] == (1, 1, 0, 0, 0)
    assert publish(repository, entry(reason="forged"), entry("+8617012345679"))[:5] == (2, 2, 1, 1, 0)
    assert {one.number: one.version for one in repository.state().values()} == {
        "+8617012345678": 2,
        "+8617012345679": 2,
    }
    assert publish(repository, entry("+8617012345679"))[:6] == (3, 1, 0, 0, 1, 1)


def test_withdrawals_go_out_while_the_keys_of_targets_are_away(repository, tmp_path):
    publish(repository, entry())
    away = tmp_path / "drawer"
    away.mkdir()
    for path in (tmp_path / "keys").glob("targets-*"):
        path.rename(away / path.name)
    done = publish(repository, entry("+8617012345679"))
    assert (done.version, done.withdrawn) == (1, 1)
    assert "2 keys" in done.held_back
    for path in away.iterdir():
        shutil.move(path, tmp_path / "keys")
    assert publish(repository, entry("+8617012345679"))[:6] == (2, 1, 1, 0, 1, 0)


def test_what_merely_ended_is_not_withdrawn(repository):
    publish(repository, entry())
    assert publish(repository, why="").withdrawn == 0


def test_roles_get_other_keys_and_the_old_ones_are_gone(repository, tmp_path):
    publish(repository, entry())
    for role in ("targets", "withdrawn", "snapshot", "timestamp", "root"):
        old = {path.name for path in tmp_path.glob(f"*/{role}-*.pem")}
        repository.rotate(role, tmp_path / "root")
        fresh = {path.name for path in tmp_path.glob(f"*/{role}-*.pem")}
        assert fresh - old, role
        assert not fresh & old or role == "root"
    assert publish(repository, entry("+8617012345679")).version == 2
    assert repository.renew(tmp_path / "root") == 6


def test_no_root_is_made_without_its_keys(repository, tmp_path):
    with pytest.raises(KeyFault, match="root"):
        repository.rotate("targets", tmp_path / "elsewhere")
    with pytest.raises(BadValue, match="already"):
        repository.begin(tmp_path / "other", roots=1, root_threshold=1, targets=1, targets_threshold=1)


def test_keys_are_their_owners_alone_and_files_everybodys(repository, tmp_path):
    publish(repository, entry())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*/*.pem")} == {0o600}
    assert {path.stat().st_mode & 0o044 for path in tmp_path.glob("share/*/*.json*")} == {0o044}


def test_old_files_go_and_those_that_somebody_may_be_reading_stay(repository, tmp_path):
    for number in range(5):
        publish(repository, entry(f"+861701234567{number}"))
    there = {path.name.split(".", 1)[1] for path in (tmp_path / "share/targets").iterdir()}
    assert {name for name in there if name.startswith("full")} == {"full-4.jsonl.gz", "full-5.jsonl.gz"}
    found = json.loads(next((tmp_path / "share/targets").glob("*.index.json")).read_text())
    assert [one["to"] for one in found["deltas"]][:3] == [2, 3, 4]
