"""Rule files with what they include, patterns of ringfence.yaml, and packs that it turns on and alters."""

import re

import pytest

from rules.language.compile import compile_rules
from rules.language.rule_files import filled_in
from rules.language.source import read_document, shipped
from rules.settings.screening import ScreeningSettings
from tests.rules.calls import CN, call, compiled, faults, rule, rules

BANK = rule("{caller: 95588}", name="bank")


def read(paths, **more):
    settings = ScreeningSettings(use=more.pop("use", []))
    return compile_rules(paths, settings, trunks=(CN,), now=0.0, **more)[:2]


def said(paths, **more):
    ruleset, faults = read(paths, **more)
    assert ruleset is None
    return [str(fault) for fault in faults if not fault.warning]


def test_links_are_read_once_and_a_circle_of_them_is_a_fault(tmp_path):
    (tmp_path / "bank.yaml").write_text(BANK)
    (tmp_path / "link.yaml").symlink_to("bank.yaml")
    ruleset, found = read([tmp_path / "bank.yaml", tmp_path / "link.yaml"])
    assert ruleset is not None
    assert "link.yaml: warning: the link leads to bank.yaml, which is read already" in " ".join(map(str, found))
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    assert "round.yaml: the link leads round in a circle" in said([tmp_path / "round.yaml"])[0]
    (tmp_path / "main.yaml").write_text("include: round.yaml\n")
    assert "main.yaml:1:10: 'round.yaml': the link leads round in a circle" in said([tmp_path / "main.yaml"])[0]


def test_a_file_includes_others_of_its_folder_once(tmp_path):
    (tmp_path / "main.yaml").write_text("include: [more/bank.yaml, more/other.yaml]\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "bank.yaml").write_text(BANK)
    (tmp_path / "more" / "other.yaml").write_text("include: bank.yaml\n")
    ruleset, _ = read([tmp_path / "main.yaml", tmp_path / "more" / "bank.yaml"])
    assert ruleset is not None
    assert [one.name for one in ruleset.rules] == ["bank"]


def test_an_include_that_leaves_the_folder_circles_or_is_missing(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "secret.yaml").write_text(BANK)
    main = tmp_path / "rules" / "main.yaml"
    main.write_text("include: [../secret.yaml, /etc/passwd, back.yaml, none.yaml]\n")
    (tmp_path / "rules" / "back.yaml").write_text("include: main.yaml\n")
    assert [line.partition(f"{tmp_path}/rules/")[2] for line in said([main])] == [
        "back.yaml:1:10: 'main.yaml' includes this file in turn; remove one include",
        "main.yaml:1:11: '../secret.yaml' lies outside this folder; keep it beside this file",
        "main.yaml:1:27: '/etc/passwd' lies outside this folder; keep it beside this file",
        "main.yaml:1:51: there is no file 'none.yaml'; write a path beside this file",
    ]


def test_a_link_out_of_the_folder_is_outside_too(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "secret.yaml").write_text(BANK)
    (tmp_path / "rules" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    main = tmp_path / "rules" / "main.yaml"
    main.write_text("include: link.yaml\n")
    assert "lies outside this folder" in said([main])[0]


def test_a_link_among_rule_files_that_leads_out_of_their_folder_is_said(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "bank.yaml").write_text(BANK)
    link = tmp_path / "rules" / "link.yaml"
    link.symlink_to(tmp_path / "bank.yaml")
    ruleset, found = read([link])
    assert ruleset is not None
    assert any("link.yaml: warning: the link leads out of its folder, to " in str(fault) for fault in found)


def test_faults_of_all_files_come_together(tmp_path):
    (tmp_path / "a.yaml").write_text("rulez: []\n")
    (tmp_path / "b.yaml").write_text("- rule: [\n")
    assert len(said([tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml"])) == 3


def test_packs_are_used_as_shipped_or_altered():
    ruleset = rules("", use=["baseline"])
    anonymous = ruleset.judge(call("anonymous"))
    assert (anonymous.action, anonymous.suspicion) == ("forward", 0)
    altered = rules("", use=[{"pack": "baseline", "off": ["malformed"], "settings": {"anonymous": 5}}])
    assert altered.judge(call("anonymous")).action == "tag"
    assert "malformed" not in [one.name for one in altered.rules]
    assert altered.revision != ruleset.revision


def test_a_pack_that_is_altered_wrongly():
    document = read_document(
        "use:\n- baselin\n- {pack: cn, off: [cn-ring-twice], settings: {ring-onc: 3}}\n"
        "- {pack: cn, of: []}\n- {pack: ../cn}\n",
        "ringfence.yaml",
    )
    settings = ScreeningSettings.model_validate(document.data)
    ruleset, faults = compiled("", settings={"use": settings.use}, configuration=document)
    assert ruleset is None
    assert [str(fault) for fault in faults] == [
        "ringfence.yaml:2:3: there is no pack 'baselin'; did you mean 'baseline'?",
        "ringfence.yaml:3:20: pack cn has no rule 'cn-ring-twice'; did you mean 'cn-ring-once'?",
        "ringfence.yaml:3:57: pack cn has no setting 'ring-onc'; did you mean 'ring-once'?",
        "ringfence.yaml:4:14: unknown key 'of'; did you mean 'off'?",
        "ringfence.yaml:5:10: there is no pack '../cn'; known here: baseline, cn, de, fr, in, nanp, uk",
    ]


def test_settings_fill_whole_values_only():
    data = {"a": "$x", "b": ["$x", "$y", "pay $x"]}
    assert filled_in(data, {"x": "1"}) == {"a": "1", "b": ["1", "$y", "pay $x"]}


def test_what_is_wrong_elsewhere_is_told_in_the_same_breath():
    """A rule that cannot be read hides neither the faults of the others nor the conditions that they use."""
    text = """\
conditions:
  night: {hours: 21-8}
  bank: {caller: 95588}
rules:
- rule: first
  because: b
  when: {starts_with: 95}
  then: tag
- rule: second
  because: b
  when: {condition: [night, bank, mornign], caller: {on_list: blokced}}
  then: reject
- rule: first
  because: b
  when: {caller: 95588}
  then: tag
"""
    found = faults(text)
    assert [line.split(": ", 1)[0] for line in found] == [
        *("rules.yaml:2:18", "rules.yaml:7:10"),
        *("rules.yaml:11:35", "rules.yaml:11:63", "rules.yaml:13:9"),
    ]


def test_a_file_that_is_no_file_of_rules_has_only_that_fault():
    assert len(faults("rules: 5\nabout: [x]\n")) == 2
    assert len(faults("- 5\n- rule: a b\n")) >= 2


def used(**altered):
    """The pack cn, altered, by its rules."""
    return {one.name: one for one in rules("", use=[{"pack": "cn", **altered}]).rules}


def test_a_pack_or_a_rule_of_it_is_put_to_observe_or_to_a_share_of_callers():
    assert {one.share for one in used().values()} == {100.0}
    assert {one.share for one in used(mode="observe").values()} == {0.0}
    found = used(mode="observe", modes={"cn-ring-once": "10%", "cn-odd-95-or-96": "live"})
    assert [found[name].share for name in ("cn-ring-once", "cn-odd-95-or-96", "cn-mobile-from-abroad")] == [10, 100, 0]


@pytest.mark.parametrize(
    ("altered", "fault"),
    [
        ("modes: {cn-ring-twice: observe}", "3:37: pack cn has no rule 'cn-ring-twice'; did you mean 'cn-ring-once'?"),
        ("mode: on", "3:20: mode: 'on' is no mode; write live, observe, or a share of callers such as 10%"),
        (
            "settings: {ring-once-answered: 0.1}",
            "3:45: setting ring-once-answered of pack cn: 0.1 is less than one percent; write 10% if that is meant, "
            "or 0.1%",
        ),
        (
            "settings: {ring-once: lots}",
            "3:36: setting ring-once of pack cn: 'lots' is not what belongs here; write a whole number",
        ),
    ],
)
def test_a_pack_that_is_altered_wrongly_is_a_fault_of_ringfence_yaml(altered, fault):
    document = read_document(f"use:\n- baseline\n- {{pack: cn, {altered}}}\n", "ringfence.yaml")
    settings = ScreeningSettings.model_validate(document.data)
    ruleset, faults = compiled("", settings={"use": settings.use}, configuration=document)
    assert ruleset is None
    assert [str(one) for one in faults] == [f"ringfence.yaml:{fault}"]


def test_every_threshold_of_a_pack_is_a_setting():
    facts = {"calls_30m": 31.0, "answered_30m": 15.0}
    altered = {"ring-once-calls": "30", "ring-once-answered": "20%", "ring-once-within": "30m"}
    ruleset = rules("", use=[{"pack": "cn", "settings": altered}])
    assert [one.name for one in ruleset.judge(call("17012345678", facts=facts)).fired] == ["cn-ring-once"]
    for pack in ("baseline", "cn"):
        text = shipped(f"rules/{pack}.yaml").read_text()
        assert not re.search(r"^  (when|then|    ).*(over|under|within|suspicion): *[0-9]", text, re.MULTILINE)


def test_a_value_of_one_s_own_file_stands_for_its_name():
    text = "settings: {weight: 5, night: 21:00-08:00}\nrules:\n"
    found = rules(text + rule("{hours: $night}", "{suspicion: $weight}"))
    assert found.judge(call()).action == "tag"


def test_a_name_without_a_value_is_a_fault_at_its_place():
    assert faults(rule("{anonymous: true}", "{suspicion: $weight}")) == [
        "rules.yaml:4:21: no setting 'weight' is declared at the top of this file; write the value itself, or "
        "settings: {weight: VALUE} on top"
    ]
    (fault,) = faults("settings: {weight: 5}\nrules:\n" + rule("{trunk: $wieght}"))
    assert fault.endswith("did you mean 'weight'?")


@pytest.mark.parametrize("text", ["display_name: $HOME", "display_name: [$p, $q]", "header: {X-Origin: {contains: $q}}",
                                  "user_agent: {matches: $q}", "domain: {is: [$p, $q]}"])  # fmt: skip
def test_a_name_without_a_value_is_a_fault_in_the_texts_of_a_call_too(text):
    found = faults(f"settings: {{p: x}}\nrules:\n{rule('{' + text + '}')}")
    assert "is declared at the top of this file" in found[0]
    assert "with the sign itself: matches: '^\\$" in found[0]


def test_a_setting_inside_a_longer_text_is_told():
    ruleset, found = compiled("settings: {p: x}\nrules:\n" + rule("{display_name: a$p}"))
    assert ruleset is not None
    assert any("$p is not filled in here" in str(one) for one in found)


def test_an_expression_that_goes_on_behind_the_end_of_the_text_is_a_fault_and_the_sign_is_none():
    for expression in ("^$p", "a|$HOME", "^$(x)?$p"):
        (fault,) = faults("settings: {p: x}\nrules:\n" + rule(f"{{display_name: {{matches: '{expression}'}}}}"))
        assert "stands behind the end of the text, which $ means here" in fault
    for expression in (r"^\$p", "[$p]", r"\Q$p\E", "^a$|^b$", "[]$p]"):
        assert compiled("settings: {p: x}\nrules:\n" + rule(f"{{display_name: {{matches: '{expression}'}}}}"))[0]
