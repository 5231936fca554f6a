"""From ringfence.yaml to a rule set."""

import pytest

from ringfence.rulebook import load_rulebook, trunks_of
from rules.language.source import RuleError
from tests.signing import Authority


def test_rules_packs_and_trunks(file):
    book = load_rulebook(file)
    assert [path.name for path in book.files] == ["own.yaml"]
    names = {rule.name for rule in book.ruleset.rules}
    assert "night-calls" in names
    assert len(names) > 1, "the pack that is on by default"
    carrier = next(trunk for trunk in trunks_of(book.configuration) if trunk.name == "carrier")
    assert (carrier.country, carrier.identity_trusted, carrier.cli_screened) == ("CN", True, True)
    assert (carrier.tag_at, carrier.reject_at) == (5, 10)


def test_the_order_of_files_never_matters(file):
    revision = load_rulebook(file).ruleset.revision
    rules = file.parent / "rules.d" / "own.yaml"
    (file.parent / "rules.d" / "zz.yaml").write_text(rules.read_text())
    rules.unlink()
    assert load_rulebook(file).ruleset.revision == revision


def test_a_reply_profile_that_does_not_exist(file):
    rules = file.parent / "rules.d" / "own.yaml"
    rules.write_text(rules.read_text().replace("then: reject", "then: {reject: quiet}"))
    with pytest.raises(RuleError, match="quiet"):
        load_rulebook(file)
    file.write_text(file.read_text() + "profiles: {quiet: {status: 480, phrase: Away}}\n")
    assert load_rulebook(file).ruleset.rules


def test_a_rule_may_not_name_a_list_that_there_is_not(file):
    (file.parent / "rules.d" / "more.yaml").write_text(
        "- rule: x\n  because: y\n  when: {caller: {on_list: nobody}}\n  then: tag\n"
    )
    with pytest.raises(RuleError, match="nobody"):
        load_rulebook(file)


def test_a_rule_that_asks_who_signed_is_warned_of_where_nobody_verifies(tmp_path):
    rules = "- rule: signed\n  because: x\n  when: {caller: {attestation: A}}\n  then: tag\n"
    (tmp_path / "rules.yaml").write_text(rules)
    plain = (
        "listen: [{address: 127.0.0.1:5060}]\npbxes: [{name: a, addresses: [127.0.0.2]}]\n"
        "trunks: [{name: default, country: US}]\nrules: [rules.yaml]\nuse: []\n"
    )
    (tmp_path / "ringfence.yaml").write_text(plain)
    warned = [each.what for each in load_rulebook(tmp_path / "ringfence.yaml").warnings]
    assert any("no signature is verified here" in each for each in warned)
    (tmp_path / "ca.pem").write_bytes(Authority().pem)
    (tmp_path / "ringfence.yaml").write_text(plain + "identity: {authorities: ca.pem, hosts: [a.example]}\n")
    warned = [each.what for each in load_rulebook(tmp_path / "ringfence.yaml").warnings]
    assert not any("no signature is verified here" in each for each in warned)
