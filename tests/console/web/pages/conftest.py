"""Pages are shown of an installation whose desk can seal."""

import pytest


@pytest.fixture
def file(file):
    file.write_text(file.read_text().replace("lists:\n", "lists:\n  sealed: {kind: sealed}\n", 1))
    return file
