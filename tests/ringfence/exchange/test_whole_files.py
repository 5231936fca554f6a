"""A file is whole or the old one, and packed lines are the same octets each time."""

import gzip

from ringfence.exchange.whole_files import packed, put_file


def test_a_file_takes_the_place_of_the_old_one_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "deep" / "file"
    for data in (b"old", b"new"):
        put_file(path, data, 0o600)
    assert [(each.name, each.read_bytes()) for each in path.parent.iterdir()] == [("file", b"new")]
    assert path.stat().st_mode & 0o777 == 0o600


def test_lines_are_packed_the_same_each_time():
    assert packed(["a", "b"]) == packed(iter(["a", "b"]))
    assert gzip.decompress(packed(["a", "b"])) == b"a\nb\n"
