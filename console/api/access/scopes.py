"""What a key may be good for: each scope opens one kind of work, and nothing else."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """A right of a key."""

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


MEANING: dict[Scope, str] = {
    Scope.COMPLAINTS_WRITE: "file complaints, see how one's own stand, withdraw them",
    Scope.COMPLAINTS_READ: "see how any complaint stands, whoever filed it",
    Scope.CASES_READ: "read cases, numbers, the ladder, letters that wait, and what people wrote (which is recorded)",
    Scope.CASES_WRITE: "take, verify, close and hand over cases",
    Scope.SEALS_WRITE: "seal the number of a verified case, keep a seal",
    Scope.SEALS_RELEASE: "release a seal",
    Scope.LADDER_WRITE: "set and lift steps of the ladder, say whose a number is and where its owner is written to",
    Scope.APPEALS_WRITE: "file appeals, see how one stands",
    Scope.APPEALS_READ: "read appeals with what the appellant wrote and the evidence pack (which is recorded)",
    Scope.APPEALS_DECIDE: "grant and refuse appeals",
    Scope.REPORTS_READ: "reports, alerts, the ranking of trunks",
    Scope.LISTS_READ: "read lists, search them by number, their imports, history and figures (looks are recorded)",
    Scope.LISTS_WRITE: "add and remove entries, import rows, take imports back",
    Scope.LISTS_RELEASE: "release and drop imports that wait for a person",
}
