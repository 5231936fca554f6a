"""Whatever a number is read as counts against its call; what lets it through counts where nobody reads another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.judging.ladder import LadderStep
from rules.language.examples import Described
from rules.lists.subscribers import SubscriberStore
from rules.model import Action, Call, Step, Trunk
from rules.records.decisions import decisions_path
from rules.records.past_calls import Past, PastCalls, RecordReader
from rules.screening.screen import Screen
from rules.settings.screening import ListSettings, ScreeningSettings
from tests.rules.calls import READ, rules

TRUNK = Trunk("north", "CN", cli_screened=True, home="CN")
LISTED, OTHER = "+8617012345678", "+8613912345678"
CALLED = "13800138000"
SETTINGS = ScreeningSettings(
    lists={
        "blocked": ListSettings(kind="block"),
        "suspected": ListSettings(kind="suspect"),
        "bank": ListSettings(kind="do-not-originate"),
        "seals": ListSettings(kind="sealed"),
        "allowed": ListSettings(kind="allow"),
        "clinics": ListSettings(kind="emergency"),
    },
)
PACK = rules("[]", use=["baseline"])
TRICKS = [f"{LISTED[3:]};phone-context=+49", f"{LISTED[3:]}#", f"+{LISTED}", "170_1234_5678"]


def call(caller: str = OTHER, called: str = CALLED) -> Call:
    """A call whose numbers are spelt so."""
    return READ(Described(caller, called), TRUNK, 1_000.0)


@pytest.fixture
async def screen(tmp_path: Path):
    opened = await Screen.open(SETTINGS, PACK, tmp_path, now=lambda: 1_000.0)
    yield opened
    await opened.close()


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize(("name", "step"), [("blocked", Step.OPERATOR_BLOCK), ("bank", Step.OPERATOR_BLOCK)])
@pytest.mark.parametrize("entry", [LISTED, "+8617012345*"])
async def test_a_listed_number_is_stopped_however_it_is_spelt(
    screen: Screen, trick: str, name: str, step: Step, entry: str
):
    await screen.lists.add(name, entry, wide=True)
    screen.poll()
    verdict = screen.judge(call(trick))
    assert (verdict.action, verdict.step, verdict.rule) == (Action.REJECT, step, name)


@pytest.mark.parametrize("trick", TRICKS)
async def test_one_that_no_list_names_rings_with_a_mark(screen: Screen, trick: str):
    verdict = screen.judge(call(trick))
    assert (verdict.action, verdict.rule) == (Action.TAG, "several-readings")


async def test_a_suspected_number_is_suspected_however_it_is_spelt(screen: Screen):
    await screen.lists.add("suspected", LISTED)
    screen.poll()
    assert screen.judge(call(TRICKS[0])).suspicion == 10


async def test_an_allow_entry_passes_a_number_that_is_read_in_one_way(screen: Screen):
    await screen.lists.add("allowed", OTHER)
    await screen.lists.add("blocked", LISTED)
    screen.poll()
    assert screen.judge(call(OTHER)).step is Step.OPERATOR_ALLOW
    assert screen.judge(call(f"{OTHER[3:]}#{LISTED[3:]}")).step is Step.OPERATOR_BLOCK
    assert screen.judge(call(f"{LISTED[3:]};phone-context=+86;phone-context=+49")).step is Step.OPERATOR_BLOCK
    # RFC 3966 reads a German number, a telephone shows one of ours: it may not pass as the German one
    await screen.lists.add("allowed", "+4917012345678")
    screen.poll()
    assert screen.judge(call(TRICKS[0])).step is Step.OPERATOR_BLOCK


async def test_a_number_that_is_only_looked_like_is_stopped_by_its_own_entry_alone(screen: Screen):
    await screen.lists.add("blocked", "+8617012345*", wide=True)
    screen.poll()
    assert screen.judge(call("0017012345678")).action is Action.FORWARD, "whoever calls from North Dakota, too"
    await screen.lists.add("blocked", LISTED)
    screen.poll()
    assert screen.judge(call("0017012345678")).action is Action.REJECT


@pytest.mark.parametrize("called", [f"{CALLED};phone-context=+49", f"{CALLED}#", f"{CALLED}x", f"*31#{CALLED}"])
async def test_a_subscribers_own_block_counts_however_he_is_dialled(screen: Screen, called: str):
    book = SubscriberStore(screen.lists.store, screen.keys.pseudonym, lambda: 1_000.0)
    await book.add(CALLED, "block", OTHER, country="CN")
    screen.poll()
    assert screen.judge(call(OTHER, CALLED)).step is Step.SUBSCRIBER_BLOCK
    assert screen.judge(call(OTHER, called)).step is Step.SUBSCRIBER_BLOCK
    assert screen.judge(call(f"{OTHER[3:]}#", called)).step is Step.SUBSCRIBER_BLOCK


async def test_a_subscribers_own_allow_counts_where_he_is_dialled_in_one_way(screen: Screen):
    book = SubscriberStore(screen.lists.store, screen.keys.pseudonym, lambda: 1_000.0)
    await book.add(CALLED, "allow", LISTED, country="CN")
    await screen.lists.add("blocked", LISTED)
    screen.poll()
    assert screen.judge(call(LISTED, CALLED)).step is Step.SUBSCRIBER_ALLOW
    assert screen.judge(call(LISTED, f"13700137000#{CALLED}")).step is Step.OPERATOR_BLOCK
    assert screen.judge(call(f"{LISTED[3:]};phone-context=+49", CALLED)).step is Step.OPERATOR_BLOCK


async def test_the_ladder_is_asked_for_each_reading(screen: Screen):
    async with screen.lists.store.transaction() as connection:
        await connection.execute(
            "insert into standing (kind, name, level, offences, since, reason, author) values (?, ?, ?, 1, 900, ?, ?)",
            ("number", LISTED, int(LadderStep.REJECT), "calls at night", "desk"),
        )
        await connection.execute("update change set ladder = ladder + 1")
    screen.poll()
    assert screen.judge(call(LISTED)).step is Step.LADDER
    for trick in TRICKS:
        assert screen.judge(call(trick)).step is Step.LADDER


async def test_what_was_read_stands_in_the_record_and_is_replayed(screen: Screen, tmp_path: Path):
    marked, alike = screen.judge(call(TRICKS[0])), screen.judge(call("0017012345678"))
    await screen.journal.flush(everything=True)
    past = await PastCalls.open(decisions_path(tmp_path / SETTINGS.storage.database))
    try:
        rows = [row async for page in past.pages(await past.span(None), None) for row in page]
    finally:
        await past.close()
    reader = RecordReader({TRUNK.name: TRUNK}, {})
    found = {one.id: one.call for row in rows if isinstance(one := reader.read(row), Past)}
    trick, looks = found[marked.decision], found[alike.decision]
    assert [number.canonical for number in trick.callers] == ["+4917012345678", LISTED]
    assert [number.canonical for number in trick.asserted] == ["+4917012345678", LISTED]
    assert (trick.sure, trick.facts) == (False, {"readings_differ": True})
    assert [number.canonical for number in looks.resembled] == [LISTED]
    assert looks.sure
