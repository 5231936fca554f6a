"""Bans by command, and over a restart."""

import json

import pytest
from structlog.testing import capture_logs

from proxy.bans import BY_TRIES
from ringfence.bans import BanCommands, BanFile
from ringfence.control import Question, Refused
from tests import wire
from tests.playbook import SETTINGS, Playbook, briefs

WALL = 2_000_000_000.0
CARRIER = SETTINGS["trunks"][0]
OPTIONS = wire.request("OPTIONS", uri="sip:someone@203.0.113.1", via="SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKo;rport")


class Asked:
    """The commands on a core before a scripted world."""

    def __init__(self) -> None:
        self.play = Playbook(trunks=[CARRIER, {"name": "default"}])
        self.commands = BanCommands(self.play.core, lambda: self.play.now, lambda: WALL)

    async def __call__(self, command: str, **words: object) -> object:
        return await getattr(self.commands, command)(Question(command, words, "root"))


@pytest.fixture
def asked() -> Asked:
    return Asked()


async def test_each_ban_is_told_with_why_since_when_and_how_much_it_kept_out(asked: Asked):
    asked.play.core.bans.add("192.0.2.66", BY_TRIES, asked.play.now - 5)
    assert asked.play.receive(OPTIONS, wire.STRANGER) == []
    assert await asked("show") == [
        {"source": "192.0.2.66", "why": BY_TRIES, "by": None, "since": WALL - 5, "until": WALL + 3595, "dropped": 1}
    ]


async def test_a_source_is_banned_by_hand_and_heard_again(asked: Asked):
    with capture_logs() as logs:
        row = await asked("add", source="192.0.2.66", seconds=60, reason="rang  all\nnight")
    assert (row["by"], row["why"], row["until"], row["trunk"]) == ("root", "rang all night", WALL + 60, None)
    assert [(each["event"], each["source"], each["by"]) for each in logs] == [
        ("source banned by hand", "192.0.2.66", "root")
    ]
    assert asked.play.receive(OPTIONS, wire.STRANGER) == []
    assert [each["source"] for each in await asked("lift", source="192.0.2.66")] == ["192.0.2.66"]
    assert briefs(asked.play.receive(OPTIONS, wire.STRANGER)) != []
    with pytest.raises(Refused, match=r"192\.0\.2\.66 is not banned"):
        await asked("lift", source="192.0.2.66")


async def test_one_of_a_trunk_is_banned_by_hand_alone_and_its_emergency_calls_go_on(asked: Asked):
    row = await asked("add", source=wire.TRUNK[0])
    assert (row["trunk"], row["why"]) == ("carrier", "by hand")
    assert asked.play.trunk(wire.invite()) == []
    assert "INVITE" in briefs(asked.play.trunk(wire.invite(uri=f"sip:110@{wire.US}", call_id="help")))
    other = ("198.51.100.22", 5060)
    assert "INVITE" in briefs(asked.play.receive(wire.invite(call_id="other"), other))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (wire.PBX[0], "is a PBX"),
        (wire.PBX2[0], "is a PBX"),
        ("127.0.0.1", "this machine"),
        ("203.0.113.1", "this machine"),
        ("somebody", "is no address"),
        ("192.0.2.0/24", "is no address"),
        ("0.0.0.0", "nobody sends from"),
        ("ff02::1", "nobody sends from"),
        ("", "is no address"),
    ],
)
async def test_what_nobody_bans(asked: Asked, source: str, why: str):
    with pytest.raises(Refused, match=why):
        await asked("add", source=source)
    assert asked.play.core.bans.count == 0


async def test_all_are_lifted_at_once(asked: Asked):
    for source in ("192.0.2.1", "2001:db8::7"):
        await asked("add", source=source)
    assert [each["source"] for each in await asked("show")] == ["192.0.2.1", "2001:db8::/64"]
    assert len(await asked("lift", every=True)) == 2
    assert await asked("show") == []


async def test_bans_outlive_a_restart(asked: Asked, tmp_path):
    path = tmp_path / "ringfence.bans"
    play = asked.play
    play.core.bans.add("192.0.2.66", BY_TRIES, play.now - 100)
    await asked("add", source="2001:db8::7", seconds=7200, reason="why")
    play.core.bans.add("192.0.2.9", BY_TRIES, play.now, seconds=10)
    await BanFile(path, play.core, lambda: WALL).save(play.now)
    assert path.stat().st_mode & 0o777 == 0o600
    later = Asked()
    BanFile(path, later.play.core, lambda: WALL + 60).load(later.play.now)
    later.commands._wall = lambda: WALL + 60
    assert [(row["source"], row["by"], row["since"], row["until"]) for row in await later("show")] == [
        ("192.0.2.66", None, WALL - 100, WALL + 3500),
        ("2001:db8::/64", "root", WALL, WALL + 7200),
    ]
    assert later.play.core.bans.begun[BY_TRIES] == 0


@pytest.mark.parametrize(
    "text",
    ["", "{", "7", "[7]", '[{"source": "a } flush ruleset", "why": "w", "by": "", "since": 0, "until": 2000000099}]'],
)
async def test_a_file_that_can_not_be_read_bans_nobody_and_is_told(tmp_path, text):
    path, play = tmp_path / "ringfence.bans", Playbook()
    path.write_text(text)
    with capture_logs() as logs:
        BanFile(path, play.core, lambda: WALL).load(play.now)
    assert play.core.bans.count == 0
    assert [each["event"] for each in logs] == ["the bans of before cannot be read"]


async def test_where_it_can_not_be_written_that_is_told_once(tmp_path):
    play = Playbook()
    file = BanFile(tmp_path / "no" / "ringfence.bans", play.core, lambda: WALL)
    play.core.bans.add("192.0.2.66", BY_TRIES, play.now)
    with capture_logs() as logs:
        await file.save(play.now)
        await file.save(play.now)
    assert [each["event"] for each in logs] == ["bans cannot be written down"]
    good = BanFile(tmp_path / "ringfence.bans", play.core, lambda: WALL)
    await good.save(play.now)
    assert len(json.loads((tmp_path / "ringfence.bans").read_text())) == 1


async def test_a_ban_by_hand_and_its_end_are_on_the_disk_before_they_are_answered(asked: Asked, tmp_path):
    """A crash right after `bans lift` kept a carrier out for an hour."""
    path = tmp_path / "ringfence.bans"
    asked.commands._file = BanFile(path, asked.play.core, lambda: WALL)
    await asked("add", source="192.0.2.66")
    assert [row["source"] for row in json.loads(path.read_text())] == ["192.0.2.66"]
    await asked("lift", source="192.0.2.66")
    assert json.loads(path.read_text()) == []


async def test_where_it_can_not_be_written_the_command_says_so_and_it_is_tried_again(asked: Asked, tmp_path):
    folder = tmp_path / "full"
    file = asked.commands._file = BanFile(folder / "ringfence.bans", asked.play.core, lambda: WALL)
    with pytest.raises(Refused, match=r"192\.0\.2\.66 is banned, and a crash would forget it: .*No such file"):
        await asked("add", source="192.0.2.66")
    folder.mkdir()
    assert await file.save(asked.play.now) == ""
    assert len(json.loads((folder / "ringfence.bans").read_text())) == 1
    assert list(folder.iterdir()) == [folder / "ringfence.bans"]
