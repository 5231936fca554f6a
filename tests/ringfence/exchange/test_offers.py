"""What a partner offers is held against his root; whatever is wrong with it, nothing is taken."""

import gzip
import shutil

import pytest

import ringfence.exchange.repository
import ringfence.exchange.signing
from ringfence.exchange.offers import Look
from ringfence.exchange.refused import WHAT, Refused
from ringfence.exchange.web import Web
from rules.sharing.entries import SharedEntry
from tests.ringfence.exchange.operators import NOON, Clock, Operator


@pytest.fixture
async def giving(tmp_path):
    one = await Operator.open(tmp_path, "a", Clock())
    shutil.copy(one.folder / "share/metadata/1.root.json", one.folder / "handed-over.json")
    one.takes(one, root=str(one.folder / "handed-over.json"))
    await one.block("+8617012345678")
    await one.publish()
    yield one
    await one.lists.close()


def look(one, known=None, old=dict, *, now=NOON, **changed):
    partner = one.settings.partners["a"].model_copy(update=changed)
    web = Web((), 30, clock=lambda: 0.0)
    try:
        root = partner.root.read_bytes()
        asked = Look(partner, root, one.folder / "partners/a", web, now)
        asked.feed()
        return asked.offer(known, old)
    finally:
        web.close()


async def test_a_version_comes_whole_then_by_differences(giving):
    first = look(giving)
    assert (first.newest.version, len(first.state)) == (1, 1)
    assert look(giving, first.newest).state is None
    await giving.block("+8617012345679")
    await giving.publish()
    for path in (giving.folder / "share/targets").glob("*.full-2.*"):
        path.unlink()
    second = look(giving, first.newest, lambda: first.state)
    assert (second.newest.version, len(second.state)) == (2, 2)
    with pytest.raises(Refused) as refused:
        look(giving, first.newest)  # who lost what he had
    assert refused.value.code == "gap"


def entry(number="+8617012345679", **more):
    said = {"reason": "fraud", "strength": "bare", "first": "2026-11-01", "last": "2026-12-01"}
    said |= {"expires": "2027-03-01", "origin": "a.example", "version": 0, "hop": 0} | more
    return SharedEntry(number, **said)


def says(**changed):
    """Who signs an entry that no operator may give."""

    def act(one, _):
        said = entry(**changed)
        one.giving.repository.publish(
            one.giving.repository.state() | {said.key: said}, lambda _: "removed", "a.example"
        )

    return act


def says_of_files(name, make):
    """Who signs files that are otherwise than they should be."""

    def act(one, monkeypatch):
        monkeypatch.setattr(ringfence.exchange.repository, name, make)
        says()(one, monkeypatch)

    return act


def rolled_back(one, _):
    shutil.copytree(one.folder / "share", one.folder / "old")
    says()(one, _)
    look(one)
    shutil.rmtree(one.folder / "share")
    shutil.copytree(one.folder / "old", one.folder / "share")


def halved(one, monkeypatch):
    says()(one, monkeypatch)
    for path in (one.folder / "share/targets").glob("*.gz"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def stolen(one, monkeypatch):
    """One of two keys of targets is in other hands, and signs."""
    next((one.folder / "share-keys").glob("targets-*")).unlink()
    real = ringfence.exchange.signing.sign
    monkeypatch.setattr(ringfence.exchange.repository, "sign", lambda *given: real(*given[:3], 0))
    says()(one, monkeypatch)


def another(one, _):
    """Somebody else's repository in its place."""
    for folder in ("share", "share-keys"):
        shutil.rmtree(one.folder / folder)
    one.giving.repository.begin(one.folder / "other", roots=1, root_threshold=1, targets=1, targets_threshold=1)
    says()(one, _)


def gone(one, monkeypatch):
    says()(one, monkeypatch)
    shutil.rmtree(one.folder / "share/targets")


def untouched(_, __):
    pass


def packed(lines):
    return gzip.compress(b" " * 4_000_000, mtime=0)


OFFERS = {
    "an old version": (rolled_back, {}, "rollback"),
    "no version for a week": (untouched, {"now": NOON + 7.1 * 86_400}, "frozen"),
    "half a file": (halved, {}, "broken"),
    "a stolen key of targets": (stolen, {}, "signature"),
    "another's repository": (another, {}, "signature"),
    "no files": (gone, {}, "unreachable"),
    "a whole country": (says(number="+86*"), {}, "rubbish"),
    "a country's code": (says(number="+86"), {}, "rubbish"),
    "an emergency number": (says(number="CN:110"), {}, "rubbish"),
    "a service number": (says(number="CN:12321"), {}, "rubbish"),
    "an end in 2099": (says(expires="2099-01-01"), {}, "rubbish"),
    "a sight in the future": (says(last="2026-12-20"), {}, "rubbish"),
    "another's word as his": (says(origin="b.example"), {}, "rubbish"),
    "free text": (says(reason="she rang me at night"), {}, "rubbish"),
    "a difference with a gap": (says_of_files("lines_of_difference", lambda _: []), {}, "gap"),
    "a digest that does not fit": (says_of_files("digest_of", lambda _: "0" * 64), {}, "gap"),
    "a file that unpacks to a full memory": (says_of_files("packed", packed), {"most_mib": 1}, "large"),
    "a file that does not unpack": (says_of_files("packed", lambda _: b"PK"), {}, "broken"),
    "more entries than are taken": (says(), {"most_entries": 1}, "large"),
    "a name of somebody else": (untouched, {"operator": "b.example"}, "other"),
}


@pytest.mark.parametrize(("act", "how", "code"), OFFERS.values(), ids=OFFERS)
async def test_whatever_is_wrong_nothing_is_taken(giving, monkeypatch, act, how, code):
    first = look(giving)
    act(giving, monkeypatch)
    with pytest.raises(Refused) as refused:
        look(giving, first.newest, lambda: first.state, **how)
    assert (refused.value.code, str(refused.value).startswith(WHAT[code])) == (code, True)
    assert "1701234" not in str(refused.value)  # it is logged


@pytest.mark.parametrize("days", [-1, 0, 1])
async def test_a_clock_that_is_a_day_off_takes_it(giving, days):
    says(last="2026-12-01")(giving, None)
    assert len(look(giving, now=NOON + days * 86_400).state) == 2


async def test_a_root_that_is_none_is_told(giving):
    partner = giving.settings.partners["a"]
    for torn in (b"", b"{}", partner.root.read_bytes()[:-40]):
        with pytest.raises(Refused) as refused:
            Look(partner, torn, giving.folder / "partners/a", Web((), 30, clock=lambda: 0.0), NOON)
        assert refused.value.code == "root"
