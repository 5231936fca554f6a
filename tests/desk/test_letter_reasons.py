"""Reasons that leave the house: nobody can be found by them, and what they say remains."""

import pytest

from desk.letter_reasons import without_people


@pytest.mark.parametrize(
    ("reason", "names", "expected"),
    [
        ("Mr. John Smith of Haidian said so", [], "(a name) of Haidian said so"),
        ("we asked Dr Wang, who knew nothing", [], "we asked (a name), who knew nothing"),
        ("经王女士和欧阳先生核实，李经理承认", [], "经(a name)和(a name)核实，(a name)承认"),
        ("王小明先生来电", [], "(a name)来电"),
        ("a client of li", ["li"], "a client of (a name)"),
        ("ZHOU  min rang", ["Zhou Min"], "(a name) rang"),
        ("周敏投诉", ["周敏"], "(a name)投诉"),
        ("write to a@b.example or 13812345678", [], "write to (an address) or 138********"),
        ("5 reporters on 2026-07-01", ["5", "", "a"], "5 reporters on 2026-07-01"),
        ("the line is closed, $code ${x}", ["ringfence"], "the line is closed, $code ${x}"),
        ("高工程质量", [], "高工程质量"),
        ("ｏｆｆ１ and OFF2 said so", ["off1", "off2"], "(a name) and (a name) said so"),
    ],
)
def test_what_leads_to_a_person_is_hidden(reason, names, expected):
    found = without_people(reason, names, chinese=False)
    assert found.split("138")[0] == expected.split("138")[0]
    assert "13812345678" not in found


def test_a_chinese_letter_says_so_in_chinese():
    assert without_people("王女士 a@b.example", [], chinese=True) == "（姓名已隐去） （邮箱已隐去）"
