"""The token in our Record-Route: no dialog can use another's, and a To tag is no way round screening."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.token import FROM_PBX, FROM_TRUNK, LABELLED, Tokens, read_token
from tests import wire
from tests.playbook import REJECT, Playbook, briefs, from_callee, in_dialog, only

KEYS = [("k2", b"the key that signs"), ("k1", b"the key before it")]
text = st.binary(min_size=0, max_size=20)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(KEYS)


def token_of(down: bytes) -> str:
    """The user part of our Record-Route."""
    return wire.header(down, "Record-Route").partition("sip:")[2].partition("@")[0]


# The token itself


def test_a_token_is_valid_for_its_dialog_both_ways(tokens: Tokens):
    user = tokens.sign("d1", FROM_TRUNK, b"call", b"alice")
    assert tokens.verify(user, b"call", b"alice", b"bob", from_pbx=False)
    assert tokens.verify(user, b"call", b"bob", b"alice", from_pbx=True)
    read = tokens.verify(user, b"call", b"alice", b"bob", from_pbx=False)
    assert read is not None
    assert (read.key, read.decision, read.flags) == (b"k2", b"d1", b"t")


@pytest.mark.parametrize(
    ("call_id", "from_tag", "to_tag", "from_pbx"),
    [
        (b"other", b"alice", b"bob", False),
        (b"call", b"other", b"bob", False),
        (b"call", b"bob", b"alice", False),  # the callee's tag in From, from the caller's side
        (b"call", b"alice", b"bob", True),
        (b"call", b"", b"alice", False),
        (b"CALL", b"alice", b"bob", False),
        (b"call", b"ALICE", b"bob", False),
    ],
)
def test_it_is_valid_for_no_other(tokens: Tokens, call_id: bytes, from_tag: bytes, to_tag: bytes, from_pbx: bool):
    user = tokens.sign("d1", FROM_TRUNK, b"call", b"alice")
    assert tokens.verify(user, call_id, from_tag, to_tag, from_pbx=from_pbx) is None


@pytest.mark.parametrize("flags", [FROM_TRUNK, FROM_PBX, FROM_TRUNK + LABELLED])
def test_no_octet_of_it_can_be_changed(tokens: Tokens, flags: bytes):
    user = tokens.sign("0123456789abcdef0123", flags, b"call", b"alice")
    for at in range(len(user)):
        forged = user[:at] + (b"0" if user[at : at + 1] != b"0" else b"1") + user[at + 1 :]
        for from_pbx in (False, True):
            for tags in ((b"alice", b"bob"), (b"bob", b"alice")):
                assert tokens.verify(forged, b"call", *tags, from_pbx=from_pbx) is None


def test_an_older_key_still_verifies_and_a_foreign_one_never_did(tokens: Tokens):
    old, foreign = Tokens([KEYS[1]]), Tokens([("k2", b"somebody else's key")])
    assert tokens.verify(old.sign("", FROM_TRUNK, b"c", b"a"), b"c", b"a", b"b", from_pbx=False)
    assert tokens.verify(foreign.sign("", FROM_TRUNK, b"c", b"a"), b"c", b"a", b"b", from_pbx=False) is None


def test_a_node_without_keys_does_not_start():
    with pytest.raises(ValueError, match="key"):
        Tokens([])


@pytest.mark.parametrize(
    "user", [b"", b"bob", b"a.b.c", b"a.b.c.d", b"a.b.c.d.e", b".." + b"." * 33, b"k2.d.t." + b"x" * 31]
)
def test_what_is_no_token_is_none(tokens: Tokens, user: bytes):
    assert tokens.verify(user, b"c", b"a", b"b", from_pbx=False) is None


def test_the_secret_is_not_in_it(tokens: Tokens):
    assert b"signs" not in tokens.sign("d", FROM_TRUNK, b"c", b"a")


@given(st.text(alphabet="0123456789abcdef", max_size=20), st.sampled_from([b"t", b"p", b"tl"]), text, text, text, text)
def test_two_dialogs_never_share_a_token(
    decision: str, flags: bytes, call: bytes, tag: bytes, call2: bytes, tag2: bytes
):
    """Whatever octets Call-ID and tag hold, a separator among them included."""
    tokens = Tokens(KEYS)
    user = tokens.sign(decision, flags, call, tag)
    assert read_token(user)
    from_pbx = b"p" in flags
    assert tokens.verify(user, call, tag, b"x", from_pbx=from_pbx)
    if (call, tag) != (call2, tag2):
        assert tokens.verify(user, call2, tag2, b"x", from_pbx=from_pbx) is None


def test_a_separator_in_a_call_id_moves_no_boundary(tokens: Tokens):
    user = tokens.sign("d", FROM_TRUNK, b"one\0two", b"tag")
    assert tokens.verify(user, b"one", b"two\0tag", b"x", from_pbx=False) is None


@pytest.mark.parametrize("place", [bytes(7), bytes(range(7)), bytes(range(19)), b""])
def test_the_address_in_it_is_read_back_and_by_no_other_key(tokens: Tokens, place: bytes):
    user = tokens.sign("d", FROM_TRUNK, b"c", b"a", made=1_700_000_000, sealed=tokens.seal(place))
    token = tokens.verify(user, b"c", b"a", b"b", from_pbx=False)
    assert token is not None
    assert (token.made, tokens.unseal(token)) == (1_700_000_000, place)
    assert not place or place.hex().encode() not in user
    assert not place or Tokens([("k2", b"another")]).unseal(token) != place


def test_two_addresses_share_no_key_stream(tokens: Tokens):
    """Else the difference of two callers' addresses could be read from their tokens."""
    one, two = (bytes.fromhex(tokens.seal(bytes([0, 19, 196, 192, 0, 2, last])).decode()) for last in (1, 2))
    assert one[:6] != two[:6]
    assert bytes(a ^ b for a, b in zip(one[6:], two[6:], strict=True))[:6] != bytes(6)


def test_a_token_of_the_version_before_is_none(tokens: Tokens):
    """It told no time: dialogs of before an upgrade are judged anew."""
    assert read_token(b"k2.0123456789abcdef0123.t." + b"a" * 32) is None


# What it is for: dialogs pass, and are not judged again


def test_a_re_invite_of_the_caller_passes_unjudged(play: Playbook):
    _, up = play.answered()
    play.verdict = REJECT
    assert only(play.trunk(in_dialog("INVITE", up, cseq=2, body=wire.SDP)), to=wire.PBX)
    assert len(play.calls) == 1


def test_a_re_invite_of_the_callee_who_was_called_from_the_pbx_passes_unjudged(play: Playbook):
    """The call came from the PBX, so on the trunk side the caller's tag stands in To."""
    play.verdict = REJECT
    out = wire.invite(
        via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout", extra="Contact: <sip:desk@203.0.113.10:5060>"
    )
    at_trunk = only(play.pbx(out), to=wire.TRUNK)
    play.trunk(wire.answer(at_trunk))
    back = from_callee("INVITE", at_trunk, via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKback", body=wire.SDP)
    assert only(play.trunk(back), to=wire.PBX)
    assert play.calls == []


def test_every_2xx_of_a_forked_call_opens_a_dialog_that_passes(play: Playbook):
    down, _ = play.answered()
    second = only(play.pbx(wire.answer(down, tag="second")), to=wire.TRUNK)
    play.verdict = REJECT
    assert only(play.trunk(in_dialog("INVITE", second, cseq=2)), to=wire.PBX)
    assert len(play.calls) == 1


def test_a_target_refresh_changes_nothing(play: Playbook):
    """An INVITE in the dialog with another Contact and another From display name."""
    _, up = play.answered()
    play.verdict = REJECT
    moved = in_dialog(
        "INVITE", up, cseq=2, from_=f'"Moved" {wire.header(up, "From")}', extra="Contact: <sip:w@198.51.100.22>"
    )
    assert only(play.trunk(moved, ("198.51.100.22", 5060)), to=wire.PBX)


def test_a_restart_keeps_dialogs(play: Playbook):
    """A new core with the same keys."""
    _, up = play.answered()
    restarted = Playbook()
    restarted.verdict = REJECT
    assert only(restarted.trunk(in_dialog("INVITE", up, cseq=2)), to=wire.PBX)
    assert restarted.calls == []


def test_a_strict_router_between_us_keeps_the_token(play: Playbook):
    """It put our Record-Route URI into the Request-URI; some drop its parameters on the way."""
    down, up = play.answered()
    play.verdict = REJECT
    strict = in_dialog("INVITE", up, cseq=2, uri=f"sip:{token_of(down)}@{wire.US}").replace(
        b"Route: " + wire.header(up, "Record-Route").encode(), b"Route: <sip:desk@203.0.113.10:5060>"
    )
    assert wire.uri(only(play.trunk(strict), to=wire.PBX)) == "sip:desk@203.0.113.10:5060"


def test_a_phone_that_drops_the_parameters_of_our_route_is_still_known(play: Playbook):
    """The token stands in the user part, because some drop parameters that they do not know."""
    down, up = play.answered()
    play.verdict = REJECT
    bare = f"<sip:{token_of(down)}@{wire.US}>"
    data = in_dialog("INVITE", up, cseq=2).replace(wire.header(up, "Record-Route").encode(), bare.encode())
    assert only(play.trunk(data), to=wire.PBX)
    assert len(play.calls) == 1


# How it is attacked


def judged(play: Playbook, data: bytes, source: tuple[str, int] = wire.TRUNK) -> None:
    """The INVITE is judged like a new one and, being a nuisance, reaches nobody."""
    play.verdict = REJECT
    before = len(play.calls)
    sent = play.trunk(data, source)
    assert {each.to for each in sent} <= {source}
    assert briefs(sent) == ["603"]
    assert len(play.calls) == before + 1


def test_a_to_tag_alone_proves_nothing(play: Playbook):
    judged(play, wire.invite(to="<sip:x@rook.example>;tag=invented"))


def test_a_token_of_another_call(play: Playbook):
    _, up = play.answered()
    judged(play, in_dialog("INVITE", up, cseq=2, call_id="another@wren.example"))


def test_a_token_with_a_new_from_tag(play: Playbook):
    _, up = play.answered()
    judged(play, in_dialog("INVITE", up, cseq=2, from_="<sip:95012345@wren.example>;tag=new"))


def test_a_token_without_a_to_tag(play: Playbook):
    """It would ring as a new call."""
    _, up = play.answered()
    judged(play, in_dialog("INVITE", up, cseq=2, to="<sip:+8613800138000@rook.example>"))


def test_a_token_with_the_callers_tag_in_to(play: Playbook):
    _, up = play.answered()
    judged(play, in_dialog("INVITE", up, cseq=2, from_="<sip:95012345@wren.example>;tag=new", to="<sip:x@y>;tag=wren"))


@pytest.mark.parametrize(
    "from_",
    [
        '<sip:95012345@wren.example>;x=";tag=wren";tag=new',
        '<sip:95012345@wren.example>;x=";tag=wren;"',
        '";tag=wren" <sip:95012345@wren.example>;tag=new',
        "<sip:95012345@wren.example;tag=wren>;tag=new",
        "<sip:95012345@wren.example>;xtag=wren;tag=new",
    ],
)
def test_a_token_with_its_tag_hidden_in_from(play: Playbook, from_: str):
    """What only looks like the tag of the dialog is none."""
    _, up = play.answered()
    judged(play, in_dialog("INVITE", up, cseq=2, from_=from_))


def test_two_tags_in_from_are_refused_or_judged(play: Playbook):
    _, up = play.answered()
    play.verdict = REJECT
    for number, tags in enumerate((";tag=wren;tag=new", ";tag=new;tag=wren")):
        data = in_dialog(
            "INVITE", up, cseq=2 + number, branch=f"z9hG4bK{number}", from_=f"<sip:95012345@wren.example>{tags}"
        )
        assert {each.to for each in play.trunk(data)} == {wire.TRUNK}


def test_a_token_of_a_pbx_call_does_not_open_the_way_back_for_others(play: Playbook):
    out = wire.invite(via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout", from_="<sip:1@rook.example>;tag=desk")
    at_trunk = only(play.pbx(out), to=wire.TRUNK)
    play.trunk(wire.answer(at_trunk))
    forged = from_callee(
        "INVITE", at_trunk, via="SIP/2.0/UDP 198.51.100.99:5060;branch=z9hG4bKx", to="<sip:a@b>;tag=other"
    )
    judged(play, forged, ("198.51.100.99", 5060))


def test_a_token_that_a_foreign_key_signed():
    foreign, play = Playbook(secret=b"a key of somebody else"), Playbook()
    _, up = foreign.answered()
    judged(play, in_dialog("INVITE", up, cseq=2))


def test_a_phone_that_drops_our_route_is_judged_again(play: Playbook):
    _, up = play.answered()
    lines = [line for line in in_dialog("INVITE", up, cseq=2).split(b"\r\n") if not line.startswith(b"Route")]
    judged(play, b"\r\n".join(lines))


def test_a_token_that_does_not_stand_in_our_route(play: Playbook):
    _down, up = play.answered()
    route = wire.header(up, "Record-Route").encode()
    elsewhere = route.replace(wire.US.encode(), b"203.0.113.10:5060")
    judged(play, in_dialog("INVITE", up, cseq=2).replace(b"Route: " + route, b"Route: " + elsewhere))


@pytest.mark.parametrize(
    "third", ["<sip:192.0.2.66;lr>", "<sip:192.0.2.66>", "<sip:203.0.113.10;lr>, <sip:192.0.2.66;lr>"]
)
def test_even_a_valid_token_sends_nothing_to_a_third_party(play: Playbook, third: str):
    _, up = play.answered()
    data = in_dialog("INVITE", up, cseq=2, uri="sip:victim@192.0.2.66").replace(
        b";lr>\r\n", f";lr>, {third}\r\n".encode(), 1
    )
    assert {each.to for each in play.trunk(data)} <= {wire.TRUNK, wire.PBX}


def test_a_route_that_looks_like_ours_but_is_forged_opens_no_path(play: Playbook):
    forged = f"Route: <sip:k1.{'0' * 20}.t.{'f' * 66}@{wire.US};lr>, <sip:192.0.2.66;lr>"
    assert briefs(play.trunk(wire.invite(extra=forged, to="<sip:x@y>;tag=z"))) == ["403"]


def test_a_request_uri_that_looks_like_our_token_is_judged_by_where_it_goes(play: Playbook):
    """A forged strict route: the called number is the last Route value, and that is what is judged."""
    data = wire.invite(
        uri=f"sip:k1.{'0' * 20}.t.{'f' * 66}@{wire.US}",
        extra="Route: <sip:+8613800138009@203.0.113.10>",
        to="<sip:x@y>;tag=z",
    )
    judged(play, data)
    assert play.calls[-1].called.canonical == "+8613800138009"


@pytest.mark.parametrize("method", ["BYE", "PRACK", "INFO", "REFER", "NOTIFY", "CANCEL", "ACK"])
def test_no_policy_runs_on_what_shows_nobody_on_a_telephone(play: Playbook, method: str):
    play.verdict = REJECT
    sent = play.trunk(wire.request(method, to="<sip:x@rook.example>;tag=t"))
    assert play.calls == []
    assert "603" not in briefs(sent)


# What is wrapped for whoever brings it back

WRAPPING = Tokens([("k1", b"one"), ("k2", b"two")])


@given(octets=st.binary(max_size=600))
def test_what_is_wrapped_comes_back_whatever_the_case_and_is_the_same_each_time(octets: bytes):
    text = WRAPPING.wrap(octets)
    assert text == WRAPPING.wrap(octets)
    assert WRAPPING.unwrap(text) == octets
    assert WRAPPING.unwrap(b"k1~" + text[3:].upper()) == octets
    assert re.fullmatch(rb"k1~[a-z2-7]*", text), "fit for a user part and for a parameter"


@given(octets=st.binary(max_size=100), at=st.integers(0, 10_000), put=st.sampled_from(b"abcdefghij234567~.-"))
def test_what_was_altered_in_any_place_is_nothing(octets: bytes, at: int, put: int):
    text = bytearray(WRAPPING.wrap(octets))
    at %= len(text)
    if text[at] != put:
        text[at] = put
        assert WRAPPING.unwrap(bytes(text)) is None


@given(text=st.binary(max_size=100))
def test_whatever_else_comes_is_nothing(text: bytes):
    assert WRAPPING.unwrap(text) is None
    assert WRAPPING.unwrap(b"k1~" + text) is None


def test_every_key_unwraps_and_only_the_first_wraps():
    earlier = Tokens([("k2", b"two")])
    assert WRAPPING.unwrap(earlier.wrap(b"place")) == b"place"
    assert earlier.unwrap(WRAPPING.wrap(b"place")) is None
