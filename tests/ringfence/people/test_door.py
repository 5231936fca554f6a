"""One door: as which account somebody acts, and what he is told who may not."""

import pytest

from ringfence.configuration import Configuration
from ringfence.people.accounts import Account
from ringfence.people.actor import everybody
from ringfence.people.door import ask_one_of, by_account
from ringfence.people.faults import NotAllowed
from ringfence.people.rights import Right, Role
from tests.ringfence.test_rights import BASE


def test_one_right_of_several_is_enough_and_who_could_is_told():
    engineer = Account(1, "wang", "", "", None, 0.0, "li", None, None, False, frozenset({Role.ENGINEER})).acts("api")
    ask_one_of(engineer, [Right.CASES_WRITE, Right.PEERS_WRITE])
    with pytest.raises(NotAllowed, match="wang may not release a seal: that is for complaint-officer"):
        ask_one_of(engineer, [Right.SEALS_RELEASE])
    ask_one_of(everybody("li", "command line"), [])


def test_settings_that_name_logins_name_their_accounts_too():
    configuration = Configuration.model_validate(
        BASE
        | {"complaints": {"officers": ["li", "wang"]}, "lists": {"blocked": {"kind": "block", "changed_by": ["li"]}}}
    )
    account = Account(1, "li.na", "", "", "li", 0.0, "x", None, None)
    found = by_account(configuration, [account])
    assert found.complaints.officers == ["li", "wang", "li.na"]
    assert found.lists["blocked"].changed_by == ["li", "li.na"]
