"""Which dialogs stand: the calls that this node remembers, with the tags that their callees gave.

A token alone proves that its call was judged, not that anybody took the call: a caller has it from the first 180.
While a call is remembered, a request passes by its token only with a tag that its callee gave, and until 24 hours after
the last message that was seen. Of a call that is not remembered (another node's, or one from before a restart) the
token's own age is asked.
"""

from __future__ import annotations

from typing import Final

from proxy.forwarding import Plan
from proxy.peers import PeerAddress
from proxy.sip.errors import BadHeader
from proxy.sip.headers import parse_address, parse_party
from proxy.sip.message import QUOTE, SEMICOLON, ResponseHead
from proxy.sip.uri import Uri, parse_uri, read_spelling
from proxy.token import NO_CALL, Token, Tokens, goes_callers_way
from proxy.validation import Fields
from rules.model import Verdict

_TAG: Final = b">;tag="
_OF_STANDING: Final = frozenset((b"INVITE", b"MESSAGE"))  # what makes a telephone ring or show words
_MOST_CALLEES: Final = 50  # of one call that forked


class Call:
    """One call that is remembered."""

    __slots__ = (
        "address", "asserted", "call_id", "called", "caller_tag", "contact", "contacts", "counts", "former", "others",
        "party", "seen", "tag", "taken_up", "verdict",
    )  # fmt: skip

    def __init__(self, call_id: bytes, caller_tag: bytes, now: float, party: bytes = b"") -> None:
        self.call_id = call_id
        self.caller_tag = caller_tag
        self.party = party  # the URI of who is on the trunk side: its caller, or whom the PBX side called
        self.asserted: tuple[list[bytes], list[bytes]] = ([], [])  # and whom a trusted trunk asserted (`asserted_in`)
        self.called = b""  # the Request-URI that it was judged for, where the trunk side began it
        self.contact = b""  # the first line of Contact of the PBX side: where requests of the trunk side lead
        self.contacts: list[bytes] | None = None  # further ones, of a fork or after a refresh (RFC 3261 12.2)
        self.verdict: Verdict | None = None  # by which it was marked
        self.seen = now
        self.tag = b""  # of the callee who answered, or the first who rang; empty: nobody yet, or it has ended
        self.taken_up = False  # this node did not see it begin (`Dialogs.take_up`)
        self.others: list[bytes] | None = None  # of further ones, where the call was forked
        self.address: PeerAddress | None = None  # where it was answered (proxy/peers.py)
        self.counts = False  # as one of the calls that this address has now
        self.former = b""  # of the dialog that ended last: the NOTIFY of a transfer may come after the BYE

    def gave(self, tag: bytes) -> None:
        """A callee rings or answers with this tag."""
        if not tag or tag == self.tag or tag == self.caller_tag:
            return
        if not self.tag:
            self.tag = tag
        elif self.others is None:
            self.others = [tag]
        elif tag not in self.others and len(self.others) < _MOST_CALLEES:
            self.others.append(tag)

    def reached_at(self, line: bytes) -> None:
        """The PBX side says by Contact where requests of the trunk side are to go."""
        if not line or line == self.contact:
            return
        if not self.contact:
            self.contact = line
        elif self.contacts is None:
            self.contacts = [line]
        elif line not in self.contacts and len(self.contacts) < _MOST_CALLEES:
            self.contacts.append(line)

    def leads_to(self, written: bytes, uri: Uri) -> bool:
        """Does a request of the trunk side with this Request-URI go to whom the call was judged for, or put through?

        Some send on to the Request-URI of the beginning; what else of a Contact is left out is no other subscriber.
        """
        if not self.contact and not self.called:
            return True  # nobody said so far
        lines = [self.contact, *(self.contacts or ())]
        if any(b"<%s>" % written in line for line in lines):
            return True
        wanted = _name_in(uri)
        for known in (self.called, *map(_uri_of, lines)):
            try:
                parsed = parse_uri(known)
            except BadHeader:
                continue
            if wanted == _name_in(parsed):
                return True
        return False

    def has(self, tag: bytes) -> bool:
        """Did its callee give this tag?"""
        return bool(tag) and (tag == self.tag or (self.others is not None and tag in self.others))

    def had(self, tag: bytes) -> bool:
        """Did its callee give this tag, though the dialog may have ended?"""
        return self.has(tag) or (bool(tag) and tag == self.former)

    def ended(self, tag: bytes) -> None:
        """The dialog with this callee is over."""
        if self.has(tag):
            self.former = tag
        if tag == self.tag:
            self.tag = self.others.pop(0) if self.others else b""
        elif self.others is not None and tag in self.others:
            self.others.remove(tag)
        if not self.tag:
            self.leave()

    def answered_at(self, address: PeerAddress | None) -> None:
        """It counts as a call of that address from now on."""
        if self.address is None and address is not None:
            self.address, self.counts = address, True
            address.calls += 1

    def leave(self) -> None:
        """It counts nowhere any more."""
        if self.counts and self.address is not None:
            self.counts = False
            self.address.calls -= 1

    def failed(self) -> None:
        """Nobody answered: with the final response every early dialog has ended."""
        self.tag, self.others = b"", None


class Dialogs:
    """The calls that are remembered, by their token; those that were silent for longest go first."""

    def __init__(self, keep_s: float, most: int, *, epoch: float = 0.0) -> None:
        """`epoch` is what has to be added to the core's time for seconds since the epoch."""
        self._keep_s = keep_s
        self._most = most
        self._epoch = epoch
        self._calls: dict[bytes, Call] = {}
        self._own: dict[bytes, bytes] = {}  # calls that the PBX side began, with the Request-URI that each had

    def bound(self, keep_s: float, most: int) -> None:
        """So long, and so many of them from now on; the oldest go as new ones come."""
        self._keep_s, self._most = keep_s, most
        while len(self._calls) > most:
            del self._calls[next(iter(self._calls))]

    def __len__(self) -> int:
        return len(self._calls)

    def wall(self, now: float) -> int:
        """The core's time as a token has it."""
        return int(now + self._epoch)

    def begin(self, user: bytes, fields: Fields, now: float, call: Call | None = None, *, from_pbx: bool) -> Call:
        """A call leaves with this token; with another target's token it is the same call."""
        if call is None:
            call = Call(fields.call_id, fields.from_tag, now, fields.called if from_pbx else fields.sender.uri)
        self._remember(user, call)
        return call

    def take_up(self, token: Token, fields: Fields, now: float, *, from_pbx: bool) -> Call | None:
        """A request in a dialog of a call that is not remembered: from now on it is, with the callee's tag of this one.

        So whoever has a token from before a restart may not go on inventing tags. None where it is remembered.
        """
        if token.user in self._calls:
            return None
        caller, callee = fields.from_tag, fields.to_tag
        if not goes_callers_way(token, from_pbx=from_pbx):
            caller, callee = callee, caller
        call = Call(fields.call_id, caller, now, fields.called if from_pbx else fields.sender.uri)
        call.tag, call.taken_up = callee, True
        self._remember(token.user, call)
        return call

    def party_of(self, token: Token) -> bytes:
        """Who is on the trunk side of the dialog with this token; empty where its call is not remembered."""
        call = self._calls.get(token.user)
        return call.party if call is not None else b""

    def names_of(self, token: Token) -> list[bytes]:
        """All by which the call with this token was judged: its caller's URI, and whom a trusted trunk asserted."""
        call = self._calls.get(token.user)
        return [call.party, *call.asserted[0], *call.asserted[1]] if call is not None else []

    def verdict_on(self, token: Token) -> Verdict | None:
        """By which the call with this token was marked; None where it was not, or is not remembered."""
        call = self._calls.get(token.user)
        return call.verdict if call is not None else None

    def leads_to(self, token: Token, written: bytes, uri: Uri) -> bool:
        """Does this Request-URI of the trunk side stay with whom the call with this token was judged for?"""
        call = self._calls.get(token.user)
        return call is None or call.leads_to(written, uri)

    def reached_at(self, token: Token, line: bytes) -> None:
        """The PBX side says in the dialog with this token where requests are to go from now on."""
        call = self._calls.get(token.user)
        if call is not None:
            call.reached_at(line)

    def called_of(self, token: Token) -> bytes:
        """The Request-URI that the call with this token was judged for; empty where that is not remembered."""
        call = self._calls.get(token.user)
        return call.called if call is not None else b""

    def asserted_of(self, token: Token) -> tuple[list[bytes], list[bytes]] | None:
        """Whom the trunk asserted when it began the call with this token; None where that is not remembered."""
        call = self._calls.get(token.user)
        return call.asserted if call is not None else None

    def _remember(self, user: bytes, call: Call) -> None:
        calls = self._calls
        if len(calls) >= self._most:
            calls.pop(next(iter(calls))).leave()
        calls[user] = call

    def find_token(self, plan: Plan, fields: Fields, tokens: Tokens, *, from_pbx: bool) -> Token | None:
        """The valid token among our own Route values. It proves a dialog, and without a To tag there is none.

        What this node wrote itself it need not verify: it remembers what it is bound to.
        """
        if not fields.to_tag:
            return None
        for user in plan.users:
            call = self._calls.get(user)
            if call is None:
                token = tokens.verify(user, fields.call_id, fields.from_tag, fields.to_tag, from_pbx=from_pbx)
                if token is not None:
                    return token
                continue
            key, decision, flags, seal = user.split(b".")
            token = Token(user, key, decision, flags, seal)
            tag = fields.from_tag if goes_callers_way(token, from_pbx=from_pbx) else fields.to_tag
            if call.call_id == fields.call_id and call.caller_tag == tag:
                return token
        return None

    def stands(self, token: Token, fields: Fields, now: float, method: bytes, *, from_pbx: bool) -> bool:
        """Does this verified token prove a dialog now? What comes in it is a sign of life of its call.

        Every request needs a tag that the callee gave, an INVITE or a MESSAGE that of a dialog that has not ended. Only
        the NOTIFY of a subscription may come before the response that gives it (RFC 6665 4.4.1).
        """
        call = self._calls.pop(token.user, None)
        if call is None:
            return self.wall(now) - token.made <= self._keep_s
        self._calls[token.user] = call  # the last one to go
        stands = now - call.seen <= self._keep_s
        if stands and not (method == b"NOTIFY" and NO_CALL in token.flags):
            tag = fields.to_tag if goes_callers_way(token, from_pbx=from_pbx) else fields.from_tag
            stands = call.has(tag) if method in _OF_STANDING else call.had(tag)
        if stands:
            call.seen = now
        return stands

    def remembers(self, token: Token) -> bool:
        """Did this node see the INVITE that this verified token was made for?"""
        call = self._calls.get(token.user)
        return call is not None and not call.taken_up and NO_CALL not in token.flags

    def end(self, token: Token, fields: Fields, *, from_pbx: bool) -> None:
        """The BYE of a dialog."""
        call = self._calls.get(token.user)
        if call is not None:
            call.ended(fields.to_tag if goes_callers_way(token, from_pbx=from_pbx) else fields.from_tag)

    def address_of(self, token: Token | None) -> PeerAddress | None:
        """Where the call with this token was answered (proxy/peers.py); None where that is not known."""
        call = self._calls.get(token.user) if token is not None else None
        return call.address if call is not None else None

    def leaves(self, fields: Fields, uri: bytes) -> None:
        """The PBX side begins this call to this Request-URI."""
        if len(self._own) >= self._most:
            del self._own[next(iter(self._own))]
        self._own[_name(fields)] = uri

    def called_by_own(self, fields: Fields) -> bytes | None:
        """The Request-URI with which the PBX side began this call; None where it began none such."""
        return self._own.get(_name(fields)) if self._own else None


def _name(fields: Fields) -> bytes:
    return b"%d.%s%s" % (len(fields.call_id), fields.call_id, fields.from_tag)


def _name_in(uri: Uri) -> tuple[bytes, tuple[str, ...], bytes]:
    """Whom a URI names: its user, else its host, and in which context (RFC 3966 5.1.5); of more than are read, all."""
    spelt = read_spelling(uri)
    return uri.user or uri.host, spelt.contexts, uri.params if spelt.unread else b""


def _uri_of(line: bytes) -> bytes:
    """The first URI of a line of Contact; empty where it can't be read."""
    try:
        return parse_address("Contact", line.partition(b":")[2].strip()).uri
    except BadHeader:
        return b""


def callee_tag(response: ResponseHead) -> bytes:
    """The To tag of a response; empty where there is none."""
    line = response.line(b"to")
    _, found, tag = line.rpartition(_TAG)
    if found and QUOTE not in tag and SEMICOLON not in tag:  # no display name is open here
        return tag.rstrip()
    try:
        return parse_party("To", line.partition(b":")[2].strip()).tag
    except BadHeader:
        return b""
