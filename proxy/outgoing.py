"""What the PBX's subscribers dial that concerns the proxy itself: emergency calls, and the feature code of complaints.

Everything else from the PBX side goes on unread. The feature code is answered here: the shell files the complaint
(`Report`), and `Outgoing.answer_report` tells the phone what became of it.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Final

from proxy.context import EMERGENCY_MARK, Context, Node
from proxy.diversion import divert
from proxy.effects import CallMade, EmergencyCallMade, FeatureCodeDialled, Filing, Receipt
from proxy.neighbours import Peer
from proxy.proxy_settings import OFF, PbxSettings, ProxySettings
from proxy.sip.errors import BadHeader
from proxy.sip.headers import parse_addresses
from proxy.sip.message import OWN_HEADERS
from proxy.sip.uri import Uri, parse_uri, read_user
from proxy.validation import Refusal
from rules.model import Trunk
from rules.numbering.numbers import EmergencyTable, emergency_table, is_emergency, read_number

_MOST_READ: Final = 4096  # Request-URIs that are remembered
_LONGEST_READ: Final = 200  # octets of such a one
NOT_TAKEN = Receipt(Filing.FAILED)
# Each with a status of its own, since a phone behind a PBX has nothing but the tone that the PBX makes of it. The fault
# is 500, not 503: that would tell the PBX to send us no calls at all for a while (RFC 3261 21.5.4).
_REFUSALS = {
    Filing.NOTHING: Refusal(404, "No Call To Report"),
    Filing.REFUSED: Refusal(403, "This Caller Cannot Be Reported"),
    Filing.FAILED: Refusal(500, "Not Reported, Please Dial Again", (b"Retry-After: 60",)),
}


class _Home:
    """How one PBX's numbers are read, and which ones it may dial an emergency number."""

    __slots__ = ("tables", "trunk")

    def __init__(self, trunk: Trunk, tables: list[EmergencyTable]) -> None:
        self.trunk = trunk
        self.tables = tables


class Outgoing:
    """Reads the INVITEs that open a call from the PBX side."""

    __slots__ = ("_homes", "_read", "announcement", "code", "reports", "tells_calls")

    def __init__(self, settings: ProxySettings, *, code: str = "", announcement: str = "", country: str = "") -> None:
        """`code` reports the last call, empty for none; `announcement` names the destination that thanks for it.

        `country` is the home's, where one is set: its emergency numbers are those of the PBX side.
        """
        self.code = code
        self.announcement = announcement
        self.tells_calls = False  # does anybody ask whom subscribers call?
        self.reports: Counter[str] = Counter()  # by what became of them
        self._read: dict[tuple[str, bool, bytes], bool] = {}  # Request-URIs as they came: emergency numbers?
        first = settings.pbxes[0].name if settings.pbxes else ""
        self._homes = {pbx.name: _home(settings, pbx, country, is_first=pbx.name == first) for pbx in settings.pbxes}

    def is_emergency_call(self, uri: Uri, peer: Peer) -> bool:
        """Is a call to this Request-URI an emergency call, whichever side it comes from?"""
        if peer.emergency is not None:
            return dials_emergency(uri, [peer.emergency])
        home = self._homes.get(peer.pbx.name)
        return home is not None and dials_emergency(uri, home.tables)

    def is_dialled(self, uri: bytes, peer: Peer) -> bool:
        """The same of a Request-URI as it came, and remembered: in a flood few numbers are called. Never raises."""
        key = peer.name, peer.from_pbx, uri
        found = self._read.get(key)
        if found is None:
            try:
                found = self.is_emergency_call(parse_uri(uri), peer)
            except BadHeader:
                found = False
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            if len(uri) <= _LONGEST_READ:
                self._read[key] = found
        return found

    def takes(self, core: Node, context: Context, now: float) -> bool:
        """Is it the feature code, which is answered here? An emergency call is told, and goes on."""
        home = self._homes.get(context.peer.pbx.name)
        if home is None or not context.server.invite or context.token is not None:
            return False
        uri = context.plan.uri
        if dials_emergency(uri, home.tables):
            context.loop = EMERGENCY_MARK + context.loop
            if not context.fields.to_tag and (numbers := subscriber_numbers(context, home.trunk)):
                core.effects.append(EmergencyCallMade(numbers))
            return False
        if context.fields.to_tag or uri.scheme == b"urn":
            return False
        if not self.code or read_user(uri)[0] != self.code:
            if self.tells_calls:
                _tell_call(core, context, home.trunk)
            return False
        context.await_answer(now)
        numbers = subscriber_numbers(context, home.trunk)
        core.effects.append(FeatureCodeDialled(numbers, partial(self.answer_report, core, context)))
        return True

    def answer_report(self, core: Node, context: Context, receipt: Receipt, now: float) -> None:
        """What became of a `Report`: a thank-you announcement or 480 with the complaint's number; else a refusal."""
        self.reports[receipt.filing.value] += 1
        if context.done:
            return  # whoever dialled hung up meanwhile; what was taken is taken
        context.answer_came()
        refusal = _REFUSALS.get(receipt.filing)
        if refusal is None:
            refusal = reported(receipt.complaint)
            destination = context.topology.destinations.get(self.announcement)
            if destination is not None:
                # For where nobody answers there: of all failures only a 6xx is a better response (16.7 step 6).
                context.finals.append((refusal.status, core.answers.refusal(context.request, refusal)))
                context.plan = divert(context.plan, destination)
                context.request.lines.append(b"X-Ringfence-Complaint: " + receipt.complaint.encode())
                context.request.names = (*context.request.names, OWN_HEADERS)
                core.admit(context, now)
                return
        core.refused[refusal.status] += 1
        context.server.respond(refusal.status, core.answers.refusal(context.request, refusal), now)
        context.close()


def _tell_call(core: Node, context: Context, trunk: Trunk) -> None:
    """A subscriber with numbers calls a number: each may know the other's from now on."""
    called = _number_of(context.plan.uri, trunk)
    if called and not called.startswith("EXT:") and (numbers := subscriber_numbers(context, trunk)):
        core.effects.append(CallMade(numbers, called))


def _home(settings: ProxySettings, pbx: PbxSettings, country: str, *, is_first: bool) -> _Home:
    """Its calls leave by one trunk and come by those that lead to it; the first that has a plan says how to read."""
    outbound = [each for each in settings.trunks if each.name == pbx.outbound_trunk]
    outbound = outbound or [each for each in settings.trunks if each.send_to][:1]
    inbound = [each for each in settings.trunks if each.pbx == pbx.name or (each.pbx is None and is_first)]
    trunks = [*outbound, *(each for each in inbound if each not in outbound)]
    if country:
        added = [number for each in trunks if each.emergency != OFF for number in each.emergency]
        tables = [emergency_table(country, added, [number for each in trunks for number in each.not_emergency])]
    else:
        tables = [each.emergency_table() for each in trunks]
    plan = next((each for each in trunks if each.country), None)
    trunk = Trunk("", country=plan.country, national=plan.numbers == "national") if plan else Trunk("")
    return _Home(trunk, tables or [emergency_table("")])


def dials_emergency(uri: Uri, tables: list[EmergencyTable]) -> bool:
    """Does a Request-URI name an emergency number of any of these trunks?"""
    user = uri.user.decode("utf-8", "replace") if uri.scheme == b"urn" else read_user(uri)[0]
    scheme = uri.scheme.decode()
    return any(is_emergency(scheme, user, table) for table in tables)


def subscriber_numbers(context: Context, trunk: Trunk) -> list[str]:
    """The canonical numbers under which this subscriber is called: that of From first, then those the PBX asserts."""
    uris = [context.fields.sender.uri]
    for line in context.request.raw_all(b"p-asserted-identity"):
        try:
            uris += [address.uri for address in parse_addresses("P-Asserted-Identity", line)]
        except BadHeader:
            continue
    found: list[str] = []
    for uri in uris:
        number = _number(uri, trunk)
        if number and number not in found:
            found.append(number)
    return found


def _number(uri: bytes, trunk: Trunk) -> str:
    try:
        parsed = parse_uri(uri)
    except BadHeader:
        return ""
    return _number_of(parsed, trunk)


def _number_of(parsed: Uri, trunk: Trunk) -> str:
    if parsed.scheme not in (b"sip", b"sips", b"tel") or not parsed.user:
        return ""
    user, phone_context = read_user(parsed)
    return read_number(user, trunk, context=phone_context, called=True).canonical


def reported(complaint: str) -> Refusal:
    """480 with the complaint's number: in the phrase, which phones show, and in Reason, for a PBX to read.

    Reason in a response goes beyond RFC 3326 section 2, as it does in rejections.
    """
    return Refusal(480, f"Reported {complaint}", (f'Reason: SIP;cause=480;text="{complaint}"'.encode(),))
