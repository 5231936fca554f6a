"""`--unmasked --reason WHY` of whatever shows numbers: on record before, so many in an hour, several with a second."""

import json

import pytest

ONE, OTHER = "13712345678", "13712349999"


@pytest.fixture
def desk(file, run):
    """Two cases, while nobody has an account."""
    for number in (ONE, OTHER):
        assert run("complaints", "add", number, "--by", "13800138000").exit_code == 0
    return file


def test_without_accounts_numbers_are_masked_as_well_and_a_reason_shows_them(desk, run):
    assert json.loads(run("case", "1", "--json").stdout)["case"]["number"] == "+86137******78"
    assert "say why" in run("case", "1", "--unmasked").stderr
    for words in (("--unmasked", "--reason", "the owner asks"), ("--reason", "the owner asks")):
        assert json.loads(run("case", "1", *words, "--json").stdout)["case"]["number"] == f"+86{ONE}"
    found = json.loads(run("audit", "show", "--step", "unmasked", "--json").stdout)
    assert [(one["subject"], one["reason"], one["detail"]) for one in found] == [
        ("number", "the owner asks", "case")
    ] * 2


def test_one_person_may_see_so_many_in_an_hour(desk, run):
    desk.write_text(desk.read_text() + "privacy: {unmask_hour: 2}\n")
    assert ONE in run("cases", "list", "--reason", "one").stdout
    late = run("case", "1", "--reason", "two")
    assert (late.exit_code, ONE in late.output) == (1, False)
    assert "saw 2 numbers in full in this hour" in late.stderr
    assert json.loads(run("audit", "show", "--step", "unmasking refused", "--json").stdout)
    assert run("case", "1").exit_code == 0


def test_several_take_a_second_person(desk, under):
    for name, role in (("wang", "admin"), ("li", "complaint-officer"), ("zhao", "complaint-officer")):
        assert under("wang", "people", "add", name, "--role", role, "--login", name).exit_code in (0, 3)
    words = ("complaints", "list", "--unmasked", "--reason", "a court asks", "--json")
    first = under("li", *words)
    assert (first.exit_code, first.stdout) == (3, "")
    assert "1" in first.stderr
    assert under("zhao", "approvals", "confirm", "1").exit_code == 0
    assert {one["accused"] for one in json.loads(under("li", *words).stdout)} == {f"+86{ONE}", f"+86{OTHER}"}
    assert under("li", *words).exit_code == 3, "it was good for once"
    alone = under("li", "complaints", "list", "--about", ONE, "--unmasked", "--reason", "x", "--json")
    assert [one["accused"] for one in json.loads(alone.stdout)] == [f"+86{ONE}"]


def test_a_list_of_seals_is_paged_and_exported_without_telling_its_numbers(file, run):
    file.write_text(file.read_text().replace("lists:\n", "lists:\n  sealed: {kind: sealed}\n"))
    for case, number in enumerate((ONE, OTHER), start=1):
        run("complaints", "add", number, "--by", "13800138000")
        run("cases", "take", str(case))
        run("cases", "verify", str(case), "--by", "owner", "--reason", "he said so")
        assert run("cases", "seal", str(case), "--reason", "five people").exit_code == 0
    first = run("lists", "show", "sealed", "--limit", "1")
    assert (ONE in first.stdout, OTHER in first.stdout, "+86137******78" in first.stdout) == (False, False, True)
    after = first.stdout.split("--after ")[1].split()[0]
    (second,) = json.loads(run("lists", "show", "sealed", "--limit", "1", "--after", after, "--json").stdout)
    assert second["entry"] == "+86137******99"
    refused = run("lists", "show", "sealed", "--after", f"+86{OTHER}", "--json")
    assert refused.exit_code == 2, "by digits anybody would find the next number"
    assert "its numbers are masked for you" in refused.stderr
    refused = run("lists", "export", "sealed")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "say --unmasked and --reason" in refused.stderr
    whole = run("lists", "export", "sealed", "--format", "text", "--unmasked", "--reason", "a court asks")
    assert whole.stdout.split() == [f"+86{ONE}", f"+86{OTHER}"]
    assert len(json.loads(run("audit", "show", "--step", "unmasked", "--json").stdout)) == 2
