"""What somebody may do with scopes of the API, by ringfence.yaml: one that opens nothing, or everything, is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from desk.steps import APPEAL_STEPS, CASE_STEPS
from ringfence.configuration import Configuration

_OF_OFFICERS = frozenset({step.right for step in (*CASE_STEPS, *APPEAL_STEPS)} | {"ladder:write"})
_RELEASING = ("seals:release", "appeals:decide")  # an appeal that is granted releases the seal
_CHANGING = ("lists:write", "lists:release")


def doubts(configuration: Configuration, actor: str, scopes: Collection[str]) -> Iterator[str]:
    """What whoever gives these rights to this person should know, a sentence each."""
    desk = configuration.complaints
    officers = sorted(_OF_OFFICERS.intersection(scopes))
    if officers and desk.officers and actor not in desk.officers:
        yield (
            f"warning: {actor} is no officer (complaints.officers): {', '.join(officers)} opens nothing; "
            "name one with --acts-as"
        )
    releasing = [scope for scope in _RELEASING if scope in scopes]
    if releasing and desk.released_by and actor not in desk.released_by:
        by = ", ".join(desk.released_by)
        yield f"warning: seals are released by {by} (complaints.released_by): {actor} releases none with {releasing[0]}"
    elif "seals:release" in scopes and not desk.released_by and not desk.officers:
        yield (
            f"warning: whoever holds this key releases any seal, as {actor}: neither complaints.released_by nor "
            "complaints.officers names anybody"
        )
    closed = sorted(
        name for name, policy in configuration.lists.items() if policy.changed_by and actor not in policy.changed_by
    )
    changing = [scope for scope in _CHANGING if scope in scopes]
    if changing and closed:
        yield f"warning: {actor} changes nothing on {', '.join(closed)} (changed_by) with {' and '.join(changing)}"
