"""What the tests of the proxy do without: the authorities that the system trusts, 20 ms for each node."""

import ssl
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def nobody_is_trusted_by_the_system() -> Iterator[None]:
    """Whom a node trusts is in its settings; where a test names nobody there, nobody calls by TLS."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ssl.SSLContext, "set_default_verify_paths", lambda _: None)
        yield
