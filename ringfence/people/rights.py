"""What there is to be done, and which role is there for it: the rights of accounts and of keys of the API."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """One kind of work, and nothing else."""

    COMPLAINTS_WRITE = "complaints:write"
    COMPLAINTS_READ = "complaints:read"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    SEALS_WRITE = "seals:write"
    SEALS_RELEASE = "seals:release"
    LADDER_WRITE = "ladder:write"
    APPEALS_WRITE = "appeals:write"
    APPEALS_READ = "appeals:read"
    APPEALS_DECIDE = "appeals:decide"
    REPORTS_READ = "reports:read"
    LISTS_READ = "lists:read"
    LISTS_WRITE = "lists:write"
    LISTS_RELEASE = "lists:release"
    CALLS_READ = "calls:read"
    NUMBERS_UNMASK = "numbers:unmask"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    PEERS_READ = "peers:read"
    PEERS_WRITE = "peers:write"
    PEOPLE_WRITE = "people:write"
    KEYS_WRITE = "keys:write"
    AUDIT_READ = "audit:read"
    PRIVACY_WRITE = "privacy:write"
    EXPORTS_BULK = "exports:bulk"
    VERDICT_ASK = "verdict:ask"
    SHARED_ASK = "shared:ask"
    HANDED_WRITE = "handed:write"


MEANING: dict[Right, str] = {
    Right.COMPLAINTS_WRITE: "file complaints, see how one's own stand, withdraw them",
    Right.COMPLAINTS_READ: "see how any complaint stands, whoever filed it",
    Right.CASES_READ: "read cases, numbers, the ladder, letters that wait, and what people wrote (which is recorded)",
    Right.CASES_WRITE: "take, verify, close and hand over cases",
    Right.SEALS_WRITE: "seal the number of a verified case, keep a seal",
    Right.SEALS_RELEASE: "release a seal",
    Right.LADDER_WRITE: "set and lift steps of the ladder, say whose a number is and where its owner is written to",
    Right.APPEALS_WRITE: "file appeals, see how one stands",
    Right.APPEALS_READ: "read appeals with what the appellant wrote and the evidence pack (which is recorded)",
    Right.APPEALS_DECIDE: "grant and refuse appeals",
    Right.REPORTS_READ: "reports, alerts, the ranking of trunks",
    Right.LISTS_READ: "read lists, search them by number, their imports, history and figures (looks are recorded)",
    Right.LISTS_WRITE: "add and remove entries, import rows, take imports back",
    Right.LISTS_RELEASE: "release and drop imports that wait for a person",
    Right.CALLS_READ: "see calls and why they were judged so, numbers masked",
    Right.NUMBERS_UNMASK: "see one number in full, with a reason (which is recorded)",
    Right.RULES_READ: "read rules, their history, and what they would do",
    Right.RULES_WRITE: "put rules live, and back",
    Right.PEERS_READ: "see how the node and its peers are",
    Right.PEERS_WRITE: "drain peers, ban sources, trace messages, reload and restart the node, keep its databases",
    Right.PEOPLE_WRITE: "make accounts, say what they are there for, end their sessions",
    Right.KEYS_WRITE: "make and revoke keys of the API",
    Right.AUDIT_READ: "read what was done and looked at, by whom; verify it",
    Right.PRIVACY_WRITE: "answer and erase for a subscriber, say how long what is kept",
    Right.EXPORTS_BULK: "take many complaints, calls or entries out as a file",
    Right.VERDICT_ASK: "ask the running node about calls and numbers, and say how calls ended",
    Right.SHARED_ASK: "ask by the beginnings of hashes which numbers are given to others",
    Right.HANDED_WRITE: "hand cases over as another operator, and answer those that were handed over to him",
}


class Role(StrEnum):
    """What somebody is there for; one person may have several."""

    VIEWER = "viewer"
    COMPLAINT_OFFICER = "complaint-officer"
    LIST_KEEPER = "list-keeper"
    RULE_AUTHOR = "rule-author"
    ENGINEER = "engineer"
    PRIVACY_OFFICER = "privacy-officer"
    AUDITOR = "auditor"
    ADMIN = "admin"


# All of it without a number in full, and without a word that a reporter wrote.
_LOOKING = frozenset({Right.CALLS_READ, Right.RULES_READ, Right.PEERS_READ, Right.REPORTS_READ})

RIGHTS_OF: dict[Role, frozenset[Right]] = {
    Role.VIEWER: _LOOKING,
    Role.COMPLAINT_OFFICER: _LOOKING
    | {Right.LISTS_READ, Right.COMPLAINTS_READ, Right.COMPLAINTS_WRITE, Right.CASES_READ, Right.CASES_WRITE}
    | {Right.SEALS_WRITE, Right.SEALS_RELEASE, Right.LADDER_WRITE, Right.NUMBERS_UNMASK}
    | {Right.APPEALS_READ, Right.APPEALS_WRITE, Right.APPEALS_DECIDE},
    Role.LIST_KEEPER: _LOOKING | {Right.LISTS_READ, Right.LISTS_WRITE, Right.LISTS_RELEASE},
    Role.RULE_AUTHOR: _LOOKING | {Right.LISTS_READ, Right.RULES_WRITE},
    Role.ENGINEER: _LOOKING | {Right.PEERS_WRITE, Right.VERDICT_ASK, Right.SHARED_ASK, Right.HANDED_WRITE},
    Role.PRIVACY_OFFICER: frozenset(
        {Right.PRIVACY_WRITE, Right.NUMBERS_UNMASK, Right.EXPORTS_BULK, Right.AUDIT_READ, Right.REPORTS_READ}
    ),
    Role.AUDITOR: _LOOKING | {Right.AUDIT_READ},
    # No customer's data: whoever makes accounts would else have all there is by making one.
    Role.ADMIN: frozenset({Right.PEOPLE_WRITE, Right.KEYS_WRITE, Right.RULES_READ, Right.PEERS_READ}),
}


ROLE_MEANING: dict[Role, str] = {
    Role.VIEWER: "looks at calls, rules, peers and reports, numbers masked",
    Role.COMPLAINT_OFFICER: "works on complaints, cases, seals, the ladder and appeals",
    Role.LIST_KEEPER: "keeps the lists",
    Role.RULE_AUTHOR: "writes rules and puts them live",
    Role.ENGINEER: "looks after the node, its peers and databases",
    Role.PRIVACY_OFFICER: "answers for what is kept of whom; exports, unmasking, erasure",
    Role.AUDITOR: "reads the record of what was done and looked at",
    Role.ADMIN: "makes accounts and keys; sees no customer's data",
}

# What a key is good for that acts as nobody: a system that files what it is told, and reads figures.
OF_SOURCES = frozenset(
    {
        Right.COMPLAINTS_WRITE,
        Right.APPEALS_WRITE,
        Right.REPORTS_READ,
        Right.VERDICT_ASK,
        Right.SHARED_ASK,
        Right.HANDED_WRITE,
    }
)

# What takes two persons, and the rights of which each of them needs one.
TAKES_TWO: dict[str, tuple[Right, ...]] = {
    "seal": (Right.SEALS_WRITE,),
    "release": (Right.SEALS_RELEASE, Right.APPEALS_DECIDE),
    "account": (Right.PEOPLE_WRITE,),
    "key": (Right.KEYS_WRITE,),
    "unmask": (Right.NUMBERS_UNMASK,),
    "export": (Right.EXPORTS_BULK, Right.LISTS_WRITE),
    "erase": (Right.PRIVACY_WRITE,),
    "words": (Right.PRIVACY_WRITE,),  # the keys of what people wrote
}


def rights_of(roles: frozenset[Role]) -> frozenset[Right]:
    """Everything that somebody with these roles may do."""
    return frozenset(right for role in roles for right in RIGHTS_OF[role])


def roles_with(right: Right) -> tuple[Role, ...]:
    """The roles that may do it."""
    return tuple(role for role, rights in RIGHTS_OF.items() if right in rights)
