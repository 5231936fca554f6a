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


def test_another_key_and_the_end_of_the_old_one_take_a_second_privacy_officer(file, run, under):
    for name, role in (("wang", "admin"), ("li", "privacy-officer"), ("zhao", "privacy-officer")):
        assert under("wang", "people", "add", name, "--role", role, "--login", name).exit_code == 0
    path = file.with_name("ringfence.keys")
    before = Keys.load(path).contents
    for proposal, words in enumerate((("keys", "rotate"), ("keys", "forget", "--yes")), start=1):
        assert under("li", *words, "--reason", "a disk was lost").exit_code == 3
        assert Keys.load(path).contents[-1:] == before, "nothing was done"
        assert under("li", "approvals", "confirm", str(proposal)).exit_code == 1
        assert under("zhao", "approvals", "confirm", str(proposal)).exit_code == 0
        assert under("li", *words, "--reason", "a disk was lost").exit_code == 0
    (after,) = Keys.load(path).contents
    assert after not in before
    for step in ("rotated", "forgotten"):
        entry = under("li", "audit", "show", "--step", step).stdout
        assert "confirmed by zhao" in entry
        assert "a disk was lost" in entry
    assert under("li", "audit", "verify").exit_code == 0
