"""`ringfence call`: what is typed, and what is printed."""

import socket

import pytest
import typer

from console.phones.call import place_one, print_placed
from console.phones.processes import PhoneError, Placed

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
    ],
)
def test_wrong_usage(via, headers, said):
    with pytest.raises(typer.BadParameter, match=said):
        place_one("1", "2", via, headers)


def test_ipv6_is_refused_with_a_way_out():
    with pytest.raises(PhoneError, match="SIPp"):
        place_one("1", "2", "[::1]:5060", [])


def test_a_name_without_an_address_is_named(monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PhoneError, match="nowhere: no address is known"):
        place_one("1", "2", "nowhere:5060", [])
