"""`ringfence test`: what fails with its trace, what is not covered, an exit status for scripts."""

import json

import pytest

TEST = """\
tests:
- test: nobody sells at night
  calls:
  - {from: 95012345, to: 13800138000, at: 2026-11-24T23:00, expect: reject, rule: night-calls}
  - {from: 95588, to: 13800138000, expect: forward}
"""


@pytest.fixture
def tests(file):
    path = file.parent / "night_test.yaml"
    path.write_text(TEST)
    return path


def test_the_rules_of_the_configuration_prove_themselves(run):
    found = run("test")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[-1].endswith(
        "examples, no tests: 0 failed; 0 rules never matched, 0 conditions never true, 1 never false"
    )
    assert "  never false: rule night-calls (" in found.stdout


def test_test_files_are_run_with_the_rules_of_the_configuration(run, tests, file):
    assert " 1 test with 2 calls: 0 failed" in run("test", str(tests)).stdout
    file.write_text(file.read_text() + "tests: ['*_test.yaml']\n")
    assert " 1 test with 2 calls: 0 failed" in run("test").stdout


def test_rule_files_are_run_alone(run, tests, file):
    own = file.parent / "own.yaml"
    own.write_text((file.parent / "rules.d" / "own.yaml").read_text().replace("night-calls", "other"))
    found = run("test", str(own), str(tests))
    assert found.exit_code == 1
    assert "expected reject by night-calls to decide" not in found.stdout
    assert "call 1: expected night-calls to decide, got reject by other" in found.stdout
    assert "    deciding rule: other: holds: " in found.stdout
    assert "=> deciding rule" in run("test", str(own), str(tests), "--trace").stdout


def test_a_failure_for_programs(run, tests):
    tests.write_text(TEST.replace("expect: forward", "expect: tag"))
    found = run("test", str(tests), "--json")
    assert found.exit_code == 1
    data = json.loads(found.stdout)
    assert (data["good"], data["calls"], len(data["failures"])) == (False, 2, 1)
    assert data["failures"][0]["line"] == 5
    assert data["failures"][0]["trace"][0]["step"] == "call"
    assert data["gaps"] == []


def test_an_example_that_fails_shows_line_facts_and_conditions(run, file):
    own = file.parent / "rules.d" / "own.yaml"
    own.write_text(own.read_text().replace("T22:10+08:00", "T20:10+08:00, facts: {calls_1h: 3}"))
    found = run("test")
    assert found.exit_code == 1
    assert f"{own}:5:13: rule 'night-calls' does not catch" in found.stdout
    failure = found.stdout.split("coverage:")[0].splitlines()
    assert len(failure) == 5
    assert failure[3].endswith("; facts: calls_1h 3")
    assert failure[4] == "    when: no   the time is 21:00-08:00 (tue 20:10)"
    traced = run("test", "--trace").stdout
    assert "    facts: calls_1h 3\n" in traced
    assert "no   the time is 21:00-08:00 (tue 20:10)" in traced


def test_a_fact_of_an_example_that_no_call_can_have_is_told_at_its_place(run, file):
    own = file.parent / "rules.d" / "own.yaml"
    own.write_text(own.read_text().replace("T22:10+08:00", "T22:10+08:00, facts: {calls_1y: 3, calls_1h: 2}"))
    found = run("check")
    assert found.exit_code == 0
    assert f"{own}:5:" in found.output
    assert "no call can have fact 'calls_1y': nobody measures it, and no rule asks for it" in " ".join(
        found.output.split()
    )
    assert "calls_1h'" not in found.output


def test_what_is_caught_but_should_be_spared_says_what_holds(run, file):
    own = file.parent / "rules.d" / "own.yaml"
    text = own.read_text()
    own.write_text(
        text[: text.index("  spares:")] + "  spares: [{from: 95012345, to: 13800138000, at: 2026-11-24T23:10}]\n"
    )
    failure = run("test").stdout.split("coverage:")[0].splitlines()
    assert len(failure) == 5
    assert failure[4].startswith("    it holds: the caller starts with ")


@pytest.mark.parametrize(("percent", "status"), [("90", 0), ("100", 1)])
def test_too_little_coverage_is_a_failure_for_scripts(run, percent, status):
    found = run("test", "--coverage", percent)
    assert found.exit_code == status
    said = "too little, wanted are 100 %" if status else "at least 90 %"
    assert f"; {said}" in found.stdout
    assert json.loads(run("test", "--coverage", percent, "--json").stdout)["good"] is not bool(status)
    assert run("test", "--coverage", "101").exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "said"), [("expect: forward", "expect: fwd", "'fwd'"), ("tests:", "tests: [", "YAML")]
)
def test_faults_are_named_and_nothing_is_run(run, tests, old, new, said):
    tests.write_text(TEST.replace(old, new))
    found = run("test", str(tests))
    assert found.exit_code == 1
    assert said in found.stdout
    assert found.stdout.splitlines()[-1] == "nothing was run: first mend what is named above"
    assert not json.loads(run("test", str(tests), "--json").stdout)["good"]


def test_a_configuration_with_faults(run, file):
    file.write_text("listen: 3\n")
    found = run("test")
    assert found.exit_code == 1
    assert "listen" in found.stdout
