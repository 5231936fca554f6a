"""What the live tests share: one running proxy with many lanes."""

import pytest

from tests.peers.lanes import new_lane


@pytest.fixture
def lane(tmp_path):
    return new_lane("lane", tmp_path)
