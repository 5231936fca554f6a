"""`check` refuses a configuration in which nobody can do a step, and says which settings accounts take the place of."""

import pytest

DESK = "complaints: {officers: [%s], released_by: [%s]}\n"


@pytest.fixture
def staff(under):
    def made(*people):
        under("root", "people", "add", "boss", "--role", "admin")
        for name, login, role in people:
            done = under("root", "people", "add", name, "--role", role, "--login", login)
            assert done.exit_code == 0, done.output

    return made


def test_while_there_is_no_account_nothing_is_said(file, under):
    file.write_text(file.read_text() + DESK % ("li", "li"))
    assert under("root", "check").exit_code == 0
    assert not (file.parent / "ringfence-people.db").exists()


def test_old_settings_go_on_with_a_warning(file, under, staff):
    file.write_text(file.read_text() + DESK % ("li", "li"))
    staff(("li.na", "li", "complaint-officer"), ("wang", "wang", "complaint-officer"))
    found = under("root", "check")
    assert found.exit_code == 0
    assert found.output.count("accounts say who may since there are some") == 2
    assert "give them the role complaint-officer" in found.output


def test_a_step_that_nobody_can_do_is_refused(file, under, staff):
    file.write_text(file.read_text() + DESK % ("li", "zhao, li"))
    staff(("li", "li", "viewer"))
    found = under("root", "check")
    assert found.exit_code == 1
    assert "nobody can work on cases: no account of these (li) has a role for it" in found.output
    assert "nobody can release a seal" in found.output


def test_a_list_that_nobody_can_change_is_refused(file, under, staff):
    file.write_text(file.read_text().replace("blocked: {kind: block", "blocked: {kind: block, changed_by: [wang]"))
    staff(("zhao", "zhao", "list-keeper"))
    found = under("root", "check")
    assert found.exit_code == 1
    assert (
        "nobody can change list blocked: of those who may by their roles (zhao) none stands here (wang)" in found.output
    )


def test_what_takes_two_persons_where_there_is_one_is_refused(file, under, staff):
    staff(("li", "li", "complaint-officer"))
    found = under("root", "check")
    assert found.exit_code == 1
    assert "nobody can seal a number: it takes two persons, and li is the only one" in found.output
    assert "nobody can release a number" in found.output
    file.write_text(file.read_text() + "people: {four_eyes: false}\n")
    found = under("root", "check")
    assert found.exit_code == 0
    assert "people.four_eyes is off: one person alone seals, releases" in found.output
    assert "people.four_eyes is off" in under("root", "health").output


def test_two_persons_are_enough_and_nobody_is_told(file, under, staff):
    staff(("li", "li", "complaint-officer"), ("wang", "wang", "complaint-officer"))
    assert "four_eyes" not in under("root", "check").output
    assert "four_eyes" not in under("root", "health").output
