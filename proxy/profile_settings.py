"""What an operator sets for replies: how a rejection looks on the wire, and whom its caller may turn to."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from rules.settings.screening import Part
from rules.texts.bad_value import BadValue

DECISION: Final = "{decision}"
URL: Final = "{url}"
# RFC 3261 25.1: UTF8-NONASCII may stand in a phrase; what ends a line for some reader may not.
PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_HOST: Final = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}|[0-9A-Fa-f:]+")
_NO_PART_OF_AN_ADDRESS: Final = frozenset(" \"'<>\\;,`{}|^")
_ANYTHING: Final = "0" * 20  # a decision


def read_page(text: str) -> str:
    """An https address that may stand in quotes in a header field; `{decision}` stands for the decision's id."""
    shown = text.replace(DECISION, _ANYTHING)
    try:
        parts = urlsplit(shown)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme != "https" or not _HOST.fullmatch(host) or port == 0 or "@" in parts.netloc:
        raise BadValue(
            f"{text!r} is no address of a page", "write one such as https://callers.example.com/why/{decision}"
        )
    if not shown.isascii() or not shown.isprintable() or _NO_PART_OF_AN_ADDRESS & set(shown):
        raise BadValue(
            f"{text!r} holds what would end it in a header field", "percent-encode it; {decision} is its one name"
        )
    return text


def read_card(text: str) -> str:
    """Where a signed card lies: one address for all, since it is made once."""
    if DECISION in text:
        raise BadValue("a card is signed once and names no decision", "leave {decision} out")
    return read_page(text)


Page = Annotated[str, Field(max_length=200), AfterValidator(read_page)]
Card = Annotated[str, Field(max_length=200), AfterValidator(read_card)]


class ProfileSettings(Part):
    """How a rejection looks on the wire."""

    status: int = Field(603, ge=400, le=699, description="Never 607: that is the callee's word (RFC 8197).")
    phrase: str | None = Field(
        None,
        max_length=80,
        pattern=PRINTABLE,
        description="Behind the status, in any script; default: that of its RFC.",
    )
    reason: Literal["SIP", "Q.850", "none"] = Field("SIP", description="Protocol of the Reason header field.")
    cause: int | None = Field(None, description="Cause in Reason; default: the status, or 21 for Q.850.")
    analytics: bool = Field(
        False,
        description="603+ (ATIS-1000099): 603 Network Blocked, whose Reason names url, email, tel and the decision.",
    )
    location: Literal["LN", "LPN", "RLN", "RPN", "TN"] | None = Field(
        None, description="Where in the network it was rejected, in Reason (RFC 8606); default: it is not said."
    )
    url: Page | None = Field(
        None, description="Page for whoever was rejected, https; {decision} in it is the decision's id."
    )
    email: str | None = Field(
        None, pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,100}$", description="Address for whoever was rejected."
    )
    tel: str | None = Field(
        None, pattern=r"^\+[0-9]{3,15}$", description="Telephone for whoever was rejected, such as +18005550100."
    )
    card: Card | None = Field(
        None, description="Where the signed jCard of a 608 lies, https (RFC 8688; `ringfence profiles sign`)."
    )
    otherwise: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="Profile in place of 608 for callers whose side has not shown sip.608 (default: decline; its own "
        "name: none), and in place of 433 for those who are not anonymous (default: none).",
    )
    headers: dict[str, str] = Field(
        default={},
        max_length=8,
        description="Header lines of your own; {decision} and {url} in a value stand for those of the profile.",
    )
