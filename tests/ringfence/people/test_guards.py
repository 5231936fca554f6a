"""What guards people is kept with the storage: a file of one's own over the same storage loosens nothing."""

import json
from types import SimpleNamespace

import pytest

from ringfence.installation import Installation
from ringfence.people.guards import guards_of, looser
from ringfence.people.people_settings import PeopleSettings
from ringfence.people.rights import Role


def of(file, more=""):
    """The guards of a ringfence.yaml with these lines."""
    other = file.with_name("other.yaml")
    other.write_text(file.read_text() + more)
    return guards_of(Installation.open(other).configuration)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("privacy: {unmask_hour: 1000}\n", "privacy.unmask_hour is 1000, and 30 is in force"),
        ("privacy: {least_callers: 0}\n", "privacy.least_callers is 0, and 5 is in force"),
        ("privacy: {look_least: 1000}\n", "privacy.look_least is 1000, and 100 is in force"),
        ('privacy: {night_hours: ""}\n', 'privacy.night_hours is "", and "22:00-06:00" is in force'),
        ("people: {four_eyes: false}\n", "people.four_eyes is false, and true is in force"),
        ("people: {tries: 50}\n", "people.tries is 50, and 5 is in force"),
        ("privacy: {unmask_hour: 3}\n", ""),
        ("people: {second_factor: [admin]}\n", ""),
        ("complaints: {officers: [li]}\n", ""),
    ],
)
def test_what_guards_less_is_named_and_what_guards_more_is_not(file, more, said):
    assert looser(of(file), of(file, more)) == ([said] if said else [])


def test_who_may_is_widened_by_naming_others_or_nobody(file):
    named, other, nobody = (of(file, f"complaints: {{officers: {who}}}\n") for who in ("[li, wang]", "[zhao]", "[]"))
    fewer = of(file, "complaints: {officers: [li]}\n")
    assert [bool(looser(named, now)) for now in (other, nobody, fewer, named)] == [True, True, False, False]
    second = PeopleSettings(second_factor=[Role.ADMIN])
    assert second.second_factor == [Role.ADMIN]


@pytest.fixture
def desk(file, run, under, tmp_path):
    """Three accounts, and a file of somebody's own that lifts every guard."""
    assert run("complaints", "add", "13712345678", "--by", "13800138000").exit_code == 0
    for name, role in (("wang", "admin"), ("li", "complaint-officer"), ("au", "auditor")):
        assert under("wang", "people", "add", name, "--role", role, "--login", name).exit_code in (0, 3)
    own = file.with_name("own.yaml")
    own.write_text(file.read_text() + "privacy: {unmask_hour: 1000}\npeople: {four_eyes: false}\n")
    return SimpleNamespace(file=file, own=own)


def entered(under):
    found = json.loads(under("au", "audit", "show", "--chain", "people", "--json").stdout)
    return [(one["actor"], one["step"]) for one in found if one["subject"] == "settings"]


def test_a_file_of_ones_own_is_refused_for_command_account_and_desk_and_entered(desk, under):
    assert under("li", "case", "1").exit_code == 0
    for who, words in (("li", ("case", "1", "--reason", "x")), ("wang", ("people", "list")), ("li", ("log",))):
        refused = under(who, "--config", str(desk.own), *words)
        assert refused.exit_code == 1, refused
        assert "people.four_eyes is false, and true is in force" in refused.stderr
        assert "13712345678" not in refused.output
    steps = entered(under)
    assert steps.count(("li", "looser file refused")) == 2
    assert steps.count(("wang", "looser file refused")) == 1


def test_an_admin_takes_another_file_and_the_operators_own_goes_on(desk, under):
    desk.file.write_text(desk.file.read_text() + "privacy: {unmask_hour: 40}\n")
    assert under("li", "case", "1").exit_code == 0, "the file in force itself may be changed by who may write it"
    assert "may not" in under("li", "people", "guards", "--take", "--reason", "x").stderr
    assert under("wang", "--config", str(desk.own), "people", "guards", "--take").exit_code != 0, "it needs a reason"
    taken = under("wang", "--config", str(desk.own), "people", "guards", "--take", "--reason", "the desk of one")
    assert taken.exit_code == 0, taken
    assert f"In force out of {desk.own}" in taken.stdout
    assert under("li", "--config", str(desk.own), "case", "1").exit_code == 0
    assert under("li", "case", "1").exit_code == 0, "and one that guards more is no fault"
    assert ("wang", "in force") in entered(under)
