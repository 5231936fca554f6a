"""What every test may ask for: a scripted call before a core."""

from collections.abc import Iterator

import pytest

from tests.playbook import Playbook


@pytest.fixture
def play() -> Iterator[Playbook]:
    """A core with one trunk and one PBX; whatever the test leaves open must end by itself."""
    playbook = Playbook()
    yield playbook
    playbook.wait(1200)
    assert playbook.held == 0, "something is held for ever"
