"""Revisions: what was live stays readable for ever, as it was; two authors at once do not overwrite each other."""

import pytest

from rules.language.compile import compile_rules, read_files
from rules.language.rule_files import NO_CONFIGURATION
from rules.language.source import load_document
from rules.model import Trunk
from rules.screening.revisions import FileText, Revisions, Superseded, Texts, read_revision, revisions_path, texts_of
from rules.settings.screening import ScreeningSettings
from rules.storage.store import StoreError
from tests.rules.calls import rule

SETTINGS = ScreeningSettings(use=[{"pack": "baseline", "off": ["own-number-from-outside"]}])
TEXTS = Texts((FileText("", "a.yaml", rule("{caller: 95588}")),), ())


@pytest.fixture
async def revisions(tmp_path):
    clock = iter(range(1000, 2000))
    found = await Revisions.open(tmp_path / "rules.db", now=lambda: float(next(clock)))
    yield found
    await found.close()


def on_disk(tmp_path):
    """A rule file that includes another, read with the pack."""
    (tmp_path / "rules.d").mkdir()
    main = tmp_path / "rules.d" / "main.yaml"
    main.write_text("include: [more.yaml]\nrules:\n" + rule("{condition: bank}", name="first"))
    (tmp_path / "rules.d" / "more.yaml").write_text("conditions: {bank: {caller: 95588}}\n")
    return read_files([main], SETTINGS, NO_CONFIGURATION)


def compiled(files):
    ruleset, faults, *_ = compile_rules(files, SETTINGS, trunks=[Trunk("carrier", country="CN")])
    assert ruleset is not None, faults
    return ruleset


async def test_a_stored_rule_set_needs_no_file_any_more(tmp_path, revisions):
    files = on_disk(tmp_path)
    texts = texts_of(files, SETTINGS.use, tmp_path)
    assert [one.name for one in texts.files] == ["rules.d/main.yaml", "rules.d/more.yaml", "baseline.yaml"]
    before = compiled(files)
    number = await revisions.add(texts, hash_=before.revision, author="li", reason="banks")
    for file in (tmp_path / "rules.d").iterdir():
        file.unlink()
    stored = await revisions.get(number)
    assert stored == read_revision(tmp_path / "rules.db", number) == await revisions.live()
    after = compiled(stored.texts.as_files())
    assert after.revision == before.revision
    assert "own-number-from-outside" not in [one.name for one in after.rules]
    assert next(one for one in after.rules if one.name == "first").place == "rules.d/main.yaml:3"


async def test_a_pack_is_kept_as_it_was(tmp_path, revisions):
    texts = texts_of(on_disk(tmp_path), SETTINGS.use, tmp_path)
    (pack,) = [one for one in texts.files if one.pack]
    altered = [one for one in texts.files if not one.pack] + [pack._replace(text=pack.text.replace("baseline", "old"))]
    names = [file.pack for file in Texts(tuple(altered), texts.use).as_files().files]
    assert names.count("baseline") == 1
    gone = Texts(tuple(one for one in texts.files if not one.pack), texts.use)
    assert compile_rules(gone.as_files(), SETTINGS)[0] is None, "a pack that is not stored is not read from the disk"


async def test_history_goes_back(revisions):
    for reason in ("one", "two", "three"):
        await revisions.add(TEXTS, hash_=f"hash-{reason}", author="li", reason=reason)
    assert [(one.number, one.reason, one.created) for one in await revisions.history(2)] == [
        (3, "three", 1002.0),
        (2, "two", 1001.0),
    ]
    assert (await revisions.get(1)).texts == TEXTS
    assert await revisions.get(9) is None


async def test_the_revision_that_judged_at_a_moment(revisions):
    for hash_ in ("old", "new", "old"):
        await revisions.add(TEXTS, hash_=hash_, author="li", reason="so")
    assert (await revisions.that_judged("old", 1001.5)).number == 1
    assert (await revisions.that_judged("old", 5000.0)).number == 3
    assert await revisions.that_judged("never", 5000.0) is None


async def test_whoever_compared_with_another_revision_is_told(revisions):
    first = await revisions.add(TEXTS, hash_="a", author="li", reason="so", after=0)
    await revisions.add(TEXTS, hash_="b", author="wang", reason="so", after=first)
    with pytest.raises(Superseded, match="revision 2 went live meanwhile"):
        await revisions.add(TEXTS, hash_="c", author="li", reason="so", after=first)
    assert (await revisions.live()).author == "wang"


async def test_nothing_is_live_at_first(revisions, tmp_path):
    assert await revisions.live() is None
    with pytest.raises(StoreError, match="there is no revision 4"):
        read_revision(tmp_path / "rules.db", 4)


def test_a_text_that_cannot_be_read_is_a_fault():
    files = Texts((FileText("", "a.yaml", "rules: ["),), ()).as_files()
    assert [fault.file for fault in files.faults] == ["a.yaml"]


def test_it_lies_beside_the_lists(tmp_path):
    assert revisions_path(tmp_path / "ringfence.db") == tmp_path / "ringfence-rules.db"


def test_a_file_elsewhere_keeps_its_path(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("rules: []\n")
    files = read_files([load_document(path)], ScreeningSettings(use=[]), NO_CONFIGURATION)
    assert texts_of(files, [], tmp_path / "other").files[0].name == str(path)


@pytest.mark.parametrize("reason", ["", "  ", "\u200b\u3000"])
async def test_rules_go_live_with_a_reason_only(revisions, reason):
    with pytest.raises(StoreError, match="say why these rules go live; nothing was changed"):
        await revisions.add(TEXTS, hash_="a", author="li", reason=reason)
    assert await revisions.live() is None
