"""The one seam between SIP and judging: an INVITE becomes a Call, a Verdict becomes a response or edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from proxy.context import Context
from proxy.labels import label_from
from proxy.routing import IDENTITY_HEADERS
from proxy.settings import ProfileSettings
from proxy.sip.errors import BadHeader
from proxy.sip.headers import Address, parse_address
from proxy.sip.message import Request
from proxy.sip.uri import Uri, parse_uri, read_user
from rules.model import Action, Call, Number, NumberClass, Step, Trunk, Verdict
from rules.numbering.numbers import is_emergency, read_number

LONGEST_TEXT: Final = 1000  # characters of a text that are judged and recorded: 60 kB a call would drive out the others
DEFAULT_PROFILE: Final = "decline"
_NO_DOMAIN: Final = "anonymous.invalid"  # RFC 3323 4.1.1.3
_MOST_ASSERTED: Final = 10  # values looked at; RFC 3325 9.1 allows two, and each costs a look-up in every list
_NOBODY: Final = Number("", NumberClass.ANONYMOUS)
_MALFORMED: Final = Number("", NumberClass.MALFORMED)


class Screening:
    """Reads calls and renders verdicts, by the operator's settings."""

    def __init__(
        self,
        profiles: Mapping[str, ProfileSettings],
        *,
        headers: Sequence[str] = (),
        label: str = "",
        distinct_ring: str = "",
    ) -> None:
        self._profiles = {DEFAULT_PROFILE: ProfileSettings(), **profiles}
        self._headers = [(name.lower(), name.lower().encode()) for name in headers]
        self._label = label
        self._alert = b"Alert-Info: <%s>" % distinct_ring.encode() if distinct_ring else b""

    def read_call(self, context: Context, at: float) -> Call:
        """The facts of an INVITE; `at` is seconds since the epoch. Never raises: what can't be read is a class."""
        request, trunk = context.request, context.flow.peer.trunk
        party = context.fields.sender
        sender, domain = read_identity(party.uri, trunk)
        callers, asserted_by_pai, agrees = read_asserted(request, sender, trunk)
        if domain == _NO_DOMAIN:
            callers = with_shown_number(callers, party.uri, trunk)
        uri = context.plan.uri
        called, emergency = read_called(uri, context)
        agent = request.raw(b"user-agent")
        return Call(
            caller=callers[0],
            callers=callers,
            called=called,
            trunk=trunk,
            at=at,
            emergency=emergency,
            asserted_by_pai=asserted_by_pai,
            agrees=agrees,
            display_name=party.display_name[:LONGEST_TEXT],
            domain=domain[:LONGEST_TEXT],
            user_agent=agent.decode("utf-8", "replace")[:LONGEST_TEXT] if agent else "",
            diverted=b"diversion" in request.where,
            headers=self._read_headers(request) if self._headers else None,
            call_id=context.fields.call_id.decode("utf-8", "replace")[:LONGEST_TEXT],
            source=context.flow.host,
        )

    def _read_headers(self, request: Request) -> dict[str, str]:
        found = ((name, request.raw(key)) for name, key in self._headers)
        return {name: value.decode("utf-8", "replace")[:LONGEST_TEXT] for name, value in found if value is not None}

    def rejection(self, verdict: Verdict, trunk: Trunk) -> tuple[int, str, tuple[bytes, ...]]:
        """Status, phrase and header fields of a rejection. Neither rule nor list is named to the caller."""
        profile = self._profiles.get(verdict.profile) or self._profiles.get(trunk.profile)
        if profile is None:
            profile = self._profiles[DEFAULT_PROFILE]
        if profile.reason == "none":
            return profile.status, profile.phrase, ()
        cause = profile.cause or (21 if profile.reason == "Q.850" else profile.status)
        reason = f'Reason: {profile.reason};cause={cause};text="{verdict.decision}"'
        return profile.status, profile.phrase, (reason.encode(),)

    def apply(self, lines: list[bytes], request: Request, verdict: Verdict) -> bytes:
        """Mark a tagged or diverted call in `lines`; returns From as it came when a label changed it, else nothing."""
        action = verdict.action
        if action is not Action.TAG and action is not Action.DIVERT:
            return b""
        lines += (
            b"X-Ringfence-Verdict: suspected" if action is Action.TAG else b"X-Ringfence-Verdict: diverted",
            b"X-Ringfence-Rule: " + verdict.rule.encode("ascii", "replace"),
            b"X-Ringfence-Decision: " + verdict.decision.encode(),
        )
        if verdict.step is Step.EMERGENCY:
            return b""  # nothing that could make somebody hesitate to answer it
        if action is Action.DIVERT and not any(fired.effect == Action.TAG.value for fired in verdict.fired):
            return b""  # label and ring are marks of a rule that tags
        alert = b"Alert-Info: <%s>" % verdict.ring.encode() if verdict.ring else self._alert
        if alert:
            if b"alert-info" in request.where:  # how it rings is not for the caller to say
                lines[:] = [line for line in lines if not line[:10].lower().startswith(b"alert-info")]
            lines.append(alert)
        label = verdict.label or self._label
        if not label:
            return b""
        line = request.lines[request.where[b"from"]]
        labelled = label_from(line, label)
        if labelled == line or line not in lines:
            return b""
        lines[lines.index(line)] = labelled
        return line

    @staticmethod
    def withheld_names(request: Request) -> frozenset[bytes]:
        """Identities that may not leave the trust domain when the caller asked for `Privacy: id` (RFC 3325 7)."""
        privacy = request.raw(b"privacy")
        if privacy is None:
            return frozenset()
        asked = {each.strip().lower() for value in request.raw_all(b"privacy") for each in value.split(b";")}
        return IDENTITY_HEADERS if b"id" in asked else frozenset()


def read_identity(uri: bytes, trunk: Trunk) -> tuple[Number, str]:
    """The number and domain of the URI in From or P-Asserted-Identity; one that can't be read is malformed."""
    try:
        parsed = parse_uri(uri)
    except BadHeader:
        return _MALFORMED, ""
    domain = parsed.host.decode("ascii")
    if parsed.scheme not in (b"sip", b"sips", b"tel"):
        return Number("", NumberClass.NAME, raw=parsed.user.decode("utf-8", "replace")), domain
    if not parsed.user or domain == _NO_DOMAIN:
        return _NOBODY, domain
    user, context = read_user(parsed)
    number = read_number(user, trunk, context=context)
    if len(number.raw) > LONGEST_TEXT:
        number = number._replace(raw=number.raw[:LONGEST_TEXT])
    return number, domain


def read_asserted(request: Request, sender: Number, trunk: Trunk) -> tuple[tuple[Number, ...], bool, bool | None]:
    """Every number to look up, the asserted one first; whether it came from P-Asserted-Identity; whether all agree.

    A value that names no number (malformed, "unknown") asserts nothing.
    """
    if b"p-asserted-identity" not in request.where:
        return (sender,), False, None
    asserted: list[Number] = []
    for address in islice(_addresses(request.raw_all(b"p-asserted-identity")), _MOST_ASSERTED):
        number = read_identity(address.uri, trunk)[0]
        if number.canonical and number not in asserted:
            asserted.append(number)
    if not asserted:
        return (sender,), False, None
    agrees = all(number.canonical == sender.canonical for number in asserted)
    first = asserted[0] if trunk.identity_trusted else sender
    distinct = {number.canonical: number for number in (first, *asserted, sender) if number.canonical}
    callers = (first, *(number for key, number in distinct.items() if key != first.canonical))
    return callers, trunk.identity_trusted, agrees


def with_shown_number(callers: tuple[Number, ...], uri: bytes, trunk: Trunk) -> tuple[Number, ...]:
    """Who withholds his name by the domain may write a number before it all the same, which phones show: look it up."""
    user, context = read_user(parse_uri(uri))
    number = read_number(user, trunk, context=context)
    known = not number.canonical or any(each.canonical == number.canonical for each in callers)
    return callers if known else (*callers, number)


def _addresses(values: list[bytes]) -> Iterator[Address]:
    """The addresses of each line up to the first that is malformed; what follows it there could be anything."""
    for value in values:
        rest = value
        while rest:
            try:
                address = parse_address("P-Asserted-Identity", rest)
            except BadHeader:
                break
            yield address
            rest = rest[address.end :]


def read_called(uri: Uri, context: Context) -> tuple[Number, bool]:
    """The called number, from the Request-URI only, and whether it is a call for help."""
    peer = context.flow.peer
    if uri.scheme == b"urn":
        name = uri.user.decode("utf-8", "replace")
        return Number("", NumberClass.SERVICE, raw=name), is_emergency("urn", name, peer.emergency)
    user, phone_context = read_user(uri)
    number = read_number(user, peer.trunk, context=phone_context, called=True)
    return number, is_emergency(uri.scheme.decode(), user, peer.emergency)
