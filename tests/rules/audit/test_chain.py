"""The chain of what was done: it grows, it never changes, and whatever is done beneath it shows."""

import json
import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256

import pytest

from rules.audit.anchors import anchor, read_anchors
from rules.audit.chain import BEGINNING, BOUND, AuditError, ChainKey, Deed, Noted, deeds_of, entries, head, record
from rules.audit.chain import verified as walked
from rules.audit.doors import through
from rules.audit.entering import Entering
from rules.storage.keys import Keys
from rules.storage.store import DatabaseError, Store, StoreError

KEYS = Keys((), b"p" * 32, (), b"k" * 32)
ENTERING = Entering(lambda: KEYS)
KEY = ChainKey("access", b"k" * 32)


def deed(at, step="take", subject="1"):
    return Deed(float(at), "li", "case", subject, step, "because, 因为", "")


class Kept:
    """A chain in a file, and what somebody does to it who can write the file."""

    def __init__(self, path):
        self.path, self.store = path, None

    async def open(self):
        self.store = await Store.open(self.path, "access", durable=True, taught=ENTERING.into("access"))

    async def grow(self, count=6, since=1, step="take"):
        async with self.store.transaction() as connection:
            await record(connection, [deed(at, step) for at in range(since, since + count)])

    def beneath(self, *statements):
        with closing(sqlite3.connect(self.path)) as other, other:
            for statement in statements:
                other.execute(statement)

    async def seen(self, *noted):
        return await walked(self.store.connection, KEY, noted)


@pytest.fixture
async def kept(tmp_path):
    found = Kept(tmp_path / "chain.db")
    await found.open()
    yield found
    await found.store.close()


async def test_what_was_done_is_read_back_in_order(kept):
    async with kept.store.transaction() as connection:
        await record(connection, [])
        await record(connection, [deed(1), deed(2, subject="2")])
        await record(connection, [deed(3, "verify")])
    assert await deeds_of(kept.store.connection, "case", "1") == [deed(1), deed(3, "verify")]
    found = await kept.seen()
    assert (found.entries, found.unkeyed, found.bound, found.breaks) == (3, 0, True, [])
    assert found.head == await head(kept.store.connection)
    assert found.head.startswith("3:")


async def test_the_door_and_the_role_stand_beside_who_did_it(kept):
    with through("api", "officer"):
        await kept.grow(1)
    await kept.grow(1)
    found = [(one.door, one.role) for one in await deeds_of(kept.store.connection, "case", "1")]
    assert found == [("api", "officer"), ("", "")]


@pytest.mark.parametrize("query", ["update step set actor = 'zhang'", "delete from step"])
async def test_steps_are_only_added(kept, query):
    await kept.grow(1)
    with pytest.raises(DatabaseError, match="never"):
        await kept.store.connection.execute(query)


async def test_nothing_is_entered_by_whoever_was_not_taught_the_key(tmp_path):
    store = await Store.open(tmp_path / "other.db", "access", durable=True)
    with pytest.raises(StoreError, match="no such function: chained"):
        async with store.transaction() as connection:
            await record(connection, [deed(1)])
    await store.close()


_COLUMNS = "at, actor, subject, subject_id, step, reason, detail, role, door, before, after, hash, keyed"
_COPY = f"insert into step (id, {_COLUMNS}) select {{}}, {_COLUMNS} from step where id = {{}}"
_MOVE = "update step set id = {} where id = {}"
_LOOSE = ("drop trigger step_is_final", "drop trigger step_stays")
_TIED = (
    "create trigger step_is_final before update on step begin select raise(abort, 'steps are never changed'); end",
    "create trigger step_stays before delete on step begin select raise(abort, 'steps are never deleted'); end",
)
_CUT = ("delete from step where id > 4", "update sqlite_sequence set seq = 4 where name = 'step'")

# What somebody does who can write the file, and what is told of it by the chain alone; None: only an anchor tells.
BREAKINGS = [
    ("the first deleted", ["delete from step where id = 1"], "entry 1 is missing"),
    ("one deleted", ["delete from step where id = 3"], "entry 3 is missing"),
    (
        "one deleted, the numbers closed up",
        ["delete from step where id = 3", *(_MOVE.format(n - 1, n) for n in (4, 5, 6))],
        "it does not follow",
    ),
    ("the end deleted", ["delete from step where id > 4"], "entries 5 to 6 are missing, the end was cut off"),
    ("the end deleted with its counter", _CUT, None),
    ("all deleted", ["delete from step"], "entries 1 to 6 are missing, the end was cut off"),
    ("one edited", ["update step set reason = 'another' where id = 3"], "it does not follow"),
    ("the first edited", ["update step set actor = 'zhang' where id = 1"], "it does not follow"),
    ("the door edited", ["update step set door = 'page' where id = 2"], "it does not follow"),
    ("a hash edited", [f"update step set hash = '{'a' * 64}' where id = 3"], "it does not follow"),
    ("one put in", [*(_MOVE.format(n + 1, n) for n in (6, 5, 4)), _COPY.format(4, 1)], "entry 4 was put in"),
    ("one added", [_COPY.format(7, 1)], "it does not follow"),
    ("two swapped", [_MOVE.format(99, 3), _MOVE.format(3, 4), _MOVE.format(4, 99)], "it does not follow"),
    ("one said to be of before the key", ["update step set keyed = 0 where id = 5"], "it is not under the key"),
]


@pytest.mark.parametrize(("what", "statements", "told"), BREAKINGS, ids=[each[0] for each in BREAKINGS])
async def test_each_breaking_is_found(kept, what, statements, told):
    await kept.grow()
    noted = anchor({"access": await head(kept.store.connection)}, KEY.key, 0.0)
    kept.beneath(*_LOOSE, *statements, *_TIED)
    found = [one.what for one in (await kept.seen()).breaks]
    assert any(told in each for each in found) if told else found == [], found
    anchors = read_anchors([noted], KEY.key).heads["access"]
    assert (await kept.seen(*anchors)).breaks, "an anchor tells of each but what lies behind it"


async def test_a_chain_made_anew_by_whoever_has_the_key_shows_by_an_anchor(kept):
    await kept.grow()
    noted = Noted.read(await head(kept.store.connection), "yesterday")
    kept.beneath(*_LOOSE, "delete from step", "update sqlite_sequence set seq = 0 where name = 'step'", *_TIED)
    await kept.grow(8, step="keep sealed")
    assert (await kept.seen()).breaks == []
    (found,) = (await kept.seen(noted)).breaks
    assert found == (6, "it is another one than the head that was noted yesterday")


async def test_a_chain_made_anew_without_the_key_shows_by_itself(kept):
    await kept.grow()
    kept.beneath(*_LOOSE, "delete from step", "update sqlite_sequence set seq = 0 where name = 'step'", *_TIED)
    guessed = Entering(lambda: KEYS._replace(audit=b"g" * 32)).into("access")
    store = await Store.open(kept.path, "access", durable=True, taught=guessed)
    async with store.transaction() as connection:
        await record(connection, [deed(at) for at in range(1, 7)])
    await store.close()
    assert (await kept.seen()).breaks[0].entry == 1


async def test_the_database_of_yesterday_shows_by_an_anchor_of_today(kept, tmp_path):
    await kept.grow()
    await kept.store.close()
    shutil.copy(kept.path, tmp_path / "yesterday.db")
    await kept.open()
    await kept.grow(2, since=7)
    today = Noted.read(await head(kept.store.connection))
    await kept.store.close()
    shutil.copy(tmp_path / "yesterday.db", kept.path)
    await kept.open()
    assert (await kept.seen()).breaks == []
    (found,) = (await kept.seen(today)).breaks
    assert found == (8, "the head that was noted is gone: the chain ends with entry 6")


@pytest.mark.parametrize(
    "statements",
    [
        ["drop trigger step_stays"],
        ["drop trigger step_is_final"],
        ["drop trigger step_stays", "create trigger step_stays before delete on step begin select 1; end"],
    ],
)
async def test_a_trigger_that_was_dropped_or_disarmed_shows(kept, statements):
    await kept.grow()
    kept.beneath(*statements)
    ((entry, what),) = (await kept.seen()).breaks
    assert entry == 0
    assert what.startswith("the trigger step_")


async def test_entries_of_before_the_key_are_held_by_the_first_under_it(kept):
    before = BEGINNING
    for at in range(1, 4):
        old = list(deed(at))[:7]
        before = sha256(f"{before}{json.dumps(old)}".encode()).hexdigest()
        values = (*old, before)
        async with kept.store.transaction() as connection:
            await connection.execute(
                "insert into step (at, actor, subject, subject_id, step, reason, detail, hash) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
    found = await kept.seen()
    assert (found.entries, found.unkeyed, found.bound, found.breaks) == (3, 3, False, [])
    await kept.grow(2, since=4)
    found = await kept.seen()
    assert (found.entries, found.unkeyed, found.bound, found.breaks) == (6, 3, True, [])
    assert [one.deed.step for one in await entries(kept.store.connection)][3] == BOUND
    # Whoever computes the old ones anew, which needs no key, has another last hash than the one that was bound.
    changed = sha256(f"{BEGINNING}{json.dumps(list(deed(1, 'none'))[:7])}".encode()).hexdigest()
    kept.beneath(*_LOOSE, "delete from step where id in (2, 3)", *_TIED)
    kept.beneath(_LOOSE[0], f"update step set step = 'none', hash = '{changed}' where id = 1", _TIED[0])
    assert any(one.entry == 4 for one in (await kept.seen()).breaks)


@pytest.mark.parametrize("text", ["1", "x:y", "0:" + "1" * 64, "1:abc"])
def test_what_is_no_head(text):
    with pytest.raises(AuditError, match="NUMBER:HASH"):
        Noted.read(text)


async def test_entries_are_found_by_who_what_and_when(kept):
    connection = kept.store.connection
    await kept.grow()
    async with kept.store.transaction() as writing:
        await record(writing, [Deed(9.0, "wang", "appeal", "A-1", "granted", "so", "")])
    assert [one.id for one in await entries(connection, limit=2)] == [6, 7]
    assert [one.id for one in await entries(connection, limit=2, before=6)] == [4, 5]
    assert [one.id for one in await entries(connection, limit=2, until=3.0)] == [2, 3]
    assert [one.id for one in await entries(connection, actor="wang")] == [7]
    assert [one.id for one in await entries(connection, about=("case", "1"), since=5.0)] == [5, 6]
