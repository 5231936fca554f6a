"""How much room is left: each folder once, and what cannot be asked is left to whoever opens a file in it."""

import os
from pathlib import Path

from ringfence.room import Room
from tests.ringfence.test_storage import room


def test_a_disk_with_less_room_than_wanted_is_named():
    assert not room(blocks=25_600).without
    assert room(blocks=25_599).without.endswith("/var/lib/ringfence has 99 MiB left")


def test_a_disk_that_takes_no_file_more_is_full():
    assert room(names=0).without.endswith("has 0 MiB left")


def test_each_folder_is_asked_once_and_one_that_is_gone_not_at_all(tmp_path):
    asked = []

    def look(folder):
        asked.append(folder)
        return os.statvfs(folder)

    files = [tmp_path / "a.db", tmp_path / "b.keys", Path("/nowhere/at/all/calls.log")]
    assert list(Room(files, 0, look).free) == [str(tmp_path)]
    assert asked == [tmp_path, Path("/nowhere/at/all")]
