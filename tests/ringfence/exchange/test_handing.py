"""Cases are handed over by signed messages: two Ringfences, an operator and a centre, and nobody between them."""

import json

import pytest

from ringfence.exchange.exchange_settings import ExchangeSettings
from ringfence.exchange.handing import Handing, Unproven, by_web, our_key, public_of, signed
from ringfence.exchange.refused import ExchangeError, Refused
from tests.desk.town import SPAM, Town

TOKEN = "rf_secret"


def settings_of(name, other):
    partner = {
        "operator": f"{other}.example",
        "holder": "12321",
        "handing": {"key": f"{other}.jwk", "url": f"https://{other}.example/v1/handed-over", "token": "token"},
    }
    return ExchangeSettings.model_validate({"operator": f"{name}.example", "partners": {other: partner}})


@pytest.fixture
async def two(tmp_path):
    """Each with a desk, his own key, the other's public one, and the key of the other's API."""
    made = {}
    for name, other in (("a", "b"), ("b", "a")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "token").write_text(f"{TOKEN}\n")
        town = Town(folder)
        await town.open()
        made[name] = town, Handing(settings_of(name, other), folder)
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name / f"{other}.jwk").write_text(public_of(made[other][1].key))
    yield made["a"], made["b"]
    for town, _ in made.values():
        await town.desk.close()


class Wire:
    """Brings what one sends to the other, and loses what it is told to."""

    def __init__(self, town, handing):
        self.town, self.handing, self.sent, self.fails = town, handing, [], []

    def __call__(self, partner, url, data, headers):
        if self.fails:
            fault = self.fails.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        assert ("Authorization", f"Bearer {TOKEN}") in headers
        self.sent.append(json.loads(data)["signed"])
        return 201, b'{"reference": "1"}'

    async def arrive(self):
        for text in self.sent:
            proven = self.handing.proven(text)
            assert await self.town.desk.handing.take(proven.partner, proven.operator, proven.message) == "1"
        self.sent.clear()


async def test_a_case_goes_over_and_its_answer_comes_back_whatever_the_wire_does(two):
    (here, ours), (there, theirs) = two
    case = (await here.complain()).case_id
    await here.desk.cases.hand_over(case, actor="li", to="12321")
    wire = Wire(there, theirs)
    wire.fails = [Refused("unreachable"), (500, b""), (201, b"half"), (201, b"{}"), (200, b'{"reference": 7}')]
    while wire.fails:
        (fault,) = await ours.deliver(here.desk, wire)
        assert fault.startswith(f"case {case} does not reach b: ")
        assert await ours.deliver(here.desk, wire) == []  # not before its time
        here.now += 14_400
    assert await ours.deliver(here.desk, wire) == []
    await wire.arrive()
    assert await ours.deliver(here.desk, wire) == []
    assert wire.sent == []  # acknowledged
    (waits,) = await there.desk.handing.inbox()
    assert waits.number == SPAM
    await there.desk.handing.answer(waits.id, theirs.of_operator(waits.operator), actor="wang", answer="Closed.")
    back = Wire(here, ours)
    assert await theirs.deliver(there.desk, back) == []
    await back.arrive()
    assert (await here.desk.cases.find(case)).their_answer == "Closed."


async def test_nothing_is_believed_that_a_partner_did_not_sign_for_us(two, tmp_path):
    (_, ours), (_, theirs) = two
    message = {"kind": "case", "reference": "1"}
    good = signed(ours.key, message, by="a.example", to="b.example")
    assert theirs.proven(good).message["reference"] == "1"
    stranger = our_key(tmp_path / "stranger.jwk")
    head, body, mark = good.split(".")
    for bad in (
        signed(stranger, message, by="a.example", to="b.example"),
        signed(ours.key, message, by="a.example", to="c.example"),
        signed(ours.key, message, by="c.example", to="b.example"),
        f"{head}.{body[:-4]}AAAA.{mark}",
        f"eyJhbGciOiJub25lIn0.{body}.",
        "",
        "a.b.c",
        "{}",
    ):
        with pytest.raises(Unproven):
            theirs.proven(bad)


async def test_who_is_no_partner_any_more_is_told_to_the_officer(two):
    (here, ours), _ = two
    case = (await here.complain()).case_id
    await here.desk.cases.hand_over(case, actor="li", to="b.example")
    await here.desk.handing.queue(ours.named())
    nobody = Handing(ExchangeSettings(operator="a.example"), here.folder)
    assert await nobody.deliver(here.desk, Wire(None, None)) == []
    (sent,) = await here.desk.handing.outbox()
    assert sent.error == "he is no partner that takes cases any more"
    with pytest.raises(ExchangeError, match="no partner any more"):
        nobody.of_operator("b.example")


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path):
    key = our_key(tmp_path / "handing.jwk")
    assert public_of(key) == public_of(our_key(tmp_path / "handing.jwk"))
    assert '"d"' not in public_of(key)
    assert (tmp_path / "handing.jwk").stat().st_mode & 0o777 == 0o600
    (tmp_path / "handing.jwk").write_text("torn")
    with pytest.raises(ExchangeError, match="cannot be read as a key"):
        our_key(tmp_path / "handing.jwk")


def test_what_is_posted_goes_to_no_inner_address():
    partner = settings_of("a", "b").partners["b"]
    for url in ("http://127.0.0.1:9/", "http://169.254.169.254/"):
        with pytest.raises(Refused) as refused:
            by_web(lambda: 0.0)(partner, url, b"{}", [])
        assert refused.value.code == "address"
