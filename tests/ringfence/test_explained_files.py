"""Each call of a file gets what the proxy would give it now: rules, lists, emergency numbers, and what it answers."""

import pytest

from ringfence.explained_files import explain_file
from ringfence.installation import Installation
from rules.language.faults import RuleError
from tests.rules.calls import rule

CONFIGURATION = """\
version: 1
country: CN
listen: [{address: 127.0.0.1:5060}]
pbxes: [{name: pbx, addresses: [127.0.0.1:5080]}]
trunks: [{name: default, country: CN}]
lists: {blocked: {kind: block}}
use: []
rules: [own.yaml]
"""
RULES = rule("{caller: 95012*}", "reject", "seller") + rule("{caller: {calls: {over: 60, within: 1h}}}", "tag", "busy")


@pytest.fixture
def here(tmp_path):
    (tmp_path / "ringfence.yaml").write_text(CONFIGURATION)
    (tmp_path / "own.yaml").write_text(RULES)
    return Installation.open(tmp_path / "ringfence.yaml")


async def rows(here, tmp_path, text: str):
    path = tmp_path / "calls.csv"
    path.write_text(text)
    async with here:
        return (await explain_file(here, path, saved=True)).rows


async def test_each_call_by_itself(here, tmp_path):
    found = await rows(
        here,
        tmp_path,
        "from,to,facts,verdict\n95012345,13800138000,,reject\n13912345678,13800138000,calls_1h=61,forward\n"
        "13912345678,110,calls_1h=61,\n",
    )
    assert [(row["line"], row["verdict"], row["rule"], row["as_wished"]) for row in found] == [
        (2, "reject", "seller", True),
        (3, "tag", "busy", False),
        (4, "tag", "busy", None),
    ]
    assert found[2]["step"] == "emergency"


async def test_what_no_call_is_names_its_line(here, tmp_path):
    with pytest.raises(RuleError, match=r"calls.csv:3:1: verdict: 'rejct' is none"):
        await rows(here, tmp_path, "from,to,verdict\n95012345,13800138000,reject\n95012345,1,rejct\n")
