"""What an operator sets for the data plane: listeners, trunks, PBXes, limits; each with type, default and help."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from proxy.identity_settings import IdentitySettings
from proxy.profile_settings import ProfileSettings
from proxy.sip.errors import BadHeader
from proxy.sip.uri import SIPS_PORT, parse_uri
from rules.model import Trunk
from rules.numbering.countries import Country
from rules.numbering.emergency import NO_EMERGENCIES, EmergencyTable, emergency_table
from rules.texts.bad_value import BadValue


class HostPort(BaseModel):
    """A host and a port, written ``192.0.2.1:5060``, ``[2001:db8::1]:5060`` or ``pbx.example.com``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str  # without brackets
    port: int = Field(5060, ge=1, le=65535)
    transport: Literal["", "udp", "tcp", "tls"] = ""  # by which it is sent to, where that was written

    @property
    def literal(self) -> bool:
        """Is the host an address, so that nothing has to be resolved?"""
        return _is_literal(self.host)

    @property
    def written_port(self) -> bool:
        """Was its port written? Else DNS may name another (RFC 3263 4.2)."""
        return "port" in self.model_fields_set

    @property
    def place(self) -> str:
        """Host and port alone."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.transport}:{self.place}" if self.transport else self.place


_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")  # RFC 1123 2.1; containers have _ in names


def check_host(host: str) -> None:
    """Refuse what is neither an IPv4 address nor a name; raises ValueError."""
    labels = host.removesuffix(".").split(".")
    if labels[-1].isdigit():  # no name ends in a number (RFC 1123 2.1, RFC 3261 25.1)
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise BadValue(f"{host!r} is no IPv4 address", "write one such as 192.0.2.1") from None
    elif len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise BadValue(
            f"{host!r} is no host name: letters, digits and hyphens between dots, 63 at most, no hyphen at an end"
        )


def parse_host_port(text: object) -> object:
    """``HOST[:PORT]`` as written in YAML; anything but text is left to the validator."""
    if not isinstance(text, str):
        return text
    host, port = text.strip(), ""
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise BadValue("an IPv6 address is written [2001:db8::1]:5060")
        host = str(ipaddress.IPv6Address(host))
        port = port[1:]
    elif host.count(":") == 1:
        host, port = host.split(":")
    elif ":" in host:
        raise BadValue("an IPv6 address is written in brackets: [2001:db8::1]:5060")
    if not host or any(c.isspace() for c in host):
        raise BadValue("expected HOST or HOST:PORT")
    if ":" not in host:
        check_host(host)
    if port and not port.isdigit():
        raise BadValue(f"{port!r} is not a port")
    return {"host": host.lower(), "port": int(port)} if port else {"host": host.lower()}


Address = Annotated[HostPort, BeforeValidator(parse_host_port, json_schema_input_type=str)]


_OUTGOING: Final = ("udp", "tcp", "tls")
_PREFIX: Final = re.compile(r"(udp|tcp|tls|wss?|sctp|sips?):(?=.*[^0-9])", re.IGNORECASE)


def read_next_hop(text: object) -> object:
    """``[TRANSPORT:]HOST[:PORT]``: where something is sent."""
    found = _PREFIX.match(text.strip()) if isinstance(text, str) else None
    if found is None or not isinstance(text, str):
        return parse_host_port(text)
    transport = found[1].lower()
    if transport not in _OUTGOING:
        advice = f"write {', '.join(_OUTGOING)} or nothing before the host"
        raise BadValue(f"{found[1]!r} is no transport that we send by", advice)
    read = parse_host_port(text.strip()[found.end() :])
    if not isinstance(read, dict):
        return read
    if transport == "tls" and _is_literal(read["host"]):  # of a name DNS tells the port
        read.setdefault("port", SIPS_PORT)
    return {**read, "transport": transport}


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


NextHop = Annotated[HostPort, BeforeValidator(read_next_hop, json_schema_input_type=str)]


DNS_PORT: Final = 53


def read_name_server(text: object) -> object:
    """``ADDRESS[:PORT]`` of a name server; its port is 53 where none is written."""
    read = parse_host_port(text)
    if isinstance(read, dict):
        try:
            ipaddress.ip_address(read["host"])
        except ValueError:
            raise ValueError(f"{read['host']!r} is no address; a name server is not asked for by name") from None
        read.setdefault("port", DNS_PORT)
    return read


NameServer = Annotated[HostPort, BeforeValidator(read_name_server, json_schema_input_type=str)]


def parse_network(text: object) -> str:
    """An address or network of a trunk, in the one spelling `ipaddress` gives it."""
    return str(ipaddress.ip_network(str(text).strip().strip("[]")))


Network = Annotated[str, BeforeValidator(parse_network, json_schema_input_type=str)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


def read_destination(text: str) -> str:
    """``sip:USER@HOST[:PORT][;transport=tcp]``, to which diverted calls can go. Raises ValueError."""
    try:
        uri = parse_uri(text.encode())
    except BadHeader:
        uri = None
    if uri is None or uri.scheme != b"sip" or not uri.user:
        raise BadValue(f"{text!r} is no destination", "write one such as sip:desk@192.0.2.20:5060")
    if b":" not in uri.host:  # an IPv6 address, whose brackets are gone
        check_host(uri.host.decode())
    if b":" in uri.user:
        raise BadValue("a password in a URI is shown to everybody", "write the user alone")
    if (uri.param(b"transport") or b"udp").lower().decode("ascii", "replace") not in _OUTGOING:
        raise BadValue("calls do not go out by that transport", f"write {' or '.join(_OUTGOING)}, or none")
    if uri.headers or uri.param(b"maddr") is not None:
        raise BadValue("calls go out to the host that is named", "leave out maddr and ?")
    return text


DestinationUri = Annotated[str, AfterValidator(read_destination)]


def read_certificate_name(text: str) -> str:
    """A domain or address as certificates have it, without wildcards, which SIP does not know (RFC 5922 7.2)."""
    name = text.strip().lower().strip("[]")
    if _is_literal(name):
        return str(ipaddress.ip_address(name))
    if "*" in name:
        raise BadValue(f"{text!r} has a wildcard, which stands for nobody in SIP", "write each name")
    check_host(name)
    return name.removesuffix(".")


CertificateName = Annotated[str, AfterValidator(read_certificate_name)]


OFF: Final = "off"


def read_emergencies(given: object) -> object:
    """`off` as YAML of either version reads it; anything else is left to the validator."""
    return OFF if given is False else given


Emergencies = Annotated[list[str] | Literal["off"], BeforeValidator(read_emergencies)]


Method = Annotated[
    str,
    BeforeValidator(lambda v: v.upper() if isinstance(v, str) else v),
    Field(pattern=r"^[A-Z][A-Z0-9.!%*_+`'~-]{0,31}$"),
]


class Part(BaseModel):
    """A section of ringfence.yaml: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parse_origin(text: object) -> object:
    """An origin as browsers write it (RFC 6454 6.2): small, without a port that its scheme implies, without a path."""
    if not isinstance(text, str):
        return text
    scheme, found, rest = text.strip().lower().partition("://")
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        found, port, parts = "", None, urlsplit("")
    host = parts.hostname or ""
    if not found or not host or not scheme.isascii() or parts.path or parts.query or parts.fragment or "@" in rest:
        raise BadValue(f"{text!r} is no origin of a page", "write scheme and host, such as https://phones.example")
    shown = f"[{host}]" if ":" in host else host
    if port is None or port == _IMPLIED_PORTS.get(scheme):
        return f"{scheme}://{shown}"
    return f"{scheme}://{shown}:{port}"


_IMPLIED_PORTS: Final = {"http": 80, "https": 443}
Origin = Annotated[str, BeforeValidator(parse_origin)]


class ListenerSettings(Part):
    """One socket that takes SIP."""

    address: Address = Field(
        description="Address and port to listen on; [::1]:5060 for IPv6. By default 5060, tls 5061, ws 80, wss 443."
    )
    transport: Literal["udp", "tcp", "tls", "ws", "wss"] = Field(
        "udp", description="How SIP comes there; ws and wss: WebSocket."
    )
    advertise: Address | None = Field(
        None, description="Host and port put into Via and Record-Route; default: the address."
    )
    side: Literal["any", "pbx", "trunk"] = Field(
        "any", description="pbx: whatever arrives here comes from the PBX side."
    )
    origins: list[Origin] = Field(
        default=[],
        description="ws and wss: pages of these origins may connect, https://phones.example; none: those of any.",
    )

    @property
    def shown(self) -> str:
        """As an operator tells it from others: two transports may share an address."""
        return str(self.address) if self.transport == "udp" else f"{self.transport}:{self.address}"

    @model_validator(mode="after")
    def of_pages(self) -> Self:
        """Only browsers say what page they show."""
        if self.origins and self.transport not in ("ws", "wss"):
            raise BadValue(f"{self.transport} has no pages", "origins belong to listeners of ws and wss")
        return self

    @model_validator(mode="before")
    @classmethod
    def usual_port(cls, given: object) -> object:
        """The port of its transport, where none is written."""
        if isinstance(given, dict) and (port := _USUAL_PORTS.get(str(given.get("transport")))):
            try:
                read = parse_host_port(given.get("address"))
            except ValueError:
                return given  # told at its place
            if isinstance(read, dict) and "port" not in read:
                return {**given, "address": {**read, "port": port}}
        return given


_USUAL_PORTS: Final = {"tls": SIPS_PORT, "ws": 80, "wss": 443}


class CertificateSettings(Part):
    """A certificate of ours, with its key."""

    certificate: Path = Field(description="PEM file of the certificate, its chain behind it.")
    key: Path | None = Field(None, description="PEM file of its key, without password; default: the same file.")


class TlsSettings(Part):
    """Certificates of TLS; replaced files are taken within seconds, for new connections."""

    certificates: list[CertificateSettings] = Field(
        default=[], description="Shown by the name that is asked for (SNI), else the first one."
    )
    authorities: Path | None = Field(
        None, description="PEM file of those who sign certificates of others; default: the system's."
    )
    minimum: Literal["1.2", "1.3"] = Field("1.2", description="The oldest version of TLS that is spoken.")

    def under(self, base: Path) -> TlsSettings:
        """The same with whole paths."""
        found = [
            each.model_copy(update={"certificate": base / each.certificate, "key": each.key and base / each.key})
            for each in self.certificates
        ]
        authorities = self.authorities and base / self.authorities
        return self.model_copy(update={"certificates": found, "authorities": authorities})


class ProbeSettings(Part):
    """How an address is asked by OPTIONS whether it lives, while no call tells."""

    every_s: float = Field(10.0, ge=0, le=3600, description="Seconds between two; 0: never, calls alone tell.")
    falls: int = Field(
        2,
        ge=1,
        le=100,
        description="In a row without an answer, after which it is down; one that never answered any stays.",
    )
    rises: int = Field(1, ge=1, le=100, description="In a row with an answer, after which it is up again.")


NEVER: Final = ProbeSettings(every_s=0)
Weights = Annotated[list[Annotated[int, Field(ge=0, le=65_535)]], Field(max_length=100)]


class PbxSettings(Part):
    """Where calls end, and a source of outgoing ones."""

    name: Name = Field(description="How trunks and the log call it.")
    addresses: list[NextHop] = Field(
        min_length=1, description="Tried in this order until one answers: [TRANSPORT:]HOST[:PORT]."
    )
    weights: Weights = Field(
        default=[],
        description="Shares of calls of the addresses, in their order; default: the first that lives has all.",
    )
    probe: ProbeSettings = Field(ProbeSettings(), description="OPTIONS to each address, to know whether it lives.")
    slow_start_s: float = Field(
        0.0, ge=0, le=3600, description="How long after it is up again an address comes to its full share of calls."
    )
    names: list[CertificateName] = Field(
        default=[], description="Whom its certificate names, on connections of TLS; default: the host of `addresses`."
    )
    rewrite_host: bool = Field(False, description="Put the PBX's host and port into the Request-URI.")
    outbound_trunk: Name | None = Field(None, description="Trunk that takes calls whose Request-URI names the proxy.")


def read_status(given: object) -> object:
    """A status as YAML has it, in digits; anything else is left to the validator."""
    return int(given) if isinstance(given, str) and given.isdecimal() and given.isascii() else given


class RedirectSettings(Part):
    """What is answered on a trunk whose calls are only asked about, beside the reply profiles of rejections."""

    forward: Annotated[Literal[404, 503], BeforeValidator(read_status)] = Field(
        404, description="Status that says go on: 404 Not Found or 503 Service Unavailable."
    )


class TrunkSettings(Part):
    """A named source of calls."""

    name: Name = Field(description="`default` takes every source that is in no other trunk.")
    addresses: list[Network] = Field(default=[], description="Addresses or networks calls come from.")
    send_to: list[NextHop] = Field(
        default=[], description="Where calls from the PBX to this trunk go: [TRANSPORT:]HOST[:PORT]."
    )
    weights: Weights = Field(
        default=[], description="Shares of calls of `send_to`, in its order; default: the first that lives has all."
    )
    probe: ProbeSettings = Field(
        NEVER, description="OPTIONS to each address of `send_to`, to know whether it lives; default: never."
    )
    slow_start_s: float = Field(
        0.0, ge=0, le=3600, description="How long after it is up again an address comes to its full share of calls."
    )
    names: list[CertificateName] = Field(
        default=[],
        description="Whom its certificate names: its connections of TLS are known by that alone, not by address.",
    )
    country: Country | Literal[""] = Field("", description="ISO country whose plan national numbers are read in.")
    numbers: Literal["national", "international"] = Field(
        "national", description="international: bare digits are E.164."
    )
    identity: Literal["trusted", "untrusted"] = Field("untrusted", description="Is its P-Asserted-Identity believed?")
    cli: Literal["screened", "unscreened"] = Field("unscreened", description="Did the network before it check From?")
    profile: Name = Field("decline", description="Reply profile of rejections.")
    divert: Name | Literal[""] = Field(
        "", description="Destination that callers hear whom lists or the ladder reject, where these say nothing else."
    )
    pbx: Name | None = Field(None, description="Where its calls go; default: the first PBX.")
    emergency: Emergencies = Field(
        default=[], description="Further emergency numbers of this trunk; off: it carries no emergency calls."
    )
    not_emergency: list[str] = Field(default=[], description="Emergency digits that are extensions of the PBX.")
    tag_at: int | None = Field(None, description="Suspicion from which calls are tagged; default: thresholds.tag.")
    reject_at: int | None = Field(
        None, description="Suspicion from which calls are rejected; default: thresholds.reject."
    )
    methods: Literal["any"] | list[Method] = Field(
        default=[],
        description="Further methods that it may send outside a dialog, or any; calls and OPTIONS it always may. "
        "REGISTER: its telephones may register with the PBX.",
    )
    rewrite_host: bool | None = Field(
        None,
        description="Put the host of send_to into the Request-URI of calls to it; default: where that names the proxy.",
    )
    rewrite_from: bool = Field(False, description="Put the host of send_to into From of what goes to it.")
    rewrite_to: bool = Field(False, description="Put the host of send_to into To of what goes to it.")
    max_transactions: int | None = Field(
        None, ge=1, description="Transactions that it may hold; default: limits.trunk_percent of all."
    )
    calls_per_second: float | None = Field(
        None, gt=0, le=100_000, description="New calls a second that it may send; default: any number."
    )
    calls_burst: int | None = Field(
        None, ge=1, le=1_000_000, description="Of them at once, after a pause; default: as many as in one second."
    )
    fail_closed: bool = Field(False, description="Reject calls that could not be judged, instead of letting them ring.")
    answer: Literal["proxy", "redirect"] = Field(
        "proxy",
        description="redirect: its calls are judged and answered, never forwarded; whoever asks sends them on.",
    )
    redirect: RedirectSettings = RedirectSettings()

    def emergency_table(self) -> EmergencyTable:
        """The numbers that are emergency calls on this trunk. Raises ValueError for a text that nobody can dial."""
        if self.emergency == OFF:
            return NO_EMERGENCIES
        return emergency_table(self.country, self.emergency, self.not_emergency)

    def facts(self, *, tag_at: int, reject_at: int, home: str = "") -> Trunk:
        """What judging sees of this trunk; the thresholds are those of trunks that set none."""
        return Trunk(
            name=self.name,
            country=self.country,
            national=self.numbers == "national",
            identity_trusted=self.identity == "trusted",
            cli_screened=self.cli == "screened",
            profile=self.profile,
            tag_at=tag_at if self.tag_at is None else self.tag_at,
            reject_at=reject_at if self.reject_at is None else self.reject_at,
            fail_closed=self.fail_closed,
            home=home,
            told=self.answer == "redirect",
            divert=self.divert,
        )


class LimitSettings(Part):
    """Bounds that keep memory and time finite."""

    max_transactions: int = Field(
        200_000,
        ge=100,
        description="Transactions held, of 4 KiB each; three tenths are kept for emergency calls and dialogs.",
    )
    trunk_percent: int = Field(50, ge=1, le=100, description="Share of them that one trunk, or one PBX, may hold.")
    source_percent: int = Field(
        10, ge=1, le=100, description="Share of them that one source may hold whose address no trunk names."
    )
    stranger_calls_per_second: float = Field(
        0.0,
        ge=0,
        le=100_000,
        description="New calls a second that one source of trunk `default` may send; 0: any number.",
    )
    stranger_calls_burst: int = Field(
        0, ge=0, le=1_000_000, description="Of them at once, after a pause; 0: as many as in one second."
    )
    stranger_answers_per_second: float = Field(
        20.0,
        gt=0,
        le=100_000,
        description="Refusals a second to one source that no trunk names, fifty times as many to all; then silence.",
    )
    over_rate: Literal["refuse", "drop"] = Field(
        "refuse", description="What calls over a rate get: 503 with Retry-After, or no answer. Emergency calls go on."
    )
    header_octets: int = Field(
        16_384,
        ge=2048,
        le=65_535,
        description="Octets of a request's header; beyond it 513, but for emergency calls.",
    )
    values: int = Field(400, ge=50, description="Header lines of a message, and commas in them; beyond it 400.")
    vias: int = Field(70, ge=5, description="Via values of a request; beyond it 483.")
    unacknowledged_rejections: int = Field(20_000, ge=10, description="Rejections retransmitted at once.")
    acknowledged_s: float = Field(
        3600.0,
        ge=0,
        description="How long after an ACK of it a source in no trunk but `default` gets final responses repeated.",
    )
    connections: int = Field(
        5_000, ge=10, description="Connections at once; a tenth is kept for those whom the configuration names."
    )
    source_connections: int = Field(
        100, ge=1, description="Connections that one source may have whose address no trunk names."
    )
    connection_idle_s: float = Field(
        3605.0, ge=10, description="How long a connection stays on which nothing comes, not even a keep-alive."
    )
    connect_s: float = Field(3.0, gt=0, le=30, description="How long a connection of ours may take to be opened.")
    message_s: float = Field(
        10.0, gt=0, le=60, description="How long a message may take to come, or to be taken; then its connection ends."
    )
    message_octets: int = Field(
        65_535, ge=4096, le=1_048_576, description="Octets of a message on a connection; beyond it 513, and its end."
    )
    unsent_octets: int = Field(
        1_048_576,
        ge=65_536,
        description="Octets that wait for a peer who does not read; beyond it his connection ends.",
    )
    receive_queue: int = Field(10_000, ge=100, description="Datagrams waiting; beyond it they are dropped and counted.")
    shed_ms: int = Field(
        200,
        ge=0,
        le=10_000,
        description="How long messages may wait before new calls get 503, but for emergency calls; 0: for ever.",
    )
    judge_ms: int = Field(50, ge=1, description="Budget of one judgement: a look-up is given up after half of it.")
    silent_s: float = Field(
        3.0, ge=1, le=32, description="How long an address that says nothing is waited for while there is another."
    )
    retry_silent_s: float = Field(
        30.0, ge=1, description="How long others come before an address that said nothing; then one call tries it."
    )
    token_hours: float = Field(
        24.0, gt=0, le=24 * 365, description="How long after its last message a call's token counts for a dialog."
    )
    remembered_calls: int = Field(
        100_000, ge=100, description="Calls whose callees' tags are remembered, of 0.6 KiB each; the oldest go first."
    )
    timer_c_s: float = Field(185.0, gt=180.0, description="How long a call may ring (RFC 3261 16.6 step 11).")
    drain_s: float = Field(
        9.5, gt=0, le=900, description="How long SIGTERM waits for calls in set-up; emergency calls are never ended."
    )


SCANNERS: Final = (
    "friendly-scanner", "friendly-request", "sipvicious", "sipcli", "sip-scan", "sipscan", "sundayddr", "pplsip",
    "vaxsipuseragent", "vaxipuseragent", "siparmyknife", "sivus", "sipptk", "smap ",
)  # fmt: skip
_SHORTEST_NAME: Final = 4


def read_scanner(text: object) -> object:
    """A part of a User-Agent that stands for one tool, and not for half of all telephones."""
    if isinstance(text, str) and len(text.strip()) < _SHORTEST_NAME:
        raise BadValue(f"{text!r} would be found in many a User-Agent", f"write {_SHORTEST_NAME} characters or more")
    return text


class BanSettings(Part):
    """Sources that no trunk names and that search for a way in: they are not answered for a while."""

    tries: int = Field(
        10,
        ge=0,
        le=1000,
        description="Different numbers, names or faults within `within_s` that were refused, from which a source is "
        "banned; 0: nobody is.",
    )
    within_s: float = Field(600.0, gt=0, le=86_400, description="How long what was refused is remembered of a source.")
    for_s: float = Field(3600.0, ge=1, le=31_536_000, description="How long a ban lasts.")
    most: int = Field(10_000, ge=1, le=1_000_000, description="Bans at once; beyond it the oldest goes first.")
    names: list[Annotated[str, BeforeValidator(read_scanner)]] = Field(
        default=list(SCANNERS), description="Parts of a User-Agent, in any case, by which a scanner is known at once."
    )
    nftables: str = Field(
        "",
        pattern=r"^$|^(ip|ip6|inet|netdev) [A-Za-z][A-Za-z0-9_]{0,31} [A-Za-z][A-Za-z0-9_]{0,29}$",
        description="Set that the kernel drops by, FAMILY TABLE SET: IPv4 goes into SET4, IPv6 into SET6; empty: none.",
    )


class DnsSettings(Part):
    """Who is asked where names lead."""

    servers: list[NameServer] = Field(
        default=[], description="Name servers, ADDRESS[:PORT], asked in this order; default: those of the system."
    )


def literal_address(address: HostPort) -> HostPort:
    """An address that nobody has to be asked for."""
    if not address.literal:
        raise BadValue(f"{address.host!r} is no address", "write one such as 192.0.2.9:9060; names are not asked for")
    return address


class HepSettings(Part):
    """A copy of each message for Homer, by HEP version 3; off without it."""

    address: Annotated[Address, AfterValidator(literal_address)] = Field(
        description="Where the capture server listens, by UDP; an address, usually with port 9060."
    )
    capture_id: int = Field(2001, ge=1, le=2**32 - 1, description="By which Homer knows this node.")
    password_file: Path | None = Field(None, description="File that holds the password of the capture server, 0600.")
    mask_numbers: bool = Field(
        True, description="Hide digits of numbers, and bodies that are no SDP. Turn off only where the law lets you."
    )


class ProxySettings(Part):
    """The data plane's part of ringfence.yaml."""

    listen: list[ListenerSettings] = Field(min_length=1)
    tls: TlsSettings = TlsSettings()
    aliases: list[Address] = Field(default=[], description="Further names of this proxy in Request-URI and Route.")
    pbxes: list[PbxSettings]
    trunks: list[TrunkSettings] = Field(min_length=1)
    profiles: dict[str, ProfileSettings] = Field(default={}, description="Reply profiles beside `decline`.")
    actions: dict[Name, list[Literal["forward", "tag", "divert"]]] = Field(
        default={}, description="Plug-ins that add header lines to calls, and to those of which verdicts."
    )
    destinations: dict[Name, DestinationUri] = Field(
        default={}, description="Where rules divert calls to, by name: sip:USER@HOST[:PORT][;transport=tcp|tls]."
    )
    record_route: bool = Field(True, description="Stay in the path of dialogs (RFC 3261 16.6 step 4).")
    label: str = Field("", max_length=64, description="Display-name label of tagged calls; empty: none.")
    label_in: Literal["name", "call-info", "both"] = Field(
        "name",
        description="Labels stand before the caller's name, or in Call-Info as its reason (RFC 9796), or in both.",
    )
    distinct_ring: str = Field("", description="Alert-Info URI of tagged calls; empty: none.")
    limits: LimitSettings = LimitSettings()
    bans: BanSettings = BanSettings()
    dns: DnsSettings = DnsSettings()
    identity: IdentitySettings = Field(
        IdentitySettings(),
        description="Callers that somebody vouches for by a signature (STIR/SHAKEN); off by default.",
    )
    hep: HepSettings | None = Field(None, description="A copy of each message for Homer; none: nothing is sent.")
    options_tell: bool = Field(
        True, description="Answer OPTIONS of a trunk with 503 while no address of its PBX lives; false: with 200."
    )
    metrics: Address | None = Field(None, description="Where Prometheus reads, and supervisors ask for health.")
    metrics_from: list[Network] = Field(
        default=[],
        description="Networks that may read there beside this machine. Figures travel in clear and say how much "
        "is called and rejected: name the machines that monitor, never a network that callers reach.",
    )
