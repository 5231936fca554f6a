"""The packs of countries: off by default, each rule with its source in docs/packs.md, and no innocent number hit."""

import random
import re
from pathlib import Path

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from rules.language.compile import Known, compile_rules
from rules.language.proof import prove
from rules.language.source import load_document, shipped
from rules.model import Action, Trunk
from rules.settings.screening import ScreeningSettings
from tests.rules.calls import READ, call, rules

PACKS = {"uk": ("GB",), "de": ("DE",), "fr": ("FR",), "in": ("IN",), "nanp": ("US", "CA", "JM", "DO", "PR")}
# What people and companies call from; premium, directory and shared-cost numbers are what the packs are about.
KINDS = [
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.VOIP,
    PhoneNumberType.UAN,
    PhoneNumberType.PERSONAL_NUMBER,
]
CANVASSING = re.compile(r"\+33(162|163|270|271|377|378|424|425|568|569|948|949|9475|9476|9477|9478|9479)")
TELEMARKETERS = re.compile(r"\+91140")
BOOK = (Path(__file__).parents[3] / "docs" / "packs.md").read_text()


def numbers(region: str) -> list[str]:
    """Examples of libphonenumber, and numbers near them that are as valid."""
    made, chance = set[str](), random.Random(region)
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        made.add(text)
        kept = len(str(example.country_code)) + 1
        for _ in range(300):
            first = text[kept : kept + chance.choice((1, 2, 3))]
            near = text[:kept] + first + "".join(chance.choices("0123456789", k=len(text) - kept - len(first)))
            parsed = phonenumbers.parse(near)
            if phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) in KINDS:
                made.add(near)
    return sorted(number for number in made if not (CANVASSING.match(number) or TELEMARKETERS.match(number)))


@pytest.mark.parametrize("pack", PACKS)
def test_no_innocent_number_is_hit_at_home(pack):
    home, *others = PACKS[pack]
    ruleset, trunk = rules("[]", use=[pack]), Trunk("t", country=home)
    tried = [number for region in (home, *others) for number in numbers(region)]
    assert len(tried) > 300
    hit = {n: found.fired for n in tried if (found := ruleset.judge(call(n, n, trunk=trunk))).fired}
    assert not hit


@pytest.mark.parametrize("pack", [*PACKS, "cn", "baseline"])
@pytest.mark.parametrize(
    "more",
    [{}, {"national": False}, {"identity_trusted": True, "cli_screened": True}, {"tag_at": 1, "reject_at": 1}],
    ids=str,
)
def test_its_examples_show_each_rule_and_each_condition_both_ways_whatever_trunks_there_are(pack, more):
    settings = ScreeningSettings(time_zone="Europe/Paris", use=[pack])
    trunk = Trunk("t", country=PACKS.get(pack, ("CN",))[0], **more)
    compiled = compile_rules([], settings, trunks=(trunk,), known=Known(read=READ))
    assert [str(fault) for fault in compiled.faults] == []
    proof, _ = prove(compiled, settings)
    assert proof is not None
    assert proof.failures == []
    if pack in PACKS:
        assert proof.gaps == []


@pytest.mark.parametrize("pack", PACKS)
def test_each_rule_stands_in_the_book_with_where_and_when_it_was_read(pack):
    chapter = BOOK.partition(f"\n## {pack}\n")[2].partition("\n## ")[0]
    for rule in load_document(shipped(f"rules/{pack}.yaml")).data["rules"]:
        [row] = [line for line in chapter.splitlines() if line.startswith(f"| `{rule['rule']}` |")]
        assert re.search(r"https?://\S+", row), "the source that was read"
        assert re.search(r"\b20\d\d-\d\d-\d\d\b", row), "the day on which it was read"
        assert rule["source"]


def test_no_pack_of_a_country_is_on_by_default_and_each_is_named_where_packs_are_told():
    assert ScreeningSettings().use == ["baseline"]
    assert {path.stem for path in shipped("rules").glob("*.yaml")} == {"baseline", "cn", *PACKS}
    assert all(f"\n## {name}\n" in BOOK for name in (*PACKS, "cn"))


def test_what_comes_from_abroad_under_a_national_number_is_told_apart():
    ruleset = rules("[]", use=["uk"])
    abroad, home = Trunk("a", country="US", national=False), Trunk("b", country="GB")
    assert ruleset.judge(call("+442079460001", "+442079460000", trunk=abroad)).action is Action.TAG
    assert ruleset.judge(call("+447400123456", "+442079460000", trunk=abroad)).action is Action.FORWARD
    assert ruleset.judge(call("02079460001", "02079460000", trunk=home)).action is Action.FORWARD
