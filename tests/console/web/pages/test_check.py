"""Check: what would happen and why; the look stands in the audit, nothing else does."""

import re

import pytest

from ringfence.people import Role
from rules.lists.origins import Origin
from tests.console.web.conftest import HOSTILE

NIGHT = "2026-11-24T22:10+08:00"


async def looks(house) -> list[tuple[str, str, str]]:
    rows = await house.desk.archive.store.connection.execute_fetchall(
        "select actor, step, detail from step order by id"
    )
    return [tuple(row) for row in rows]


async def test_what_would_happen_and_why(house):
    browser = await house.visitor(Role.VIEWER)
    asked = {"caller": "95012345", "called": "13800138000", "at": NIGHT}
    told = await browser.send_form("/console/check", page="/console/check", **asked)
    assert 'class="verdict reject"' in told.text
    assert "night-calls" in told.text
    assert "Nobody sells at night." in told.text
    assert ("viewer", "searched", "check") in await looks(house)
    assert "95012345" not in str(told.url)
    noon = await browser.send_form(
        "/console/check", page="/console/check", **{**asked, "at": "2026-11-24T12:00+08:00"}, saved="true"
    )
    assert 'class="verdict forward"' in noon.text


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"caller": ""}, "Write who calls"),
        ({"at": "soon"}, "is no time"),
        ({"trunk": "nowhere"}, "there is no trunk"),
        ({"called": "110"}, "emergency"),
        ({"caller": HOSTILE, "name": HOSTILE}, "&lt;script&gt;"),
    ],
)
async def test_whatever_somebody_writes_is_answered(house, more, told):
    browser = await house.visitor(Role.VIEWER)
    asked = {"caller": "95012345", "called": "13800138000"} | more
    shown = await browser.send_form("/console/check", page="/console/check", **asked)
    assert shown.status_code == 200
    assert told in shown.text
    assert not any(one in shown.text for one in ("<script>alert", "\u202e", "\x1b", "50337"))
    part = await browser.post(
        "/console/check", data={"form_token": house.gate.tokens.of(browser.cookies["rf_browser"]), **asked},
        headers={"hx-request": "true"},
    )  # fmt: skip
    assert part.text.lstrip().startswith('<section id="answer"')


ENGLISH = re.compile(r"(?<!\w)[a-z]{2,}(?: [a-z]{2,})+")  # two small words; names of rules and headers are no such
RULES_OF_ALL = """\
- rule: everything
  because: {because}
  when:
    any:
      - caller: {{is: [95012*, 95000..95999], class: [cn-95], length: [8], on_list: [blocked], list_kind: [block]}}
      - called: {{country: [trunk, not-trunk, FR], missing: true}}
      - all: [{{display_name: {{is: [a], contains: [b], matches: [c]}}}}, {{agrees: false}}]
      - fact: {{calls_1h: {{over: 5, under: 90}}, ledger: [held], spoken: missing}}
      - {{anonymous: true, diverted: true, hours: "22:00-06:00", days: working, trunk: [carrier], trunk_country: [FR]}}
  unless: {{anonymous: true}}
  then: tag
  mode: observe
"""


def sentences(text: str) -> str:
    """What stands in the steps, without what authors wrote."""
    told = "\n".join(re.findall(r"<p(?: class=\"won\")?><bdi>(.*?)</bdi>", text))
    return told.replace("Nobody sells at night.", "").replace("by operator", "")


@pytest.mark.parametrize("called", ["13800138000", "110"])
async def test_whoever_reads_chinese_is_told_why_in_chinese(house, called):
    rules = house.here.base / "rules.d"
    rules.mkdir(exist_ok=True)
    (rules / "everything.yaml").write_text(RULES_OF_ALL.format(because="一切"))
    await (await house.here.lists()).add("blocked", "CN:95012345", Origin(author="li", reason="骚扰"))
    browser = await house.visitor(Role.VIEWER)
    await browser.send_form("/console/preferences", page="/console/check", language="zh", back="/check")
    asked = {"caller": "95012345", "called": called, "at": NIGHT, "saved": "true"}
    text = (await browser.send_form("/console/check", page="/console/check", **asked)).text
    assert "主叫" in sentences(text)
    assert ENGLISH.findall(sentences(text)) == []
