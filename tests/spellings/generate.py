"""Spellings of a listed caller and of a subscriber who blocked one, as strangers, telephones and PBXes write them.

The same seed gives the same spellings. What a reader makes of one is judged by `taken_for`: would a person or a
dialplan take it for the number?
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

LISTED: Final = "17012345678"  # on the operator's block list
SUBSCRIBER: Final = "13800138000"
UNWANTED: Final = "13911112222"  # blocked by the subscriber alone
ORDINARY: Final = "<sip:+8613912345678@h>"
ANSWERING: Final = "sip:600@{at}"  # {at}: the proxy
PLAIN: Final = 0.45  # how often one part of a spelling is as it should be: most have two or three that are not

_BEFORE: Final = (
    *("+86", "86", "0086", "0", "00", "000", "++86", "+86+", "+0086", "+086", "00+86", "86-", "+86-(0)", "+86(0)"),
    *("*", "#", "%23", "*31%23", "%2331%23", "*67", "**", "_", "/", "(", "[", "%20", "\t", "tel:", "sip:", "sip%3A"),
    *("x", "a", "user", "tel%3A", "+", "%2B86", "%2b%2b86", "'", "~", "!", "=", "$", "&", "?", "17951", "12593"),
    *("%EF%BC%8B86", "(+86)", "9,", "9-", "%00", "%E2%80%8B", "\u200e", "\uff0b86", "%2500", "%", "%8", "+49", "+1"),
)
_BEHIND: Final = (
    *("%23", "*", "#", "p1", "w1", "P", ",1", ",,5", "_", "/", "-1", ".1", "(1)", "%201", "%31", "%00", "%001"),
    *("%23%00", ";phone-context=+49", ";phone-context=+1;x=y", ";isub=1", ";ext=12", ";postd=pp1", ";cpc=ordinary"),
    *(";PHONE-CONTEXT=ims.mnc000.mcc310.3gppnetwork.org", ";phone%2dcontext=%2b49", "%3Bphone-context=+49", "%3Bx"),
    *(";oli=62", ";npdi", ";tgrp=a;trunk-context=+49", ";user=phone", ";rn=+4930;npdi", ";verstat=x", "a", "T1"),
    *("%40x", "@x", ":pw", "%3A1", "x12", "ext12", "#12", "~", "!", "'", "=1", "&", "$", "?", "%2C", "%25", "%2531"),
    *("%E2%80%8B1", "%E2%80%8B", "%C2%A01", "%E3%80%80", "+", "+1", "%0A", "%0d", "%7f", "%01", "[", "%5B", "%3C"),
    *("%22", "**1", "%231", "*1%23", "%", "%3", "%zz", "|1", "^", "\\", "\\1", "{", "`", "\u200b", "%ff", "%80"),
)
_BETWEEN: Final = (
    *("-", ".", "_", "/", "%20", "%2D", "!", "'", "~", "%E2%80%8B", "%C2%A0", "(", ")", "*", "+", "a", ",", "%00"),
    *(" ", "\u2011", "\u00ad", ";", ":", "&", "=", "$", "%", "|", "%09", "%E3%80%80", "--", ") "),
)
_BEHIND_HOST: Final = (
    *(";phone-context=+49", ";user=phone", ";phone-context=%2B1", ";x=1;phone-context=+852", ';phone-context="+49"'),
    *(";Phone-Context=+86", ";user=ip", ";transport=udp", ";lr", ";maddr=192.0.2.9", ":5060", ":00005060", ":99999"),
    *(":", ":0", ":x", "?a=b", ";x;a=b", ';x;a=b"c', ";", ";;", "?", ";cpc=x", ";x=@", ";=x"),
)
_HOSTS: Final = (
    *("192.0.2.1", "{at}", "[::1]", "[::1", "anonymous.invalid", "h.", "a*b", "a&b", "a,b", "a%20b", "x@y", "", "-"),
    *("h..i", "1", "unknown", "h/i", "[h]", "h_i", "h\u00e9", "xn--h", "192.0.2.999", "h|", "127.0.0.1", "localhost"),
)
_SCHEMES: Final = ("SIP", "sips", "Sip", "tel", "tel", "tel", "TEL", "im", "")
_BEHIND_TEL: Final = (";phone-context=+49", ";phone-context=+1", ";isub=2", ";phone-context=h.example", ";ext=1", "@h")
_NAMES: Final = (
    *("O/Brien ", "B, C ", "#1 ", '"Bob" ', '"B \\"b\\" C" ', "x@y ", '"open ', 'x" ', "(c) ", "[x] ", ", ", "x;y "),
    *("x:y ", "sip:1@h ", '"<sip:1@h>" ', "\t", "\u738b\u4e94 ", '""', "Bob", '"x" y ', "'", "a=b ", "<> "),
)
_WRAPPED: Final = (
    *("{}", "{}", "{}", "< {}>", "<{} >", "<<{}>>", "<{}", "<{}>x", "<{}>;x=y", '<{}>;x="', "<{}> trailing", "{}>"),
    *("<{}>;party=calling;screen=yes;privacy=off", "<{}>;party=called", "<{}> <sip:1@h>"),
)
_TWO: Final = (
    *("<sip:1@h>, {}", "{}, <sip:1@h>", "<tel:+8613912345678>, {}", "nonsense, {}", ", {}", "{},", "{},{}"),
    *("<sip:1@h>, x/y {}", "sip:1@h, O/B {}", "<sip:anonymous@anonymous.invalid>, {}", "a/b <sip:1@h>, {}"),
)
_PLACES: Final = (
    *("from", "from", "from", "from", "P-Asserted-Identity", "P-Asserted-Identity", "Remote-Party-ID"),
    *("called", "called", "pair"),
)


class Spelt(NamedTuple):
    """One call: what names its caller and whom it calls, and who that is."""

    place: str  # where it is spelt otherwise than plainly
    from_: str
    called: str  # the URI of Request-URI and To
    extra: str  # a header line, where there is one
    caller: str  # the number that is shown or was meant to be
    subscriber: str  # who is called; empty: nobody with a list

    @property
    def believed(self) -> bool:
        """Does it come from a trunk whose assertions count?"""
        return bool(self.extra)


def spellings(amount: int, seed: int) -> Iterator[Spelt]:
    """So many calls, each once."""
    chance = random.Random(seed)
    known: set[Spelt] = set()
    while len(known) < amount:
        spelt = _spelt(chance)
        if spelt not in known:
            known.add(spelt)
            yield spelt


def _spelt(chance: random.Random) -> Spelt:
    place = chance.choice(_PLACES)
    if place == "from":
        return Spelt(place, _address(chance, LISTED), ANSWERING, "", LISTED, "")
    if place in ("called", "pair"):
        caller = f"<sip:{UNWANTED}@h>" if place == "called" else _address(chance, UNWANTED)
        return Spelt(place, caller, _request_uri(chance), "", UNWANTED, SUBSCRIBER)
    address = _address(chance, LISTED)
    value = _some(chance, _TWO, plain="{}").format(address, address)
    return Spelt(place, ORDINARY, ANSWERING, f"{place}: {value}", LISTED, "")


def _some(chance: random.Random, odd: tuple[str, ...], *, plain: str = "") -> str:
    return plain if chance.random() < PLAIN else chance.choice(odd)


def _request_uri(chance: random.Random) -> str:
    """One without blanks, which would end it."""
    return re.sub(r"[\s<>]", "", _uri(chance, SUBSCRIBER, "{at}"))


def _address(chance: random.Random, number: str) -> str:
    wrapped = _some(chance, _WRAPPED, plain="<{}>")
    name = "" if wrapped in ("{}", "{}>") else _some(chance, _NAMES)
    return name + wrapped.format(_uri(chance, number, "h"))


def _uri(chance: random.Random, number: str, host: str) -> str:
    scheme = _some(chance, _SCHEMES, plain="sip")
    user = _some(chance, _BEFORE) + _body(chance, number) + _some(chance, _BEHIND)
    if scheme.lower() == "tel":
        return f"{scheme}:{user}{_some(chance, _BEHIND_TEL)}"
    host = _some(chance, _HOSTS, plain=host)
    before = f"{scheme}:{user}" if scheme else user
    at = "@" if host or chance.random() < 0.5 else ""
    return f"{before}{at}{host}{_some(chance, _BEHIND_HOST)}"


def _body(chance: random.Random, number: str) -> str:
    how = chance.random()
    if how < 0.5:
        return number
    if how < 0.6:
        return "".join(digit if chance.random() < 0.8 else f"%{ord(digit):02X}" for digit in number)
    if how < 0.66:
        return "".join(digit if chance.random() < 0.7 else f"%EF%BC%{0x90 + int(digit):02X}" for digit in number)
    if how < 0.7:
        return "".join(digit if chance.random() < 0.5 else chr(0xFF10 + int(digit)) for digit in number)
    parts = (number[:3], number[3:7], number[7:]) if how < 0.9 else tuple(number)
    return chance.choice(_BETWEEN).join(parts)


def taken_for(text: str, number: str) -> bool:
    """Would a person who sees this, or a dialplan that is given it, take it for the number?"""
    seen = unicodedata.normalize("NFKC", text)
    seen = "".join(character for character in seen if unicodedata.category(character) != "Cf")
    if re.match(r"\+1[^0-9+]*" + number[1], seen):
        return False  # a number in North America
    whole = re.compile(f"0*(?:86)?0*{number}")
    runs = ["".join(re.findall(r"\d", seen)), *re.findall(r"\d+", seen)]
    if begun := re.match(r"[+0-9]*", re.sub(r"[-.() ]", "", seen)):
        runs.append(begun[0].lstrip("+"))
    return any(whole.fullmatch(run) for run in runs)


def shown_user(uri: str) -> str:
    """What a telephone shows of a URI: its user part."""
    if (bracketed := re.search(r"<([^<>]*)>?\s*$", uri)) is not None:
        uri = bracketed[1]
    rest = re.sub(r"(?i)^\s*(sips?|tel):", "", uri)
    return unquote(rest.rpartition("@")[0] or rest)
