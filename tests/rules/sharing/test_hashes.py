"""Numbers by the beginnings of their hashes."""

from hashlib import sha256

from rules.sharing.entries import SharedEntry
from rules.sharing.hashes import Listed, Shelves, hash_of


def entry(number, reason="fraud", strength="bare"):
    return SharedEntry(number, reason, strength, "2026-11-01", "2026-12-01", "2027-03-01", "a.example", 1, 0)


def test_each_number_lies_on_its_shelf_and_nobody_elses():
    numbers = [f"+86170{at:08}" for at in range(3_000)]
    shelves = Shelves(7, [*map(entry, numbers), entry("+861380*", "forged", "stated")])
    for number in numbers[::97]:
        told = hash_of(number)
        found = shelves.beginning(told[:4])
        assert Listed(told, "fraud", "bare") in found
        assert {one.hash[:4] for one in found} == {told[:4]}
        assert [one for one in found if one.hash[:5] == told[:5]] == shelves.beginning(told[:5])
    assert shelves.ranges == [("+861380*", "forged", "stated")]
    assert sum(len(shelves.beginning(f"{at:04x}")) for at in range(65_536)) == 3_000


def test_an_empty_version_has_empty_shelves():
    assert Shelves(0, []).beginning("00000") == Shelves(0, []).beginning("ffff") == []


def test_a_hash_is_what_anybody_can_make():
    assert hash_of("+8617012345678") == sha256(b"+8617012345678").hexdigest()
