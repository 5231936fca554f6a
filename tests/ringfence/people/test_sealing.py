"""What is sealed is read by nobody else's place, use or key."""

from ringfence.people.sealing import Sealing
from tests.ringfence.people.conftest import KEYS


def test_it_is_read_in_its_own_place_alone():
    sealing = Sealing(lambda: KEYS, b"one")
    blob = sealing.seal("a secret", "account 1")
    assert b"secret" not in blob
    assert sealing.open(blob, "account 1") == "a secret"
    assert sealing.open(blob, "account 2") is None
    assert Sealing(lambda: KEYS, b"another").open(blob, "account 1") is None
    other = KEYS._replace(contents=(b"x" * 32,), pseudonym=b"y" * 32)
    assert Sealing(lambda: other, b"one").open(blob, "account 1") is None
    rotated = KEYS._replace(contents=(b"x" * 32, *KEYS.contents))
    assert Sealing(lambda: rotated, b"one").open(blob, "account 1") == "a secret"
