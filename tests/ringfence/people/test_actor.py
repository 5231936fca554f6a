"""Who acts while there is no account may do everything, under his login name."""

from ringfence.people.actor import everybody
from ringfence.people.rights import Right


def test_while_there_is_no_account_everything_is_open():
    actor = everybody("li", "command line")
    assert (actor.name, actor.rights, actor.roles) == ("li", frozenset(Right), frozenset())
