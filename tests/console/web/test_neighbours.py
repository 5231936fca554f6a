"""Which account of this machine sits at the other end of a loopback connection."""

import os
import socket

import pytest

from console.web.neighbours import is_ours, uid_of


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_account_of_a_connection(family, host):
    with socket.socket(family) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            assert host == "::1", "a machine without IPv6 has no such neighbours"
            return
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2]) as client:
            ours, theirs = client.getsockname()[:2], listener.getsockname()[:2]
            assert uid_of(ours, theirs) == os.getuid()
            assert is_ours(ours, theirs)
            assert not is_ours((ours[0], 1), theirs)


@pytest.mark.parametrize("client", ["192.0.2.7", "2001:db8::1", "", "no-address"])
def test_nobody_from_elsewhere_is_ours(client):
    assert not is_ours((client, 40_000), ("127.0.0.1", 8607))
