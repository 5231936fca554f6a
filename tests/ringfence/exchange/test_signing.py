"""Keys that sign: each in a file of its owner alone, and too few of them sign nothing."""

from datetime import UTC, datetime

import pytest
from tuf.api.metadata import Metadata, Timestamp

from ringfence.exchange.signing import KeyFault, add_signatures, keys_of_role, make_keys, sign


def test_keys_are_made_found_and_sign(tmp_path):
    made = make_keys(tmp_path / "keys", "timestamp", 2)
    found = keys_of_role(tmp_path / "keys", "timestamp")
    wanted = [one.public_key.keyid for one in made]
    assert set(found) == set(wanted)
    metadata = Metadata(Timestamp(expires=datetime(2027, 1, 1, tzinfo=UTC)))
    sign(metadata, found, wanted, 2)
    assert set(metadata.signatures) == set(wanted)
    with pytest.raises(KeyFault, match="2 keys, and 1 of them"):
        sign(metadata, {wanted[0]: found[wanted[0]]}, wanted, 2)
    add_signatures(metadata, found, [*wanted, "of a stranger"])
    assert set(metadata.signatures) == set(wanted)


def test_a_file_that_is_no_key_is_named(tmp_path):
    (tmp_path / "targets-1.pem").write_text("torn")
    with pytest.raises(KeyFault, match=r"targets-1\.pem"):
        keys_of_role(tmp_path, "targets")
