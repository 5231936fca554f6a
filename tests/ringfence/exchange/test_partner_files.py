"""What is kept of one partner."""

import pytest

from ringfence.exchange.partner_files import Busy, PartnerFiles, Standing
from rules.sharing.entries import SharedEntry, Withdrawal
from rules.sharing.versions import Index, state_of

ONE = SharedEntry("+8617012345678", "fraud", "bare", "2026-11-01", "2026-12-01", "2027-03-01", "a.example", 3, 0)
BACK = Withdrawal("+8617012345678", "a.example", 3, "appeal", "2026-12-01")


def test_what_is_kept_is_read_again_and_forgotten_whole(tmp_path):
    files = PartnerFiles(tmp_path / "beta")
    assert (files.versions(), files.state(7), files.feed(), files.standing()) == ([], {}, [], Standing())
    with files.fetching():
        for version in (8, 9, 10, 11):
            files.keep_version(version, state_of([ONE]), 3)
        files.keep_feed([BACK])
        index = Index(11, 1, "d", "full-11.jsonl.gz", {10: (11, "delta-11.jsonl.gz")})
        with files.changing() as standing:
            standing.index, standing.entries = index._asdict(), 1
        with pytest.raises(Busy, match="beta"), PartnerFiles(files.folder).fetching():
            pass
    assert files.versions() == [9, 10, 11]
    assert files.state(10) == state_of([ONE])
    assert files.feed() == [BACK]
    standing = files.standing()
    assert (standing.known, standing.version) == (index, 11)
    standing.pinned = 9
    assert standing.version == 9
    standing.left = 1.0
    assert standing.version == 0
    assert {path.stat().st_mode & 0o077 for path in files.folder.rglob("*") if path.is_file()} == {0}
    files.forget()
    assert not files.folder.exists()


@pytest.mark.parametrize("torn", ["", "[]", "{", '{"entries": 3, "unknown": 1}'])
def test_a_file_that_is_torn_is_begun_anew(tmp_path, torn):
    (tmp_path / "standing.json").write_text(torn)
    assert PartnerFiles(tmp_path).standing().version == 0
