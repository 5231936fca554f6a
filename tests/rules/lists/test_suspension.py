"""Seals suspend what allows a number: whatever comes in whatever order, and nothing is lost by it."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing, suppress
from importlib import resources
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.seals import release_seal, set_seal
from rules.lists.admission import EntryError
from rules.lists.cache import Lookup
from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_rows, imports
from rules.lists.subscribers import SubscriberLists, SubscriberStore
from rules.lists.undoing import undo
from rules.model import Step
from rules.numbering.intervals import encode
from rules.settings.screening import ListSettings
from tests.examples import examples
from tests.rules.calls import call, rules

LISTS = {
    "bank": ListSettings(kind="allow", min_length=1),
    "partners": ListSettings(kind="allow", shared=True),
    "sealed": ListSettings(kind="sealed"),
    "blocked": ListSettings(kind="block"),
}
SPAM, NEIGHBOUR = "CN:95012345", "CN:95012346"
BY_DAY = Origin("contract", "surveys")


class Office:
    """Lists, and a desk that seals."""

    def __init__(self, path, lists):
        self.path, self.lists, self.seals = path, lists, {}
        self.lookup = Lookup(path / "lists.db", entries=100)
        self.archive = SimpleNamespace(lists=lists, now=lambda: 1_000.0, country="CN")

    async def seal(self, number=SPAM):
        self.seals[number] = (await set_seal(self.archive, number, case_id=7, author="li", reason="verified")).id

    async def release(self, number=SPAM):
        return await release_seal(self.archive, self.seals.pop(number), number, author="wang", reason="appeal")

    def kinds(self, number=SPAM):
        self.lookup.poll()
        return [hit.kind for hit in self.lookup.look_up(number, 1_000.0)]

    async def state(self):
        """Everything on every list but the seals."""
        return [
            [(entry.text, entry.exceptions, entry.origin.reason) for entry in await self.lists.show(name)]
            for name in ("bank", "partners", "blocked")
        ], {**await self.lists.counts(), "sealed": 0}


@asynccontextmanager
async def opened(path, policies=LISTS):
    path.mkdir(exist_ok=True)
    lists = await Lists.open(path / "lists.db", policies, now=lambda: 1_000.0)
    office = Office(path, lists)
    try:
        yield office
    finally:
        office.lookup.close()
        await lists.close()


@pytest.fixture
async def office(tmp_path):
    async with opened(tmp_path) as office:
        yield office


def rows(*texts):
    return [(line, text, {}) for line, text in enumerate(texts, start=1)]


@pytest.mark.parametrize("text", ["95012345", "95012*", "95012000..95012999"])
async def test_what_comes_onto_an_allow_list_after_the_seal_does_not_pass_and_says_so(office, text):
    await office.seal()
    entry = await office.lists.add("bank", text, BY_DAY, country="CN")
    assert entry.sealed == ("CN:95012345 stays sealed (seal 1, case 7)",)
    assert office.kinds() == ["sealed"]
    if text != "95012345":
        assert office.kinds(NEIGHBOUR) == ["allow"], "the neighbours pass"
    (told,) = await office.release()
    assert (told.list, told.owner) == ("bank", "contract"), "what came later comes back too, and is told"
    assert office.kinds() == ["allow"]


async def test_an_import_its_undoing_and_a_new_version_free_nobody(office):
    await office.lists.add("bank", "95012*", country="CN")
    await office.seal()
    report = await import_rows(office.lists, "bank", rows("95012345", "95588"), BY_DAY, Wishes("CN"))
    assert report.sealed == ["CN:95012345 stays sealed (seal 1, case 7)"]
    assert office.kinds() == ["sealed"]
    version = Wishes("CN", replace_all=True, insist=True)
    report = await import_rows(office.lists, "bank", rows("9501*"), BY_DAY, version)
    assert report.sealed == ["CN:95012345 stays sealed (seal 1, case 7)"]
    assert office.kinds() == ["sealed"]
    assert (await undo(office.lists, report.import_id)).sealed == ("CN:95012345 stays sealed (seal 1, case 7)",)
    assert office.kinds() == ["sealed"]
    await office.release()
    assert office.kinds() == ["allow", "allow"]


async def test_lists_say_what_is_suspended_and_by_which_seal(office):
    for text in ("95012*", "95012345", "95013*", "95588"):
        await office.lists.add("bank", text, country="CN")
    await office.seal()
    shown = {entry.text: (entry.off(0.0), entry.sealed) for entry in await office.lists.show("bank")}
    by = ("CN:95012345 stays sealed (seal 1, case 7)",)
    assert shown == {
        "CN:95012*": ("", by),
        "CN:95012345": ("suspended by seal 1 (case 7)", by),
        "CN:95013*": ("", ()),
        "CN:95588": ("", ()),
    }
    off = {entry.text: entry.off(0.0) for entry in await office.lists.covering(SPAM) if entry.list == "bank"}
    assert set(off.values()) == {"suspended by seal 1 (case 7)"}, "asked about this number, the prefix is off too"


async def test_an_exception_that_the_operator_wrote_is_not_a_seal_s(office):
    await office.seal()
    entry = await office.lists.add("bank", "95012*", country="CN", exceptions=("95012345",))
    assert entry.sealed == ()
    assert await office.release() == ()
    assert office.kinds() == []
    assert office.kinds(NEIGHBOUR) == ["allow"]


async def test_a_range_of_longer_numbers_has_nothing_to_do_with_it(office):
    await office.seal()
    assert (await office.lists.add("bank", "CN:950123450..CN:950123459")).sealed == ()
    report = await import_rows(office.lists, "bank", rows("CN:9501234500..CN:9501234599"))
    assert report.sealed == []


async def test_a_shared_list_is_not_the_operator_s(office):
    await office.lists.add("partners", "95012*", country="CN")
    await office.seal()
    assert office.kinds() == ["sealed", "allow"], "it stands below the seal by itself"
    assert (await import_rows(office.lists, "partners", rows("95012345"), wishes=Wishes("CN"))).sealed == []


async def test_a_subscriber_s_own_allow_still_wins(office):
    await office.lists.add("bank", "95012*", country="CN")
    await office.seal()
    await SubscriberStore(office.lists.store, b"k" * 32, lambda: 1_000.0).add(
        "13800138000", "allow", SPAM, country="CN"
    )
    office.lookup.poll()
    subscribers = SubscriberLists(office.lookup, b"k" * 32)
    subscribers.poll()
    steps = []
    for called in ("13800138000", "13800138001"):
        made = call("95012345", called, at=1_000.0)
        hits = office.lookup.look_up(SPAM, 1_000.0) + subscribers.look_up(made.called.canonical, made.callers)
        steps.append(rules("[]").judge(made, hits).step)
    assert steps == [Step.SUBSCRIBER_ALLOW, Step.SEALED]


async def test_a_sealed_number_leaves_its_list_by_release_only(office):
    await office.seal()
    with pytest.raises(EntryError, match=r"sealed by seal 1; `ringfence cases release 7` takes it off"):
        await office.lists.remove("sealed", SPAM)
    # Not even when ringfence.yaml calls the list something else meanwhile.
    await office.lists.configure(LISTS | {"sealed": ListSettings(kind="plain")})
    with pytest.raises(EntryError, match=r"sealed by seal 1; `ringfence cases release 7` takes it off"):
        await office.lists.remove("sealed", SPAM)
    version = Wishes("CN", replace_all=True, insist=True)
    await import_rows(office.lists, "sealed", rows("95012345", "95014001"), wishes=version)
    report = await import_rows(office.lists, "sealed", rows("95013001"), wishes=version)
    assert (report.added, report.removed) == (1, 1)
    await office.lists.configure(LISTS)
    assert office.kinds() == ["sealed"]
    await office.release()
    assert office.kinds() == []


async def test_nobody_puts_a_number_on_a_list_of_seals_without_a_case(office):
    with pytest.raises(EntryError, match="list sealed is filled by cases only") as refusal:
        await office.lists.add("sealed", "95013001", country="CN")
    assert refusal.value.name == "sealed"
    with pytest.raises(EntryError, match="list sealed is filled by cases only"):
        await import_rows(office.lists, "sealed", rows("95014001"), wishes=Wishes("CN", dry_run=True))


async def test_what_seals_of_an_older_layout_had_taken_off_comes_back(tmp_path):
    start, code, second = encode("CN:95012340"), encode(SPAM), encode(NEIGHBOUR)
    holes = f"7:8:CN:95012999 {code}:{code}:{SPAM} {second}:{second}:{NEIGHBOUR}"
    with closing(sqlite3.connect(tmp_path / "lists.db")) as connection:
        folder = resources.files("rules").joinpath("storage", "migrations", "lists")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)[:3]:
            connection.executescript(file.read_text())
        connection.executescript(f"""
            insert into list (id, name, kind, suspicion, shared, entries)
                values (1, 'bank', 'allow', 5, 0, 1), (2, 'sealed', 'sealed', 5, 0, 2);
            insert into origin (id, source, reason, author, created, evidence, note, trunks)
                values (1, 'contract', 'surveys', 'li', 1, '', '', ''), (2, 'seal 1', '', '', 1, '', '', '');
            insert into seal (id, case_id, code, number, list, owner, author, reason, sealed)
                values (1, 7, {code}, '{SPAM}', 2, '', '', '', 1), (2, 8, {second}, '{NEIGHBOUR}', 2, '', '', '', 1);
            insert into exact values ({code}, 2, 2), ({second}, 2, 2);
            insert into wide (id, list, start, stop, places, text, origin, holes)
                values (1, 1, {start}, {second}, 8, 'CN:95012340-CN:95012346', 1, '{holes}');
            insert into span values ({start}, 1);
            insert into suspended values (1, 1, {code}, {code}, 8, '{SPAM}', 1),
                (1, 1, {start}, {second}, 8, 'CN:95012340-CN:95012346', 1),
                (2, 1, {start}, {second}, 8, 'CN:95012340-CN:95012346', 1);
            pragma user_version=3;
        """)
    async with opened(tmp_path) as office:
        assert office.kinds() == office.kinds(NEIGHBOUR) == ["sealed"]
        assert (await office.lists.counts())["bank"] == 2
        assert (await office.lists.show("bank"))[0].exceptions == ("CN:95012999",), "the operator's own hole stays"
        office.seals = {SPAM: 1, NEIGHBOUR: 2}
        assert len(await office.release()) == 2
        assert len(await office.release(NEIGHBOUR)) == 1
        assert (office.kinds(), office.kinds(NEIGHBOUR)) == (["allow", "allow"], ["allow"])


numbers = st.sampled_from(["CN:95012345", "CN:95012346", "CN:95013001"])
texts = st.sampled_from(
    ["CN:95012345", "CN:95012346", "CN:95013001", "CN:95012*", "CN:9501*", "CN:95012340..CN:95012349"]
)
changes = st.one_of(
    st.tuples(st.just("add"), texts, st.sampled_from([(), ("CN:95012346",)])),
    st.tuples(st.just("remove"), texts),
    st.tuples(st.just("import"), st.lists(texts, max_size=4, unique=True), st.booleans()),
    st.tuples(st.just("undo"), st.integers(0, 2)),
    st.tuples(st.just("seal"), numbers),
    st.tuples(st.just("release"), numbers),
)


async def change(office, what, reason):
    """Make one change; what is refused is refused with and without seals alike."""
    with suppress(EntryError):
        match what:
            case ("add", text, exceptions):
                await office.lists.add("bank", text, Origin(reason=reason), exceptions=exceptions)
            case ("remove", text):
                await office.lists.remove("bank", text)
            case ("import", listed, replace_all):
                wishes = Wishes(replace_all=replace_all, insist=True)
                await import_rows(office.lists, "bank", rows(*listed), Origin(reason=reason), wishes)
            case ("undo", back):
                made = await imports(office.lists)
                if back < len(made):
                    await undo(office.lists, made[back].id)


@examples(40)
@given(st.lists(changes, min_size=1, max_size=12))
def test_no_order_of_changes_frees_a_sealed_number_or_loses_an_entry(tmp_path_factory, story):
    path = tmp_path_factory.mktemp("seals")

    async def play():
        async with opened(path / "sealing") as office, opened(path / "plain") as twin:
            for step, what in enumerate(story):
                if what[0] == "seal" and what[1] not in office.seals:
                    await office.seal(what[1])
                elif what[0] == "release" and what[1] in office.seals:
                    await office.release(what[1])
                elif what[0] not in ("seal", "release"):
                    await change(office, what, f"step {step}")
                    await change(twin, what, f"step {step}")
                for number in ("CN:95012345", "CN:95012346", "CN:95013001"):
                    expected = ["sealed"] if number in office.seals else twin.kinds(number)
                    assert office.kinds(number) == expected
            for number in list(office.seals):
                await office.release(number)
            assert await office.state() == await twin.state()

    asyncio.run(play())
