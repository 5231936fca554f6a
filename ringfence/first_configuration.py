"""A first ringfence.yaml: what an operator has to decide, how each answer is read, and the file made of them."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, TypeAdapter, ValidationError

from proxy.proxy_settings import Address, HostPort, Network
from ringfence.checks import WILDCARDS
from rules.judging.own_facts import zones_of as zones_of_number
from rules.numbering.countries import Country
from rules.settings.screening import FeatureCode, known_zone
from rules.texts.bad_value import BadValue

SYSTEM_STATE: Final = "/var/lib/ringfence"  # of a file in /etc: what changes does not belong there
_PLAIN: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_./-]|:(?!:))*")  # needs no quotes in YAML
_PACK_OF: Final = {"CN": "cn"}  # shipped packs about one country's numbers
_ELSEWHERE: Final = ("192.0.2.1", 9)  # RFC 5737: nobody's address; nothing is sent there


def of_this_machine(address: HostPort) -> HostPort:
    """An address that can be listened on; names are no addresses."""
    if not address.literal:
        raise BadValue(f"{address.host!r} is no address", "write one of this machine, such as 192.0.2.5:5060")
    return address


KINDS: Final[dict[str, Any]] = {
    "country": Country,
    "listen": Annotated[Address, AfterValidator(of_this_machine)],
    "advertise": Address,
    "pbx": Address,
    "carrier": Network,
    "send_to": Address,
    "feature_code": FeatureCode,
    "metrics": Address,
    "time_zone": Annotated[str, AfterValidator(known_zone)],
}


@cache
def _reader(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def read(kind: str, text: str) -> str:
    """An answer of this kind as it goes into the file. Raises ValueError, which says what would be right."""
    try:
        found = _reader(kind).validate_python(text.strip())
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        raise ValueError(str(cause) if cause is not None else f"{text!r}: {first['msg']}") from None
    if kind == "carrier":
        network = ipaddress.ip_network(found)
        return str(network.network_address if network.num_addresses == 1 else network)
    if isinstance(found, HostPort) and not found.literal and not found.written_port:
        return found.host  # its port is left to DNS
    return str(found)


class First(NamedTuple):
    """What an operator decided."""

    country: str
    listen: str
    pbx: list[str]
    carrier: list[str]  # empty: calls come from anybody
    send_to: list[str]
    advertise: str = ""
    international: bool = False  # the carrier writes numbers with their country code, also without a plus
    trusted: bool = False  # its P-Asserted-Identity is believed
    feature_code: str = ""
    metrics: str = ""
    time_zone: str = "UTC"
    state: str = "var"  # the folder of databases and keys


def needs_advertise(listen: str) -> bool:
    """Is it the address of all interfaces, to which nobody can answer?"""
    return listen.rpartition(":")[0].strip("[]") in WILDCARDS


def single(networks: Iterable[str]) -> str:
    """The first of them that is one address, for calls out to it; nothing where none is."""
    return next((f"[{each}]:5060" if ":" in each else f"{each}:5060" for each in networks if "/" not in each), "")


def outward_address() -> str:
    """By which address this machine would send to others, and the port of SIP; loopback where it has no way to any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_ELSEWHERE)  # looks the way up and sends nothing
            return f"{asking.getsockname()[0]}:5060"
        except OSError:
            return "127.0.0.1:5060"


def zones_of(country: str) -> list[str]:
    """The time zones of whoever shares the country's code, as far as numbers tell; a usual one comes first."""
    import phonenumbers
    from phonenumbers import timezone

    some = phonenumbers.example_number(country)
    if some is None:
        return []
    no_area = phonenumbers.PhoneNumber(country_code=some.country_code, national_number=0)
    first = timezone.time_zones_for_number(some)[0]
    own = zones_of_number(phonenumbers.format_number(some, phonenumbers.PhoneNumberFormat.E164))
    if own and first not in own:
        return list(own)  # the tables of numbers name a neighbour's
    found = [first, *timezone.time_zones_for_geographical_number(no_area)]
    return [zone for zone in dict.fromkeys(found) if zone != timezone.UNKNOWN_TIMEZONE]


def state_of(file: Path) -> str:
    """Where databases and keys of this configuration are to lie."""
    return SYSTEM_STATE if file.resolve().is_relative_to("/etc") else "var"


def quoted(text: str) -> str:
    """A text as YAML takes it."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def listed(texts: Iterable[str]) -> str:
    """Several, in one line."""
    return f"[{', '.join(map(quoted, texts))}]"


def written(first: First) -> str:
    """The file."""
    return "\n".join([*_head(first), *_peers(first), *_judging(first), *_keeping(first)])


def _head(first: First) -> list[str]:
    lines = [
        "# Ringfence: the first configuration of this node, written by `ringfence init`. Change it as you like.",
        "# `ringfence check` names each mistake with its line; `ringfence settings` lists every setting there is.",
        "version: 1",
        f"country: {first.country}  # home: what people type, in lists and rules, is read in its plan",
        f"time_zone: {quoted(first.time_zone)}  # of hours and days in rules; the machine's own zone is never used",
        "",
        "listen:",
        f"  - address: {quoted(first.listen)}  # where the carrier and the PBX send SIP",
    ]
    if first.advertise:
        lines.append(f"    advertise: {quoted(first.advertise)}  # under which they reach it")
    return [*lines, ""]


def _peers(first: First) -> list[str]:
    lines = [
        "pbxes:",
        "  - name: pbx",
        f"    addresses: {listed(first.pbx)}  # tried in this order; what comes from there is a call out",
    ]
    if first.send_to:
        lines.append("    outbound_trunk: carrier")
    lines += ["", "trunks:"]
    if first.carrier or first.send_to:
        lines.append("  - name: carrier")
        if first.carrier:
            lines.append(f"    addresses: {listed(first.carrier)}  # where its calls come from; from others: 403")
        if first.send_to:
            lines.append(f"    send_to: {listed(first.send_to)}  # where calls of the PBX go")
        numbers = "international  # bare digits begin with the country code"
        lines += [
            f"    country: {first.country}",
            f"    numbers: {numbers if first.international else 'national  # bare digits are read in its country'}",
            f"    identity: {'trusted' if first.trusted else 'untrusted'}  # is its P-Asserted-Identity believed?",
            "    # cli: screened  # it lets nobody call under a number that is not his",
        ]
    if not first.carrier:
        lines += ["  - name: default  # calls from every other source: nothing they say of themselves is believed"]
        lines += [f"    country: {first.country}"]
    return [*lines, ""]


def _judging(first: First) -> list[str]:
    pack = _PACK_OF.get(first.country)
    use = f"[baseline, {{pack: {pack}, mode: observe}}]" if pack else "[baseline]"
    lines = [
        "lists:  # filled by `ringfence lists add LIST NUMBER`, at once and without a restart",
        "  blocked: {kind: block}  # rejects",
        "  suspected: {kind: suspect}  # tags",
        "  allowed: {kind: allow}  # passes, where the number can be believed",
        "  sealed: {kind: sealed}  # rejects, whatever allowed it; filled by the complaint desk",
        "",
        f"use: {use}  # shipped rules; a pack in mode observe only says in the log what it would do",
        "rules: []  # your own files, such as rules.d/*.yaml",
        "thresholds: {tag: 5, reject: 10}  # suspicion from which a call is tagged, and rejected",
    ]
    if first.feature_code:
        code = quoted(first.feature_code)
        lines += ["complaints:", f"  feature_code: {code}  # what subscribers dial to report their last caller"]
    return [*lines, ""]


def _keeping(first: First) -> list[str]:
    lines = [
        "storage:",
        f"  database: {quoted(f'{first.state}/ringfence.db')}  # lists and decisions; relative to this file",
        f"  key_file: {quoted(f'{first.state}/ringfence.keys')}  # made at the first start, 0600: keep a copy apart",
    ]
    if first.metrics:
        lines.append(f"metrics: {quoted(first.metrics)}  # Prometheus reads here")
    return [*lines, ""]
