"""A file is laid out anew: what it means, its remarks and their order stay; lines and indentation do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.language.faults import RuleError
from rules.language.layout import WIDTH, laid_out, remarks
from rules.language.source import load_document, read_document, shipped

MESSY = """\
# yaml-language-server: $schema=../schema/rules.json
rules:
    # Who sells at night.
    -   rule:   night   # the name
        because: "It   sells."
        when:   {caller: {starts_with: [95012,95013]},hours: 21:00-08:00}
        # - rule: one that was given up
        then: tag
        catches: [{from: 95012345, to: 13800138000, at: 2026-11-24T22:10},
            {from: 95013345, to: 0138, at: 2026-11-24T22:10, display_name: Loans}]


    -   rule: x
        because: >
            folded # no remark
            text
        when: {caller: '0950'}
        then: {suspicion: +4}
"""
NEAT = """\
# yaml-language-server: $schema=../schema/rules.json
rules:
# Who sells at night.
- rule: night           # the name
  because: "It   sells."
  when: {caller: {starts_with: [95012, 95013]}, hours: 21:00-08:00}
  # - rule: one that was given up
  then: tag
  catches:
  - {from: 95012345, to: 13800138000, at: 2026-11-24T22:10}
  - {from: 95013345, to: 0138, at: 2026-11-24T22:10, display_name: Loans}


- rule: x
  because: >
    folded # no remark
    text
  when: {caller: '0950'}
  then: {suspicion: +4}
"""


def laid(text: str) -> str:
    return laid_out(read_document(text, "r.yaml"))


def test_a_messy_file_is_neat_and_stays_so():
    assert laid(MESSY) == NEAT
    assert laid(NEAT) == NEAT
    assert laid("\ufeff" + MESSY.replace("\n", "\r\n")) == NEAT
    assert max(map(len, NEAT.splitlines())) <= WIDTH


@pytest.mark.parametrize("pack", sorted(shipped("rules").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_shipped_is_laid_out(pack):
    assert laid_out(load_document(pack)) == pack.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1, 2]\nb: *x\n# the end\n",
        "- a: 1\n  # of a\n\n  # of b\n  b: 2\n",
        "# only a remark\n",
        "",
        "a: |\n  # a sign\n  text\nb: '# none'\nc: x#y # one\n",
        "a: 2026-11-24T22:10\nb: 0950\nc: +86\nd: 22:10\ne: yes\nf: 1.50\ng: ~x\nh: 1_000\n",
        "a:\n- - 1\n  - 2\n- {b: }\n",
        'a: "line\\n"\nb: "\\u00e9"\n',
    ],
)
def test_values_and_remarks_are_what_they_were(text):
    document = read_document(text, "r.yaml")
    found = laid_out(document)
    assert read_document(found, "r.yaml").data == document.data
    assert sorted(remarks(found)) == sorted(remarks(text))
    assert laid(found) == found


@pytest.mark.parametrize(
    "end",
    ["", "\n", "   \n\n\n\n   \n", "\t\n", "\t# why\n", " \t # why\t\n", "\n\n# last\n  \n\n \n"],
)
def test_blank_lines_at_the_end_and_tabs_behind_values_are_laid_out_once_and_for_all(end):
    found = laid(f"- rule: a\n  when: {{caller: 1}}\n  because: It is.\n  then: tag{end}")
    assert laid(found) == found
    assert "\t" not in found.replace("\t# ", "")
    assert not found.endswith("\n\n")


def test_a_text_keeps_its_tabs():
    text = "- rule: a\n  because: 'x\ty\t# z'\n  then: |\n    tag\t# no remark\n"
    assert read_document(laid(text), "r.yaml").data == read_document(text, "r.yaml").data


def test_a_file_that_would_lose_a_remark_is_refused():
    with pytest.raises(
        RuleError, match=r"r.yaml: the file cannot be laid out: a remark would be lost; it stays as it is"
    ):
        laid("- rule: a\n  when: {\n    caller: 1, # why\n    hours: 21:00-08:00 # and this\n  }\n")


WORD = st.text("abz019+*.:'\"#{}[],&!|>%@ -\u8bdd", min_size=0, max_size=8)
VALUES = st.recursive(WORD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3))


def written(value: object) -> str:
    """A value in braces, quoted: any of it may come out without quotes only if it means the same."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return "'" + str(value).replace("'", "''") + "'"


@given(st.dictionaries(st.sampled_from(["rule", "when", "then"]), VALUES, min_size=1))
def test_whatever_stands_in_a_file_is_laid_out_once_and_for_all(data):
    text = "".join(f"{key}: {written(value)} # {key}\n" for key, value in data.items())
    document = read_document(text, "r.yaml")
    found = laid_out(document)
    assert read_document(found, "r.yaml").data == document.data
    assert laid(found) == found
