"""What `ringfence init` writes is a configuration, whatever was answered."""

import itertools

import pytest

from console.cli.workbench.check import check
from ringfence.configuration import load_configuration
from ringfence.first_configuration import (
    First,
    needs_advertise,
    outward_address,
    read,
    single,
    state_of,
    written,
    zones_of,
)

PLAIN = First("CN", "192.0.2.5:5060", ["192.0.2.6:5060"], ["198.51.100.7"], ["198.51.100.7:5060"])


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("country", " cn ", "CN"),
        ("listen", "192.0.2.5", "192.0.2.5:5060"),
        ("listen", "[2001:DB8::1]:5070", "[2001:db8::1]:5070"),
        ("pbx", "pbx.example.com", "pbx.example.com"),
        ("pbx", "pbx.example.com:5060", "pbx.example.com:5060"),
        ("carrier", "198.51.100.7", "198.51.100.7"),
        ("carrier", "2001:db8::/32", "2001:db8::/32"),
        ("feature_code", "*33", "*33"),
        ("time_zone", "Asia/Shanghai", "Asia/Shanghai"),
    ],
)
def test_an_answer_is_read_as_the_configuration_reads_it(kind, text, found):
    assert read(kind, text) == found


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("country", "ZZ", "no country"),
        ("country", "China", "no country"),
        ("listen", "sip.example.com:5060", "is no address"),
        ("pbx", "192.0.2.300", "no IPv4 address"),
        ("pbx", "2001:db8::1", "in brackets"),
        ("carrier", "198.51.100.7/8", "host bits"),
        ("feature_code", "33", "could be a number"),
        ("time_zone", "Shanghai", "no time zone"),
        ("metrics", "127.0.0.1:http", "not a port"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(kind, text, why):
    with pytest.raises(ValueError, match=why):
        read(kind, text)


CHOICES = {
    "country": ["CN", "DE"],
    "listen": ["192.0.2.5:5060", "[2001:db8::5]:5060"],
    "pbx": [["192.0.2.6:5060"], ["pbx.example.com", "[2001:db8::6]:5062"]],
    "carrier": [[], ["198.51.100.0/24", "2001:db8:1::/48"]],
    "send_to": [[], ["sip.example.net", "198.51.100.7:5060"]],
    "feature_code": ["", "*33", "#33*1"],
}


@pytest.mark.parametrize("answers", [*itertools.product(*CHOICES.values())])
def test_whatever_is_answered_passes_the_check(tmp_path, answers):
    first = First(
        **dict(zip(CHOICES, answers, strict=True)), international=True, trusted=True, metrics="127.0.0.1:9464"
    )
    file = tmp_path / "ringfence.yaml"
    file.write_text(written(first))
    found = load_configuration(file)
    assert [str(each.address) for each in found.listen] == [first.listen]
    assert found.complaints.feature_code == first.feature_code
    assert found.pbxes[0].outbound_trunk == ("carrier" if first.send_to else None)
    assert ("default" in [each.name for each in found.trunks]) == (not first.carrier)


@pytest.mark.parametrize("country", ["CN", "DE"])
def test_the_whole_check_has_nothing_to_say(tmp_path, country):
    file = tmp_path / "ringfence.yaml"
    file.write_text(written(PLAIN._replace(country=country)))
    assert [str(fault) for fault in check(file, []).faults] == []


def test_an_address_of_all_interfaces_is_advertised_by_another(tmp_path):
    assert needs_advertise("0.0.0.0:5060")
    assert needs_advertise("[::]:5060")
    assert not needs_advertise("192.0.2.5:5060")
    file = tmp_path / "ringfence.yaml"
    file.write_text(written(PLAIN._replace(listen="0.0.0.0:5060", advertise="sip.example.com:5060")))
    assert str(load_configuration(file).listen[0].advertise) == "sip.example.com:5060"


def test_calls_out_go_to_the_first_single_address_of_the_carrier():
    assert single(["198.51.100.0/24", "198.51.100.7"]) == "198.51.100.7:5060"
    assert single(["2001:db8::7"]) == "[2001:db8::7]:5060"
    assert single(["198.51.100.0/24"]) == ""


def test_an_address_of_this_machine_is_offered():
    assert read("listen", outward_address()) == outward_address()


def test_what_changes_lies_outside_of_etc(tmp_path):
    from pathlib import Path

    assert state_of(Path("/etc/ringfence/ringfence.yaml")) == "/var/lib/ringfence"
    assert state_of(tmp_path / "ringfence.yaml") == "var"


def test_a_country_with_one_zone_is_not_asked_for_it():
    assert zones_of("CN") == ["Asia/Shanghai"]
    assert zones_of("DE") == ["Europe/Berlin"]
    assert zones_of("MA") == ["Africa/Casablanca"]  # not the Canaries, whose clocks go by another law
    assert zones_of("PS")[0] == "Asia/Gaza"
    assert zones_of("US")[0].startswith("America/")
    assert len(zones_of("US")) > 1
