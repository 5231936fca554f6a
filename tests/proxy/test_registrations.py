"""REGISTER through the proxy, both ways: what it registers leads back here, and only to who registered it."""

from __future__ import annotations

import pytest

from proxy.registrations import read_binding
from tests import wire
from tests.peers.process import eventually
from tests.playbook import REJECT, SETTINGS, Playbook, from_callee, in_dialog, only
from tests.streaming import Line, Street, street

PHONE = ("192.0.2.66", 40123)  # a telephone behind translation
INNER = "10.0.0.5"
VIA_PHONE = f"SIP/2.0/UDP {INNER}:5060;rport;branch=z9hG4bKphone"
VIA_PBX = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKpbx"
CARRIER = SETTINGS["trunks"][0]
PHONES = {"name": "default", "country": "CN", "methods": ["REGISTER"]}


@pytest.fixture
def play():
    return Playbook(trunks=[CARRIER, PHONES])


def register(contact: str = f"sip:wren@{INNER}:5060;ob", *, extra: str = "", via: str = VIA_PHONE, **fields) -> bytes:
    """A telephone's, as it leaves there."""
    fields.setdefault("uri", "sip:rook.example")
    fields.setdefault("to", "<sip:wren@rook.example>")
    fields.setdefault("from_", "<sip:wren@rook.example>;tag=reg")
    lines = f'Contact: "Wren" <{contact}>;q=0.7;expires=600\n{extra}'
    return wire.request("REGISTER", via=via, extra=lines, call_id="reg-1", **fields)


def from_pbx(**fields) -> bytes:
    """The PBX's own, to its carrier."""
    fields = {"via": VIA_PBX, "uri": "sip:198.51.100.21", "contact": "sip:office@203.0.113.10:5060", **fields}
    return register(fields.pop("contact"), **fields)


def address(line: str) -> str:
    """What stands in <>."""
    return line.partition("<")[2].partition(">")[0]


def registered(play: Playbook, data: bytes, *, source=PHONE, at=wire.PBX, **answer) -> tuple[str, str, bytes]:
    """A REGISTER that the registrar accepts: the Contact that it holds, the Path that it holds, and the 200."""
    down = only(play.receive(data, source), to=at)
    contact, paths = wire.header(down, "Contact"), wire.headers(down, "Path")
    extra = "".join(f"Path: {path}\n" for path in paths) + f"Contact: {contact}\nService-Route: <sip:s.example;lr>"
    up = only(play.receive(wire.response(200, down, **{"extra": extra, **answer}), at), to=source)
    return address(contact), address(paths[0]) if paths else "", up


def test_a_telephones_contact_leads_back_here_and_its_expiry_is_kept(play: Playbook):
    down = only(play.trunk(register(), PHONE), to=wire.PBX)
    contact = wire.header(down, "Contact")
    assert contact.startswith(f'"Wren" <sip:wren@{wire.US};rf=k1~')
    assert contact.endswith(">;q=0.7;expires=600")
    assert INNER not in contact
    assert wire.uri(down) == "sip:rook.example"


def test_the_telephone_gets_its_own_contact_back_and_service_route_untouched(play: Playbook):
    _, _, up = registered(play, register())
    assert wire.header(up, "Contact") == f'"Wren" <sip:wren@{INNER}:5060;ob>;q=0.7;expires=600'
    assert wire.header(up, "Service-Route") == "<sip:s.example;lr>"


def test_refreshing_makes_no_second_binding(play: Playbook):
    """A registrar tells bindings apart by their Contact."""
    first = registered(play, register())[0]
    assert registered(play, register(cseq=2, via=VIA_PHONE + "2"))[0] == first
    other = Playbook(trunks=[CARRIER, PHONES])
    assert registered(other, register())[0] == first, "nor does a restart, or another node"


def test_a_call_of_the_pbx_reaches_the_telephone_by_the_flow_it_registered_by(play: Playbook):
    contact, _, _ = registered(play, register())
    sent = only(play.pbx(wire.invite(uri=contact, via=VIA_PBX)), to=PHONE)
    assert wire.uri(sent) == f"sip:wren@{INNER}:5060;ob"
    up = only(play.trunk(wire.answer(sent, extra=f"Contact: <sip:wren@{INNER}:5060>"), PHONE), to=wire.PBX)
    only(play.pbx(in_dialog("ACK", up, via=VIA_PBX + "a")), to=PHONE)
    only(play.pbx(in_dialog("BYE", up, cseq=2, via=VIA_PBX + "b")), to=PHONE)
    assert play.calls == [], "calls of the PBX are not judged"


def test_after_a_restart_the_telephone_is_still_reached(play: Playbook):
    contact, _, _ = registered(play, register())
    again = Playbook(trunks=[CARRIER, PHONES])
    only(again.pbx(wire.invite(uri=contact, via=VIA_PBX)), to=PHONE)


@pytest.mark.parametrize("method", ["OPTIONS", "NOTIFY", "MESSAGE"])
def test_what_else_a_pbx_sends_a_telephone_arrives_as_well(play: Playbook, method: str):
    contact, _, _ = registered(play, register(f"sip:{INNER}"))
    sent = only(play.pbx(wire.request(method, uri=contact, via=VIA_PBX)), to=PHONE)
    assert wire.uri(sent) == f"sip:{INNER}"


def test_digest_passes_end_to_end_unchanged(play: Playbook):
    challenge = 'WWW-Authenticate: Digest realm="rook",nonce="n0nce",qop="auth"'
    down = only(play.trunk(register(), PHONE), to=wire.PBX)
    up = only(play.pbx(wire.response(401, down, extra=challenge)), to=PHONE)
    assert wire.header(up, "WWW-Authenticate") == challenge.partition(": ")[2]
    proof = 'Digest username="wren",realm="rook",nonce="n0nce",uri="sip:rook.example",response="00ff"'
    again = register(cseq=2, via=VIA_PHONE + "2", extra=f"Authorization: {proof}")
    assert wire.header(only(play.trunk(again, PHONE), to=wire.PBX), "Authorization") == proof


# Path


PATH = "Supported: path"


def test_who_knows_path_is_registered_by_path_and_keeps_his_contact(play: Playbook):
    contact, path, up = registered(play, register(extra=PATH))
    assert contact == f"sip:wren@{INNER}:5060;ob"
    assert path.startswith("sip:k1~")
    assert path.endswith(f"@{wire.US};lr")
    sent = only(play.pbx(wire.invite(uri=contact, via=VIA_PBX, extra=f"Route: <{path}>")), to=PHONE)
    assert wire.uri(sent) == contact
    assert wire.headers(sent, "Route") == []
    assert wire.header(up, "Contact").endswith("expires=600")


def test_a_proxy_before_us_stays_in_the_path(play: Playbook):
    before = "<sip:edge.example;lr>"
    _, path, _ = registered(play, register(extra=f"{PATH}\nPath: {before}"))
    route = f"Route: <{path}>, {before}"
    contact = f"sip:wren@{INNER}:5060;ob"
    sent = only(play.pbx(wire.invite(uri=contact, via=VIA_PBX, extra=route)), to=PHONE)
    assert wire.headers(sent, "Route") == [before]


def test_a_registrar_that_refuses_path_is_sent_the_same_without_it(play: Playbook):
    """Asterisk does where `support_path` is not set."""
    down = only(play.trunk(register(extra=PATH), PHONE), to=wire.PBX)
    again = only(play.pbx(wire.response(420, down, extra="Unsupported: path")), to=wire.PBX)
    assert wire.headers(again, "Path") == []
    assert ";rf=" in wire.header(again, "Contact")
    assert wire.branch(again) != wire.branch(down)
    assert only(play.pbx(wire.response(200, again)), to=PHONE)
    assert ";rf=" in registered(play, register(extra=PATH, cseq=2, via=VIA_PHONE + "2"))[0], "it is remembered"


def test_a_registrar_that_ignores_path_is_noticed_and_not_trusted_with_it_again(play: Playbook):
    down = only(play.trunk(register(extra=PATH), PHONE), to=wire.PBX)
    extra = f"Contact: {wire.header(down, 'Contact')}\nExpires: 3600"
    up = only(play.pbx(wire.response(200, down, extra=extra)), to=PHONE)
    assert wire.header(up, "Contact").endswith(";q=0.7;expires=30"), "it is to register again soon"
    assert wire.header(up, "Expires") == "30"
    assert dict(play.core.registrations) == {"nothing": 1}
    again = only(play.trunk(register(extra=PATH, cseq=2, via=VIA_PHONE + "2"), PHONE), to=wire.PBX)
    ours, past = wire.headers(again, "Contact")
    assert ";rf=" in ours
    assert past == f"<sip:wren@{INNER}:5060;ob>;expires=0", "what led past us is ended"
    play.pbx(wire.response(200, again, extra=f"Contact: {ours}"))
    assert ";rf=" in registered(play, register(extra=PATH, cseq=3, via=VIA_PHONE + "3"))[0], "by one Contact as before"
    assert dict(play.core.registrations) == {"nothing": 1, "contact": 2}


def test_outbound_is_handed_on(play: Playbook):
    extra = "Supported: path, outbound"
    data = register(extra=extra).replace(b";q=0.7", b';reg-id=1;+sip.instance="<urn:uuid:0>"')
    contact = wire.header(only(play.trunk(data, PHONE), to=wire.PBX), "Contact")
    assert 'reg-id=1;+sip.instance="<urn:uuid:0>"' in contact


# The PBX side


def test_a_pbx_registers_with_its_carrier_and_calls_in_are_judged(play: Playbook):
    contact, _, up = registered(play, from_pbx(), source=wire.PBX, at=wire.TRUNK)
    assert contact.startswith(f"sip:office@{wire.US};rf=")
    assert address(wire.header(up, "Contact")) == "sip:office@203.0.113.10:5060"
    sent = only(play.trunk(wire.invite(uri=contact)), to=wire.PBX)
    assert wire.uri(sent) == "sip:office@203.0.113.10:5060"
    assert len(play.calls) == 1
    play.verdict = REJECT
    [refused] = play.trunk(wire.invite(uri=contact, call_id="another", via="SIP/2.0/UDP h;branch=z9hG4bKother"))
    assert refused.status == 603


def test_a_carrier_that_calls_a_number_there_is_understood(play: Playbook):
    contact, _, _ = registered(play, from_pbx(), source=wire.PBX, at=wire.TRUNK)
    called = contact.replace("sip:office@", f"sip:{wire.CALLED}@")
    sent = only(play.trunk(wire.invite(uri=called)), to=wire.PBX)
    assert wire.uri(sent) == f"sip:{wire.CALLED}@203.0.113.10:5060"
    assert play.calls[0].called.canonical == wire.CALLED


def test_by_path_calls_in_are_judged_as_well(play: Playbook):
    contact, path, _ = registered(play, from_pbx(extra=PATH), source=wire.PBX, at=wire.TRUNK)
    assert contact == "sip:office@203.0.113.10:5060"
    sent = only(play.trunk(wire.invite(uri=contact, extra=f"Route: <{path}>, <sip:10.9.9.9;lr>")), to=wire.PBX)
    assert (wire.uri(sent), wire.headers(sent, "Route"), len(play.calls)) == (contact, [], 1)


def test_a_second_pbx_that_registered_has_its_calls(play: Playbook):
    other = ("203.0.113.50", 5060)
    play = Playbook(trunks=[CARRIER], pbxes=[*SETTINGS["pbxes"], {"name": "home", "addresses": ["203.0.113.50"]}])
    data = from_pbx(contact="sip:home@172.17.0.2:5060", via="SIP/2.0/UDP 203.0.113.50;branch=z9hG4bKhome")
    contact, _, _ = registered(play, data, source=other, at=wire.TRUNK)
    sent = only(play.trunk(wire.invite(uri=contact)), to=other)
    assert wire.uri(sent) == "sip:home@172.17.0.2:5060"


def test_pbxes_register_with_each_other_as_they_wish(play: Playbook):
    data = from_pbx(uri="sip:203.0.113.11")
    down = only(play.pbx(data), to=wire.PBX2)
    assert address(wire.header(down, "Contact")) == "sip:office@203.0.113.10:5060"


# What does not pass


def test_who_may_not_register_is_told_what_he_may():
    play = Playbook()
    [refused] = play.trunk(register(via="SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKone"))
    assert refused.status == 405
    assert "INVITE" in wire.header(refused.data, "Allow")
    assert "REGISTER" not in wire.header(refused.data, "Allow")


def forged(contact: str) -> list[str]:
    wrapped = contact.partition("rf=")[2]
    turned = wrapped[:-3] + ("a" if wrapped[-3] != "a" else "b") + wrapped[-2:]
    return [contact.replace(wrapped, each) for each in (turned, "k1~", "k1~aaaa", "k9~" + wrapped[3:], wrapped[:-8])]


def test_an_altered_contact_leads_nowhere(play: Playbook):
    phone, _, _ = registered(play, register())
    office, _, _ = registered(play, from_pbx(), source=wire.PBX, at=wire.TRUNK)
    for number, uri in enumerate(forged(phone)):
        sent = play.pbx(wire.invite(uri=uri, via=f"{VIA_PBX}{number}", call_id=f"c{number}"))
        assert [each.status for each in sent] == [403], uri
    for number, uri in enumerate(forged(office)):
        data = wire.invite(uri=uri, via=f"SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKf{number}", call_id=f"d{number}")
        assert [each.status for each in play.trunk(data)] == [403], uri
    assert play.calls == []


def test_an_altered_path_leads_nowhere(play: Playbook):
    _, path, _ = registered(play, register(extra=PATH))
    route = f"Route: <{path.replace('sip:k1~', 'sip:k1~a')}>"
    sent = play.pbx(wire.invite(uri=f"sip:wren@{INNER}", via=VIA_PBX, extra=route))
    assert [each.status for each in sent] == [403]


def test_nobody_outside_reaches_a_telephone_past_the_pbx(play: Playbook):
    phone, path, _ = registered(play, register())
    _, path, _ = registered(play, register(extra=PATH, cseq=2, via=VIA_PHONE + "2"))
    for number, words in enumerate(({"uri": phone}, {"extra": f"Route: <{path}>"})):
        data = wire.invite(via=f"SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKn{number}", call_id=f"n{number}", **words)
        assert [each.status for each in play.trunk(data)] == [403]


def test_a_pbx_does_not_call_itself_by_its_binding(play: Playbook):
    office, _, _ = registered(play, from_pbx(), source=wire.PBX, at=wire.TRUNK)
    assert [each.status for each in play.pbx(wire.invite(uri=office, via=VIA_PBX))] == [403]


def test_an_emergency_call_passes_whatever_binding_it_names(play: Playbook):
    office, _, _ = registered(play, from_pbx(), source=wire.PBX, at=wire.TRUNK)
    for number, uri in enumerate(forged(office.replace("office", "110"))):
        data = wire.invite(uri=uri, via=f"SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKe{number}", call_id=f"e{number}")
        only(play.trunk(data), to=wire.PBX)


@pytest.mark.parametrize(
    ("contact", "phrase"),
    [
        ("sip:wren@" + "a" * 600, "Contact Too Long"),
        ("sip:wren@h>,<", "Malformed Contact"),
        (">, ".join(f"<sip:w@h{n}" for n in range(30))[1:], "Too Many Contacts"),
    ],
)
def test_contacts_that_cannot_be_led_back_are_refused(play: Playbook, contact: str, phrase: str):
    [refused] = play.trunk(register(contact), PHONE)
    assert wire.start_line(refused.data) == f"SIP/2.0 400 {phrase}"


def test_nobody_registers_from_an_address_of_ours(play: Playbook):
    [refused] = play.trunk(register(), ("203.0.113.1", 5060))
    assert refused.status == 403


@pytest.mark.parametrize("contact", ["*", None])
def test_a_register_that_names_nobody_goes_on_as_it_came(play: Playbook, contact: str | None):
    extra = f"{PATH}\n" + (f"Contact: {contact}\nExpires: 0" if contact else "")
    data = wire.request("REGISTER", uri="sip:rook.example", via=VIA_PHONE, extra=extra, to="<sip:wren@rook.example>")
    down = only(play.trunk(data, PHONE), to=wire.PBX)
    assert (wire.headers(down, "Contact"), wire.headers(down, "Path")) == ([contact] if contact else [], [])


def test_a_binding_says_nothing_to_who_holds_it(play: Playbook):
    contact, _, _ = registered(play, register())
    wrapped = contact.partition("rf=")[2]
    assert INNER not in contact
    found = read_binding(play.core.tokens, wrapped.encode())
    assert found is not None
    assert (found.came_by.host, found.came_by.port) == PHONE
    assert read_binding(play.core.tokens, wrapped.upper().replace("K1", "k1").encode()) is not None, (
        "some registrars write in any case"
    )


def test_who_listens_at_another_port_of_his_address_is_called_there(play: Playbook):
    source = ("192.0.2.70", 6000)
    data = register("sip:wren@192.0.2.70:5062", via="SIP/2.0/UDP 192.0.2.70:6000;branch=z9hG4bKasym")
    contact, _, _ = registered(play, data, source=source)
    only(play.pbx(wire.invite(uri=contact, via=VIA_PBX)), to=("192.0.2.70", 5062))


def test_calls_of_a_registered_telephone_are_judged(play: Playbook):
    registered(play, register())
    assert only(play.trunk(wire.invite(via=VIA_PHONE), PHONE), to=wire.PBX)
    assert len(play.calls) == 1


# By connections


def by_stream(street: Street, line: Line, *, extra: str = "", number: int = 1) -> bytes:
    via = f"SIP/2.0/TCP {line.at};branch=z9hG4bKreg{number}"
    return register("sip:wren@10.0.0.5:5060;transport=tcp", via=via, extra=extra, cseq=number)


def phones_in_town(**words):
    trunks = [{"name": "default", "country": "CN", "methods": ["REGISTER"]}]
    return street("udp", "tcp", trunks=trunks, **words)


async def test_on_a_connection_the_telephone_is_called_by_it_while_it_stands():
    async with phones_in_town() as town:
        line = await town.join(source="127.0.0.1")
        line.send(by_stream(town, line))
        down = await town.pbx.heard()
        contact = wire.header(down, "Contact")
        assert contact.startswith(f'"Wren" <sip:wren@{town.ends["udp"]};rf=')
        await town.pbx.send(wire.response(200, down, extra=f"Contact: {contact}"))
        up = await line.heard()
        assert address(wire.header(up, "Contact")) == "sip:wren@10.0.0.5:5060;transport=tcp"
        via = f"SIP/2.0/UDP {town.pbx_at};branch=z9hG4bKcall"
        await town.pbx.send(wire.invite(uri=address(contact), via=via))
        assert wire.uri(await line.heard()) == "sip:wren@10.0.0.5:5060;transport=tcp"


async def test_a_connection_that_is_gone_is_430():
    async with phones_in_town() as town:
        line = await town.join(source="127.0.0.1")
        line.send(by_stream(town, line))
        contact = address(wire.header(await town.pbx.heard(), "Contact"))
        line.close()
        await eventually(lambda: not town.core.topology.connected, "the connection closed")
        await town.join(source="127.0.0.1")  # another one opens nothing for the first
        via = f"SIP/2.0/UDP {town.pbx_at};branch=z9hG4bKlate"
        await town.pbx.send(wire.request("OPTIONS", uri=contact, via=via))
        assert wire.start_line(await town.pbx.heard()) == "SIP/2.0 430 Flow Failed"


async def test_a_connection_that_breaks_during_the_call_is_430():
    async with phones_in_town() as town:
        line = await town.join(source="127.0.0.1")
        line.send(by_stream(town, line))
        contact = address(wire.header(await town.pbx.heard(), "Contact"))
        via = f"SIP/2.0/UDP {town.pbx_at};branch=z9hG4bKbreaks"
        await town.pbx.send(wire.invite(uri=contact, via=via))
        assert await line.heard()
        line.close()
        found = [wire.status(await town.pbx.heard()) for _ in range(2)]
        assert found == [100, 430]


async def test_rfc_5626_outbound_is_kept_on_a_connection():
    async with phones_in_town() as town:
        line = await town.join(source="127.0.0.1")
        line.send(by_stream(town, line, extra="Supported: path, outbound"))
        down = await town.pbx.heard()
        path = wire.header(down, "Path")
        assert path.endswith(f"@{town.ends['udp']};lr;ob>")
        assert address(wire.header(down, "Contact")) == "sip:wren@10.0.0.5:5060;transport=tcp"
        via = f"SIP/2.0/UDP {town.pbx_at};branch=z9hG4bKout"
        uri = "sip:wren@10.0.0.5:5060;transport=tcp"
        await town.pbx.send(wire.invite(uri=uri, via=via, extra=f"Route: {path}"))
        assert wire.uri(await line.heard()) == uri
        line.send(b"\r\n\r\n")
        assert await line.reader.readexactly(2) == b"\r\n", "it is kept alive"


async def test_behind_another_proxy_we_are_no_first_hop():
    async with phones_in_town() as town:
        line = await town.join(source="127.0.0.1")
        data = by_stream(town, line, extra="Supported: path, outbound\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKedge")
        line.send(data)
        assert wire.header(await town.pbx.heard(), "Path").endswith(";lr>")


# Passwords


def guesses(play: Playbook, number: int, status: int = 401, *, proof: str = "Digest username=wren,response={}") -> None:
    data = register(
        via=f"{VIA_PHONE}{number}", cseq=number, extra=f"Authorization: {proof.format(number)}" if proof else ""
    )
    for down in play.trunk(data, PHONE):
        if down.to == wire.PBX:
            play.pbx(wire.response(status, down.data))


def test_whoever_guesses_passwords_is_banned(play: Playbook):
    for number in range(1, 11):
        guesses(play, number)
    assert [source for source, _ in play.banned] == [PHONE[0]]


def test_who_is_asked_for_a_password_or_has_it_is_not(play: Playbook):
    for number in range(1, 30):
        guesses(play, number, proof="")
    for number in range(30, 60):
        guesses(play, number, 200 if number % 5 == 0 else 401)
    assert play.banned == []


def test_a_call_between_telephones_that_is_begun_again_is_no_loop(play: Playbook):
    """A proxy as PBX keeps Call-ID and tags; a caller who is told to try otherwise keeps them, too (RFC 4028: 422)."""
    contact, _, _ = registered(play, register())
    caller, via = ("192.0.2.70", 6000), "SIP/2.0/UDP 192.0.2.70:6000;rport;branch=z9hG4bKagain"
    for number in (1, 2):
        data = wire.invite(uri="sip:wren@rook.example", via=f"{via}{number}", cseq=number)
        inside = only(play.trunk(data, caller), to=wire.PBX)
        back = inside.replace(b"INVITE sip:wren@rook.example", b"INVITE " + contact.encode())
        back = back.replace(b"Via: ", f"Via: {VIA_PBX}{number}\r\nVia: ".encode(), 1)
        assert only(play.pbx(back), to=PHONE)


async def test_who_keeps_flows_is_found_by_his_next_connection_also_in_calls():
    instance = b';reg-id=1;+sip.instance="<urn:uuid:0>"'
    async with phones_in_town() as town:

        async def registers(number: int, proven: int = 200) -> tuple[Line, bytes]:
            line = await town.join(source="127.0.0.1")
            data = by_stream(town, line, extra="Supported: path, outbound", number=number)
            line.send(data.replace(b";q=0.7", instance))
            down = await town.pbx.heard()
            extra = f"Contact: {wire.header(down, 'Contact')}\nPath: {wire.header(down, 'Path')}"
            await town.pbx.send(wire.response(proven, down, extra=extra))
            assert wire.status(await line.heard()) == proven
            return line, down

        first, down = await registers(1)
        first.send(town.invite(first))
        inside = await town.pbx.heard()
        await town.pbx.send(wire.answer(inside, extra=f"Contact: <sip:desk@{town.pbx_at}>"))
        assert [wire.status(await first.heard()) for _ in range(2)] == [100, 200]
        first.close()
        await eventually(lambda: not town.core.topology.connected, "the connection closed")
        await registers(2, 401)  # says the same, and does not know the password
        bye = from_callee("BYE", inside)
        await town.pbx.send(bye)
        assert wire.status(await town.pbx.heard()) == 503
        third, _ = await registers(3)
        await town.pbx.send(bye.replace(b"branch=z9hG4bK", b"branch=z9hG4bKagain"))
        assert wire.method(await third.heard()) == "BYE"
        via, route = f"SIP/2.0/UDP {town.pbx_at};branch=z9hG4bKkept", wire.header(down, "Path")
        await town.pbx.send(wire.invite(uri="sip:wren@10.0.0.5:5060", via=via, extra=f"Route: {route}"))
        assert wire.method(await third.heard()) == "INVITE"


def test_a_telephone_whose_translation_gave_it_another_port_has_one_binding(play: Playbook):
    first, _, _ = registered(play, register())
    moved = (PHONE[0], 40999)
    down = only(play.trunk(register(cseq=2, via=VIA_PHONE + "2"), moved), to=wire.PBX)
    ours, gone = wire.headers(down, "Contact")
    assert gone == f"<{first}>;expires=0"
    assert address(ours) not in ("", first)
    play.pbx(wire.response(200, down, extra=f"Contact: {ours}"))
    again = register(cseq=3, via=VIA_PHONE + "3")
    assert len(wire.headers(only(play.trunk(again, moved), to=wire.PBX), "Contact")) == 1, "and it is ended once"


def test_nobody_ends_the_binding_of_another(play: Playbook):
    registered(play, register())
    for number, (words, source) in enumerate(
        (({"to": "<sip:heron@rook.example>"}, ("192.0.2.90", 7000)), ({"contact": "sip:wren@10.0.0.6"}, PHONE))
    ):
        data = register(words.pop("contact", f"sip:wren@{INNER}:5060;ob"), via=f"{VIA_PHONE}x{number}", cseq=9, **words)
        assert len(wire.headers(only(play.trunk(data, source), to=wire.PBX), "Contact")) == 1


@pytest.mark.parametrize("extra", [PATH, ""])
def test_a_browser_is_called_by_the_websocket_it_registered_by(extra: str):
    """Its Contact is a name that leads nowhere (RFC 7118 5)."""
    listen = [{"address": wire.US}, {"address": "203.0.113.1:8080", "transport": "ws"}]
    play = Playbook(trunks=[CARRIER, PHONES], listen=listen)
    flow = play.core.flow_to.connected(play.topology.listeners[1], ("192.0.2.66", 50123, "", 9), ())
    via = "SIP/2.0/WS df7jal.invalid;branch=z9hG4bKws"
    play.core.receive(register("sip:wren@df7jal.invalid;transport=ws", via=via, extra=extra), flow, play.now)
    play._perform()
    down = only([play.log[-1]], to=wire.PBX)
    assert "transport=ws" not in wire.header(down, "Contact"), "a registrar without WebSocket would send nothing there"
    call = wire.invite(uri=address(wire.header(down, "Contact")), via=VIA_PBX)
    sent = only(play.pbx(call), to=("192.0.2.66", 50123))
    assert wire.uri(sent) == "sip:wren@df7jal.invalid;transport=ws"
    assert wire.top_via(sent).startswith("SIP/2.0/WS ")
    assert len(wire.headers(sent, "Record-Route")) == 2
