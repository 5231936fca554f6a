"""Keys that lie elsewhere: in a file that others may not read, or printed by a command that has a deadline."""

import sys

import pytest

from rules.storage.keys import KeyFileError, Keys, Place, load_keys

ONE, TWO = "11" * 32, "22" * 32


def file(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return Place("keys.contents", path)


def command(code, wait_s=10.0):
    return Place("keys.contents", None, (sys.executable, "-c", code), wait_s)


def test_the_first_encrypts_and_those_of_the_key_file_decrypt_still(tmp_path):
    own = Keys.load(tmp_path / "k")
    keys = load_keys(tmp_path / "k", contents=file(tmp_path / "c", f"# ours\n{ONE}\n{TWO}\n"))
    assert keys.contents == (b"\x11" * 32, b"\x22" * 32, *own.contents)
    assert (keys.audit, keys.tokens) == (own.audit, own.tokens)
    assert load_keys(tmp_path / "k", audit=command(f"print('{TWO}')")).audit == b"\x22" * 32


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (lambda at: file(at / "c", ONE, 0o640), "others may read it"),
        (lambda at: file(at / "c", "a secret that is none"), "a key is 64 hexadecimal digits"),
        (lambda at: file(at / "c", "# nothing\n"), "there is no key"),
        (lambda at: Place("keys.contents", at / "none"), "No such file"),
        (lambda at: command("import sys; sys.exit('sealed')"), "ended with 1: sealed"),
        (lambda at: command("import time; time.sleep(60)", 0.2), "took longer than 0.2 s"),
        (lambda at: Place("keys.contents", None, ("ringfence-no-such-command",)), "No such file"),
    ],
)
def test_what_is_wrong_is_told_and_never_what_was_read(tmp_path, place, told):
    with pytest.raises(KeyFileError, match=told) as found:
        load_keys(tmp_path / "k", contents=place(tmp_path))
    assert "a secret" not in str(found.value)
