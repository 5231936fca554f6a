"""Anchors are read wherever they were written: a file, a log, with other lines and other installations' among them."""

import pytest

from rules.audit.anchors import anchor, key_name, read_anchor_file, read_anchors
from rules.audit.chain import AuditError, Noted

KEY, OTHER = b"k" * 32, b"o" * 32
ONE, TWO = f"1:{'1' * 64}", f"2:{'2' * 64}"


def test_what_was_noted_is_read_again():
    line = anchor({"complaints": ONE, "lists": TWO}, KEY, 1_782_878_400.0)
    assert "\n" not in line
    found = read_anchors(["first of all", f"Jul  1 04:00:00 node ringfence[7]: {line}", line + "\n"], KEY)
    assert (found.anchors, found.latest, found.strangers, found.unread) == (2, "2026-07-01T04:00:00Z", 0, 0)
    assert found.heads["complaints"] == [Noted(1, "1" * 64, "2026-07-01T04:00:00Z")] * 2
    assert found.heads["lists"][0].number == 2


def test_those_of_another_key_and_one_that_was_cut_short_are_counted_and_not_believed():
    line = anchor({"complaints": ONE}, KEY, 0.0)
    found = read_anchors([anchor({"complaints": TWO}, OTHER, 0.0), line[: len(line) // 2], line], KEY)
    assert (found.anchors, found.strangers, found.unread) == (1, 1, 1)
    assert [one.number for one in found.heads["complaints"]] == [1]


def test_a_file_without_an_anchor_of_ours_is_not_taken_for_a_good_one(tmp_path):
    path = tmp_path / "anchors"
    path.write_text(anchor({"complaints": ONE}, OTHER, 0.0))
    with pytest.raises(AuditError, match="no anchor of this installation; 1 are of another key"):
        read_anchor_file(path, KEY)


def test_the_name_of_a_key_tells_nothing_of_it():
    assert len(key_name(KEY)) == 8
    assert key_name(KEY) != key_name(OTHER)
