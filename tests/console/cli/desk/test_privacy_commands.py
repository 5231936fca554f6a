"""`ringfence privacy retention` shows each class of data with its days."""

import json


def test_what_is_kept_is_shown(run):
    run("complaints", "add", "95012345", "--by", "13800138000", "--text", "at night")
    found = run("privacy", "retention", "--json")
    assert found.exit_code == 0, found.stderr
    rows = {row["data"]: row for row in json.loads(found.stdout)}
    assert rows["what left a list"]["setting"] == "storage.history_days"
    assert rows["the audit: numbers by pseudonym"]["days"] is None


def test_a_subscriber_is_answered_and_erased(file, run):
    run("complaints", "add", "95012345", "--by", "13800138000", "--text", "at night")
    out = file.with_name("subscriber.json")
    assert "1 complaints, 0 calls" in run("privacy", "export", "13800138000", str(out), "--reason", "he wrote").stdout
    assert json.loads(out.read_text())["complaints"][0]["words"] == {"text": "at night"}
    assert out.stat().st_mode & 0o777 == 0o600
    assert "say --yes" in run("privacy", "erase", "13800138000", "--reason", "he asked").stderr
    done = run("privacy", "erase", "13800138000", "--reason", "he asked", "--yes")
    assert done.stdout.startswith("Erased: words of 1 complaints")
    assert "he wrote" in run("audit", "show", "--step", "exported").stdout
    assert run("audit", "verify").exit_code == 0


def hired(under, *roles: tuple[str, str]) -> None:
    """Accounts of these names and roles, whose logins are called alike; wang is the admin."""
    for name, role in (("wang", "admin"), *roles):
        assert under("wang", "people", "add", name, "--role", role, "--login", name).exit_code == 0


def test_an_erasure_takes_a_second_privacy_officer(file, run, under):
    run("complaints", "add", "95012345", "--by", "13800138000", "--text", "at night")
    hired(under, ("li", "privacy-officer"), ("zhao", "privacy-officer"), ("chen", "complaint-officer"))
    words = ("privacy", "erase", "13800138000", "--reason", "he asked", "--yes")
    waits = under("li", *words)
    assert (waits.exit_code, "the same asked for again within a day does it" in waits.stderr) == (3, True)
    held = under("li", "privacy", "export", "13800138000", str(file.with_name("held.json")), "--reason", "he asked")
    assert "1 complaints" in held.stdout, "nothing was erased"
    assert '"at night"' in file.with_name("held.json").read_text()
    assert under("li", "approvals", "confirm", "1").exit_code == 1
    assert under("chen", "approvals", "confirm", "1").exit_code == 1
    (row,) = json.loads(under("zhao", "approvals", "list", "--json").stdout)
    assert (row["kind"], row["reason"]) == ("erase", "he asked")
    assert "13800138000" not in json.dumps(row), "nor does it stand in the database of people"
    assert "may do it now" in under("zhao", "approvals", "confirm", "1").stdout
    other = under("li", "privacy", "erase", "13800138001", "--reason", "he asked", "--yes")
    assert other.exit_code == 3, "it was confirmed of one subscriber, and of no other"
    assert under("li", *words).stdout.startswith("Erased: words of 1 complaints")
    assert under("li", *words).exit_code == 3, "it was good for once"
    (entry,) = json.loads(under("li", "audit", "show", "--step", "erased", "--json").stdout)
    assert entry["detail"].endswith("confirmed by zhao")
    assert under("li", "audit", "verify").exit_code == 0


def test_a_single_privacy_officer_may_switch_it_off_in_the_open(file, under):
    hired(under, ("li", "privacy-officer"))
    words = ("privacy", "erase", "13800138000", "--reason", "he asked", "--yes")
    alone = under("li", *words)
    assert (alone.exit_code, "nobody but li may confirm it" in alone.stderr) == (1, True)
    file.write_text(file.read_text() + "people: {four_eyes: false}\n")
    assert under("li", *words).exit_code == 0
    (entry,) = json.loads(under("li", "audit", "show", "--step", "erased", "--json").stdout)
    assert entry["detail"].endswith("by one person alone: people.four_eyes is off")
