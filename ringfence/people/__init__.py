"""Who may do what: people, what they are there for, and how it is known who acts.

rights, actor        what there is to be done, which role does it; who acts, through whichever door
passwords            what lets somebody in
accounts, sessions   whom there is; who is signed in; both in a database of their own
people               all of it, as command line, API and pages ask for it
"""

from ringfence.people.actor import Actor
from ringfence.people.rights import Right, Role

__all__ = ["Actor", "Right", "Role"]
