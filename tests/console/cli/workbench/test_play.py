"""`ringfence play`: what a file says as it is saved, of its examples or of the calls given."""

import itertools
import json

import pytest

from console.cli.workbench.play import saves

NIGHT = """\
- rule: sellers
  because: They sell.
  when: {caller: 95013*}
  unless: [{caller: {on_list: allowed}}]
  then: tag
  catches: [{from: 95013345..95013347, to: 13800138000}]
  spares: [{from: 95588, to: 13800138000}]
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "sellers.yaml"
    path.write_text(NIGHT)
    return path


def test_its_examples_and_what_they_would_get(run, rules):
    found = run("play", str(rules), "--once")
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == [
        "tag by sellers: from 95013345..95013347, to 13800138000",
        "forward by no rule: from 95588, to 13800138000",
        "1 rule, 2 examples: 0 failed",
    ]


def test_calls_of_ones_own_step_by_step(run, rules):
    found = run("play", str(rules), "--once", "--call", "from: 95013345, to: 13800138000, on_list: allowed")
    assert found.stdout.startswith("forward by ")
    assert "deciding rule          sellers: does not hold" in found.stdout or "allow list" in found.stdout
    data = json.loads(run("play", str(rules), "--call", "{from: 95013345}", "--json").stdout)
    assert (data["calls"][0]["verdict"], data["calls"][0]["rule"]) == ("tag", "sellers")
    assert data["calls"][0]["lines"][0]["step"] == "call"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("95013*", "95013**", "ends with several stars"),
        ("from: 95588", "from: 95013345", "it holds: the caller"),
        ("then: tag", "then: [", "cannot be read"),
    ],
)
def test_what_is_wrong_is_shown_in_its_place(run, rules, old, new, said):
    rules.write_text(NIGHT.replace(old, new))
    found = run("play", str(rules), "--once")
    assert found.exit_code == 1
    assert f"{rules}:" in found.stdout
    assert said in found.stdout


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("form: 95588", "--call:1:2: unknown key 'form'"),
        ("from: 955*", "is a prefix, and an example is one call"),
        ("from: 95588, trunk: nowhere", "there is no trunk 'nowhere'"),
        ("from: 95588, on_list: nowhere", "there is no list 'nowhere'"),
        ("from: [", "--call:1:"),
        ("from: 95588, facts: {calls_per_caler_and_called_1d: 9}", "no call can have fact"),
    ],
)
def test_a_call_that_is_none(run, rules, call, said):
    found = run("play", str(rules), "--once", "--call", call)
    assert found.exit_code == 1
    assert said in found.stdout


def test_each_save_is_shown_once_and_a_file_that_is_gone_for_a_moment_not(tmp_path):
    file = tmp_path / "r.yaml"
    file.write_text("1")
    steps = iter([lambda: None, file.unlink, lambda: file.write_text("22"), lambda: None, lambda: file.write_text("3")])
    done = []

    def wait(_seconds: float) -> None:
        next(steps)()
        done.append("looked")

    shown = [len(done) for _ in itertools.islice(saves(file, wait), 3)]
    assert shown == [0, 3, 5]
