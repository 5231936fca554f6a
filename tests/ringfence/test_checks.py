"""What no single field can see: each fault of a configuration is named at its place, with what would be right."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ringfence.checks import closed_pages, ends_of_certificates
from ringfence.configuration import load_configuration, read_configuration
from rules.language.source import RuleError
from tests import signing
from tests.authority import EARLIER, PAST, Authority

SIGN = "{key: k.pem, certificate: c.pem, url: 'https://a.example/c.pem'"
SOUND = """\
version: 1
listen:
  - address: 127.0.0.1:5060
pbxes:
  - {name: pbx, addresses: [127.0.0.1:5080]}
trunks:
  - name: default
"""


def faults(folder: Path, text: str) -> list[str]:
    """The faults of a file, each without the folder's name."""
    file = folder / "ringfence.yaml"
    file.write_text(text)
    try:
        load_configuration(file)
    except RuleError as error:
        return [str(fault).removeprefix(f"{folder}/") for fault in error.faults]
    return []


def only_fault(folder: Path, text: str) -> str:
    found = faults(folder, text)
    assert len(found) == 1, found
    return found[0]


def test_a_sound_file_has_no_fault(tmp_path):
    assert faults(tmp_path, SOUND) == []


def test_who_is_only_asked_needs_no_pbx(tmp_path):
    assert (
        faults(
            tmp_path, SOUND.replace("\n  - {name: pbx, addresses: [127.0.0.1:5080]}", " []") + "    answer: redirect\n"
        )
        == []
    )


@pytest.mark.parametrize(
    ("was", "becomes", "place", "what"),
    [
        ("127.0.0.1:5060", "0.0.0.0:5060", "3:14", "add `advertise:`"),
        ("127.0.0.1:5060", "proxy.example.com", "3:14", "is no address"),
        (":5060", ":5060\n    advertise: 0.0.0.0", "4:16", "can't be reached"),
        (":5060", ":5060\n  - address: 127.0.0.1:5060", "4:14", "a second listener"),
        ("[127.0.0.1:5080]", "[127.0.0.1:5060]", "5:29", "calls would circle"),
        ("[127.0.0.1:5080]", "[127.0.0.1:5080, 127.0.0.1:5080]", "5:45", "a second pbx at"),
        ("5080]}", "5080], outbound_trunk: carrier}", "5:62", "no trunk is named 'carrier'; known are default"),
        ("5080]}", "5080], weights: [1, 2]}", "5:55", "2 weights for 1 of `addresses`"),
        ("name: default", "name: default\n    weights: [1]", "8:14", "1 weights for 0 of `send_to`"),
        ("5080]}", "5080], outbound_trunk: default}", "5:62", "has no `send_to`"),
        ("name: default", "name: default\n    pbx: other", "8:10", "no pbx is named 'other'; known are pbx"),
        ("name: default", "name: default\n    identity: trusted", "8:15", "can't be trusted"),
        ("name: default", "name: default\n    cli: screened", "8:10", "nobody checked From"),
        ("name: default", "name: default\n    addresses: [192.0.2.1]", "8:16", "has no addresses of its own"),
        (
            "pbxes:\n  - {name: pbx, addresses: [127.0.0.1:5080]}",
            "pbxes: []",
            "4:8",
            "calls of trunk 'default' would lead nowhere",
        ),
        ("name: default", "name: default\n    redirect: {forward: 503}", "8:15", "its calls are carried"),
        (
            "default",
            "sbc\n    addresses: [127.0.0.1]\n    answer: redirect",
            "8:16",
            "pbx 'pbx''s, so that it is not judged",
        ),
        (
            "default",
            "default\n    answer: redirect\n    methods: [MESSAGE, INFO]",
            "9:14",
            "calls and MESSAGE are answered",
        ),
        ("name: default", "name: default\n    profile: loud", "8:14", "no profile is named 'loud'; known are decline"),
        ("name: default", "name: default\n    emergency: ['-']", "8:17", "is no emergency number"),
        ("name: default", "name: default\n    not_emergency: ['-']", "8:21", "is no emergency number"),
        ("name: default", "name: default\n    tag_at: 11", "8:13", "reject at 10 already"),
        ("name: default", "name: default\n    reject_at: 0", "8:16", "would tag at 5"),
        ("name: default", "name: default\n  - name: carrier", "8:5", "no call would ever be its"),
        ("name: default", "name: default\n  - {name: default}", "8:12", "a second trunk 'default'"),
    ],
)
def test_peers_fit_together(tmp_path, was, becomes, place, what):
    found = only_fault(tmp_path, SOUND.replace(was, becomes, 1))
    assert found.startswith(f"ringfence.yaml:{place}: ")
    assert what in found


@pytest.mark.parametrize("uri", ["sip:1@192.0.2.7", "sip:1@192.0.2.8:5070"])
def test_a_destination_is_no_trunk(tmp_path, uri):
    """What comes from a destination is not judged."""
    trunk = "  - {name: a, addresses: [192.0.2.7], send_to: ['192.0.2.8:5070']}\n"
    found = only_fault(tmp_path, f"{SOUND}{trunk}destinations: {{desk: '{uri}'}}\n")
    assert "is trunk 'a', whose own calls would no longer be judged" in found


def test_an_address_belongs_to_one_trunk(tmp_path):
    text = SOUND + "  - {name: a, addresses: [192.0.2.7]}\n  - {name: b, addresses: [198.51.100.0/24, 192.0.2.7]}\n"
    assert "9:44: 192.0.2.7 is already in trunk 'a'" in only_fault(tmp_path, text)


def test_a_network_inside_another_is_no_fault(tmp_path):
    assert (
        faults(tmp_path, SOUND + "  - {name: a, addresses: [10.0.0.0/8]}\n  - {name: b, addresses: [10.1.0.0/16]}\n")
        == []
    )


@pytest.mark.parametrize(
    ("line", "place", "what"),
    [
        ("profiles: {quiet: {status: 607}}", "8:28", "607 is the callee's word"),
        ("profiles: {quiet: {reason: none, cause: 21}}", "8:41", "a cause without a Reason"),
        ("profiles: {quiet: {reason: Q.850, cause: 603}}", "8:42", "no Q.850 cause"),
        ("profiles: {a: {analytics: true, status: 608, url: 'https://a.example'}}", "8:41", "603+ is a 603"),
        ("profiles: {a: {analytics: true, reason: none, tel: '+1800'}}", "8:41", "603+ says why in Reason"),
        ("profiles: {a: {analytics: true}}", "8:27", "603+ names whom its caller may turn to"),
        ("profiles: {a: {reason: none, location: LN}}", "8:40", "a location without a Reason"),
        ("profiles: {a: {card: 'https://a.example/c'}}", "8:22", "a signed card goes with 608"),
        ("profiles: {a: {status: 486, otherwise: decline}}", "8:40", "486 is said to anybody"),
        ("profiles: {a: {status: 608, otherwise: none}}", "8:40", "no profile is named 'none'"),
        ("profiles: {a: {url: 'http://a.example'}}", "8:21", "is no address of a page; write one such as"),
        ("profiles: {a: {url: 'https://u:p@a.example'}}", "8:21", "is no address of a page"),
        ("profiles: {a: {url: 'https://a.example/;x'}}", "8:21", "would end it in a header field"),
        ("profiles: {a: {url: 'https://a.example/{number}'}}", "8:21", "{decision} is its one name"),
        ("profiles: {a: {status: 608, card: 'https://a.example/{decision}'}}", "8:35", "a card is signed once"),
        ("profiles: {a: {email: 'a b@example.com'}}", "8:23", "email"),
        ("profiles: {a: {tel: '110'}}", "8:21", "tel"),
        ('profiles: {a: {phrase: "No\\r\\nVia: x"}}', "8:24", "phrase"),
        ('profiles: {a: {headers: {X-A: "b\\r\\nVia: x"}}}', "8:31", "a control character in the value"),
        ('profiles: {a: {headers: {X-A: "b\\u2028c"}}}', "8:31", "a control character in the value"),
        ('profiles: {a: {headers: {X-A: "b\\n"}}}', "8:31", "a control character in the value"),
        ("profiles: {a: {headers: {X-A: ''}}}", "8:31", "the value is empty"),
        ("profiles: {a: {headers: {Via: x}}}", "8:31", "Via is written by the proxy itself"),
        ("profiles: {a: {headers: {x-ringfence-rule: x}}}", "8:44", "is written by the proxy itself"),
        ("profiles: {a: {headers: {X A: x}}}", "8:31", "is no header field name"),
        ("profiles: {a: {headers: {X-A: '{rule}'}}}", "8:31", "{rule} stands for nothing; known are {decision}, {url}"),
        ("profiles: {a: {headers: {X-A: '{url}'}}}", "8:31", "the profile has no `url`"),
        ("profiles: {a: {headers: {X-A: 1, x-a: 2}}}", "8:39", "a second header"),
        ("lists: {a: {kind: allow, divert: x}}", "8:34", "a list of kind allow rejects nothing by itself"),
        ("lists: {a: {kind: block, divert: x}}", "8:34", "no destination is named 'x'"),
        ("lists: {a: {kind: block, profile: x}}", "8:35", "no profile is named 'x'; known are decline"),
        ("complaints: {ladder_divert: {reject: x}}", "8:38", "no destination is named 'x'"),
        ("thresholds: {divert: x}", "8:22", "no destination is named 'x'"),
        (
            "lists: {a: {kind: block, profile: decline, divert: x}}\ndestinations: {x: sip:x@192.0.2.1}",
            "8:35",
            "its callers are diverted",
        ),
        ("actions: {mine: [tag]}", "8:17", "no plug-in of ringfence.actions is named 'mine'; none is configured"),
        ("destinations: {desk: sip:desk@127.0.0.1:5060}", "8:22", "is this proxy, so diverted calls would circle"),
        ("destinations: {desk: tel:110}", "8:22", "'tel:110' is no destination; write one such as sip:desk@"),
        ("destinations: {desk: sip:192.0.2.1}", "8:22", "is no destination"),
        ("destinations: {desk: 'sip:a:secret@192.0.2.1'}", "8:22", "a password in a URI is shown to everybody"),
        ("destinations: {desk: sip:a@192.0.2.1;transport=tcp}", "8:22", "no listener has transport tcp"),
        ("destinations: {desk: sip:a@192.0.2.1;transport=sctp}", "8:22", "calls do not go out by that transport"),
        ("destinations: {desk: sip:a@192.0.2.1;maddr=192.0.2.2}", "8:22", "leave out maddr"),
        ("complaints: {feature_code: 33}", "8:28", "'33' could be a number; write * or # and up to 15 digits"),
        ("complaints: {feature_code: '*'}", "8:28", "could be a number"),
        ("complaints: {announcement: thanks, feature_code: '*33'}", "8:28", "no destination is named 'thanks'"),
        ("destinations: {a: sip:a@192.0.2.1}\ncomplaints: {announcement: a}", "9:28", "there is no feature code"),
        ("limits: {stranger_calls_burst: 5}", "8:32", "no rate that this would be a burst of"),
        ("thresholds: {tag: 11}", "8:19", "no call would be tagged"),
        ('label: "a\\tb"', "8:8", "control character"),
        ('label: "\\u200b "', "8:8", "a label of which nothing is to be seen"),
        ('label: "a\\u202e"', "8:8", "a mark in the label that turns the direction of writing"),
        ("label: '[!]'\nrecord_route: false", "8:8", "the caller would see the label"),
        ("distinct_ring: ding", "8:16", "is no URI"),
        ("headers: [X-Score, x-score]", "8:20", "a second header"),
        ("headers: ['X Score']", "8:11", "is no header field name"),
        ("people: {console: 'https://a.example.com/console'}", "8:19", "add it to api.hosts"),
        ("metrics: 0.0.0.0:9464", "8:10", "can be reached from other machines"),
        ("metrics: metrics.example.com:9464", "8:10", "is a name"),
        ("metrics_from: [192.0.2.0/24]", "8:15", "there is nothing to read"),
        ("identity: {authorities: none.pem, hosts: [a.example]}", "8:25", "can't be read"),
        (f"identity: {{sign: {SIGN}}}}}", "8:24", "k.pem can't be read"),
        ("hep: {address: 127.0.0.1:5060}", "8:16", "is a listener of this proxy"),
        ("hep: {address: homer.example.com}", "8:16", "names are not asked for"),
        ("hep: {address: 127.0.0.1:9060, password_file: none}", "8:47", "there is no file"),
        ("metrics: 127.0.0.1:9464\nmetrics_from: [192.0.2.0/24]", "9:15", "nobody else reaches 127.0.0.1:9464"),
        ("rules: [rules.d/*.yaml]", "8:9", "no file matches 'rules.d/*.yaml'"),
        ("storage: {database: .}", "8:21", "is a folder"),
        ("logging: {file: logs/calls.log}", "8:17", "there is no folder"),
    ],
)
def test_the_rest_fits_too(tmp_path, line, place, what):
    found = only_fault(tmp_path, SOUND + line + "\n")
    assert found.startswith(f"ringfence.yaml:{place}: ")
    assert what in found


def test_a_feature_code_stands_in_no_way_of_an_emergency_call(tmp_path):
    text = SOUND.replace("default", "default\n    emergency: ['*33']") + "complaints: {feature_code: '*33'}\n"
    assert "*33 is an emergency number of trunk 'default'" in only_fault(tmp_path, text)
    assert faults(tmp_path, SOUND + "complaints: {feature_code: '#33#'}\n") == []


def test_a_file_of_days_is_read_line_by_line(tmp_path):
    days = tmp_path / "days"
    assert "8:11: there is no file" in only_fault(tmp_path, SOUND + "calendar: days\n")
    days.write_text("2026-10-10 work\n2026-10-12 closed\n")
    assert only_fault(tmp_path, SOUND + "calendar: days\n").startswith("days:2:1: that is no day; write it with work")
    days.write_text("2026-10-10 work\n")
    assert faults(tmp_path, SOUND + "calendar: days\n") == []


@pytest.mark.parametrize("address", ["127.0.0.1:9464", "127.0.0.53:9464", "[::1]:9464", "localhost:9464"])
def test_metrics_on_the_machine_itself(tmp_path, address):
    assert faults(tmp_path, f'{SOUND}metrics: "{address}"\n') == []


def test_metrics_off_the_machine_where_it_is_said_for_whom(tmp_path):
    assert faults(tmp_path, f"{SOUND}metrics: 0.0.0.0:9464\nmetrics_from: [192.0.2.7, 198.51.100.0/24]\n") == []


def test_keys_are_for_their_owner_only(tmp_path):
    keys = tmp_path / "ringfence.keys"
    keys.touch(mode=0o600)
    text = SOUND + "storage: {key_file: ringfence.keys}\n"
    assert faults(tmp_path, text) == []
    keys.chmod(0o640)
    assert f"chmod 600 {keys}" in only_fault(tmp_path, text)


def test_all_faults_at_once_in_the_order_of_the_file(tmp_path):
    text = SOUND.replace("default", "default\n    identity: trusted\n    profile: loud") + "metrics: 0.0.0.0:1\n"
    assert [fault.split(":")[1] for fault in faults(tmp_path, text)] == ["8", "9", "10"]


@pytest.mark.parametrize("code", ["UK", "XX"])
def test_a_country_that_does_not_exist_is_a_fault_of_trunk_and_home(tmp_path, code):
    in_trunk = only_fault(tmp_path, SOUND + f"    country: {code}\n")
    assert in_trunk.startswith(f"ringfence.yaml:8:14: country: '{code}' is no country of ISO 3166; ")
    at_home = only_fault(tmp_path, SOUND + f"country: {code}\n")
    assert at_home.startswith(f"ringfence.yaml:8:10: country: '{code}' is no country of ISO 3166; ")


def test_the_home_country_is_the_one_that_was_set_else_the_only_one_of_the_trunks(tmp_path):
    file = tmp_path / "ringfence.yaml"
    abroad = "    country: CN\n  - {name: abroad, addresses: [192.0.2.1], country: HK}\n"
    for more, country, home in [
        ("", "", ""),
        ("    country: cn\n", "CN", "CN"),
        (abroad, "", "CN HK"),
        (f"{abroad}country: CN\n", "CN", "CN"),
    ]:
        file.write_text(SOUND + more)
        configuration = load_configuration(file)
        assert (configuration.country, configuration.home) == (country, home)


@pytest.mark.parametrize(
    ("more", "place", "what"),
    [
        ("complaints: {officers: [li], released_by: [wang]}", "8:43", "nobody can release a seal: none of these is an"),
        ("complaints: {officers: [li, zhao], released_by: [wang, chen]}", "8:49", "nobody can release"),
        ('complaints: {officers: ["li "]}', "8:25", "'li ' is no login name"),
        ('complaints: {released_by: [""]}', "8:28", "'' is no login name"),
        (
            "complaints: {officers: [li]}\nlists: {sealed: {kind: sealed, changed_by: [wang]}}",
            "9:44",
            "nobody can seal a number",
        ),
    ],
)
def test_officers_among_whom_nobody_can_do_it_are_refused(tmp_path, more, place, what):
    fault = only_fault(tmp_path, SOUND + more)
    assert fault.startswith(f"ringfence.yaml:{place}: "), fault
    assert what in fault


@pytest.mark.parametrize(
    "more",
    [
        "complaints: {officers: [li, wang], released_by: [wang, chen]}",
        "complaints: {released_by: [wang]}",
        "complaints: {officers: [li]}\nlists: {sealed: {kind: sealed, changed_by: [li, wang]}}",
    ],
)
def test_officers_among_whom_somebody_can(tmp_path, more):
    assert faults(tmp_path, SOUND + more) == []


@pytest.mark.parametrize("host", ["192.0.2.999", "-pbx", "pbx-", "pbx..example", "pbx.5", "p%bx", "a" * 64])
def test_what_is_neither_address_nor_name_is_no_host(tmp_path, host):
    assert "ringfence.yaml:5:" in only_fault(tmp_path, SOUND.replace("127.0.0.1:5080", f"'{host}:5080'"))
    diverted = SOUND + f"destinations: {{desk: 'sip:desk@{host}'}}\n"
    assert len(faults(tmp_path, diverted)) == 1


@pytest.mark.parametrize("host", ["pbx", "pbx_1", "pbx.example.com.", "xn--fsq.example", "5060.example"])
def test_names_are_hosts(tmp_path, host):
    assert faults(tmp_path, SOUND.replace("127.0.0.1:5080", f"{host}:5080")) == []


TLS = "tls: {certificates: [{certificate: ours.pem}], authorities: ca.pem}\n"


@pytest.fixture
def signed(tmp_path):
    authority = Authority(tmp_path)
    authority.sign("sbc.example.com", file="ours")
    return tmp_path


def with_tls(more: str = TLS) -> str:
    return SOUND.replace("5060\n", "5060\n  - {address: 127.0.0.1, transport: tls}\n", 1) + more


def test_a_listener_of_tls_with_its_certificate_is_sound_and_has_the_port_of_tls(signed):
    assert faults(signed, with_tls()) == []
    configuration = load_configuration(signed / "ringfence.yaml")
    assert str(configuration.listen[1].address) == "127.0.0.1:5061"
    assert configuration.tls.certificates[0].certificate == signed / "ours.pem", "whole, whatever folder we run in"


@pytest.mark.parametrize(
    ("more", "place", "what"),
    [
        ("", "4:37", "needs a certificate, and `tls.certificates` names none"),
        (TLS.replace("ours", "none"), "9:36", "none.pem can't be read: No such file or directory"),
        (TLS.replace("ours", "ca"), "9:36", "there is no key in"),
        (TLS.replace("ca.pem", "none.pem"), "9:61", "none.pem can't be read"),
        (TLS.replace("[{cert", "[{key: ca.pem, cert"), "9:49", "there is no key in"),
    ],
)
def test_certificates_that_can_not_be_used_are_named_at_their_place(signed, more, place, what):
    found = only_fault(signed, with_tls(more))
    assert found.startswith(f"ringfence.yaml:{place}: ")
    assert what in found


def test_a_certificate_that_ended_or_soon_will_is_warned_of_and_stops_no_start(signed):
    now = datetime.now(UTC)
    authority, file = Authority(signed), signed / "ringfence.yaml"
    for ends, told in ((PAST, "ours.pem ended on 2020-01-01 00:00 UTC"), (now + timedelta(13), "ours.pem ends on ")):
        authority.sign("sbc.example.com", file="ours", not_before=EARLIER, not_after=ends)
        assert faults(signed, with_tls(TLS + "api: {certificate: ours.pem}\n")) == []
        found = list(ends_of_certificates(*read_configuration(file), signed))
        assert [(fault.line, fault.column, fault.warning) for fault in found] == [(9, 36, True), (10, 20, True)]
        assert all(fault.what.startswith(told) for fault in found)
    authority.sign("sbc.example.com", file="ours", not_after=now + timedelta(15))
    assert not list(ends_of_certificates(*read_configuration(file), signed))


def test_a_key_that_everybody_may_read_is_named(signed):
    (signed / "ours.pem").chmod(0o604)
    assert "everybody may read" in only_fault(signed, with_tls())


@pytest.mark.parametrize(
    ("was", "becomes", "place", "what"),
    [
        ("127.0.0.1:5080", "tcp:127.0.0.1:5080", "5:29", "no listener has transport tcp"),
        ("127.0.0.1:5080", "'tls:[::1]:5080'", "5:29", "no listener has transport tls"),
        ("127.0.0.1:5080", "'ws:127.0.0.1'", "5:29", "'ws' is no transport that we send by; write udp, tcp, tls"),
        ("5080]}", "5080], names: ['*.example.com']}", "5:54", "has a wildcard"),
        (
            "default",
            "default\n    names: [a.example]\n  - {name: b, names: [a.example]}",
            "9:23",
            "already the name of",
        ),
        ("5060\n", "5060\n  - {address: 127.0.0.1:5060, transport: udp}\n", "4:15", "a second listener"),
    ],
)
def test_transports_fit_together(tmp_path, was, becomes, place, what):
    found = only_fault(tmp_path, SOUND.replace(was, becomes, 1))
    assert found.startswith(f"ringfence.yaml:{place}: ")
    assert what in found


def test_udp_and_tcp_may_listen_at_one_address_and_a_next_hop_of_another_family_is_named(tmp_path):
    both = SOUND.replace("5060\n", "5060\n  - {address: 127.0.0.1:5060, transport: tcp}\n", 1)
    assert faults(tmp_path, both) == []
    assert "tcp of its family" in only_fault(tmp_path, both.replace("[127.0.0.1:5080]", "['tcp:[::1]:5080']"))


def test_calls_are_signed_to_trunks_and_by_lists_that_are_there(tmp_path):
    said = faults(tmp_path, SOUND + f"identity: {{sign: {SIGN}, trunks: [none], lists: [ours]}}}}\n")
    assert any("there is no trunk 'none'; known are default" in each for each in said)
    assert any("there is no list 'ours'; none is configured" in each for each in said)


def test_a_reply_that_leads_to_a_page_that_is_not_open_is_warned_of(tmp_path):
    page = "profiles: {a: {url: 'https://a.example/console/why/{decision}'}}\n"
    assert faults(tmp_path, SOUND + page) == []
    [told] = closed_pages(*read_configuration(tmp_path / "ringfence.yaml"), tmp_path)
    assert (told.line, told.column, told.warning) == (8, 21, True)
    assert faults(tmp_path, SOUND + page + "complaints: {appeal_page: true}\n") == []
    assert not list(closed_pages(*read_configuration(tmp_path / "ringfence.yaml"), tmp_path))


def test_the_end_of_the_certificate_that_signs_calls_is_a_warning(tmp_path):
    now = time.time()
    made = signing.Authority().sign(begins=now - 60, ends=now - 1)
    (tmp_path / "k.pem").write_bytes(made.key_pem)
    (tmp_path / "k.pem").chmod(0o600)
    (tmp_path / "c.pem").write_bytes(made.published)
    text = SOUND + f"identity: {{sign: {SIGN}}}}}\n"
    assert faults(tmp_path, text) == []
    given, document = read_configuration(tmp_path / "ringfence.yaml")
    [warned] = ends_of_certificates(given, document, tmp_path)
    assert warned.warning
    assert "calls leave unsigned" in warned.what
