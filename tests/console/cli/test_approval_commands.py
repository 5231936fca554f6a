"""`ringfence approvals`: see also tests/ringfence/people/test_carrying_out.py, which plays proposals to their end."""

import json


def test_where_nothing_waits_it_says_so_and_makes_no_database(file, under):
    assert under("root", "approvals", "list").output == "Nothing waits for a second person.\n"
    assert not (file.parent / "ringfence-people.db").exists()


def test_what_is_no_number_is_told_with_where_they_stand(under):
    under("root", "people", "add", "boss", "--role", "admin")
    wrong = under("root", "approvals", "confirm", "x")
    assert (wrong.exit_code, "`ringfence approvals list` shows them" in wrong.output) == (2, True)
    assert "there is no proposal 9" in under("root", "approvals", "confirm", "9").output


def test_what_lets_somebody_in_is_shown_to_nobody(under):
    under("root", "people", "add", "boss", "--role", "admin")
    under("root", "people", "add", "second", "--role", "admin", "--login", "second")
    waits = under("root", "people", "password", "second", typed="four blue horses run\n")
    assert waits.exit_code == 3, waits.output
    listed = under("second", "approvals", "list", "--json").output
    assert json.loads(listed)[0]["about"] == "account second"
    assert "argon2" not in listed
    assert "argon2" not in under("second", "approvals", "list", "--all").output
