"""The words that every part shares: a number, a call, a verdict (docs/rules.md says what they mean)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class NumberClass(StrEnum):
    """What kind of number it is; a class of its own is never an accident of parsing."""

    MOBILE = "mobile"
    FIXED = "fixed"
    PREMIUM = "premium"
    TOLL_FREE = "toll-free"
    CN_95 = "cn-95"
    CN_96 = "cn-96"
    CN_400 = "cn-400"
    CN_9_ODD = "cn-9-odd"
    SERVICE = "service"
    EMERGENCY = "emergency"
    OTHER = "other"  # a valid number of none of the kinds above (VoIP, UAN, pager ...)
    EXTENSION = "extension"  # digits of no plan
    NAME = "name"  # a SIP name, no number
    ANONYMOUS = "anonymous"
    MALFORMED = "malformed"
    IMPOSSIBLE = "impossible"  # looks international, but no plan allows it
    UNHELD = "unheld"  # never given: a word of records and rules from before the ledger's facts stood beside the class


class Number(NamedTuple):
    """A caller or called number in its one spelling.

    ``canonical`` is E.164 (``+8613800138000``), ``CN:95588`` for numbers that exist only inside a plan,
    ``EXT:1001`` for digits of no plan, and empty for classes that hold no number.
    """

    canonical: str
    kind: NumberClass
    region: str = ""  # ISO 3166 alpha-2 of the number, empty where there is none
    raw: str = ""  # the user part as it was spelt, %-escapes decoded
    inbound_only: bool = False  # a number that can be called but calls nobody (400 in China)


class Action(StrEnum):
    """What happens to the call."""

    FORWARD = "forward"
    TAG = "tag"
    REJECT = "reject"
    DIVERT = "divert"


class Step(StrEnum):
    """Who decided, in the order of precedence (docs/rules.md, *Who wins*)."""

    EMERGENCY = "emergency"
    CALLBACK = "emergency callback"  # the called subscriber made an emergency call lately (rules/judging/callbacks.py)
    SUBSCRIBER_ALLOW = "subscriber allow list"
    OPERATOR_ALLOW = "allow list"
    SEALED = "sealed"
    SUBSCRIBER_BLOCK = "subscriber block list"
    OPERATOR_BLOCK = "block list"
    LADDER = "ladder"
    RULES = "deciding rule"
    SHARED = "shared list"
    SUSPICION = "suspicion"
    DEFAULT = "no rule"
    FAIL_OPEN = "fail open"


class Trunk(NamedTuple):
    """What judging needs to know of the trunk that a call came from."""

    name: str
    country: str = ""  # ISO 3166 alpha-2; national numbers are read in its plan
    national: bool = True  # False: bare digits are E.164 without the plus
    identity_trusted: bool = False  # is its P-Asserted-Identity believed?
    cli_screened: bool = False  # did the network before it check From?
    profile: str = "decline"  # how a rejection is put on the wire
    tag_at: int = 5  # suspicion from which a call is tagged
    reject_at: int = 10  # suspicion from which a call is rejected
    fail_closed: bool = False
    home: str = ""  # the plan in which people here read bare digits; undecided, several countries (numbering/home.py)
    told: bool = False  # is the id of each decision told, not of rejections and tags alone?
    divert: str = ""  # destination that hears in place of a rejection by lists and the ladder; empty: a status


class Reply(NamedTuple):
    """What callers get whom a list or a step of the ladder rejects, where it is not what their trunk says."""

    profile: str = ""
    destination: str = ""  # an announcement, say; before any profile


COUNTED_SINCE: Final = "counted_since"  # the fact that counting began later than the windows of this call do
READINGS_DIFFER: Final = "readings_differ"  # the fact that readers may take a number or name for another
# Facts of a call that somebody vouched for by a signature (STIR): what was attested, why not, by whom, and his name.
ATTESTATION: Final = ("attestation", "attestation_why", "origid", "signer", "rcd_name")
ATTESTATIONS: Final = ("A", "B", "C", "none", "failed")


class Call:
    """One INVITE as the rules see it. A plain slots class: it is made once a call, on the call path."""

    __slots__ = (
        "agrees",
        "asserted",
        "asserted_by_pai",
        "at",
        "call_id",
        "called",
        "called_readings",
        "caller",
        "callers",
        "display_name",
        "diverted",
        "domain",
        "emergency",
        "facts",
        "headers",
        "message",
        "more_texts",
        "resembled",
        "source",
        "sure",
        "trunk",
        "user_agent",
        "vouched",
    )

    def __init__(
        self,
        *,
        caller: Number,
        called: Number,
        trunk: Trunk,
        at: float,
        callers: tuple[Number, ...] = (),
        asserted: tuple[Number, ...] = (),
        resembled: tuple[Number, ...] = (),
        called_readings: tuple[Number, ...] = (),
        sure: bool = True,
        emergency: bool = False,
        asserted_by_pai: bool = False,
        agrees: bool | None = None,
        display_name: str = "",
        domain: str = "",
        user_agent: str = "",
        diverted: bool = False,
        headers: dict[str, str] | None = None,
        facts: dict[str, float | str | bool] | None = None,
        call_id: str = "",
        source: str = "",
        message: bool = False,
        more_texts: dict[str, tuple[str, ...]] | None = None,
        vouched: bool = False,
    ) -> None:
        self.caller = caller  # the asserted number, as the RFCs read it
        self.callers = callers or (caller,)  # every reading of every number to look up, the asserted one first
        self.asserted = asserted or (caller,)  # the readings of the asserted number alone
        self.resembled = resembled  # numbers that a caller's spelling only looks like: single entries count
        self.called = called
        self.called_readings = called_readings or (called,)
        self.sure = sure  # the asserted and the called number have one reading each, so that an allow entry counts
        self.trunk = trunk
        self.at = at  # seconds since the epoch
        self.emergency = emergency
        self.asserted_by_pai = asserted_by_pai
        self.agrees = agrees  # P-Asserted-Identity and From name one number; None: there is only From
        self.display_name = display_name
        self.domain = domain  # host of the asserted identity, lower case
        self.user_agent = user_agent
        self.diverted = diverted
        self.headers = headers  # the extra headers declared in ringfence.yaml, lower-case names
        self.facts = facts  # facts that others measured: rates, ledger, subscriber group
        self.call_id = call_id
        self.source = source  # address the INVITE came from, without port
        self.message = message  # a MESSAGE, which is judged as a call is and counts for none
        # Names and hosts that the network asserts beside those of From, header fields that stand on several lines: by
        # `display_name`, `domain`, `user_agent` or `header.NAME`. A rule holds if it holds for any of them.
        self.more_texts = more_texts
        self.vouched = vouched  # somebody signed for the asserted number whom the operator believes (STIR)

    def apart(self) -> Call:
        """The same call for somebody who may write into it: nothing of that is seen here."""
        return Call(
            caller=self.caller,
            called=self.called,
            trunk=self.trunk,
            at=self.at,
            callers=self.callers,
            asserted=self.asserted,
            resembled=self.resembled,
            called_readings=self.called_readings,
            sure=self.sure,
            emergency=self.emergency,
            asserted_by_pai=self.asserted_by_pai,
            agrees=self.agrees,
            display_name=self.display_name,
            domain=self.domain,
            user_agent=self.user_agent,
            diverted=self.diverted,
            headers=None if self.headers is None else dict(self.headers),
            facts=None if self.facts is None else dict(self.facts),
            call_id=self.call_id,
            source=self.source,
            message=self.message,
            more_texts=None if self.more_texts is None else dict(self.more_texts),
            vouched=self.vouched,
        )

    def mark_unread(self) -> None:
        """Readers may take it for another than who was looked up: rules see that, and no allow entry counts."""
        self.sure = False
        self.facts = {**(self.facts or {}), READINGS_DIFFER: True}

    @property
    def believed(self) -> bool:
        """Can the asserted number be believed, so that an operator's allow entry may pass it?"""
        return self.vouched or (self.trunk.identity_trusted if self.asserted_by_pai else self.trunk.cli_screened)


class Hit(NamedTuple):
    """One list entry that covers a looked-up number."""

    list: str  # name of the list
    kind: str  # rules.settings.screening.ListKind
    entry: str  # as people write it: +8613800138000, +86138*, +8613800000000-+8613899999999
    source: str  # where the entry came from: in words, or the name of what `of` says
    number: str  # the canonical number that was looked up
    narrowness: int  # larger covers less; ranks entries within one step of precedence
    suspicion: int = 0  # what an entry of a suspect list adds
    shared: bool = False  # the list came from another operator
    trunks: tuple[str, ...] = ()  # the only trunks on which an allow entry passes calls; empty: all
    of: str = ""  # what the source is: seal (by its id), number, owner, business; empty: only words
    added: float = 0.0  # when it was put on the list; 0: not known


def told_source(one: Hit | Fired) -> str:
    """Where an entry came from, for people: seal 3, number +86..., or in its own words."""
    return f"{one.of} {one.source}" if one.of else one.source


class Fired(NamedTuple):
    """One list entry or rule that matched, whether or not it won."""

    name: str  # rule name, or name of the list
    step: Step
    effect: str  # forward, tag, reject, divert, suspicion; fact: an entry that did nothing by itself
    entry: str = ""  # list entry, or file:line of the rule
    source: str = ""  # where the entry came from, as in Hit
    of: str = ""  # what the source is, as in Hit
    points: int = 0  # the suspicion that it added
    observed: bool = False  # a rule that held and did not act

    @property
    def said(self) -> str:
        """Its effect, for people: reject, suspicion +4, observe: reject."""
        effect = f"{self.effect} {self.points:+d}" if self.effect == "suspicion" else self.effect
        if self.points and self.effect != "suspicion":
            effect = f"{effect}, suspicion {self.points:+d}"
        return f"observe: {effect}" if self.observed else effect

    @property
    def detail(self) -> str:
        """Entry and source, or the place of the rule, for people."""
        source = told_source(self)
        return f"{self.entry} ({source})" if source else self.entry

    def as_data(self) -> dict[str, str]:
        """For programs that read what commands print."""
        return {"name": self.name, "step": self.step, "effect": self.said, "detail": self.detail}


class Verdict:
    """What happens to a call, and why. Made once a call; `decision` ties reply, log, record and appeal."""

    __slots__ = (
        "action",
        "decision",
        "destination",
        "fired",
        "label",
        "mask",
        "profile",
        "reason",
        "revision",
        "ring",
        "rule",
        "step",
        "suspicion",
    )

    def __init__(
        self,
        action: Action,
        step: Step,
        *,
        decision: str = "",
        rule: str = "",
        reason: str = "",
        profile: str = "",
        suspicion: int = 0,
        fired: tuple[Fired, ...] = (),
        label: str = "",
        destination: str = "",
        revision: str = "",
        ring: str = "",
        mask: bool = False,
    ) -> None:
        self.action = action
        self.step = step
        self.decision = decision  # 20 characters of [0-9a-f]
        self.rule = rule  # the rule or list that won; empty when none did
        self.reason = reason  # the winner's `because`
        self.profile = profile  # reply profile of a rejection
        self.suspicion = suspicion
        self.fired = fired
        self.label = label  # display-name label of a tag, empty for the operator's own
        self.destination = destination  # named destination of a divert
        self.revision = revision  # rule set that judged
        self.ring = ring  # Alert-Info URI of a tag, empty for the operator's own
        self.mask = mask  # the callee sees the label of a tag, and no number


class Outcome(NamedTuple):
    """How a judged call ended, as far as the INVITE transaction tells."""

    status: int  # final status sent to the caller, 0 when it gave up or nothing was sent
    rang: bool  # a 180 or 183 or 2xx went back
    setup_ms: int  # from INVITE to final response, milliseconds
    open: bool = False  # it went on elsewhere: whether anybody answered it is not known
