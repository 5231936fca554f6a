"""Nobody passes for another by what he puts into the environment."""

import os
import pwd

from ringfence.login import login_name, logins


def test_the_account_counts_and_not_the_environment(monkeypatch):
    before = login_name()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert login_name() == before == pwd.getpwuid(os.getuid()).pw_name


def test_an_account_without_a_name_is_told_by_its_number(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert login_name() == f"uid {2**31 - 7}"


def test_another_account_is_named_by_its_number():
    assert login_name(0) == "root"


def test_who_may_change_a_list_is_not_a_matter_of_the_environment(run, file, monkeypatch):
    file.write_text(
        file.read_text().replace("blocked: {kind: block", "blocked: {kind: block, changed_by: [somebody-else]")
    )
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert "by somebody-else only (changed_by)" in run("lists", "add", "blocked", "17012345678").stderr


def test_who_logged_in_is_known_behind_sudo(monkeypatch, tmp_path):
    """`sudo -u ringfence` keeps what pam_loginuid(8) wrote down; where nobody did, the account is all there is."""
    said = tmp_path / "loginuid"
    monkeypatch.setattr("ringfence.login._LOGGED_IN", said)
    own = login_name()
    assert logins() == (own,)
    for nobody in ("4294967295", "", "x"):
        said.write_text(nobody)
        assert logins() == (own,)
    said.write_text(str(2**31 - 9))
    assert logins() == (f"uid {2**31 - 9}", own)
    said.write_text(str(os.getuid()))
    assert logins() == (own,)
