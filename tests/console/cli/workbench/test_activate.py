"""What may go live beside what is: compared over yesterday, and its difference file by file."""

from console.cli.workbench.activate import difference, earlier, history, on_disk, stored
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
    assert on_disk(file).live is None
    assert run("rules", "activate", "--reason", "first").exit_code == 0
    assert on_disk(file).is_live
    (file.parent / "rules.d" / "own.yaml").write_text(rule("{caller: 17012345678}"))
    candidate = on_disk(file)
    assert (candidate.is_live, candidate.too_much, candidate.replayed.replay.newly) == (False, True, 2)
    configuration, (revision,) = history(file, 9)
    assert stored(file, configuration, revision.number).texts == earlier(file, 1).book.texts
    assert earlier(file, 7) is None
    assert earlier(file, None) is None
