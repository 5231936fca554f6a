"""What stands on lists, what imports brought and what waits is as it was entered, whoever writes the file."""

import io

import pytest

from rules.audit.entering import Entering
from rules.lists.admission import EntryError
from rules.lists.editing import Lists
from rules.lists.held_imports import drop_import, import_or_hold, release_import
from rules.lists.imports import Wishes
from rules.lists.lists_by_entries import lists_by_entries
from rules.lists.origins import NEVER, Origin
from rules.lists.undoing import undo
from rules.settings.screening import ListSettings
from rules.storage.keys import Keys

KEYS = Keys.for_now()
SETTINGS = {
    "blocked": ListSettings(kind="block", proposal_hours=24),
    "allowed": ListSettings(kind="allow"),
    "short": ListSettings(kind="suspect", expires_days=7),
}
BY_HAND = (
    "insert into exact select code + 17, list, origin from exact join origin on id = origin where import_id is null"
)
TAKEN = "delete from exact where code = (select max(code) from exact)"
LI = Origin(author="li", reason="rings at night")


@pytest.fixture
async def lists(tmp_path):
    clock = iter(range(1_000, 10**6))
    entering = Entering(lambda: KEYS)
    made = await Lists.open(tmp_path / "l.db", SETTINGS, now=lambda: float(next(clock)), entering=entering)
    await busy(made)
    yield made
    await made.store.close()


def file_of(*numbers):
    return io.BytesIO("".join(f"{one}\n" for one in ("number", *numbers)).encode())


async def busy(lists):
    """Every way in which something comes onto a list, changes there and leaves it."""
    for last in range(4):
        await lists.add("blocked", f"+861391234567{last}", LI)
    await lists.add("blocked", "+8613912345670", Origin(author="wang", note="again"))
    await lists.remove("blocked", "+8613912345671", author="wang", reason="another owner")
    await lists.add("blocked", "CN:9501*", LI, wide=True)
    await lists.add("short", "+8613912345678", Origin(author="li", expires=NEVER))
    await lists.add("short", "+8613912345678", Origin(author="li", note="once more"))
    await lists.add("allowed", "+861381*", LI, wide=True)
    await lists.add("blocked", "+8613812345678", LI, force=True)  # the allow entry leaves it out from now on
    more = [f"+86135123456{one:02}" for one in range(30)]
    first = await import_or_hold(lists, "short", file_of(*more), LI, Wishes(insist=True))
    await import_or_hold(
        lists, "short", file_of(*more[:20], "+8613912345678"), LI, Wishes(replace_all=True, insist=True)
    )
    last = await import_or_hold(lists, "short", file_of(*more[5:25]), LI, Wishes(insist=True))
    assert first.import_id
    assert last.import_id
    await lists.remove("short", more[6], author="wang", reason="x")
    await undo(lists, last.import_id, author="li", reason="wrong file")
    for reason in ("one", "two", "three"):
        held = await import_or_hold(
            lists, "short", file_of(), Origin(author="li", reason=reason), Wishes(replace_all=True)
        )
        assert held.held_id
    await drop_import(lists, 1, author="wang", reason="empty")


async def found(lists):
    return await lists_by_entries(lists.store.connection, KEYS.hide)


async def test_what_nobody_touched_is_whole_and_what_never_ends_does_not(lists):
    assert await found(lists) == ([], {})
    (entry,) = await lists.covering("+8613912345678")
    assert entry.list == "short"
    with pytest.raises(EntryError, match="imported it"):
        await release_import(lists, 2, author="li", reason="x", calls={})
    await release_import(lists, 2, author="wang", reason="all of it", calls={})
    assert await found(lists) == ([], {})


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (BY_HAND, "stands there, which no entry says"),
        (TAKEN, "by its entries"),
        ("delete from wide", "by its entries"),
        ("update origin set author = 'wang' where author = 'li' and import_id is null", "who put"),
        ("update origin set reason = 'x' where import_id is null", "or why, is another"),
        ("update origin set expires = 1 where import_id is null", "until when"),
        ("update origin set expires = 1 where import_id is not null", "until when its entries stand"),
        ("update origin set import_id = 1 where import_id is null", "said to be of it that came otherwise"),
        ("update import set author = 'wang'", "who made it"),
        ("update import set added = 99", "what it did is not as"),
        ("delete from import where id = 1", "import 1: it is gone"),
        ("update held_import set author = 'wang' where id = 2", "held import 2: its list, who handed it in"),
        ("update held_import set list = 'blocked' where id = 2", "held import 2: its list, who handed it in"),
        ("update held_import set data = x'00' where id = 2", "held import 2: what it holds is another"),
        ("update held_import set wishes = '{}' where id = 2", "held import 2: what it holds is another"),
        ("update held_import set ended = 2000, ended_by = 'wang' where id = 3", "held import 3: wang ended it"),
        ("update held_import set ended = null, ended_by = '' where id = 1", "held import 1: it waits, and was dropped"),
        ("delete from held_import where id = 2", "held import 2: it is gone"),
    ],
)  # fmt: skip
async def test_a_row_that_a_hand_changed_is_found(lists, what, said):
    async with lists.store.transaction() as connection:
        await connection.execute("pragma defer_foreign_keys = on")
        await connection.execute("pragma foreign_keys = off")
        await connection.execute(what)
        if "from import" in what:
            await connection.execute("update origin set import_id = 2 where import_id = 1")
            await connection.execute("update ending set import_id = 2 where import_id = 1")
    faults, _ = await found(lists)
    assert any(said in one for one in faults), faults
    assert not any("+86139" in one for one in faults), "no number is told"


async def test_who_writes_another_name_over_his_own_does_not_release_his_import(lists):
    async with lists.store.transaction() as connection:
        await connection.execute("update held_import set author = 'wang' where id = 2")
    with pytest.raises(EntryError, match="another than its entry says"):
        await release_import(lists, 2, author="li", reason="mine", calls={})


async def test_what_was_there_before_entries_is_older_and_no_forgery(lists):
    async with lists.store.transaction() as connection:
        await connection.execute("drop trigger step_stays")
        await connection.execute("delete from step")
    await lists.add("allowed", "+8613712345678", LI)
    async with lists.store.transaction() as connection:
        await connection.execute("update origin set created = -1e6")
        await connection.execute("update import set created = -1e6")
        await connection.execute("update held_import set created = -1e6")
    faults, older = await found(lists)
    assert (faults, older) == ([], {"lists": 3})
