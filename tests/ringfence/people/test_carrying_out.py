"""What was confirmed is done at the desk in the name of who proposed it; see also test_approvals.py."""

import json

import pytest

NUMBER = "95012345"


@pytest.fixture
def desk(file, under):
    """Two officers, an admin, and a verified case."""
    file.write_text(file.read_text().replace("lists:\n", "lists:\n  sealed: {kind: sealed}\n"))
    for name, role in (("boss", "admin"), ("wang", "complaint-officer"), ("zhao", "complaint-officer")):
        login = () if name == "boss" else ("--login", name)
        assert under("root", "people", "add", name, "--role", role, *login).exit_code == 0
    for last in range(3):
        done = under("wang", "complaints", "add", NUMBER, "--by", f"1380013800{last}")
        assert done.exit_code == 0, done.output
    assert under("wang", "cases", "take", "1").exit_code == 0
    done = under("wang", "cases", "verify", "1", "--by", "owner", "--reason", "he said so")
    assert done.exit_code == 0, done.output
    return lambda login, *words: under(login, *words)


def state(desk):
    return json.loads(desk("wang", "case", "1", "--json").output)["case"]["state"]


def test_a_seal_and_its_release_take_two_officers(desk):
    waits = desk("wang", "cases", "seal", "1", "--reason", "rings at night")
    assert (waits.exit_code, state(desk)) == (3, "verified")
    assert "case 1 takes two persons: it is proposed as 1, and done once another confirms it (zhao)" in waits.output
    own = desk("wang", "approvals", "confirm", "1")
    assert (own.exit_code, "wang proposed it" in own.output) == (1, True)
    assert desk("root", "approvals", "confirm", "1").exit_code == 1, "an admin is no officer"
    listed = json.loads(desk("zhao", "approvals", "list", "--json").output)
    assert [(one["about"], one["proposer"], one["reason"]) for one in listed] == [("case 1", "wang", "rings at night")]
    assert json.loads(desk("root", "approvals", "list", "--json").output) == [], "nor is he shown it"
    assert desk("zhao", "approvals", "confirm", "1").output == "case 1 is sealed.\n"
    story = desk("wang", "case", "1").output
    assert "confirmed by zhao" in story
    assert desk("zhao", "cases", "release", "1", "--reason", "moved out").exit_code == 3
    assert state(desk) == "sealed"
    assert desk("wang", "approvals", "refuse", "2", "--reason", "no").output == "case 1: nothing is done.\n"
    assert desk("zhao", "cases", "release", "1", "--reason", "moved out").exit_code == 3
    assert desk("wang", "approvals", "confirm", "3").output == "case 1 is released.\n"


def test_an_appeal_that_is_granted_releases_no_seal_by_one_officer(desk):
    desk("wang", "cases", "seal", "1", "--reason", "rings at night")
    desk("zhao", "approvals", "confirm", "1")
    filed = desk("wang", "appeals", "file", "--number", NUMBER, "--text", "it is mine", "--json")
    reference = json.loads(filed.output)["reference"]
    granted = desk("wang", "appeals", "grant", reference, "--reason", "right")
    assert (granted.exit_code, state(desk)) == (3, "sealed")
    assert desk("zhao", "approvals", "confirm", "2").output == f"{reference} is granted.\n"
    assert state(desk) == "released"


def test_what_does_not_fit_any_more_is_told_and_not_done(desk):
    desk("wang", "cases", "seal", "1", "--reason", "rings at night")
    assert desk("zhao", "cases", "unfounded", "1", "--reason", "nothing").exit_code == 0
    late = desk("zhao", "approvals", "confirm", "1")
    assert (late.exit_code, state(desk)) == (1, "unfounded"), late.output


def test_what_was_proposed_of_a_case_that_stood_otherwise_is_refused_with_what_changed(desk):
    seal = ("cases", "seal", "1", "--reason", "rings at night")
    assert desk("wang", *seal).exit_code == 3
    assert desk("wang", "complaints", "add", NUMBER, "--by", "13800138009").exit_code == 0
    assert desk("wang", "complaints", "reject", "--case", "1", "--reason", "slander").exit_code == 0
    late = desk("zhao", "approvals", "confirm", "1")
    assert (late.exit_code, state(desk)) == (1, "verified")
    said = "case 1 has changed since it was proposed: 4 complaints of it rejected or withdrawn; nothing is done"
    assert said in late.output
    assert "propose it anew" in late.output
    assert "proposed as 2" in desk("wang", *seal).output, "it is another proposal"
    assert desk("wang", "complaints", "add", NUMBER, "--by", "13800138010").exit_code == 0
    assert desk("zhao", "approvals", "confirm", "2").output == "case 1 is sealed.\n", "one more is no change"


def test_an_appeal_and_a_release_are_held_against_the_case_they_were_proposed_on(desk):
    desk("wang", "cases", "seal", "1", "--reason", "rings at night")
    desk("zhao", "approvals", "confirm", "1")
    filed = desk("wang", "appeals", "file", "--number", NUMBER, "--text", "it is mine", "--json")
    reference = json.loads(filed.output)["reference"]
    assert desk("wang", "appeals", "grant", reference, "--reason", "right").exit_code == 3
    assert desk("wang", "cases", "release", "1", "--reason", "moved out").exit_code == 3
    first = json.loads(desk("wang", "complaints", "list", "--json").output)
    named = (first if isinstance(first, list) else first["complaints"])[0]["reference"]
    assert desk("wang", "complaints", "withdraw", named, "--reason", "a mistake").exit_code == 0
    assert desk("wang", "cases", "keep", "1", "--reason", "others stand").exit_code == 0
    for proposal in ("2", "3"):
        late = desk("zhao", "approvals", "confirm", proposal)
        assert (late.exit_code, state(desk)) == (1, "sealed"), late.output
        assert "since it was proposed: keep sealed by wang, 1 complaint of it rejected or withdrawn" in late.output
    assert desk("wang", "appeals", "grant", reference, "--reason", "right").exit_code == 3
    assert desk("zhao", "approvals", "confirm", "4").output == f"{reference} is granted.\n"


def test_whole_ranges_wait_among_the_held_imports_for_another_keeper(desk, under):
    for name in ("keeper", "other"):
        under("root", "people", "add", name, "--role", "list-keeper", "--login", name)
    waits = under("keeper", "lists", "add", "blocked", "95013*", "--range", "--reason", "unheld")
    assert waits.exit_code == 3, waits.output
    assert "to stop a whole range takes two persons" in waits.output
    (one,) = json.loads(under("other", "approvals", "list", "--json").output)
    assert (one["id"], one["kind"], one["proposer"]) == ("held-1", "import", "keeper")
    assert under("keeper", "approvals", "confirm", "held-1", "--reason", "ok").exit_code == 1
    done = under("other", "approvals", "confirm", "held-1", "--reason", "ok")
    assert done.exit_code == 0, done.output
    assert "95013" in under("other", "lists", "show", "blocked").output
    one_number = under("keeper", "lists", "add", "blocked", "95014001", "--reason", "one is one's own to block")
    assert one_number.exit_code == 0, one_number.output


def test_keys_and_exports_are_the_proposers_to_do_once_another_has_confirmed(desk, under):
    under("root", "people", "add", "second", "--role", "admin", "--login", "second")
    add = ("api", "keys", "add", "li", "--scope", "reports:read", "--json")
    assert under("root", *add).exit_code == 3
    assert under("second", "approvals", "confirm", "1").exit_code == 0
    made = under("root", *add)
    assert json.loads(made.output)["token"].startswith("rf_")
    assert under("root", "api", "keys", "add", "other", "--scope", "reports:read").exit_code == 3
