"""A rule's mode is written into its file, where everything else stays as it is, whatever its lines end with."""

import pytest

from ringfence.promotion import LIVE, OBSERVE, mode_named, promoted
from ringfence.rulebook import load_rulebook
from rules.texts.bad_value import BadValue

RULE = "# 诈骗\n- rule: own-range\n  because: It is so.\n  when: {caller: 17012345678}\n  then: reject\n"


@pytest.fixture
def own(file):
    return file.parent / "rules.d" / "own.yaml"


@pytest.mark.parametrize("begins", ["", "\ufeff"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("mode", "after"),
    [
        ("", "  mode: observe\n  then: reject\n"),
        ("  mode: live\n", "  then: reject\n  mode: observe\n"),
        ('  mode: "10 %"   # soon\n', "  then: reject\n  mode: observe   # soon\n"),
    ],
)
def test_the_mode_alone_is_written(file, own, begins, ends, mode, after):
    text = (begins + RULE + mode).replace("\n", ends)
    own.write_bytes(text.encode())
    promoted(load_rulebook(file), "own-range", up=False, to=OBSERVE).write()
    wanted = (begins + RULE.replace("  then: reject\n", "") + after).replace("\n", ends)
    assert own.read_bytes().decode() == wanted
    (built,) = (each for each in load_rulebook(file).compiled.built if each.compiled.name == "own-range")
    assert built.compiled.share == OBSERVE


def test_it_can_be_taken_back_and_a_link_stays_one(file, own, tmp_path):
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(RULE)
    elsewhere.chmod(0o640)
    own.unlink()
    own.symlink_to(elsewhere)
    change = promoted(load_rulebook(file), "own-range", up=False)
    change.write()
    assert own.is_symlink()
    assert "mode: 10%" in elsewhere.read_text()
    assert elsewhere.stat().st_mode & 0o777 == 0o640
    change.take_back()
    assert elsewhere.read_text() == RULE
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".elsewhere")] == []


def test_a_file_that_somebody_changes_meanwhile_is_left_to_him(file, own):
    own.write_text(RULE)
    book = load_rulebook(file)
    own.write_text(RULE + "# more\n")
    with pytest.raises(BadValue, match="being changed by somebody else"):
        promoted(book, "own-range", up=False)


def test_a_rule_of_a_pack_has_its_mode_in_the_configuration(file):
    file.write_text(file.read_text() + "use: [{pack: cn}]\n")
    book = load_rulebook(file)
    name = next(each.compiled.name for each in book.compiled.built if each.file.pack == "cn")
    with pytest.raises(BadValue, match=r"is of pack 'cn', which `use` of ringfence\.yaml turns on"):
        promoted(book, name, up=False)


@pytest.mark.parametrize(("share", "name"), [(OBSERVE, "observe"), (LIVE, "live"), (12.5, "12.5%"), (10.0, "10%")])
def test_a_share_reads_as_authors_write_it(share, name):
    assert mode_named(share) == name
