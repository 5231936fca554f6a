"""Whoever has to say why says something: a reason of nothing, of blanks, or of signs that nobody sees is none."""

import json
import re

import pytest


@pytest.mark.parametrize("reason", ["", " ", "\u3000", "\u200b", "\ufeff \u2060"])
def test_no_command_takes_an_empty_reason(run, reason):
    reference = json.loads(run("complaints", "add", "95012345", "--by", "13800138000", "--json").stdout)["reference"]
    for words in (
        ("rules", "activate"),
        ("rules", "rollback"),
        ("complaints", "reject", reference),
        ("complaints", "reject", "--about", "95012345"),
        ("cases", "verify", "1", "--by", "owner"),
        ("cases", "unfounded", "1"),
        ("cases", "forged", "1", "--trunk", "carrier"),
        ("ladder", "climb", "number", "95012345", "--to", "tag"),
        ("ladder", "clear", "number", "95012345"),
        ("lists", "release", "1"),
    ):
        refused = run(*words, "--reason", reason)
        assert refused.exit_code != 0, words
        assert re.search("say (why|how|what was looked at)", refused.stderr), (words, refused.stderr)
