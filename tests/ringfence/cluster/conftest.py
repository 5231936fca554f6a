"""One PostgreSQL for all tests of a worker, with a database of its own for each that asks."""

import itertools

import pytest

from tests.peers.postgres import Postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres():
    with Postgres() as server:
        yield server


@pytest.fixture
def database(postgres) -> str:
    return postgres.fresh(f"record{next(_numbers)}")
