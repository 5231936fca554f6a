"""Roles: each right is somebody's, each role says what it is there for, and an admin sees no customer's data."""

from ringfence.people.rights import MEANING, RIGHTS_OF, ROLE_MEANING, Right, Role, rights_of, roles_with


def test_every_right_is_there_for_some_role_and_says_what_it_opens():
    assert {right for right in Right if not roles_with(right)} == set()
    assert set(MEANING) == set(Right)
    assert set(RIGHTS_OF) == set(ROLE_MEANING) == set(Role)


def test_who_makes_accounts_sees_no_number_no_case_and_no_export():
    hidden = {Right.NUMBERS_UNMASK, Right.CASES_READ, Right.COMPLAINTS_READ, Right.EXPORTS_BULK, Right.CALLS_READ}
    assert not rights_of(frozenset({Role.ADMIN})) & hidden


def test_accounts_and_keys_are_the_admins_alone():
    assert roles_with(Right.PEOPLE_WRITE) == roles_with(Right.KEYS_WRITE) == (Role.ADMIN,)


def test_several_roles_may_what_each_may():
    both = rights_of(frozenset({Role.ENGINEER, Role.LIST_KEEPER}))
    assert {Right.PEERS_WRITE, Right.LISTS_WRITE} <= both
    assert Right.RULES_WRITE not in both
