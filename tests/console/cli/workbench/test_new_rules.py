"""`ringfence rules new` and `rules recipes`: a text to begin with; whoever is named by it is named for a reason."""

import json

from ringfence.rulebook import load_rulebook
from tests.console.past import past_calls


def test_recipes_are_listed_and_printed(run):
    found = json.loads(run("rules", "recipes", "--json").stdout)
    assert {"wangiri", "debt-collector"} <= {one["recipe"] for one in found}
    assert run("rules", "recipes", "wangiri").stdout.startswith("# yaml-language-server")
    assert run("rules", "recipes", "nothing").exit_code == 1


def test_a_recipe_becomes_a_file_and_what_it_lacks_is_told(run, tmp_path):
    path = tmp_path / "mine.yaml"
    found = run("rules", "new", "too-often", "--recipe", "debt-collector", "--out", str(path))
    assert found.exit_code == 0, found.output
    assert "there is no list 'family'" in found.stderr
    assert "- rule: too-often" in path.read_text()
    assert run("rules", "new", "too-often", "--recipe", "debt-collector", "--out", str(path)).exit_code == 1


def test_a_call_of_the_log_becomes_a_rule_that_watches(run, file):
    [decision] = past_calls(file, load_rulebook(file), ["13912345678"])
    refused = run("rules", "new", "him", "--decision", decision)
    assert (refused.exit_code, "say --unmasked and --reason" in refused.stderr) == (1, True)
    found = run("rules", "new", "him", "--decision", decision, "--unmasked", "--reason", "a complaint")
    assert found.exit_code == 0, found.output
    assert "exact: +8613912345678" in found.stdout
    assert "mode: observe" in found.stdout
    assert run("rules", "new", "him", "--decision", "0" * 20, "--by", "domain").exit_code == 1
    assert run("rules", "new", "him", "--decision", decision, "--by", "colour").exit_code == 2
    assert run("rules", "new", "him").exit_code == 2
