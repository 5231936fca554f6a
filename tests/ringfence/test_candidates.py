"""What may go live beside what is: compared over yesterday, and its difference file by file."""

import asyncio

from ringfence.candidates import ComparedWithPast, compared_with_past, difference, earlier, history, on_disk, stored
from ringfence.installation import Installation
from ringfence.rulebook import load_rulebook
from rules.screening.revisions import FileText, Texts
from tests.console.past import past_calls
from tests.rules.calls import rule


def texts(use=(), **files):
    return Texts(tuple(FileText("", f"{name}.yaml", text) for name, text in files.items()), tuple(use))


def test_the_difference():
    old, new = texts(a="one\ntwo\n", b="gone\n"), texts(a="one\n2\n", c="new\n", use=["cn"])
    lines = difference(old, new, names=("revision 1", "disk"))
    assert [line for line in lines if not line.startswith(("@", " "))] == [
        *("--- a.yaml (revision 1)", "+++ a.yaml (disk)", "-two", "+2"),
        *("--- b.yaml (revision 1)", "+++ b.yaml (disk)", "-gone"),
        *("--- c.yaml (revision 1)", "+++ c.yaml (disk)", "+new"),
        *("--- use (revision 1)", "+++ use (disk)", '+"cn"'),
    ]
    assert difference(old, old, names=("a", "b")) == []


def test_a_candidate(file, run):
    past_calls(file, load_rulebook(file), ["17012345678"] * 2 + ["13912345678"] * 98)
    assert asyncio.run(seen(file, on_disk)).live is None
    assert run("rules", "activate", "--reason", "first").exit_code == 0
    assert asyncio.run(seen(file, on_disk)).is_live
    (file.parent / "rules.d" / "own.yaml").write_text(rule("{caller: 17012345678}"))
    candidate = asyncio.run(seen(file, on_disk))
    assert (candidate.is_live, candidate.too_much, candidate.replayed.replay.newly) == (False, True, 2)
    (revision,) = asyncio.run(seen(file, history, 9))
    first = asyncio.run(seen(file, earlier, 1))
    assert asyncio.run(seen(file, stored, revision.number)).texts == first.book.texts
    assert asyncio.run(seen(file, earlier, 7)) is None
    assert asyncio.run(seen(file, earlier, None)) is None


async def seen(file, what, *more):
    async with Installation.open(file) as here:
        return await what(here, *more)


def where_it_stands(file):
    return asyncio.run(seen(file, compared_with_past, load_rulebook(file)))


def test_what_is_live_changes_nothing(file, run):
    past_calls(file, load_rulebook(file), ["95012345"])
    assert where_it_stands(file).live is None
    assert run("rules", "activate", "--reason", "first", "--yes-really").exit_code == 0
    assert where_it_stands(file) == ComparedWithPast(0, False, 0, 0, 1, True)


def test_what_is_live_may_no_longer_fit(file, run):
    rules = file.parent / "rules.d" / "own.yaml"
    sound = rules.read_text()
    rules.write_text(sound.split("  when")[0] + "  when: {caller: {on_list: suspected}}\n  then: reject\n")
    assert run("rules", "activate", "--reason", "first").exit_code == 0
    rules.write_text(sound)
    file.write_text(file.read_text().replace("  suspected: {kind: suspect}\n", ""))
    assert where_it_stands(file).unsound
    assert run("rules", "activate", "--reason", "mended").exit_code == 0
