"""What no single field of ringfence.yaml can see: names that must exist, values that fight each other."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from proxy.neighbours import DEFAULT_TRUNK
from proxy.profile_settings import PRINTABLE, URL, ProfileSettings
from proxy.proxy_settings import OFF, HostPort, RedirectSettings, TrunkSettings
from proxy.reply_profiles import ANONYMITY_DISALLOWED, PLACE, PLACES, REJECTED, reserved
from proxy.sip.uri import SIP_PORT, parse_uri
from proxy.streams.certificates import CertificateFault, read_authorities, read_certificate
from ringfence.api_settings import on_loopback
from ringfence.node_settings import Configuration, rule_files
from ringfence.stand_ins import UNREAD
from ringfence.stir.signing_files import SigningFault, open_signing
from rules.judging.calendars import BadCalendar, read_calendar
from rules.judging.plugins import ACTIONS, REPLIES, installed
from rules.language.faults import Location
from rules.language.source import Document, Fault
from rules.numbering.emergency import emergency_table, is_emergency
from rules.storage.database_files import key_file_missed, keys_gone
from rules.texts.bad_value import BadValue
from rules.texts.unseen import shows_nothing, turns_writing

BUILT_IN_PROFILES = frozenset({"decline"})
GIVEN_KINDS = ("sealed", "block", "do-not-originate")
TAKEN_KINDS = ("suspect", "block", "do-not-originate", "plain")
SECURE = frozenset({"tls", "wss"})
WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - they are looked for, not bound
FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")  # RFC 3261 25.1, token
LONGEST_VALUE = 300  # characters of a header line of one's own
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Finding(NamedTuple):
    """A fault at a place inside the document, before file and line are known."""

    place: Location
    what: str
    hint: str


def cross_check(configuration: Configuration, document: Document, base: Path) -> list[Fault]:
    """Every fault that shows only when settings are seen together, in the order of the file."""
    findings: list[Finding] = []
    for check in (
        listeners,
        asked,
        pbxes,
        trunks,
        rates,
        addresses,
        next_hops,
        profiles,
        plug_ins,
        destinations,
        answers,
        feature_code,
        thresholds,
        officers,
        texts,
        headers,
        metrics,
        console,
        hep,
        signing,
        exchange,
    ):
        findings.extend(check(configuration))
    findings.extend(files(configuration, base))
    findings.extend(certificates(configuration, base))
    findings.extend(signatures(configuration, base))
    faults = [Fault(document.file, *document.locate(f.place, value=True), f.what, f.hint) for f in findings]
    faults += calendar(configuration, base)
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def repeated(names: Iterable[tuple[Location, str]], kind: str) -> Iterator[Finding]:
    """Each name after its first use."""
    seen: set[str] = set()
    for place, name in names:
        if name in seen:
            yield Finding(place, f"a second {kind} {name!r}", "give each its own")
        seen.add(name)


def listeners(configuration: Configuration) -> Iterator[Finding]:
    """A listener needs an address of this machine, and one that others can answer to."""
    yield from repeated(
        (
            (("listen", i, "address"), f"{listener.address} ({'udp' if listener.transport == 'udp' else 'tcp'})")
            for i, listener in enumerate(configuration.listen)
        ),
        "listener on",
    )
    for i, listener in enumerate(configuration.listen):
        if not listener.address.literal:
            yield Finding(
                ("listen", i, "address"),
                f"{listener.address.host!r} is no address",
                "write an address of this machine, such as 192.0.2.1:5060, and the name in `advertise`",
            )
        if listener.address.host in WILDCARDS and listener.advertise is None:
            yield Finding(
                ("listen", i, "address"),
                "peers can't send answers to the address of all interfaces",
                "add `advertise:` with the address or name under which peers reach this listener",
            )
        if listener.advertise is not None and listener.advertise.host in WILDCARDS:
            yield Finding(
                ("listen", i, "advertise"),
                f"{listener.advertise.host} can't be reached by anybody",
                "write the address or name under which peers reach this listener",
            )


def asked(configuration: Configuration) -> Iterator[Finding]:
    """A trunk that only asks needs no PBX, is none itself, and asks about calls and texts alone."""
    carried = [i for i, trunk in enumerate(configuration.trunks) if trunk.answer == "proxy"]
    if carried and not configuration.pbxes:
        what = f"the calls of trunk {configuration.trunks[carried[0]].name!r} would lead nowhere: there is no pbx"
        yield Finding(("pbxes",), what, "write its name and addresses, or `answer: redirect` at each trunk")
    for i, trunk in enumerate(configuration.trunks):
        if trunk.answer == "proxy":
            if trunk.redirect != RedirectSettings():
                yield Finding(("trunks", i, "redirect"), "its calls are carried", "write `answer: redirect`, too")
            continue
        hosts = {text.partition("/")[0] for text in trunk.addresses if text.endswith(("/32", "/128"))}
        for pbx in configuration.pbxes:
            for address in (each for each in pbx.addresses if each.host in hosts):
                what = f"what comes from {address.place} is pbx {pbx.name!r}'s, so that it is not judged"
                yield Finding(("trunks", i, "addresses"), what, "take it out of `pbxes`: whoever asks needs none")
        if trunk.methods == "any" or set(trunk.methods) - {"MESSAGE"}:
            what = "of a trunk that asks, calls and MESSAGE are answered, and nothing goes on"
            yield Finding(("trunks", i, "methods"), what, "leave out the others")


def pbxes(configuration: Configuration) -> Iterator[Finding]:
    """A PBX is known by address and port, must not be ourselves, and sends out by a trunk that can be sent to."""
    yield from repeated(((("pbxes", i, "name"), pbx.name) for i, pbx in enumerate(configuration.pbxes)), "pbx")
    yield from repeated(
        (
            (("pbxes", i, "addresses", j), str(address))
            for i, pbx in enumerate(configuration.pbxes)
            for j, address in enumerate(pbx.addresses)
        ),
        "pbx at",
    )
    ours = {listener.address.place for listener in configuration.listen}
    trunk_named = {trunk.name: trunk for trunk in configuration.trunks}
    for i, pbx in enumerate(configuration.pbxes):
        for j, address in enumerate(pbx.addresses):
            if address.place in ours:
                yield Finding(
                    ("pbxes", i, "addresses", j),
                    f"{address} is a listener of this proxy, so calls would circle",
                    "write the address of the PBX",
                )
        yield from shares(("pbxes", i, "weights"), pbx.weights, pbx.addresses, "addresses")
        if pbx.outbound_trunk is None:
            continue
        here: Location = ("pbxes", i, "outbound_trunk")
        if pbx.outbound_trunk not in trunk_named:
            yield Finding(here, f"no trunk is named {pbx.outbound_trunk!r}", known(trunk_named))
        elif not trunk_named[pbx.outbound_trunk].send_to:
            yield Finding(here, f"trunk {pbx.outbound_trunk!r} has no `send_to`", "say there where its calls go")


def shares(here: Location, weights: Sequence[int], addresses: Sequence[HostPort], key: str) -> Iterator[Finding]:
    """Each address has a weight, or none has."""
    if weights and len(weights) != len(addresses):
        yield Finding(
            here,
            f"{len(weights)} weights for {len(addresses)} of `{key}`",
            "write one for each, in their order, or none; 0 is for one that has calls only where no other lives",
        )


def trunks(configuration: Configuration) -> Iterator[Finding]:
    """A trunk leads to a PBX that exists; the one for strangers is believed in nothing."""
    yield from repeated(((("trunks", i, "name"), trunk.name) for i, trunk in enumerate(configuration.trunks)), "trunk")
    pbx_names = [pbx.name for pbx in configuration.pbxes]
    for i, trunk in enumerate(configuration.trunks):
        if trunk.pbx is not None and trunk.pbx not in pbx_names:
            yield Finding(("trunks", i, "pbx"), f"no pbx is named {trunk.pbx!r}", known(pbx_names))
        yield from emergency_numbers(i, trunk)
        yield from shares(("trunks", i, "weights"), trunk.weights, trunk.send_to, "send_to")
        if trunk.name == "default":
            yield from stranger(i, trunk.identity, trunk.cli, trunk.addresses)
        elif not trunk.addresses and not trunk.send_to and not trunk.names:
            yield Finding(
                ("trunks", i),
                f"trunk {trunk.name!r} has neither `addresses` nor `send_to`, so no call would ever be its",
                "write the addresses its calls come from",
            )


def rates(configuration: Configuration) -> Iterator[Finding]:
    """A burst is of some rate, and the rate of strangers of a trunk that takes them."""
    for i, trunk in enumerate(configuration.trunks):
        if trunk.calls_burst is not None and trunk.calls_per_second is None:
            yield Finding(
                ("trunks", i, "calls_burst"),
                "there is no rate that this would be a burst of",
                "write `calls_per_second`",
            )
    limits = configuration.limits
    if limits.stranger_calls_burst and not limits.stranger_calls_per_second:
        yield Finding(
            ("limits", "stranger_calls_burst"),
            "there is no rate that this would be a burst of",
            "write `stranger_calls_per_second`",
        )
    if limits.stranger_calls_per_second and all(trunk.name != DEFAULT_TRUNK for trunk in configuration.trunks):
        yield Finding(
            ("limits", "stranger_calls_per_second"),
            "nobody takes calls of strangers: there is no trunk `default`",
            "leave it out, or write `calls_per_second` at the trunk that is meant",
        )


def emergency_numbers(i: int, trunk: TrunkSettings) -> Iterator[Finding]:
    """What a trunk adds to the emergency numbers, or takes away, can be dialled."""
    added = [] if trunk.emergency == OFF else trunk.emergency
    for key, given in (("emergency", added), ("not_emergency", trunk.not_emergency)):
        for j, number in enumerate(given):
            try:
                emergency_table(trunk.country, [number])
            except BadValue as error:
                yield Finding(("trunks", i, key, j), error.what, error.hint)


def stranger(i: int, identity: str, cli: str, sources: list[str]) -> Iterator[Finding]:
    """`default` takes every source that nobody vouches for."""
    if identity == "trusted":
        yield Finding(
            ("trunks", i, "identity"),
            "trunk `default` takes calls from anybody, so its P-Asserted-Identity can't be trusted",
            "make a trunk of its own, with addresses, for the peer that you trust",
        )
    if cli == "screened":
        yield Finding(
            ("trunks", i, "cli"),
            "trunk `default` takes calls from anybody, so nobody checked From before",
            "make a trunk of its own, with addresses, for the network that screens",
        )
    if sources:
        yield Finding(
            ("trunks", i, "addresses"),
            "trunk `default` is for sources that are in no other trunk and has no addresses of its own",
            "give these addresses to a trunk with another name",
        )


def addresses(configuration: Configuration) -> Iterator[Finding]:
    """A source belongs to one trunk: of two networks the narrower wins, of two equal ones neither could."""
    owner: dict[str, str] = {}
    for i, trunk in enumerate(configuration.trunks):
        for j, network in enumerate(trunk.addresses):
            if network in owner:
                shown = str(ipaddress.ip_network(network)).removesuffix("/32").removesuffix("/128")
                yield Finding(
                    ("trunks", i, "addresses", j),
                    f"{shown} is already in trunk {owner[network]!r}",
                    "an address belongs to one trunk",
                )
            owner.setdefault(network, trunk.name)


def next_hops(configuration: Configuration) -> Iterator[Finding]:
    """Whatever is sent by a transport is sent by a listener of it, of the same family."""
    ways = {(each.transport, ":" in each.address.host) for each in configuration.listen}
    found: list[tuple[Location, str, HostPort]] = [
        ((kind, i, key, j), str(address), address)
        for kind, key in (("pbxes", "addresses"), ("trunks", "send_to"))
        for i, house in enumerate(getattr(configuration, kind))
        for j, address in enumerate(getattr(house, key))
    ]
    for name, uri in configuration.destinations.items():
        parsed = parse_uri(uri.encode())
        transport = parsed.transport.lower() if parsed.param(b"transport") else ""
        address = HostPort(host=parsed.host.decode(), transport=cast(Any, transport))
        found.append((("destinations", name), uri, address))
    for place, shown, address in found:
        families = (":" in address.host,) if address.literal else (True, False)
        if address.transport and not any((address.transport, six) in ways for six in families):
            family = " of its family" if any(each == address.transport for each, _ in ways) else ""
            yield Finding(
                place,
                f"nothing can be sent to {shown}: no listener has transport {address.transport}{family}",
                "add one under `listen`, or leave out the transport",
            )


def certificates(configuration: Configuration, base: Path) -> Iterator[Finding]:
    """Whoever listens by TLS has a certificate; its files can be used; and somebody vouches for those of others."""
    tls = configuration.tls.under(base)
    for i, listener in enumerate(configuration.listen):
        if listener.transport in SECURE and not tls.certificates:
            yield Finding(
                ("listen", i, "transport"),
                f"a listener of {listener.transport} needs a certificate, and `tls.certificates` names none",
                "name its file and that of its key there",
            )
    for i, each in enumerate(tls.certificates):
        try:
            read_certificate(each.certificate, each.key)
        except CertificateFault as fault:
            yield Finding(("tls", "certificates", i, "certificate"), fault.what, fault.hint)
            continue
        key = each.key or each.certificate
        if key.is_file() and key.stat().st_mode & 0o007:
            key_place = ("tls", "certificates", i, "key" if each.key else "certificate")
            yield Finding(key_place, f"everybody may read {key}", f"take that right away: chmod o= {key}")
    if tls.authorities is not None:
        try:
            read_authorities(tls.authorities)
        except CertificateFault as fault:
            yield Finding(("tls", "authorities"), fault.what, fault.hint)
    stamping = configuration.audit.anchors.authority
    if stamping is not None:
        try:
            read_authorities(base / stamping.certificate)
        except CertificateFault as fault:
            yield Finding(("audit", "anchors", "authority", "certificate"), fault.what, fault.hint)
    owners: dict[str, str] = {}
    houses = [(("pbxes", i), pbx.name, pbx.names) for i, pbx in enumerate(configuration.pbxes)]
    houses += [(("trunks", i), trunk.name, trunk.names) for i, trunk in enumerate(configuration.trunks)]
    for place, owner, names in houses:
        for j, name in enumerate(names):
            if name in owners:
                what = f"{name} is already the name of {owners[name]!r}"
                yield Finding((*place, "names", j), what, "a certificate belongs to one")
            owners.setdefault(name, owner)


def ends_of_certificates(configuration: Configuration, document: Document, base: Path) -> Iterator[Fault]:
    """Those of ours that nobody takes any more, or soon; an old one stops no start, since UDP needs none."""
    now, tls = datetime.now(UTC), configuration.tls.under(base)
    shown: list[tuple[Location, Path, Path | None]] = [
        (("tls", "certificates", i, "certificate"), each.certificate, each.key)
        for i, each in enumerate(tls.certificates)
    ]
    api = configuration.api
    if api.certificate is not None:
        shown.append((("api", "certificate"), base / api.certificate, base / api.key if api.key else None))
    for place, file, key in shown:
        try:
            told = read_certificate(file, key).trouble(now)
        except CertificateFault:
            continue  # a fault already
        if told:
            yield document.fault(place, told, "put another one there: it is taken while the node runs", warning=True)
    try:
        signing = open_signing(configuration.identity, base)
    except SigningFault:
        return  # a fault already
    if signing is not None and (told := signing.trouble(now.timestamp())):
        hint = "ask its authority for another, and run `ringfence reload`"
        yield document.fault(("identity", "sign", "certificate"), told, hint, warning=True)


def known_profiles(configuration: Configuration) -> frozenset[str]:
    """Reply profiles that rules, lists and trunks may name; a plug-in is one of its name."""
    return BUILT_IN_PROFILES | configuration.profiles.keys() | {told.name for _, told in installed(REPLIES)}


def plug_ins(configuration: Configuration) -> Iterator[Finding]:
    """A plug-in that is to act is installed, and no reply is both a setting and a plug-in."""
    named = {told.name for _, told in installed(ACTIONS)}
    for name in configuration.actions:
        if name not in named:
            yield Finding(("actions", name), f"no plug-in of {ACTIONS} is named {name!r}", known(named))
    for _, told in installed(REPLIES):
        if told.name in configuration.profiles or told.name in BUILT_IN_PROFILES:
            what = f"{told.place} is a reply profile of that name, too"
            yield Finding(("profiles", told.name), what, "rename it, or uninstall the plug-in")


def profiles(configuration: Configuration) -> Iterator[Finding]:
    """A trunk's reply profile exists, and no profile speaks with the callee's own word."""
    names = known_profiles(configuration)
    for i, trunk in enumerate(configuration.trunks):
        if trunk.profile not in names:
            yield Finding(("trunks", i, "profile"), f"no profile is named {trunk.profile!r}", known(names))
    for name, profile in configuration.profiles.items():
        if profile.status == 607:
            yield Finding(
                ("profiles", name, "status"),
                "607 is the callee's word (RFC 8197), never the network's",
                "use 603, or 608 with a way to complain (RFC 8688)",
            )
        if profile.cause is not None and profile.reason == "none":
            yield Finding(("profiles", name, "cause"), "a cause without a Reason", "set `reason` to SIP or Q.850")
        if profile.cause is not None and profile.reason == "Q.850" and not 1 <= profile.cause <= 127:
            yield Finding(("profiles", name, "cause"), f"{profile.cause} is no Q.850 cause", "write one of 1 to 127")
        yield from standard_replies(name, profile, names)
        yield from own_headers(name, profile)


def standard_replies(name: str, profile: ProfileSettings, names: Collection[str]) -> Iterator[Finding]:
    """What ATIS-1000099 and RFC 8688 ask of 603+ and 608."""

    def at(key: str, what: str, hint: str) -> Finding:
        return Finding(("profiles", name, key), what, hint)

    if profile.analytics:
        if profile.status != 603:
            yield at("status", f"603+ is a 603, and no {profile.status}", "leave out `status`, or `analytics`")
        if profile.reason == "none":
            yield at("reason", "603+ says why in Reason", "set `reason` to SIP or Q.850")
        if not (profile.url or profile.email or profile.tel):
            yield at("analytics", "603+ names whom its caller may turn to", "set `url`, `email` or `tel`")
    elif profile.reason == "none" and profile.location:
        yield at("location", "a location without a Reason", "set `reason` to SIP or Q.850")
    if profile.card and profile.status != REJECTED:
        yield at("card", f"a signed card goes with 608, and not with {profile.status}", "set `status: 608`")
    if profile.otherwise is None or profile.otherwise == name:
        return
    if profile.status not in (REJECTED, ANONYMITY_DISALLOWED):
        yield at("otherwise", f"{profile.status} is said to anybody", "leave it out: it is for 608 and 433")
    elif profile.otherwise not in names:
        yield at("otherwise", f"no profile is named {profile.otherwise!r}", known(names))


def own_headers(name: str, profile: ProfileSettings) -> Iterator[Finding]:
    """A header line of one's own is one line, nobody else writes it, and what stands in braces is known."""
    for header, value in profile.headers.items():
        place: Location = ("profiles", name, "headers", header)
        if not FIELD_NAME.match(header):
            yield Finding(place, f"{header!r} is no header field name", "write the name without colon")
        elif reserved(header):
            yield Finding(place, f"{header} is written by the proxy itself", "choose another name, such as Error-Info")
        if len(value) > LONGEST_VALUE:
            yield Finding(place, f"{len(value)} characters in a header line", f"write {LONGEST_VALUE} at most")
        elif not value.strip() or not re.fullmatch(PRINTABLE, value):
            what = "the value is empty" if not value.strip() else "a control character in the value"
            yield Finding(place, what, "write printable text on one line")
        for found in PLACE.findall(value):
            if found not in PLACES:
                yield Finding(place, f"{found} stands for nothing", f"known are {', '.join(PLACES)}")
            elif found == URL and not profile.url:
                yield Finding(place, "{url} stands for nothing: the profile has no `url`", "set `url`")
    yield from repeated(((("profiles", name, "headers", each), each.lower()) for each in profile.headers), "header")


REJECTING = frozenset({"block", "do-not-originate", "sealed"})  # kinds of lists


def answers(configuration: Configuration) -> Iterator[Finding]:
    """A list that rejects says how, by a profile or a destination that exist; so do trunks and steps of the ladder."""
    named = known_profiles(configuration)
    found: list[tuple[Location, str]] = [
        (("trunks", i, "divert"), trunk.divert) for i, trunk in enumerate(configuration.trunks)
    ]
    for name, policy in configuration.lists.items():
        for key in ("profile", "divert"):
            if getattr(policy, key) and policy.kind not in REJECTING:
                what = f"an entry of a list of kind {policy.kind} rejects nothing by itself"
                yield Finding(("lists", name, key), what, "leave it out, or let a rule say so: {reject: NAME}")
        if policy.kind not in REJECTING:
            continue
        if policy.profile and policy.divert:
            yield Finding(("lists", name, "profile"), "its callers are diverted", "leave out `profile`, or `divert`")
        elif policy.profile and policy.profile not in named:
            yield Finding(("lists", name, "profile"), f"no profile is named {policy.profile!r}", known(named))
        found.append((("lists", name, "divert"), policy.divert))
    found += [
        (("complaints", "ladder_divert", step), name) for step, name in configuration.complaints.ladder_divert.items()
    ]
    found.append((("thresholds", "divert"), configuration.thresholds.divert))
    for place, name in found:
        if name and name not in configuration.destinations:
            yield Finding(place, f"no destination is named {name!r}", known(configuration.destinations))


def destinations(configuration: Configuration) -> Iterator[Finding]:
    """A destination is believed as a PBX is: neither this proxy, where calls would circle, nor a trunk can be one."""
    ours = {str(listener.address) for listener in configuration.listen} | {str(each) for each in configuration.aliases}
    ours |= {str(listener.advertise) for listener in configuration.listen if listener.advertise}
    for name, uri in configuration.destinations.items():
        host, port = parse_uri(uri.encode()).address
        address = HostPort(host=host.decode(), port=port)
        if str(address) in ours:
            yield Finding(
                ("destinations", name),
                f"{address} is this proxy, so diverted calls would circle",
                "write the address where they end",
            )
        for trunk in configuration.trunks:
            if str(address) in [each.place for each in trunk.send_to] or (
                port == SIP_PORT and address.host in _hosts_of(trunk)
            ):
                yield Finding(
                    ("destinations", name),
                    f"{address} is trunk {trunk.name!r}, whose own calls would no longer be judged",
                    "divert to somebody inside, such as the PBX, who may call out",
                )


def _hosts_of(trunk: TrunkSettings) -> set[str]:
    """The single addresses of a trunk, without its networks."""
    networks = map(ipaddress.ip_network, trunk.addresses)
    return {str(network.network_address) for network in networks if network.num_addresses == 1}


def feature_code(configuration: Configuration) -> Iterator[Finding]:
    """The code of complaints never stands in the way of an emergency call; its announcement exists."""
    code, announcement = configuration.complaints.feature_code, configuration.complaints.announcement
    for trunk in configuration.trunks:
        try:
            table = trunk.emergency_table()
        except ValueError:
            continue  # told by `trunks`
        if code and is_emergency("sip", code, table):
            yield Finding(
                ("complaints", "feature_code"),
                f"{code} is an emergency number of trunk {trunk.name!r}",
                "choose another code",
            )
    if announcement and announcement not in configuration.destinations:
        names = known(configuration.destinations)
        yield Finding(("complaints", "announcement"), f"no destination is named {announcement!r}", names)
    if announcement and not code:
        yield Finding(
            ("complaints", "announcement"),
            "an announcement that nobody can hear: there is no feature code",
            "set `feature_code` as well",
        )


def thresholds(configuration: Configuration) -> Iterator[Finding]:
    """Calls are tagged before they are rejected, everywhere."""
    tag, reject = configuration.thresholds.tag, configuration.thresholds.reject
    if tag > reject:
        yield Finding(
            ("thresholds", "tag"),
            f"tag {tag} is above reject {reject}, so no call would be tagged",
            "write a smaller one",
        )
    for i, trunk in enumerate(configuration.trunks):
        if trunk.tag_at is None and trunk.reject_at is None:
            continue
        tag_at = tag if trunk.tag_at is None else trunk.tag_at
        reject_at = reject if trunk.reject_at is None else trunk.reject_at
        if tag_at > reject_at:
            yield Finding(
                ("trunks", i, "tag_at" if trunk.tag_at is not None else "reject_at"),
                f"trunk {trunk.name!r} would tag at {tag_at} but reject at {reject_at} already",
                "tag at a smaller suspicion than reject",
            )


def officers(configuration: Configuration) -> Iterator[Finding]:
    """Somebody can seal, and somebody can release: a seal that nobody can take off stops a number for ever."""
    desk = configuration.complaints
    for field, names in (("officers", desk.officers), ("released_by", desk.released_by)):
        for i, name in enumerate(names):
            if name != name.strip() or not name:
                yield Finding(("complaints", field, i), f"{name!r} is no login name", "write it as `id -un` prints it")
    if desk.officers and desk.released_by and not set(desk.officers) & set(desk.released_by):
        yield Finding(
            ("complaints", "released_by"),
            f"nobody can release a seal: none of these is an officer ({', '.join(desk.officers)})",
            "name one of complaints.officers here, or add these to them",
        )
    for name, policy in sorted(configuration.lists.items()):
        if policy.kind == "sealed" and desk.officers and policy.changed_by:
            if not set(desk.officers) & set(policy.changed_by):
                yield Finding(
                    ("lists", name, "changed_by"),
                    f"nobody can seal a number: none of these is an officer ({', '.join(desk.officers)})",
                    "name one of complaints.officers here",
                )
            break  # seals go on the first one


def texts(configuration: Configuration) -> Iterator[Finding]:
    """What is put into header fields must not end them."""
    if CONTROL.search(configuration.label):
        yield Finding(("label",), "a control character in the label", "use printable text")
    elif turns_writing(configuration.label):
        yield Finding(("label",), "a mark in the label that turns the direction of writing", "leave it out")
    elif configuration.label and shows_nothing(configuration.label):
        yield Finding(("label",), "a label of which nothing is to be seen", "write what the callee should read")
    if configuration.label and not configuration.record_route:
        yield Finding(
            ("label",),
            "without `record_route` the caller would see the label in the callee's requests",
            "leave it out, or set `record_route: true`",
        )
    ring = configuration.distinct_ring
    if ring and (CONTROL.search(ring) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+", ring)):
        yield Finding(
            ("distinct_ring",), f"{ring!r} is no URI", "write one such as http://www.example.com/sounds/suspected.wav"
        )


def headers(configuration: Configuration) -> Iterator[Finding]:
    """Further headers are named by a token, each once."""
    for i, name in enumerate(configuration.headers):
        if not FIELD_NAME.match(name):
            yield Finding(("headers", i), f"{name!r} is no header field name", "write the name without colon")
    yield from repeated(((("headers", i), name.lower()) for i, name in enumerate(configuration.headers)), "header")


def hep(configuration: Configuration) -> Iterator[Finding]:
    """Copies of messages go to somebody else: come back, each would be copied again."""
    if configuration.hep is not None and configuration.hep.address in [each.address for each in configuration.listen]:
        yield Finding(
            ("hep", "address"),
            f"{configuration.hep.address} is a listener of this proxy",
            "write the address of the capture server",
        )


def signing(configuration: Configuration) -> Iterator[Finding]:
    """Calls are signed to trunks that are there, by lists that are there."""
    sign = configuration.identity.sign
    if sign is None:
        return
    for key, kind, names in (
        ("trunks", "trunk", [trunk.name for trunk in configuration.trunks]),
        ("lists", "list", list(configuration.lists)),
    ):
        for i, name in enumerate(getattr(sign, key)):
            if name not in names:
                yield Finding(("identity", "sign", key, i), f"there is no {kind} {name!r}", known(names))


def signatures(configuration: Configuration, base: Path) -> Iterator[Finding]:
    """Files of authorities hold certificates."""
    identity = configuration.identity.under(base)
    for name in ("authorities", "https"):
        file = getattr(identity, name)
        if file is None:
            continue
        try:
            read_authorities(file)
        except CertificateFault as fault:
            yield Finding(("identity", name), fault.what, fault.hint)
    try:
        open_signing(configuration.identity, base)
    except SigningFault as fault:
        yield Finding(("identity", "sign", fault.setting), fault.what, fault.hint)


def console(configuration: Configuration) -> Iterator[Finding]:
    """Passkeys are made for a name by which browsers are answered."""
    api, host = configuration.api, urlsplit(configuration.people.console).hostname or ""
    anybody = not api.hosts and (api.behind_proxy or api.exposed)
    named = host in ("", "localhost", *api.hosts) or any(
        each.startswith("*.") and host.endswith(each[1:]) for each in api.hosts
    )
    if not (anybody or named):
        yield Finding(("people", "console"), f"who comes by the name {host} is not answered", "add it to api.hosts")


def metrics(configuration: Configuration) -> Iterator[Finding]:
    """Figures are read on the machine itself, unless somebody says by whom else."""
    address, sources = configuration.metrics, configuration.metrics_from
    if address is None:
        if sources:
            yield Finding(("metrics_from",), "there is nothing to read", "set `metrics` as well, or leave it out")
        return
    if not address.literal and address.host != "localhost":
        yield Finding(("metrics",), f"{address} is a name", "write an address of this machine")
    elif not on_loopback(address.host) and not sources:
        yield Finding(
            ("metrics",),
            f"{address} can be reached from other machines, and figures travel in clear",
            "write 127.0.0.1:PORT, or say in `metrics_from` which machines may read them",
        )
    elif on_loopback(address.host) and sources:
        yield Finding(("metrics_from",), f"nobody else reaches {address}", "set `metrics` to an address that others do")


def closed_pages(configuration: Configuration, document: Document, base: Path) -> Iterator[Fault]:
    """A reply leads to our own page for whoever is rejected, and that is not open."""
    if configuration.complaints.appeal_page:
        return
    for name, profile in configuration.profiles.items():
        if profile.url and "/console/why/" in profile.url:
            told = f"profile {name!r} leads to a page of the console that is not open"
            yield document.fault(("profiles", name, "url"), told, "set `complaints: {appeal_page: true}`", warning=True)


def lost_keys(configuration: Configuration, document: Document, base: Path) -> Iterator[Fault]:
    """A key file that is gone stops no start, and its loss is seen nowhere else."""
    key_file = base / configuration.storage.key_file
    if key_file_missed(base / configuration.storage.database, key_file):
        told, _, hint = keys_gone(key_file).rpartition(": ")
        yield document.fault(("storage", "key_file"), told, hint, warning=True)


def exchange(configuration: Configuration) -> Iterator[Finding]:
    """What partners give goes to shared lists of its own; what is given to them is ours."""
    wanted = configuration.exchange
    if (wanted.publish or wanted.partners) and not wanted.operator:
        what = "others would not know whose word it is, nor we what is an echo of ours"
        yield Finding(("exchange",), what, "write `operator:` with a domain of yours")
    for name in wanted.publish.lists if wanted.publish else ():
        here: Location = ("exchange", "publish", "lists", name)
        policy = configuration.lists.get(name)
        if policy is None:
            yield Finding(here, f"there is no list {name!r}", known(configuration.lists))
        elif policy.shared or policy.kind not in GIVEN_KINDS:
            what = "what others gave" if policy.shared else f"a list of kind {policy.kind}"
            yield Finding(here, f"{what} is not given on as ours", f"name lists of kind {', '.join(GIVEN_KINDS)}")
    for name, partner in wanted.partners.items():
        handing = partner.handing
        if handing is not None and handing.token and handing.url.startswith("http:") and not partner.networks:
            place: Location = ("exchange", "partners", name, "handing", "url")
            yield Finding(place, "the key of his API would travel in clear", "write https://")
    into: list[tuple[Location, str]] = [
        (("exchange", "partners", name, "into"), one.into) for name, one in wanted.givers.items()
    ]
    if wanted.agreed is not None:
        into.append((("exchange", "agreed", "into"), wanted.agreed.into))
    yield from repeated(((place, name) for place, name in into), "that fills list")
    for here, name in into:
        policy = configuration.lists.get(name)
        if policy is None:
            yield Finding(here, f"there is no list {name!r}", known(configuration.lists))
        elif not policy.shared or policy.kind not in TAKEN_KINDS or policy.changed_by:
            what = f"list {name!r} is not one that others may fill"
            hint = f"give it `shared: true`, a kind of {', '.join(TAKEN_KINDS)}, and no `changed_by`"
            yield Finding(here, what, hint)


def files(configuration: Configuration, base: Path) -> Iterator[Finding]:
    """Files that must be there are there; files that are made later can be made; keys are for their owner only."""
    for i, pattern in enumerate(configuration.rules):
        if not rule_files(base, pattern):
            yield Finding(("rules", i), f"no file matches {pattern!r}", f"it is looked for in {base.resolve()}")
    days = configuration.calendar
    if days is not None and not (base / days).is_file():
        yield Finding(("calendar",), f"there is no file {base / days}", "make it, or leave `calendar` out")
    for key in ("database", "key_file"):
        file = base / getattr(configuration.storage, key)
        if file.is_dir():
            yield Finding(("storage", key), f"{file} is a folder", "name a file")
    key_file = base / configuration.storage.key_file
    if key_file.is_file() and key_file.stat().st_mode & 0o077:
        yield Finding(
            ("storage", "key_file"), f"others may read {key_file}", f"take that right away: chmod 600 {key_file}"
        )
    if configuration.hep is not None and configuration.hep.password_file is not None:
        secret = base / configuration.hep.password_file
        if not secret.is_file():
            yield Finding(("hep", "password_file"), f"there is no file {secret}", "make it, mode 0600")
        elif secret.stat().st_mode & 0o077:
            yield Finding(("hep", "password_file"), f"others may read {secret}", f"run: chmod 600 {secret}")
    log = configuration.logging.file
    if log is not None and not (base / log).parent.is_dir():
        yield Finding(("logging", "file"), f"there is no folder {(base / log).parent}", "make it, or name another")


def calendar(configuration: Configuration, base: Path) -> Iterator[Fault]:
    """The lines of the operator's file of days that nobody can read; that there is none is told with its setting."""
    if configuration.calendar is None or not (base / configuration.calendar).is_file():
        return
    try:
        read_calendar(base / configuration.calendar)
    except BadCalendar as error:
        for line, wrong in error.faults:
            yield Fault(str(base / configuration.calendar), line, 1, wrong.what, wrong.hint)


def known(names: Collection[str]) -> str:
    """The advice that lists what would be right."""
    read = sorted(name for name in names if not name.startswith(UNREAD))
    return "known are " + ", ".join(read) if read else "none is configured"
