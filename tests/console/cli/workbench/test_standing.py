"""Where checked rules stand: the end of check's last line, in each case."""

import pytest

from console.cli.workbench.standing import Standing, standing
from ringfence.rulebook import load_rulebook
from tests.console.past import past_calls


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(0, False, 0, 0, None, False), "yesterday: no calls; nothing is live yet"),
        (Standing(9, False, 0, 0, 17, False), "yesterday: no call changes; not live, revision 17 is"),
        (
            Standing(9, False, 1, 0, 17, False),
            "yesterday: 1 call changes, 0 from allow lists; not live, revision 17 is",
        ),
        (
            Standing(900, False, 41, 3, 17, False),
            "yesterday: 41 calls change, 3 from allow lists; not live, revision 17 is",
        ),
        (
            Standing(10_000, True, 41, 3, 17, False),
            "the last 10,000 calls: 41 calls change, 3 from allow lists; not live, revision 17 is",
        ),
        (Standing(0, False, 0, 0, 17, True), "live as revision 17"),
        (
            Standing(0, False, 0, 0, 17, False, True),
            "yesterday: no calls; not live, revision 17 is, which no longer fits ringfence.yaml",
        ),
    ],
)
def test_the_sentence(standing, said):
    assert standing.as_text() == said


def test_what_is_live_changes_nothing(file, run):
    past_calls(file, load_rulebook(file), ["95012345"])
    assert standing(file, load_rulebook(file)).live is None
    assert run("rules", "activate", "--reason", "first", "--yes-really").exit_code == 0
    assert standing(file, load_rulebook(file)) == Standing(0, False, 0, 0, 1, True)


def test_what_is_live_may_no_longer_fit(file, run):
    rules = file.parent / "rules.d" / "own.yaml"
    sound = rules.read_text()
    rules.write_text(sound.split("  when")[0] + "  when: {caller: {on_list: suspected}}\n  then: reject\n")
    assert run("rules", "activate", "--reason", "first").exit_code == 0
    rules.write_text(sound)
    file.write_text(file.read_text().replace("  suspected: {kind: suspect}\n", ""))
    assert standing(file, load_rulebook(file)).unsound
    assert run("rules", "activate", "--reason", "mended").exit_code == 0
