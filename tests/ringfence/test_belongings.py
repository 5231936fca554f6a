"""What belongs to an installation, and what a person may name beside it."""

import os

import pytest

from ringfence.belongings import (
    NotYours,
    belongings,
    door_for,
    in_use,
    refuse_to_begin,
    refuse_to_read,
    refuse_to_write,
)
from rules.language.source import RuleError, load_document, set_door

SOMEBODY = 2**31 - 9


@pytest.fixture
def another(monkeypatch, tmp_path):
    said = tmp_path / "loginuid"
    said.write_text(str(SOMEBODY))
    monkeypatch.setattr("ringfence.login._LOGGED_IN", said)


def test_every_file_that_settings_name_is_secret_and_the_rules_are_not(file):
    here = in_use(file)
    base = file.parent
    assert here.holds(base / "var" / ".." / here.secret[0].relative_to(base))
    assert not here.holds(base / "rules.d" / "own.yaml")
    assert here.has(base / "rules.d" / "own.yaml")
    assert here.has(file)
    assert not here.has(base / "calls.csv")


def test_a_folder_of_keys_holds_each_of_them_and_the_folder_of_everything_does_not(file):
    base = file.parent
    exchange = "exchange: {operator: a.example, publish: {folder: share, keys: KEYS, lists: {blocked: harassment}}}\n"
    text = file.read_text()
    (base / "share-keys").mkdir()
    file.write_text(text + exchange.replace("KEYS", "share-keys"))
    assert belongings(file).holds(base / "share-keys" / "root.pem")
    file.write_text(text + exchange.replace("KEYS", "."))
    assert not belongings(file).holds(base / "list.csv")


def test_a_configuration_with_faults_still_has_its_files(file):
    file.write_text(file.read_text() + "nonsense: 1\n")
    assert in_use(file).secret
    file.write_text("[")
    assert in_use(file).has(file)


def test_modes_of_file_and_folders_say_what_somebody_could_read(file, another, tmp_path):
    here = in_use(file)
    folder = tmp_path / "drawer"
    folder.mkdir()
    list_file = folder / "list.csv"
    list_file.write_text("17012345678\n")
    folder.chmod(0o700)
    list_file.chmod(0o644)
    with pytest.raises(NotYours, match="your own account"):
        refuse_to_read(list_file, here)
    refuse_to_read(file.parent / "rules.d" / "own.yaml", here)  # a rule of the installation, whatever its mode


def test_who_runs_the_service_himself_names_what_he_likes_beside_it(file, tmp_path):
    here, old = in_use(file), tmp_path / "old.pdf"
    old.write_text("x")
    old.chmod(0o600)
    refuse_to_read(old, here)
    refuse_to_write(old, here)
    refuse_to_begin(file, here)
    assert os.path.exists(old)


def test_what_was_opened_is_asked_whatever_its_name_leads_to_by_then(file, another, tmp_path):
    hidden, named = tmp_path / "hidden.keys", tmp_path / "named.yaml"
    hidden.write_text("a: b\n")
    hidden.chmod(0o600)
    named.symlink_to(hidden)
    set_door(door_for(file))
    try:
        with pytest.raises(RuleError, match="your own account"):
            load_document(named)
        load_document(file)
        load_document(file.parent / "rules.d" / "own.yaml")
    finally:
        set_door(None)


def test_a_configuration_of_his_own_names_no_rule_file_that_he_could_not_read(file, another, tmp_path):
    hidden, his = tmp_path / "hidden.keys", tmp_path / "his"
    hidden.write_text("a: b\n")
    hidden.chmod(0o600)
    his.mkdir()
    (his / "own.yaml").symlink_to(hidden)
    his.chmod(0o777)
    file.write_text(file.read_text().replace("rules.d/*.yaml", "his/*.yaml"))
    set_door(door_for(file))
    try:
        with pytest.raises(RuleError, match="your own account"):
            load_document(his / "own.yaml")
    finally:
        set_door(None)


def test_rules_that_a_configuration_of_his_own_names_are_rules_of_nobody(file, another, monkeypatch):
    rule_file = file.parent / "rules.d" / "own.yaml"
    assert in_use(file).has(rule_file)
    file.chmod(0o646)
    assert not in_use(file).has(rule_file)
    with pytest.raises(NotYours, match="your own account"):
        refuse_to_read(rule_file, in_use(file))
