"""`ringfence ladder`, `owners`, `trunks`: who offends again and again."""

import json


def test_climbing_by_owner(run):
    assigned = run("ladder", "assign", "95012345", "--owner", "Loan King", "--business", "Quick Cash")
    assert assigned.stdout == "CN:95****** belongs to Loan King and Quick Cash.\n"
    climbed = run("ladder", "climb", "owner", "Loan King", "--reason", "again")
    assert climbed.stdout.startswith("owner Loan King is on step watch until 20")
    (owner,) = json.loads(run("owners", "--json").stdout)
    assert (owner["name"], owner["step"], owner["numbers"]) == ("Loan King", "watch", "CN:95******")
    run("ladder", "climb", "number", "95013333", "--reason", "x", "--to", "reject")
    rows = json.loads(run("ladder", "show", "--json").stdout)
    assert [(row["name"], row["step"]) for row in rows] == [("CN:95******", "reject"), ("Loan King", "watch")]
    assert "Loan King" in run("ladder", "show").stdout
    assert (
        run("ladder", "clear", "owner", "Loan King", "--reason", "x").stdout == "owner Loan King is off the ladder.\n"
    )
    assert run("ladder", "assign", "95012345").exit_code == 2
    assert "emergency" in run("ladder", "climb", "number", "110", "--reason", "x").stderr


def test_each_step_for_programs(run):
    def told(*words):
        return json.loads(run("ladder", *words, "--json").stdout)

    assigned = {"number": "CN:95******", "owner": "Loan King"}
    assert told("assign", "95012345", "--owner", "Loan King") == assigned
    climbed = told("climb", "owner", "Loan King", "--reason", "again")
    assert (climbed["kind"], climbed["name"], climbed["step"]) == ("owner", "Loan King", "watch")
    assert (climbed["offences"], climbed["reason"], climbed["since"][:2]) == (1, "again", "20")
    (shown,) = told("show")
    assert climbed.items() <= shown.items(), "by the same names as in the list"
    off = {"kind": "owner", "name": "Loan King", "step": "none"}
    assert told("clear", "owner", "Loan King", "--reason", "x") == off
    run("ladder", "climb", "number", "95012345", "--reason", "x")
    assert told("clear", "number", "950 12345", "--reason", "x")["name"] == "CN:95******"


def test_a_new_owner_is_told_of_with_the_case_that_is_open(run):
    run("complaints", "add", "95012345", "--by", "13800138000")
    told = run("ladder", "assign", "95012345", "--owner", "A Bakery").stdout
    assert told == "CN:95****** belongs to A Bakery. Its case 1 is still open, whoever owns it now.\n"
    assert json.loads(run("ladder", "assign", "95012345", "--owner", "A Bakery", "--json").stdout)["open_case"] == 1


def test_trunks_are_ranked(run):
    run("complaints", "add", "95012345", "--by", "13800138000")
    run("cases", "take", "1")
    run("cases", "forged", "1", "--reason", "x", "--trunk", "carrier")
    (row,) = json.loads(run("trunks", "--json").stdout)
    assert (row["trunk"], row["forged"], row["complaints"]) == ("carrier", 1, 1)
    assert "carrier" in run("trunks", "--since", "30d").stdout
    assert json.loads(run("trunks", "--signed", "--json").stdout) == []


def test_two_officers_at_once(run):
    run("ladder", "climb", "owner", "Loan King", "--reason", "again", "--version", "0")
    (seen,) = json.loads(run("ladder", "show", "--json").stdout)
    assert "version" in run("ladder", "show").stdout
    climb = ("ladder", "climb", "owner", "Loan King", "--reason", "x", "--version")
    clear = ("ladder", "clear", "owner", "Loan King", "--reason", "x", "--version")
    first = run(*climb, str(seen["version"]), "--json")
    assert json.loads(first.stdout)["step"] == "tag"
    for late in (run(*climb, str(seen["version"])), run(*clear, str(seen["version"])), run(*climb, "0")):
        assert late.exit_code == 1
        assert late.stderr.startswith("version: this owner stands elsewhere now")
        assert " by " in late.stderr, "it says who was faster"
    (stands,) = json.loads(run("ladder", "show", "--json").stdout)
    assert stands["version"] == json.loads(first.stdout)["version"]
    assert run(*clear, str(stands["version"])).exit_code == 0
