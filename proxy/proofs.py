"""What the token of a request proves: that its dialog stands, that it shows and reaches whom its call was judged for.

Whoever has a token has the dialog's tags. He may be anybody on the trunk side who was called once, and may name another
party, or another telephone behind the PBX, than the one whom the rules were asked about.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.dialogs import Dialogs
from proxy.forwarding import Plan
from proxy.neighbours import Peer
from proxy.onward import SHOWING
from proxy.outgoing import Outgoing
from proxy.screening import asserted_in, asserts_another, name_one_number, same_number
from proxy.sip.errors import BadHeader
from proxy.sip.message import Request
from proxy.sip.uri import named_part
from proxy.token import EMERGENCY, NO_CALL, Token, Tokens, goes_callers_way
from proxy.validation import Fields, read_dialled

JUDGED: Final = frozenset((b"INVITE", b"MESSAGE"))  # what a caller's number is read of
# They only change or end what is there: phones that have lost our Route may send them on, whatever their To tag proves;
# an UPDATE is judged then.
METHODS_WITHIN: Final = frozenset((b"BYE", b"PRACK", b"UPDATE"))
_OWN_TOKEN: Final = re.compile(rb"sips?:([^@;>.\s]+\.-\.p[^@;>\s]*)@")  # of a call that the PBX side began
_MOST_OWN: Final = 4  # tokens of Record-Route that are verified


def is_judged(method: bytes, *, in_dialog: bool) -> bool:
    """Are rules asked? Without proof of an UPDATE, too: like an INVITE it changes who is shown (RFC 4916)."""
    return method in JUDGED or (not in_dialog and method in SHOWING)


class Proofs:
    """Asked for each request; what was remembered of its call tells, else the token itself."""

    __slots__ = ("_dialogs", "outgoing", "tokens")

    def __init__(self, dialogs: Dialogs, tokens: Tokens, outgoing: Outgoing) -> None:
        self._dialogs = dialogs
        self.tokens = tokens
        self.outgoing = outgoing

    def stands(self, request: Request, fields: Fields, token: Token | None, peer: Peer, now: float) -> bool:
        """Does its token show that it is in a dialog that stands? An INVITE only in one that an INVITE began."""
        if token is None:
            return False
        stands = self._dialogs.stands(token, fields, now, request.method, from_pbx=peer.from_pbx)
        return stands and not (request.method == b"INVITE" and NO_CALL in token.flags)

    def names_another(self, request: Request, fields: Fields, token: Token, peer: Peer) -> bool:
        """Does a request of the trunk side name another party in From than the one who was judged, or called?

        Or does a trusted trunk assert another caller, whom telephones show instead?

        Its token shows that he has the dialog's tags, and not whose number may stand on the telephone now. Of an
        emergency call nothing is refused, whomever it shows.
        """
        if request.method not in JUDGED and request.method not in SHOWING:
            return False
        return self._shows_another(request, fields, token, peer) and not self._is_of_emergency(token, peer)

    def _shows_another(self, request: Request, fields: Fields, token: Token, peer: Peer) -> bool:
        party, known = fields.sender.uri, self._dialogs.party_of(token)
        if peer.trunk.identity_trusted and goes_callers_way(token, from_pbx=False):
            before = self._dialogs.asserted_of(token)
            others = (known, self._dialogs.called_of(token))  # not To, which he writes anew
            if before is not None and asserts_another(asserted_in(request), before, others, peer.trunk):
                return True
        if known == party:
            return False
        if known:
            return named_part(party) != named_part(known) and not same_number(party, known, peer.trunk)
        return bool(token.party) and token.party != self.tokens.mark(named_part(party), token.key)

    def _is_of_emergency(self, token: Token, peer: Peer) -> bool:
        """Was the call with this token an emergency call? Tokens of an earlier version do not say so."""
        if EMERGENCY in token.flags:
            return True
        called = self._dialogs.called_of(token)
        try:
            return bool(called) and self.outgoing.is_emergency_call(read_dialled(called), peer)
        except BadHeader:
            return False

    def leads_elsewhere(self, request: Request, plan: Plan, token: Token) -> bool:
        """Does its Request-URI name somebody else behind the PBX than the one whom its call was judged for?

        A proxy there follows that and no tags, and a telephone may show a text whose dialog it never had.
        """
        if request.method in METHODS_WITHIN:
            return False
        return not self._dialogs.leads_to(token, plan.uri_bytes, plan.uri)

    def is_own(self, request: Request, fields: Fields, peer: Peer) -> bool:
        """Is this a call that the PBX side began, sent back to us? It would ring the PBX with its own outgoing call.

        What this node does not remember (another one's call) is known by the token that it left in Record-Route, and
        whom it called stands in To. To somebody else than it called it is a spiral, and no loop (16.3 item 4): whom
        the carrier found under that number is behind this PBX.
        """
        if request.method != b"INVITE" or fields.to_tag:
            return False
        called = self._dialogs.called_by_own(fields)
        if called is None:
            if b"record-route" not in request.where:
                return False
            users: list[bytes] = _OWN_TOKEN.findall(b" ".join(request.raw_all(b"record-route")))
            if not any(
                self.tokens.verify(user, fields.call_id, fields.from_tag, b"", from_pbx=True) is not None
                for user in users[:_MOST_OWN]
            ):
                return False
            called = fields.called
        return name_one_number(called, request.uri, peer.trunk)
