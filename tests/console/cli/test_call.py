"""`ringfence call`: what is typed, and what is printed."""

import socket

import pytest
import typer

from console.cli.call import place_one, print_placed
from console.phones.processes import PhoneError, Placed, caller_identity, host_port, target_of

DECLINED = Placed(
    status=603,
    phrase="Decline",
    rang=False,
    heard=0,
    headers={"reason": ['SIP;cause=603;text="d1"'], "via": ["SIP/2.0/UDP x"]},
    responses=(100, 603),
    first_ms=2.0,
    final_ms=2.4,
    call_id="c1",
)


def test_what_came_back(capsys):
    print_placed(DECLINED)
    assert capsys.readouterr().out.splitlines() == [
        "603 Decline  (100 -> 603, 2 ms)",
        "rang: no; audio received: 0 packets",
        'Reason: SIP;cause=603;text="d1"',
        "Call-ID: c1",
    ]


def test_what_peers_write_steers_no_terminal(capsys):
    print_placed(DECLINED._replace(phrase="No\x1b[2J", headers={"server": ["\x1b]0;x\x07"]}, call_id="\x1b[2Ja"))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "603 No\\u001b[2J" in said
    assert "Call-ID: \\u001b[2Ja" in said


def test_silence_is_no_answer(capsys):
    """The library calls it 408, as if somebody had said so."""
    print_placed(DECLINED._replace(status=408, phrase="Request Timeout", responses=(), headers={}, final_ms=32001.0))
    assert capsys.readouterr().out == "nothing came back within 32 s; does anything take SIP there, by UDP?\n"


@pytest.mark.parametrize(
    ("via", "headers", "said"),
    [
        ("127.0.0.1:sip", [], "write HOST:PORT"),
        ("::1", [], "write HOST:PORT"),
        ("127.0.0.1:5060", ["X-Score 3"], "write NAME: VALUE"),
        ("127.0.0.1:5060", [": 3"], "write NAME: VALUE"),
        ("127.0.0.1:5060", ["X A: 3"], "write NAME: VALUE"),
        ("127.0.0.1:5060", ["X: 3\r\nVia: x"], "write NAME: VALUE"),
    ],
)
def test_wrong_usage(via, headers, said):
    with pytest.raises(typer.BadParameter, match=said):
        place_one("1", "2", via, headers)


@pytest.mark.parametrize(
    ("caller", "called", "said"),
    [("", "2", "--from is empty"), ("1", " ", "--to is empty"), ("1\n", "2", None), ("1\r\nX: 1", "2", "on one line")],
)
def test_nobody_and_several_lines_are_wrong_usage(caller, called, said, monkeypatch):
    monkeypatch.setattr("console.cli.call.place", placed_with({}))
    with pytest.raises(typer.BadParameter, match=said or "on one line"):
        place_one(caller, called, "127.0.0.1:5060", [])


def placed_with(kept: dict):
    """Stands for placing a call: keeps what it was asked for."""

    async def place(caller, called, via, *, headers):
        kept.update(caller=caller, called=called, headers=headers)
        return DECLINED

    return place


def test_two_equal_headers_both_go_out_in_order(monkeypatch):
    """Two P-Asserted-Identity fields, or two Reasons, are what a tester wants to send."""
    kept: dict = {}
    monkeypatch.setattr("console.cli.call.place", placed_with(kept))
    place_one("1", "2", "127.0.0.1:5060", ["X-A: 1", "X-B: 2", "X-A:3"])
    assert kept["headers"] == [("X-A", "1"), ("X-B", "2"), ("X-A", "3")]


def test_ipv6_is_refused_with_a_way_out():
    with pytest.raises(PhoneError, match="SIPp"):
        place_one("1", "2", "[::1]:5060", [])


def test_a_name_without_an_address_is_named(monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PhoneError, match="nowhere: no address is known"):
        place_one("1", "2", "nowhere:5060", [])


@pytest.mark.parametrize(
    ("typed", "identity"),
    [
        ("+8617012345678", "<sip:+8617012345678@127.0.0.1>"),
        ("+86 170-1234 5678", "<sip:+8617012345678@127.0.0.1>"),
        ("(0755) 8888.1234", "<sip:075588881234@127.0.0.1>"),
        ("tel:+8617012345678", "tel:+8617012345678"),
        ("sip:+86-170@127.0.0.2", "sip:+86-170@127.0.0.2"),
        ('"Bank, 9 to 5" <sip:95588@h>', '"Bank, 9 to 5" <sip:95588@h>'),
        ("li.si-9", "<sip:li.si-9@127.0.0.1>"),
        ("Li Si", "<sip:Li%20Si@127.0.0.1>"),
        ("bob@example.com", "<sip:bob@example.com>"),
        ("*33#", "<sip:*33#@127.0.0.1>"),
    ],
)
def test_a_caller_may_be_written_as_people_write_numbers(typed, identity):
    assert caller_identity(typed, "127.0.0.1") == identity


@pytest.mark.parametrize(
    ("typed", "uri", "routed"),
    [
        ("+86 138 0013 8000", "sip:+8613800138000@127.0.0.1:5060", False),
        ("tel:+8613800138000", "tel:+8613800138000", True),
        ("SIP:bob@example.com", "SIP:bob@example.com", True),
        ("bob@example.com", "sip:bob@example.com", True),
    ],
)
def test_whoever_is_called_by_a_uri_is_reached_through_the_proxy_as_well(typed, uri, routed):
    target, route = target_of(typed, host_port("127.0.0.1:5060"))
    assert (target, bool(route)) == (uri, routed)
