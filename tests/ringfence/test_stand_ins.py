"""Faults of a ringfence.yaml are named at once: one of them hides no other, and makes up none."""

import pytest

from console.cli.workbench.check import check

WRONG = """\
version: 1
listen:
  - address: 127.0.0.1:99999
pbxes:
  - {name: pbx, addresses: [127.0.0.1:5080]}
  - {name: pbx, addresses: ['-pbx:5080']}
trunks:
  - {name: default, country: XX}
  - {name: carrier, country: CN, addresses: [192.0.2.999], pbx: nobody}
lists:
  blocked: {kind: blok}
calendar: none.txt
use: [basline]
rules: [rules.d/*.yaml]
thresholds: {tag: 20, reject: 10}
"""
RULE = "- {rule: a, because: b, when: {caller: {on_list: blocked}}, then: rejekt}\n"


def lines(file):
    return [(fault.line, fault.what) for fault in check(file, []).faults if not fault.warning]


def test_check_names_every_fault_in_one_run(file):
    file.write_text(WRONG)
    (file.parent / "rules.d" / "own.yaml").write_text(RULE)
    found = lines(file)
    places = [line for line, _ in found]
    for line in (3, 6, 8, 9, 11, 12, 13, 15):
        assert line in places, (line, found)
    assert "'rejekt'" in str(found)
    assert "a second pbx 'pbx'" in str(found) or places.count(6) == 1, "the first fault of a line speaks for it"
    assert "unread-" not in str(found)
    assert "no list" not in str(found), "the list is there, its kind is wrong"


def test_a_fault_makes_up_no_others(file):
    file.write_text(
        file.read_text().replace("name: pbx", "name: my pbx").replace("{name: carrier", "{pbx: my pbx, name: carrier")
    )
    assert len(lines(file)) == 2, lines(file)
    text = file.read_text()
    for word, wrong in (("5060", "99999"), ("kind: block", "kind: blok"), ("192.0.2.1", "192.0.2.999")):
        file.write_text(text.replace("my pbx", "pbx").replace(word, wrong))
        assert len(lines(file)) == 1, (word, lines(file))


def test_what_is_no_configuration_at_all_has_its_one_fault(file):
    for text in ("[]\n", "listen\n", "- a\n"):
        file.write_text(text)
        assert len(lines(file)) == 1


@pytest.mark.parametrize(
    ("section", "instead"),
    [
        ("trunks", "{name: carrier}"),
        ("trunks", "5"),
        ("trunks", "[7]"),
        ("trunks", "[{name: a b, country: CN}]"),
        ("trunks", "[{nam: carrier, country: CN, send_to: [192.0.2.1]}]"),
        ("pbxes", "[5]"),
        ("profiles", "{polite: 5}"),
        ("profiles", "5"),
        ("destinations", "{hall: 5}"),
        ("lists", "5"),
        ("lists", "{vip: 5}"),
    ],
)
def test_nothing_is_lacking_where_something_could_not_be_read(file, section: str, instead: str):
    sections = {
        "listen": "[{address: 127.0.0.1:5060}]",
        "pbxes": "[{name: pbx, addresses: [127.0.0.1:5080], outbound_trunk: carrier}]",
        "trunks": "[{name: carrier, country: CN, send_to: [192.0.2.1], pbx: pbx, profile: polite}]",
        "profiles": "{polite: {status: 603}}",
        "destinations": "{hall: 'sip:1@127.0.0.1:5081'}",
        "lists": "{vip: {kind: allow}}",
        "rules": "[rules.d/*.yaml]",
    }
    rule = "- {rule: r, because: b, when: {trunk: carrier, caller: {on_list: vip}}, then: {divert: hall}}\n"
    (file.parent / "rules.d" / "own.yaml").write_text(rule)
    text = "version: 1\n" + "".join(f"{key}:\n  {value}\n" for key, value in sections.items())
    file.write_text(text)
    assert lines(file) == []
    file.write_text(text.replace(sections[section], instead))
    at = 1 + 2 * (list(sections).index(section) + 1)
    assert {line for line, _ in lines(file)} == {at}, lines(file)


def test_nobody_is_advised_to_name_what_only_stands_in(file):
    text = file.read_text().replace(
        "{name: default, country: CN}", "{country: CN}\n  - {name: own, country: CN, pbx: q}"
    )
    file.write_text(text)
    assert "unread-" not in str([fault.hint for fault in check(file, []).faults])
