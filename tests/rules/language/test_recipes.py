"""Thirty recipes and more: each proves itself, shows each condition both ways, and is told in docs/rules.md."""

import re
from pathlib import Path

import pytest

from rules.language.compile import Known, compile_rules
from rules.language.layout import laid_out
from rules.language.proof import prove
from rules.language.source import load_document
from rules.model import Trunk
from rules.settings.screening import ScreeningSettings
from tests.cookbook import LISTS, RECIPES, TRUNKS
from tests.rules.calls import READ

BOOK = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
SETTINGS = ScreeningSettings(time_zone="Asia/Shanghai", lists=LISTS, use=[])
KNOWN = Known(read=READ, destinations={"desk"})
CARRIERS = tuple(Trunk(name, country="CN") for name in TRUNKS)


def compiled(*files: Path):
    return compile_rules(files, SETTINGS, trunks=CARRIERS, known=KNOWN)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_catches_and_spares(recipe):
    document = load_document(recipe)
    found = compiled(recipe)
    assert found.ruleset is not None, found.faults
    assert [str(fault) for fault in found.faults if "ends with" not in fault.what and "ended" not in fault.what] == []
    proof, _ = prove(found, SETTINGS)
    assert proof is not None
    assert (proof.failures, proof.gaps) == ([], [])
    assert all(rule.get("catches") and rule.get("spares") for rule in document.data["rules"])
    assert laid_out(document) == document.text
    assert document.data["about"]


def test_all_of_them_live_beside_each_other():
    assert len(RECIPES) >= 30
    assert compiled(*RECIPES).ruleset is not None


def test_the_one_that_the_book_shows_is_the_file():
    [shown] = [path for path in RECIPES if path.stem == "debt-collector"]
    assert f"```yaml\n{shown.read_text()}```" in BOOK


def test_each_stands_in_the_cookbook_with_what_it_is_about_and_needs():
    rows = {row[1]: row[0] for row in re.finditer(r"^\| `([a-z-]+)` \|.*$", BOOK.partition("\n## Cookbook\n")[2], re.M)}
    for recipe in RECIPES:
        document = load_document(recipe)
        assert document.data["about"].rstrip(".") in rows[recipe.stem]
        for name in re.findall(r"(\w[\w-]*): \{kind:", document.text):
            assert f"`{name}`" in rows[recipe.stem], recipe.stem
