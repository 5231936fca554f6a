"""A town with a complaint desk for each test."""

import pytest

from tests.rules.complaints.town import Town


@pytest.fixture
async def town(tmp_path):
    town = Town(tmp_path)
    await town.open()
    yield town
    await town.desk.close()
