"""What the proxy does without, as figures and in words."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from ringfence.storage import Room, Storage


def room(blocks=1_000_000, names=1):
    disk = os.statvfs_result((4096, 4096, blocks, blocks, blocks, 10, names, names, 0, 255))
    return Room([Path("/var/lib/ringfence/ringfence.db")], 100, lambda _: disk)


def figures_of(storage):
    registry = CollectorRegistry()
    registry.register(storage)
    return generate_latest(registry).decode()


def test_every_part_has_a_figure_and_those_that_fail_a_sentence():
    storage = Storage(lambda: {"lists": "", "call log": "lines of calls are lost: no space left"}, room())
    figures = figures_of(storage)
    assert 'ringfence_storage_unusable{part="lists"} 0.0' in figures
    assert 'ringfence_storage_unusable{part="call-log"} 1.0' in figures
    assert 'ringfence_storage_unusable{part="disk"} 0.0' in figures
    assert "ringfence_storage_free_bytes 4.096e+09" in figures
    assert storage.ailments() == ["lines of calls are lost: no space left"]


def test_a_full_disk_is_an_ailment_before_anything_fails_on_it():
    storage = Storage(lambda: {"lists": ""}, room(blocks=0))
    assert storage.ailments() == ["the disk is full, or nearly so: /var/lib/ringfence has 0 MiB left"]
    assert 'ringfence_storage_unusable{part="disk"} 1.0' in figures_of(storage)


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
