"""`ringfence api keys` and `api openapi`: a key is shown once, listed without its secret, and revoked at once."""

import json
import subprocess
import sys

import pytest

SCOPES = ("--scope", "complaints:write", "--scope", "cases:read")


def test_a_key_is_shown_once(run):
    made = run("api", "keys", "add", "app", *SCOPES, "--acts-as", "li", "--expires", "90d", "--daily", "7")
    assert made.exit_code == 0
    token = made.output.splitlines()[-1]
    assert token.startswith("rf_")
    (listed,) = json.loads(run("api", "keys", "list", "--json").output)
    assert (listed["name"], listed["acts_as"], listed["state"], listed["daily"]) == ("app", "li", "works", 7)
    assert listed["scopes"] == "cases:read complaints:write"
    assert token.split("_")[1] == listed["id"]
    assert token not in run("api", "keys", "list").output


def test_a_key_for_programs(run):
    made = json.loads(run("api", "keys", "add", "app", "--scope", "complaints:write,cases:read", "--json").output)
    assert made["token"].startswith(f"rf_{made['id']}_")


def test_a_key_is_revoked_by_its_name(run):
    run("api", "keys", "add", "app", *SCOPES)
    assert "of app is revoked" in run("api", "keys", "revoke", "app").output
    assert json.loads(run("api", "keys", "list", "--json").output)[0]["state"] == "revoked"
    again = run("api", "keys", "revoke", "app")
    assert again.exit_code == 1
    assert "api keys list" in again.output


def test_a_source_gets_a_new_key(run):
    run("api", "keys", "add", "app", *SCOPES)
    made = run("api", "keys", "renew", "app", "--overlap", "1h")
    assert made.output.splitlines()[-1].startswith("rf_")
    listed = json.loads(run("api", "keys", "list", "--json").output)
    assert [(one["name"], one["state"], bool(one["expires"])) for one in listed] == [
        *(("app", "works", True), ("app", "works", False))
    ]
    assert run("api", "keys", "renew", "nobody").exit_code == 1


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("app", "--scope", "everything"), 2, "complaints:write: file complaints"),
        (("app",), 2, "--scope"),
        (("a b", *SCOPES), 1, "no blanks"),
        (("ringfence", *SCOPES), 1, "what the program calls itself"),
        (("app", *SCOPES, "--expires", "soon"), 2, "no duration"),
        (("app", *SCOPES, "--daily", "0"), 2, "--daily"),
    ],
)
def test_a_key_that_cannot_be(run, words, status, told):
    refused = run("api", "keys", "add", *words)
    assert (refused.exit_code, told in refused.output) == (status, True)


def test_an_address_that_is_none(run):
    refused = run("api", "serve", "--listen", "::1:8607")
    assert refused.exit_code == 2
    assert "write 127.0.0.1:8607" in refused.output


def test_the_document_is_printed(run):
    assert json.loads(run("api", "openapi").output)["info"]["title"] == "Ringfence complaint desk"


def test_no_other_command_waits_for_the_libraries_of_http():
    code = "import sys, console.cli.commands; sys.exit(bool({'fastapi', 'starlette', 'uvicorn'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=300).returncode == 0


def test_a_right_that_opens_nothing_is_told_when_it_is_given_and_renewed(run, file):
    file.write_text(file.read_text() + "complaints: {officers: [li, wang], released_by: [wang]}\n")
    made = run("api", "keys", "add", "app", "--scope", "seals:release", "--acts-as", "li")
    assert made.exit_code == 0
    assert "warning: seals are released by wang (complaints.released_by): li releases none" in made.stderr
    assert "warning" not in made.stdout
    assert "released by wang" in run("api", "keys", "renew", "app").stderr
    assert "is no officer" in run("api", "keys", "add", "other", "--scope", "cases:write").stderr
    assert not run("api", "keys", "add", "right", "--scope", "seals:release", "--acts-as", "wang").stderr
