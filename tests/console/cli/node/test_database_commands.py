"""`ringfence db`: sound or not, copied, put back."""

import json
import os

import pytest


@pytest.fixture
def database(file, run):
    run("lists", "add", "blocked", "17012345678")
    return file.with_name("ringfence.db")


def test_what_is_sound_and_what_is_not(run, file, database):
    assert run("db", "check").stdout == f"{database}: sound\n"
    database.write_bytes(b"a letter to a friend" * 1000)
    found = run("db", "check", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout) == {str(database): ["file is not a database"]}
    refused = run("lists", "add", "blocked", "17012345678")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "file is not a database; `ringfence db restore` puts a copy in its place" in refused.stderr


def test_what_cannot_be_read_is_not_called_damaged(run, database, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, how: not str(path).endswith(".db"))
    found = run("db", "check")
    assert found.exit_code == 1
    assert "not read; it and its folder must be ours" in found.stdout
    assert "restore" not in found.stdout


def test_nothing_to_check(run):
    assert "there is no database yet" in run("db", "check").stderr


def test_a_backup_is_put_back(run, tmp_path, database):
    copy = tmp_path / "copy.db"
    assert run("db", "backup", str(copy)).stdout == f"The lists are copied to {copy}.\n"
    assert "is there already" in run("db", "backup", str(copy)).stderr
    assert run("db", "backup", str(copy), "--force").exit_code == 0
    run("lists", "remove", "blocked", "17012345678")
    restored = run("db", "restore", str(copy))
    assert restored.exit_code == 0, restored.stderr
    assert "before it is ringfence.db.until-" in restored.stdout
    assert json.loads(run("lists", "show", "blocked", "--json").stdout)[0]["entry"] == "+8617012345678"
    assert "is no such file; name one that" in run("db", "restore").stderr


def test_all_databases_are_checked_copied_and_put_back(run, file, database, tmp_path, monkeypatch):
    filed = json.loads(run("complaints", "add", "95012345", "--by", "13800138000", "--json").stdout)["reference"]
    assert [line.rpartition("/")[2] for line in run("db", "check").stdout.splitlines()] == [
        *("ringfence.db: sound", "ringfence-decisions.db: sound", "ringfence-complaints.db: sound")
    ]
    copies = tmp_path / "copies"
    told = run("db", "backup", str(copies), "--all")
    assert "ringfence.db, ringfence-decisions.db, ringfence-complaints.db are copied" in told.stdout
    assert copies.stat().st_mode & 0o077 == 0
    assert "is there already" in run("db", "backup", str(copies), "--all").stderr
    file.with_name("ringfence-complaints.db").write_bytes(b"a letter to a friend" * 1000)
    assert "ringfence-complaints.db: file is not a database" in run("db", "check").stdout
    assert "name the folder" in run("db", "restore", "--all").stderr
    assert run("db", "restore", str(copies), "--all").stdout.count(" is what ") == 3
    assert run("complaints", "show", filed).exit_code == 0
    monkeypatch.setattr("time.gmtime", lambda: (2026, 12, 1, 0, 0, 0, 1, 335, 0))
    told = run("db", "restore", str(copies / "ringfence.db"))
    assert "until-20261201T000000-2." in run("db", "restore", str(copies / "ringfence.db")).stdout
    assert "Seals stand as they did when that copy was made" in told.stderr


@pytest.mark.parametrize(
    ("lacking", "seals"),
    [
        ("ringfence-complaints.db", "Seals stand as they did when that copy was made"),
        ("ringfence.db", "Cases stand as they did when that copy was made"),
        ("ringfence-decisions.db", ""),
    ],
)
def test_a_folder_that_lacks_a_database_leaves_it_as_it_is_and_says_so(run, file, database, tmp_path, lacking, seals):
    run("complaints", "add", "95012345", "--by", "13800138000")
    copies = tmp_path / "copies"
    run("db", "backup", str(copies), "--all")
    whole = run("db", "restore", str(copies), "--all")
    assert (whole.stdout.count(" is what "), "holds no" in whole.stderr, "stand" in whole.stderr) == (3, False, False)
    (copies / lacking).unlink()
    told = run("db", "restore", str(copies), "--all")
    assert (told.exit_code, told.stdout.count(" is what ")) == (0, 2)
    assert f"{copies} holds no {lacking}: {file.with_name(lacking)} stays as it is.\n" in told.stderr
    assert (seals in told.stderr, "alerts" in told.stderr) == (True, bool(seals))
    file.with_name(lacking).unlink()
    assert (
        f"holds no {lacking}: {file.with_name(lacking)} is still gone."
        in run("db", "restore", str(copies), "--all").stderr
    )


def test_what_is_no_copy_of_the_lists_is_not_put_in_their_place(run, file, database, tmp_path):
    copy = tmp_path / "copy.db"
    run("db", "backup", str(copy))
    run("complaints", "add", "95012345", "--by", "13800138000")
    before = database.read_bytes()
    for words, told in (
        ((str(file.with_name("ringfence-complaints.db")),), "it is no copy of the lists; nothing was changed"),
        ((str(database),), "is the database itself; name a copy"),
        ((str(tmp_path),), "is no such file"),
        ((str(file),), "file is not a database"),
    ):
        refused = run("db", "restore", *words)
        assert (refused.exit_code, told in refused.stderr) == (1, True), refused.stderr
    assert database.read_bytes() == before


def test_a_backup_goes_over_no_database_and_no_folder(run, database, tmp_path):
    assert "is a database that is in use" in run("db", "backup", str(database), "--force").stderr
    assert "is a folder" in run("db", "backup", str(tmp_path), "--force").stderr


def test_an_empty_list_file_is_not_sound_and_a_deleted_one_is_named(run, database):
    run("complaints", "add", "95012345", "--by", "13800138000")
    database.write_bytes(b"")
    found = run("db", "check")
    assert found.exit_code == 1
    assert f"{database}: the file is empty\n" in found.stdout
    database.unlink()
    found = run("db", "check")
    assert found.exit_code == 1
    assert f"{database}: the file is gone\n" in found.stdout
    assert "ringfence.db is gone: `ringfence db restore` puts a copy in its place." in found.stdout


@pytest.mark.parametrize("series", ["decisions", "rules", "complaints", "access", "people"])
def test_any_database_that_was_deleted_is_missed(run, file, database, series):
    run("complaints", "add", "95012345", "--by", "13800138000")
    run("rules", "activate", "--reason", "at first")
    run("api", "keys", "add", "app", "--scope", "lists:read")
    run("people", "list")
    gone = file.with_name(f"ringfence-{series}.db")
    gone.unlink()
    found = run("db", "check")
    assert found.exit_code == 1
    assert f"{gone}: the file is gone\n" in found.stdout
    assert f"ringfence-{series}.db is gone: stop what uses it, then `ringfence db restore --all FOLDER`" in found.stdout
    assert json.loads(run("db", "check", "--json").stdout)[str(gone)] == ["the file is gone"]


def test_a_database_that_is_begun_anew_in_place_of_one_that_is_gone_is_told(run, file):
    run("complaints", "add", "95012345", "--by", "13800138000")
    gone = file.with_name("ringfence-complaints.db")
    gone.unlink()
    again = run("cases", "list")
    assert f"{gone}: this database was gone, and a new one is begun; stop what uses it" in again.stderr
    assert "begun" not in run("cases", "list").stderr


def test_an_emptied_database_is_refused_by_the_desk(run, file):
    run("complaints", "add", "95012345", "--by", "13800138000")
    for series in ("complaints", "decisions"):
        path = file.with_name(f"ringfence-{series}.db")
        before = path.read_bytes()
        for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            name.unlink(missing_ok=True)
        path.touch()
        os.utime(path, (0, 0))
        refused = run("cases", "list")
        assert refused.exit_code == 1
        assert "the file is empty, and what was in it is gone" in refused.stderr
        path.write_bytes(before)


def test_an_installation_of_before_is_known_from_its_next_command_on(run, file):
    run("complaints", "add", "95012345", "--by", "13800138000")
    file.with_name("ringfence.db.known").unlink()
    run("cases", "list")
    file.with_name("ringfence-decisions.db").unlink()
    assert "ringfence-decisions.db: the file is gone" in run("db", "check").stdout


def test_a_key_file_that_is_gone_is_missed_and_a_new_one_in_its_place_is_told(run, file):
    assert "key file" not in run("subscribers", "add", "13800138001", "block", "13977778888").stderr
    keys = file.with_name("ringfence.keys")
    keys.unlink()
    found = run("db", "check")
    assert f"{keys}: the key file is gone" in found.stdout, found.stderr
    assert run("db", "check").exit_code == 1
    assert json.loads(run("db", "check", "--json").stdout)[str(keys)] == ["the file is gone"]
    found = run("check")
    assert "the key file is gone" in found.stdout + found.stderr
    assert "the key file is gone" in run("health").stdout
    again = run("complaints", "add", "95012345", "--by", "13800138000")
    assert f"{keys}: the key file was gone, and a new one is made; without its keys" in again.stderr
    assert "key file" not in run("cases", "list").stderr
    assert run("db", "check").exit_code == 0
