"""`ringfence privacy retention` shows each class of data with its days."""

import json


def test_what_is_kept_is_shown(run):
    run("complaints", "add", "95012345", "--by", "13800138000", "--text", "at night")
    found = run("privacy", "retention", "--json")
    assert found.exit_code == 0, found.stderr
    rows = {row["data"]: row for row in json.loads(found.stdout)}
    assert rows["what left a list"]["setting"] == "storage.history_days"
    assert rows["the audit: numbers by pseudonym"]["days"] is None
