"""The one seam between SIP and judging: an INVITE becomes a Call, a Verdict becomes a response or edits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from proxy.context import Context
from proxy.labels import MARK, call_reason, mark_of
from proxy.mask import NOBODY
from proxy.neighbours import IDENTITY_HEADERS
from proxy.own_answers import Asked, own_lines, own_reply
from proxy.profile_settings import ProfileSettings
from proxy.reply_profiles import DEFAULT_PROFILE, made
from proxy.sip.errors import BadHeader
from proxy.sip.headers import BARE_NUMBER, find_param, find_uris, leaves_digits
from proxy.sip.message import Request, canonical_name
from proxy.sip.uri import Spelling, Uri, parse_uri, read_spelling, shown_host, shown_users
from proxy.stir.verification import Claimed
from proxy.texts import (
    LONGEST_TEXT,
    MOST_ASSERTED,
    host_name,
    read_names,
    read_repeated,
    tells_diversion,
    text_of,
)
from rules.model import READINGS_DIFFER, Action, Call, Number, NumberClass, Step, Trunk, Verdict
from rules.numbering.emergency import NO_EMERGENCIES
from rules.numbering.numbers import is_emergency
from rules.numbering.readings import Readings, readings

NO_ACTIONS: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
_NO_DOMAIN: Final = "anonymous.invalid"  # RFC 3323 4.1.1.3
Asserted = tuple[list[bytes], list[bytes]]  # values of P-Asserted-Identity, and of Remote-Party-ID

_MOST_LABELS: Final = 1000
# One address in brackets, after a name of no digits or in quotation marks: nearly all of them.
_ORDINARY: Final = re.compile(rb'(?:"[^"\\]*"|[A-Za-z .]*)\s*<(?:sips?|tel):[^<>,\s]*>\s*(?:;[^<>,"]*)?')
_HOST: Final = re.compile(rb"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_FINGERPRINT: Final = re.compile(rb"^a=fingerprint:([A-Za-z0-9-]{1,20}) ([0-9A-Fa-f:]{2,200})\s*$", re.MULTILINE)
MOST_KEYS: Final = 16
_NOBODY: Final = Number("", NumberClass.ANONYMOUS)


class Screening:
    """Reads calls and renders verdicts, by the operator's settings."""

    def __init__(
        self,
        profiles: Mapping[str, ProfileSettings],
        *,
        headers: Sequence[str] = (),
        label: str = "",
        label_in: str = "name",
        distinct_ring: str = "",
        actions: Mapping[str, Sequence[str]] = NO_ACTIONS,
        plugin_wait_s: float = 0.005,
    ) -> None:
        self._profiles = made(profiles)
        self.statuses = {each.status for each in self._profiles.values()}
        self._headers = [(name.lower(), name.lower().encode()) for name in headers]
        self._label = label
        self._named = label_in != "call-info"  # does the label stand before the name?
        self.reasoned = label_in != "name"  # and in Call-Info?
        self._labels: dict[bytes, str] = {}  # by their marks, as they were given
        self._acts_on = {name: frozenset([Action(verdict) for verdict in on]) for name, on in actions.items()}
        self._plugin_wait_s = plugin_wait_s
        self._replies: dict[str, Asked] = {}  # plug-ins, by their names
        self._lines: dict[str, Asked] = {}
        self._actions: list[tuple[Asked, frozenset[Action]]] = []
        self._alert = b"Alert-Info: <%s>" % distinct_ring.encode() if distinct_ring else b""

    def take_over(self, before: Screening) -> None:
        """The labels that dialogs carry are known by their marks further on."""
        self._labels |= before._labels
        self.plug(before._replies, before._lines)

    def plug(self, replies: Mapping[str, Asked], lines: Mapping[str, Asked]) -> None:
        """Ask these plug-ins from now on, as far as the settings name them."""
        self._replies, self._lines = dict(replies), dict(lines)
        self._actions = [(self._lines[name], on) for name, on in self._acts_on.items() if name in self._lines]

    def read_call(self, context: Context, at: float) -> Call:
        """The facts of an INVITE; `at` is seconds since the epoch. Never raises: what can't be read is a class."""
        request, trunk = context.request, context.peer.trunk
        party = context.fields.sender
        sender = read_identity(party.uri, trunk)
        called, emergency = read_called(context.plan.uri, context)
        shown = sender.readings
        where = request.where
        name, domain = party.display_name, sender.domain
        agent = request.raw(b"user-agent") or b""
        call = Call(
            caller=shown.first,
            called=called.first,
            trunk=trunk,
            at=at,
            emergency=emergency,
            display_name=name,
            domain=domain,
            user_agent=text_of(agent) if agent else "",
            diverted=b"diversion" in where or (b"history-info" in where and tells_diversion(request)),
            headers=self._read_headers(request) if self._headers else None,
            call_id=context.fields.call_id.decode("utf-8", "replace")[:LONGEST_TEXT],
            source=context.flow.host,
            message=request.method == b"MESSAGE",
        )
        asserts = b"p-asserted-identity" in where or b"remote-party-id" in where
        if asserts or not shown.single:
            read_callers(request, shown, trunk).enter(call)
        if not called.single:
            enter_called(called, call)
        if max(len(name), len(domain), len(agent)) > LONGEST_TEXT or (asserts and trunk.identity_trusted):
            read_names(request, call)
        if len(request.names) != len(where):
            read_repeated(request, call, self._headers)
        if request.fault and context.peer.redirect:
            call.mark_unread()
        return call

    @staticmethod
    def claimed(context: Context, call: Call) -> Claimed:
        """What a signature has to say of this call; a caller who could be taken for two is nobody."""
        sure = len(call.asserted) == 1
        to = read_identity(context.fields.called, context.peer.trunk).readings.first.canonical
        found = _FINGERPRINT.findall(context.request.body)
        keys = frozenset(
            (alg.lower().decode(), dig.replace(b":", b"").upper().decode()) for alg, dig in found[:MOST_KEYS]
        )
        caller = call.caller.canonical if sure else ""
        return Claimed(caller, call.called.canonical, to, context.fields.call_id, keys)

    def _read_headers(self, request: Request) -> dict[str, str]:
        """Of any length: some that rules ask for are long for good reasons, and what limits a message limits them."""
        found = ((name, request.raw(key)) for name, key in self._headers)
        return {name: text_of(value) for name, value in found if value is not None}

    def rejection(
        self, verdict: Verdict, trunk: Trunk, request: Request | None = None
    ) -> tuple[int, str, tuple[bytes, ...]]:
        """Status, phrase and header fields of a rejection. Neither rule nor list is named to the caller."""
        profiles = self._profiles
        if self._replies:
            name = verdict.profile if verdict.profile in profiles or verdict.profile in self._replies else trunk.profile
            own = self._replies.get(name)
            if own is not None:
                told = own_reply(own, verdict, trunk, request, self._plugin_wait_s)
                if told is not None:
                    return told
        profile = profiles.get(verdict.profile) or profiles.get(trunk.profile) or profiles[DEFAULT_PROFILE]
        if profile.otherwise and not profile.suits(request):
            profile = profiles.get(profile.otherwise) or profiles[DEFAULT_PROFILE]
        return profile.status, profile.phrase, profile.fields(verdict.decision)

    def apply(self, lines: list[bytes], request: Request, verdict: Verdict) -> str | None:
        """Mark a tagged or diverted call in `lines`; the label that it gets, None where it gets none."""
        if self._actions and verdict.step is not Step.EMERGENCY:
            self._act(lines, request, verdict)
        action = verdict.action
        if action is not Action.TAG and action is not Action.DIVERT:
            return None
        lines += (
            b"X-Ringfence-Verdict: suspected" if action is Action.TAG else b"X-Ringfence-Verdict: diverted",
            b"X-Ringfence-Rule: " + verdict.rule.encode("ascii", "replace"),
            b"X-Ringfence-Decision: " + verdict.decision.encode(),
        )
        if not _is_marked(verdict):
            return None
        alert = b"Alert-Info: <%s>" % verdict.ring.encode() if verdict.ring else self._alert
        if alert:
            if b"alert-info" in request.where:  # how it rings is not for the caller to say
                lines[:] = [line for line in lines if not line[:10].lower().startswith(b"alert-info")]
            lines.append(alert)
        label = self.label_for(verdict)
        if not label:
            return None
        if self.reasoned:
            self.reason(lines, label)
        if not (self._named or verdict.mask):
            return None
        if len(self._labels) >= _MOST_LABELS:
            self._labels.clear()
        self._labels[mark_of(label)] = label
        return label

    def label_for(self, verdict: Verdict) -> str:
        """What the callee is told of a call with this verdict; empty for nothing."""
        return verdict.label or self._label or (NOBODY if verdict.mask else "") if _is_marked(verdict) else ""

    @staticmethod
    def reason(lines: list[bytes], label: str) -> None:
        """Tell the label as the reason of a call, if there is one: why he calls is not for the caller to say then."""
        if label:
            lines[:] = [line for line in lines if canonical_name(line) != b"call-info" or b"call-reason" not in line]
            lines.append(call_reason(label))

    def _act(self, lines: list[bytes], request: Request, verdict: Verdict) -> None:
        """What plug-ins let a call carry on; what they write, the caller's own lines of that name make room for."""
        for source, on in self._actions:
            if verdict.action in on:
                found = own_lines(source, verdict, request, self._plugin_wait_s)
                if found:
                    lines[:] = [line for line in lines if line.partition(b":")[0].strip().lower() not in found]
                    lines += list(found.values())

    def label_of(self, mark: bytes) -> str:
        """The label of a dialog by its mark in the token; empty where a restart forgot which one a rule had given."""
        return self._labels.get(mark[:MARK], "") or self._label

    @staticmethod
    def withheld_names(request: Request) -> frozenset[bytes]:
        """Identities that may not leave the trust domain when the caller asked for `Privacy: id` (RFC 3325 7)."""
        privacy = request.raw(b"privacy")
        if privacy is None:
            return frozenset()
        asked = {each.strip().lower() for value in request.raw_all(b"privacy") for each in value.split(b";")}
        return IDENTITY_HEADERS if b"id" in asked else frozenset()


def _is_marked(verdict: Verdict) -> bool:
    """May label and ring say so? Nothing may that could make somebody hesitate to answer an emergency call.

    They are marks of a rule that tags, also of a call that another one diverts.
    """
    if verdict.step is Step.EMERGENCY:
        return False
    if verdict.action is Action.DIVERT:
        return any(fired.effect == Action.TAG.value and not fired.observed for fired in verdict.fired)
    return verdict.action is Action.TAG


class Identity:
    """Who a URI names: its number with all readings, and its domain."""

    __slots__ = ("domain", "readings")

    def __init__(self, readings: Readings, domain: str) -> None:
        self.readings = readings
        self.domain = domain


def read_identity(uri: bytes, trunk: Trunk) -> Identity:
    """The number and domain of the URI in From or P-Asserted-Identity.

    One that we can't read is malformed, and the number that telephones show of it all the same is another reading.
    """
    try:
        parsed = parse_uri(uri)
    except BadHeader:
        return Identity(_read_shown(uri, trunk), host_name(shown_host(uri)))
    domain = host_name(parsed.host)
    if parsed.scheme not in (b"sip", b"sips", b"tel"):
        name = Number("", NumberClass.NAME, raw=parsed.user.decode("utf-8", "replace")[:LONGEST_TEXT])
        return Identity(_read_shown(uri, trunk, name), domain)
    if not parsed.user:
        # Some show the host where there is no user.
        return Identity(_beside(_NOBODY, [readings(domain, trunk)] if domain.isdigit() else [], differ=True), domain)
    found = _read_spelt(read_spelling(parsed), trunk)
    if domain == _NO_DOMAIN:  # who withholds his name may write a number before it all the same, which phones show
        found = _beside(_NOBODY, [found], differ=False)
    elif len(found.first.raw) > LONGEST_TEXT:
        first = found.first._replace(raw=found.first.raw[:LONGEST_TEXT])
        found = Readings(first, found.others, found.resembled, found.differ)
    return Identity(found, domain)


def read_asserted(uri: bytes, trunk: Trunk) -> Readings:
    """The number of an asserted URI. Digits without scheme are one number to whoever reads them at all."""
    number = _schemeless(uri)
    if not number:
        return read_identity(uri, trunk).readings
    return _read_spelt(read_spelling(Uri(b"sip", number, b"", 0, b"")), trunk)


def _schemeless(uri: bytes) -> bytes:
    """The digits of an address that has no scheme, with or without a host; empty for any other."""
    number, at, host = uri.partition(b"@")
    plain = BARE_NUMBER.fullmatch(number) is not None and (not at or _HOST.fullmatch(host) is not None)
    return number if plain else b""


def same_number(one: bytes, other: bytes, trunk: Trunk) -> bool:
    """Do two URIs name the same number, however each is spelt?"""
    first, second = read_asserted(one, trunk), read_asserted(other, trunk)
    if first.differ or second.differ or first.others != second.others:
        return False
    return bool(first.first.canonical) and first.first.canonical == second.first.canonical


def _read_shown(uri: bytes, trunk: Trunk, first: Number | None = None) -> Readings:
    """The readings of a URI outside RFC 3261's grammar, or of another scheme."""
    spelt = [read_spelling(Uri(b"sip", user, b"", 0, b"")) for user in shown_users(uri)]
    first = first or Number("", NumberClass.MALFORMED, raw=spelt[-1].user[:LONGEST_TEXT])
    return _beside(first, [_read_spelt(each, trunk) for each in spelt], differ=True)


def _read_spelt(spelling: Spelling, trunk: Trunk, *, called: bool = False) -> Readings:
    contexts, raw, whole = spelling.contexts, spelling.raw, spelling.whole
    found = readings(spelling.user, trunk, contexts=contexts, raw=raw, whole=whole, called=called)
    return Readings(found.first, found.others, found.resembled, differ=True) if spelling.unread else found


def _beside(first: Number, found: list[Readings], *, differ: bool) -> Readings:
    """Readings of which the first is no number; `differ`: a number beside it is worth a mark."""
    shown: dict[str, Number] = {}
    resembled: dict[str, Number] = {}
    for each in found:
        for number in (each.first, *each.others):
            if number.canonical:
                shown.setdefault(number.canonical, number)
        resembled.update({number.canonical: number for number in each.resembled})
    return Readings(first, tuple(shown.values()), tuple(resembled.values()), differ and bool(shown))


class Callers:
    """Every number that a call shows of its caller."""

    __slots__ = ("agrees", "all", "asserted", "asserted_by_pai", "differ", "resembled", "sure")

    def __init__(self, identity: Readings, *, asserted_by_pai: bool = False, agrees: bool | None = None) -> None:
        others = identity.others
        self.asserted = (identity.first, *others) if others else (identity.first,)  # the asserted number's readings
        self.all = self.asserted  # and those of all others that are looked up
        self.resembled = identity.resembled
        self.sure = not identity.differ  # has the asserted number one reading?
        self.differ = identity.differ  # has any of them several?
        self.asserted_by_pai = asserted_by_pai
        self.agrees = agrees

    def enter(self, call: Call) -> None:
        """Tell the call."""
        call.caller = self.asserted[0]
        call.callers, call.asserted, call.resembled = self.all, self.asserted, self.resembled
        call.asserted_by_pai, call.agrees = self.asserted_by_pai, self.agrees
        call.sure = self.sure
        if self.differ:
            call.facts = {READINGS_DIFFER: True}

    def add(self, identity: Readings) -> None:
        """Look these up, too."""
        known = {number.canonical for number in self.all}
        self.all += tuple(
            number
            for number in (identity.first, *identity.others)
            if number.canonical and number.canonical not in known
        )
        if identity.resembled:
            self.resembled += identity.resembled
        self.differ |= identity.differ


def enter_called(called: Readings, call: Call) -> None:
    """Tell the call whom else it may ring."""
    call.called_readings = (called.first, *called.others)
    if called.differ:
        call.sure = False
        call.facts = {READINGS_DIFFER: True}


def read_callers(request: Request, sender: Readings, trunk: Trunk) -> Callers:
    """Every number to look up, the asserted one first; whether it came from P-Asserted-Identity; whether all agree.

    A value that names no number (malformed, "unknown") asserts nothing; what it looks like is looked up all the same.
    """
    uris, clear = asserted_uris(request, trunk)
    shown: list[Readings] = []
    alike: list[Readings] = []
    for uri in uris[:MOST_ASSERTED]:
        found = read_asserted(uri, trunk)
        if found.first.canonical or found.others:
            if not any(_alike(found, other) for other in shown):
                shown.append(found)
        elif found.resembled or found.differ:
            alike.append(found)
    callers = callers_of(sender, shown, trunk, clear=clear) if shown else Callers(sender)
    for found in alike:
        callers.add(found)
        callers.sure &= not found.differ
    if len(uris) > MOST_ASSERTED or (not clear and asserts_unread(request)):
        callers.differ, callers.sure = True, False  # what is not looked up does not go on, and is a mark
    if callers.agrees is False and any(map(_schemeless, uris)):
        callers.sure = False  # some read no digits without a scheme, and show From
    others = called_party_uris(request, trunk)
    for uri in others[:MOST_ASSERTED]:
        callers.add(read_asserted(uri, trunk))
    if len(others) > MOST_ASSERTED:
        callers.differ, callers.sure = True, False
    return callers


def _alike(one: Readings, other: Readings) -> bool:
    """Is there nothing in the one that is not in the other?"""
    if (one.first, one.others) != (other.first, other.others):
        return False
    return one.resembled == other.resembled and one.differ is other.differ


def callers_of(sender: Readings, shown: list[Readings], trunk: Trunk, *, clear: bool = True) -> Callers:
    """The numbers of From and of one assertion or more, which are `clear` where they can be read in one way only."""
    trusted = trunk.identity_trusted
    agrees = all(found.first.canonical == sender.first.canonical for found in shown)
    callers = Callers(shown[0] if trusted else sender, asserted_by_pai=trusted, agrees=agrees)
    for found in (*shown, sender):
        callers.add(found)
    if trusted and len(shown) > 1:  # which of them is shown depends on who reads
        callers.sure = False
        callers.differ |= not clear
    return callers


def asserted_in(request: Request) -> Asserted:
    """The values of P-Asserted-Identity and Remote-Party-ID as they came, to be remembered with a call."""
    return request.raw_all(b"p-asserted-identity"), request.raw_all(b"remote-party-id")


def asserts_another(now: Asserted, before: Asserted, others: Sequence[bytes], trunk: Trunk) -> bool:
    """Is there a number asserted that is neither one of those before nor that of one of these URIs?"""
    if now == before or not (now[0] or now[1]):
        return False
    known = [*others, *_uris_in(before)]
    for number, uri in enumerate(_uris_in(now)):
        if number >= MOST_ASSERTED:
            return True
        found = read_asserted(uri, trunk)
        if not found.first.canonical and not found.others and not found.resembled:
            continue  # it names no number
        if not any(uri == each or same_number(uri, each, trunk) for each in known):
            return True
    return False


def asserts_unread(request: Request) -> bool:
    """Is more asserted than was looked up: too many values, or a line outside its grammar that leaves digits over?

    Nothing that a next hop could read goes on unread; what a call asserted that way does not go on.
    """
    where = request.where
    if b"p-asserted-identity" not in where and b"remote-party-id" not in where:
        return False
    values = [value for lines in asserted_in(request) for value in lines]
    if len(values) <= 2 and all(_ORDINARY.fullmatch(value) for value in values):
        return False
    found = [find_uris("", value)[0] for value in values]
    return sum(map(len, found)) > MOST_ASSERTED or any(map(leaves_digits, values))


def _uris_in(values: Asserted) -> list[bytes]:
    found = [uri for value in values[0] for uri in find_uris("P-Asserted-Identity", value)[0]]
    return found + [uri for value in values[1] for uri in find_uris("Remote-Party-ID", value)[0]]


def asserted_uris(request: Request, trunk: Trunk) -> tuple[list[bytes], bool]:
    """Who is asserted, by P-Asserted-Identity, and where the trunk is believed by Remote-Party-ID, too.

    And whether these header fields can be read in one way only.
    """
    uris: list[bytes] = []
    clear = True
    for value in request.raw_all(b"p-asserted-identity"):
        found, strict = find_uris("P-Asserted-Identity", value)
        uris += found
        clear &= strict
    for value in request.raw_all(b"remote-party-id") if trunk.identity_trusted else ():
        if not _is_of_called(value):
            found, strict = find_uris("Remote-Party-ID", value)
            uris += found
            clear &= strict
    return uris, clear


def called_party_uris(request: Request, trunk: Trunk) -> list[bytes]:
    """What Remote-Party-ID says of the called party asserts no caller; yet PBXes show it as the caller's number."""
    if not trunk.identity_trusted or b"remote-party-id" not in request.where:
        return []
    values = [value for value in request.raw_all(b"remote-party-id") if _is_of_called(value)]
    return [uri for value in values for uri in find_uris("Remote-Party-ID", value)[0]]


def _is_of_called(value: bytes) -> bool:
    return find_param(value[value.rfind(b">") + 1 :], b"party").lower() == b"called"


def read_called(uri: Uri, context: Context) -> tuple[Readings, bool]:
    """The called number, from the Request-URI only, and whether it is an emergency call."""
    peer = context.peer
    table = NO_EMERGENCIES if peer.emergency is None else peer.emergency
    if uri.scheme == b"urn":
        name = uri.user.decode("utf-8", "replace")
        return Readings(Number("", NumberClass.SERVICE, raw=name)), is_emergency("urn", name, table)
    spelling = read_spelling(uri)
    found = _read_spelt(spelling, peer.trunk, called=True)
    return found, is_emergency(uri.scheme.decode(), spelling.user, table)


def name_one_number(one: bytes, other: bytes, trunk: Trunk) -> bool:
    """Is the same number called by both URIs? Also where it is the same name, and where one can't be read."""
    if one == other:
        return True
    try:
        spelt, others = read_spelling(parse_uri(one)), read_spelling(parse_uri(other))
    except BadHeader:
        return True
    first, second = (_read_spelt(each, trunk, called=True).first for each in (spelt, others))
    return (first.canonical or spelt.user) == (second.canonical or others.user)
