"""Whatever stands in a header field that we read, nothing falls: on the sources as on the compiled build."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import wire
from tests.examples import examples
from tests.playbook import REJECT, TAG, Playbook

SIGNS = '<>,;:"@\\[](=%? a1'
FIELDS = (
    "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Route", "Record-Route", "Contact", "P-Asserted-Identity",
    "P-Preferred-Identity", "Remote-Party-ID", "Privacy", "Proxy-Require", "Content-Length", "Diversion", "Reason",
    "Alert-Info", "Call-Info", "Timestamp", "User-Agent", "Identity", "History-Info", "Answer-Mode",
)  # fmt: skip
PIECES = [
    *SIGNS,
    "sip:",
    "tel:",
    "<sip:a@b>",
    "SIP/2.0/UDP ",
    "tag=",
    "branch=z9hG4bK",
    ";lr",
    "\t",
    "\0",
    "\x80",
    "\r\n ",
]
VALUES = [""] + ["".join(signs) for length in (1, 2) for signs in product(SIGNS, repeat=length)]


def with_value(method: str, field: str, value: str) -> bytes:
    """A request in which one field has this value, in place of its own."""
    kept = wire.request(method) if method != "INVITE" else wire.invite()
    head, _, body = kept.decode().partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not line.startswith(f"{field}:")]
    return "\r\n".join([lines[0], f"{field}: {value}", *lines[1:], "", body]).encode("latin-1")


def new_play() -> Playbook:
    return Playbook(
        trunks=[{"name": "carrier", "addresses": ["198.51.100.0/24"], "identity": "trusted", "country": "CN"}]
    )


@pytest.mark.parametrize("field", FIELDS)
def test_short_values_of_separators(field: str):
    play = new_play()
    for number, value in enumerate(VALUES):
        play.verdict = (TAG, REJECT)[number % 2]
        data = with_value("INVITE", field, value)
        play.receive(data, wire.TRUNK)
        play.receive(data, wire.PBX)
        play.receive(data.replace(b"INVITE", b"ACK"), wire.TRUNK)
    play.wait(400)


@given(
    st.sampled_from(FIELDS),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.sampled_from(["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REFER"]),
    st.booleans(),
)
@examples(400)
def test_longer_values(field: str, value: str, method: str, from_pbx: bool):
    play = new_play()
    play.verdict = TAG
    play.receive(with_value(method, field, value), wire.PBX if from_pbx else wire.TRUNK)
    play.wait(40)


@given(
    st.sampled_from(["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Record-Route", "Content-Length", "Reason"]),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.sampled_from([100, 180, 200, 302, 486, 503, 603]),
)
@examples(400)
def test_values_in_responses(field: str, value: str, status: int):
    play = Playbook(label="[suspected]")
    play.verdict = TAG
    answer = wire.response(status, play.forwarded()).decode()
    head, _, body = answer.partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not (line.startswith(f"{field}:") and field != "Via")]
    play.pbx("\r\n".join([*lines[:2], f"{field}: {value}", *lines[2:], "", body]).encode("latin-1"))
    play.pbx("\r\n".join([lines[0], f"{field}: {value}", *lines[1:], "", body]).encode("latin-1"))
    play.wait(400)


@given(st.lists(st.sampled_from([*PIECES, "@", "h", ":99999"]), max_size=10).map("".join), st.booleans())
@examples(400)
def test_request_uris(uri: str, from_pbx: bool):
    play = new_play()
    play.receive(wire.invite(uri=uri), wire.PBX if from_pbx else wire.TRUNK)
    play.wait(40)
