"""A full-width sign that YAML would not heed is named at its place; in texts it may stand as it likes."""

import pytest

from rules.language.source import RuleError, read_document
from tests.rules.calls import compiled, faults, rule

BLANK = " and a blank"


def said(when):
    try:
        return faults(f"- rule: r\n  because: 夜间，骚扰：是\n{when}\n  then: tag\n")
    except RuleError as error:
        return list(map(str, error.faults))


@pytest.mark.parametrize(
    ("when", "column", "name"),
    [
        ("  when: {caller: 95588，hours: 21:00-08:00}", 23, f"comma ， stands here; write an ordinary ','{BLANK}"),
        ("  when: {caller: {calls: {over: 6，within: 1h}}}", 34, f"comma ， stands here; write an ordinary ','{BLANK}"),
        ("  when: {caller: [95588，95599]}", 24, "comma ， stands here; write an ordinary ','"),
        ("  when: {days: [mon，fri]}", 20, f"comma ， stands here; write an ordinary ','{BLANK}"),
        ("  when: {caller: 95588}，", 24, f"comma ， stands here; write an ordinary ','{BLANK}"),
        ("  when: {caller： 95588}", 16, f"colon ： stands here; write an ordinary ':'{BLANK}"),
        ("  when: {caller：95588}", 16, f"colon ： stands here; write an ordinary ':'{BLANK}"),
        ("  when：{caller: 95588}", 7, f"colon ： stands here; write an ordinary ':'{BLANK}"),
        ("  when: {hours: 21：00-08：00}", 19, "colon ： stands here; write an ordinary ':'"),
        ("  when: {hours: 21:00－08:00}", 22, "hyphen － stands here; write an ordinary '-'"),
        ("  when: {days: mon－fri}", 19, "hyphen － stands here; write an ordinary '-'"),
        ("  when: ｛caller: 95588｝", 9, "brace ｛ stands here; write an ordinary '{'"),
        ("  when: {caller: {class: ［mobile］}}", 26, "bracket ［ stands here; write an ordinary '['"),
        ("  when: {caller: “95588”}", 18, "quote “ stands here; write an ordinary '\"'"),
        ("　 when: {caller: 95588}", 1, "blank stands here; write an ordinary ' '"),
    ],
)  # fmt: skip
def test_it_is_named_at_its_place(when, column, name):
    assert said(when) == [f"rules.yaml:3:{column}: a full-width {name}"]


def test_the_line_above_may_hold_it():
    with pytest.raises(RuleError) as error:
        read_document("- rule：r\n  because: x\n", "rules.yaml")
    assert str(error.value).startswith("rules.yaml:1:7: a full-width colon ：")


def test_in_texts_any_sign_may_stand():
    text = rule("{display_name: [银行，保险, 贷款：快]}").replace("It is so.", "夜间，骚扰：是")
    assert compiled(text)[0] is not None


def test_another_mistake_in_a_line_with_such_a_sign_is_told_as_it_is():
    (fault,) = faults("- {rule: r, because: 夜间，骚扰, when: {caller: 95588}, then: tga}\n")
    assert "'tga' is no action" in fault
