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
