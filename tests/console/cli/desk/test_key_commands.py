"""`ringfence keys`: a new key, words under it, the old one gone; and keys that lie elsewhere."""

from rules.storage.keys import Keys


def test_a_key_is_made_words_are_written_again_and_the_old_one_is_forgotten(file, run):
    reference = run("complaints", "add", "95012345", "--by", "13800138000", "--text", "at night").stdout.split()[0]
    path = file.with_name("ringfence.keys")
    (old,) = Keys.load(path).contents
    assert run("keys", "rotate").exit_code == 0
    new, kept = Keys.load(path).contents
    assert kept == old != new
    assert "1 of 1 were written again" in run("keys", "rewrite").stdout
    assert "say --yes" in run("keys", "forget").stderr
    assert run("keys", "forget", "--yes").exit_code == 0
    assert Keys.load(path).contents == (new,)
    assert "at night" in run("complaints", "show", reference, "--words").stdout
    assert run("audit", "verify").exit_code == 0


def test_keys_that_lie_elsewhere_are_asked_for_there(file, run):
    elsewhere = file.with_name("elsewhere")
    elsewhere.write_text("ab" * 32 + "\n")
    elsewhere.chmod(0o600)
    file.write_text(f"{file.read_text()}keys: {{contents: {{command: [cat, {elsewhere}]}}}}\n")
    reference = run("complaints", "add", "95012345", "--by", "13800138000", "--text", "at night").stdout.split()[0]
    assert "at night" in run("complaints", "show", reference, "--words").stdout
    assert "the keys lie elsewhere" in run("keys", "rotate").stderr
    elsewhere.write_text("cd" * 32 + "\n")
    assert "was written under another key" in run("complaints", "show", reference, "--words").stderr
    elsewhere.unlink()
    assert "keys.contents: cat ended with 1" in run("complaints", "show", reference, "--words").stderr
