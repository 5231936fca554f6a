"""The key file: made once, refused when others may read it, each fault named."""

import stat
import threading

import pytest

from rules.storage.keys import KeyFileError, Keys, add_contents_key, forget_old_contents, retire_old_contents

GOOD = f"token a1 {'11' * 32}\ntoken b2 {'22' * 16}\npseudonym {'33' * 32}\n"


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_missing_file_is_made_private_and_read_again(tmp_path):
    path = tmp_path / "ringfence.keys"
    keys = Keys.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(keys.tokens) == 1
    assert len(keys.tokens[0][1]) == len(keys.pseudonym) == len(keys.contents[0]) == len(keys.audit) == 32
    assert Keys.load(path) == keys
    assert [file.name for file in tmp_path.iterdir()] == ["ringfence.keys"]


def test_two_starts_at_once_agree(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(Keys.load(tmp_path / "k"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_first_token_key_signs(tmp_path):
    keys = Keys.load(write(tmp_path / "k", f"# mine\n\n{GOOD}"))
    assert [name for name, _ in keys.tokens] == ["a1", "b2"]
    assert keys.pseudonym == b"\x33" * 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    path = write(tmp_path / "k", GOOD, mode)
    with pytest.raises(KeyFileError, match=f"mode {mode:04o}.*chmod 600 {path}"):
        Keys.load(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it needs a line 'token"),
        (f"token a1 {'11' * 32}\n", "and a line 'pseudonym"),
        (f"{GOOD}token c3 xyz\n", ":4: a key is 32 to 64 hexadecimal digits"),
        (f"{GOOD}token c3 11\n", ":4: a key is"),
        (f"{GOOD}token a1 {'44' * 32}\n", ":4: token key a1 stands there twice"),
        (f"{GOOD}pseudonym {'44' * 32}\n", ":4: expected"),
        (f"{GOOD}nonsense\n", ":4: expected"),
        (f"{GOOD}contents {'44' * 16}\n", ":4: a key is 64 hexadecimal digits"),
        (f"{GOOD}token c;3 {'44' * 32}\n", ":4: expected"),
        ("tøken", "not a key file"),
    ],
)
def test_each_fault_is_named(tmp_path, text, complaint):
    with pytest.raises(KeyFileError, match=complaint):
        Keys.load(write(tmp_path / "k", text))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(KeyFileError, match="the folder must exist"):
        Keys.load(tmp_path / "none" / "k")


def test_an_older_file_gets_the_key_that_it_lacks_and_keeps_the_others(tmp_path):
    path = write(tmp_path / "k", f"# mine\n{GOOD}")
    older = path.stat().st_ino
    keys = Keys.load(path)
    assert (len(keys.contents), keys.pseudonym) == (1, b"\x33" * 32)
    assert path.read_text().startswith(f"# mine\n{GOOD}contents ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != older, "a new file was put in place, whole"
    assert Keys.load(path) == keys
    assert [file.name for file in tmp_path.iterdir()] == ["k"]


def test_starts_at_once_give_an_older_file_one_key(tmp_path):
    path = write(tmp_path / "k", GOOD)
    found = []
    threads = [threading.Thread(target=lambda: found.append(Keys.load(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.read_text().count(f"{word} ") for word in ("contents", "audit")] == [1, 1]


def test_an_older_file_that_cannot_be_changed_is_used_as_it_is(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path / "k", GOOD)
    monkeypatch.setattr("rules.storage.keys.os.fsync", refuse)
    keys = Keys.load(path)
    assert keys.contents == ()
    assert path.read_text() == GOOD
    monkeypatch.undo()
    assert Keys.load(path).audit == keys.audit, "the audit key of an older file is the same before and after"
    assert [file.name for file in tmp_path.iterdir()] == ["k"]


def test_a_link_stays_a_link(tmp_path):
    path = write(tmp_path / "real", GOOD)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert Keys.load(link) == Keys.load(path)
    assert link.is_symlink()


def test_the_first_contents_key_encrypts(tmp_path):
    keys = Keys.load(write(tmp_path / "k", f"{GOOD}contents {'55' * 32}\ncontents {'44' * 32}\n"))
    assert keys.contents == (b"\x55" * 32, b"\x44" * 32)


def test_old_keys_of_contents_are_retired_and_forgotten_and_the_others_stay(tmp_path):
    path = tmp_path / "ringfence.keys"
    first = Keys.load(path)
    add_contents_key(path)
    new, old = Keys.load(path).contents
    assert retire_old_contents(path, old) == 0, "another one is the newest by now"
    assert retire_old_contents(path, new) == 1
    found = Keys.load(path)
    assert found == first._replace(contents=(new,), retired=(old,))
    assert found.old_contents == (old,)
    assert retire_old_contents(path, new) == 0
    add_contents_key(path)
    assert forget_old_contents(path) == 2
    assert Keys.load(path).old_contents == ()
