"""The key file: made once, refused when others may read it, each fault named."""

import stat
import threading

import pytest

from rules.keys import KeyFileError, Keys

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
    assert len(keys.tokens[0][1]) == len(keys.pseudonym) == 32
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
