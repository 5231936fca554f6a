"""Sources that no trunk names are remembered in bounded memory, and a host with a whole network is one of them."""

import pytest

from proxy.sources import Sources, source_of


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_what_stands_for_a_source(host, name):
    assert source_of(host) == name


def test_the_one_that_was_quiet_for_longest_goes_first():
    sources = Sources(most=2)
    first, second = sources.at("a"), sources.at("b")
    assert sources.at("a") is first
    sources.at("c")
    assert len(sources) == 2
    assert sources.at("a") is first
    assert sources.at("b") is not second
