"""`ringfence letters`: confirmed, addressed, sent."""

import asyncio
import json

import pytest

from ringfence.installation import Installation
from ringfence.mail import Posted


@pytest.fixture
def filed(run):
    found = run("complaints", "add", "95012345", "--by", "13800138000", "--contact", "a@example.com")
    return found.stdout.split()[0]


def test_without_a_server_nothing_leaves(run, filed):
    found = run("letters", "send")
    assert found.exit_code == 1
    assert "complaints.mail is not set" in found.stderr


def test_a_server_that_is_away(file, run, filed):
    file.write_text(file.read_text() + "complaints: {mail: {host: 127.0.0.1, port: 1, sender: desk@example.com}}\n")
    found = run("letters", "send")
    assert (found.exit_code, found.stdout) == (
        *(
            1,
            "0 sent, 1 not sent (ConnectionRefusedError). The others are tried again.\n",
        ),
    )
    (waits,) = json.loads(run("letters", "list", "--json").stdout)
    assert (waits["attempts"], waits["state"]) == (1, "waits")
    assert waits["next_try"] > waits["created"]
    assert run("letters", "send").stdout == "0 sent, 0 not sent.\n", "it pauses"
    assert run("letters", "retry").exit_code == 2
    assert run("letters", "retry", "1").stdout == "1 letter put back; `ringfence letters send` sends them.\n"
    assert run("letters", "retry", "--all").stdout.startswith("0 letters put back")
    assert "1 not sent" in run("letters", "send").stdout
    assert "there is nothing to show" in run("letters", "list", "--given-up").stdout.lower()


async def code_of(file):
    async with Installation.open(file) as here:
        desk = await here.desk()
        (letter,) = await desk.letters.waiting()
        return letter.body.split("确认码：")[1].splitlines()[0]


def test_an_address_is_confirmed(file, run, filed):
    assert "code: " in run("letters", "confirm", filed, "wrong").stderr
    assert run("letters", "confirm", filed, asyncio.run(code_of(file))).stdout == "the address is confirmed.\n"


def test_where_an_owner_is_written_to(run):
    assert run("letters", "owner", "Loan King", "k@example.com").stdout == "Loan King is written to from now on.\n"
    assert "e-mail" in run("letters", "owner", "Loan King", "nowhere").stderr


def test_an_owner_whom_nobody_asked_confirms_by_a_code(file, run):
    asked = run("letters", "owner", "Loan King", "k@example.com", "--ask").stdout
    assert asked.endswith("once the code came back: ringfence letters confirm 'Loan King' CODE\n")
    assert "code: " in run("letters", "confirm", "Loan King", "wrong").stderr
    assert run("letters", "confirm", "Loan King", asyncio.run(code_of(file))).stdout == "the address is confirmed.\n"
    assert "no address was set" in run("letters", "confirm", "A Bakery", "wrong").stderr


def test_each_step_for_programs(file, run, filed):
    def told(*words, code=0):
        found = run("letters", *words, "--json")
        assert found.exit_code == code, found.stderr
        return json.loads(found.stdout)

    assert told("confirm", filed, asyncio.run(code_of(file))) == {"reference": filed, "confirmed": True}
    assert told("owner", "Loan King", "k@example.com") == {"owner": "Loan King", "confirmed": True}
    file.write_text(file.read_text() + "complaints: {mail: {host: 127.0.0.1, port: 1, sender: desk@example.com}}\n")
    assert told("send", code=1) == {"sent": 0, "failed": 1, "error": "ConnectionRefusedError", "given_up": 0}


def test_what_has_not_left_and_why(file, run, filed):
    run("complaints", "reject", filed, "--reason", "no call")
    rows = json.loads(run("letters", "list", "--json").stdout)
    assert [(row["kind"], row["about"], row["waits_for"]) for row in rows] == [
        ("confirm", filed, "letters send"),
        ("answer", filed, "the address to be confirmed"),
    ]
    file.write_text(file.read_text() + "complaints: {mail: {host: 127.0.0.1, port: 1, sender: desk@example.com}}\n")
    run("letters", "send")
    shown = run("letters", "list").stdout
    assert "another try: ConnectionRefusedError" in " ".join(shown.split())
    assert "example.com" not in shown


def test_an_address_is_asked_once_more_by_an_officers_hand(run, filed):
    assert run("letters", "ask", filed).stdout.startswith("another code leaves with the next")
    assert run("letters", "ask", "C-00000-00000").exit_code == 1


def test_it_is_entered_who_handed_letters_to_which_server(file, run, filed, monkeypatch):
    async def took_all(*_, **__):
        return Posted(3, 0, "")

    monkeypatch.setattr("ringfence.mail.post", took_all)
    file.write_text(file.read_text() + "complaints: {mail: {host: mail.example.com, sender: desk@example.com}}\n")
    assert run("letters", "send").exit_code == 0
    assert "letters sent 3 letters to mail.example.com:25" in " ".join(run("audit", "show").stdout.split())
