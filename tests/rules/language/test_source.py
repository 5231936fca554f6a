"""A document is read as written, with places; whatever is wrong with it is one clear line."""

# ruff: noqa: E501 - a fault reads best in one line

import gc
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.language.source import Document, RuleError, load_document, read_document, shipped, without_collection


def said(text: str) -> str:
    with pytest.raises(RuleError) as error:
        read_document(text, "f.yaml")
    assert len(error.value.faults) == 1
    return str(error.value)


def test_scalars_stay_as_they_are_written():
    text = "a: 0950\nb: +86138\nc: 1e5\nd: yes\ne: 21:00-08:00\nf: 2026-11-24T22:10+08:00\ng: '0'\n"
    assert read_document(text, "f").data == {
        "a": "0950",
        "b": "+86138",
        "c": "1e5",
        "d": "yes",
        "e": "21:00-08:00",
        "f": "2026-11-24T22:10+08:00",
        "g": "0",
    }


def test_nothing_is_none_and_quoted_null_is_text():
    assert read_document("a:\nb: null\nc: ~\nd: 'null'\n", "f").data == {"a": None, "b": None, "c": None, "d": "null"}
    assert read_document("", "f").data is None


def test_places_are_lines_and_columns_from_one():
    document = read_document("first: 1\nrules:\n  - rule: a\n    when: {caller: [1, 2]}\n", "f")
    assert document.locate(("rules", 0, "when")) == (4, 5)
    assert document.locate(("rules", 0, "when"), value=True) == (4, 11)
    assert document.locate(("rules", 0, "when", "caller", 1)) == (4, 24)
    assert document.locate(("rules", 0)) == (3, 5)
    assert document.locate(()) == (1, 1)
    assert document.line(3) == "  - rule: a"


def test_parts_of_a_place_that_the_document_lacks_are_passed_over():
    document = read_document("a: {b: 1}\n", "f")
    assert document.locate(("a", "SomeModel", "b")) == (1, 5)
    assert document.path(("a", "SomeModel", "b", "c")) == ("a", "b")


def test_an_alias_has_the_place_where_it_stands_and_places_inside_what_it_names():
    document = read_document("a: &x {b: 1}\nc: *x\n", "f")
    assert document.data == {"a": {"b": "1"}, "c": {"b": "1"}}
    assert document.locate(("c",), value=True) == (2, 4)
    assert document.locate(("c", "b")) == (1, 8)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\n\tb: 2\n", "f.yaml:2:1: a tab stands here; indent with spaces"),
        ("a: 1\na: 2\n", "f.yaml:2:1: key 'a' stands here twice (first in line 1); keep one of the two"),
        (
            "a: &x [*x]\n",
            "f.yaml:1:8: alias *x stands inside what it names; write the part out where it is needed",
        ),
        ("a: *x\n", "f.yaml:1:4: alias *x names nothing; mark the part it means with &x further up"),
        (
            "a: !!python/object:os.system x\n",
            "f.yaml:1:4: tag tag:yaml.org,2002:python/object:os.system is not read here; write the value without a tag",
        ),
        ("a: 1\n---\nb: 1\n", "f.yaml:2:1: a second document begins here; one file holds one document: remove the ---"),
        ("? [a]\n: b\n", "f.yaml:1:3: a key must be plain text; write KEY: VALUE"),
        ("a: b: c\n", "f.yaml:1:5: a second ': ' stands in this line; put the value into quotes, or the key on a line of its own"),
        ("a: \x00\n", "f.yaml:1:4: character 0x0 is not allowed; the file may be damaged: save it again"),
        ("- a\nb: 1\n", "f.yaml:2:1: this line does not line up with the ones above; start it below the key or dash it belongs to"),
    ],
    ids=["tab", "duplicate", "loop", "no anchor", "tag", "two documents", "key", "two colons", "binary", "indent"],
)  # fmt: skip
def test_a_fault_is_one_line_with_its_place_and_what_would_be_right(text, fault):
    assert said(text) == fault


@pytest.mark.parametrize("text", ["- rule: a\n  when: {caller: [950", '- rule: "a', "a: [1,\n\n"])
def test_a_file_saved_half_says_so(text):
    assert "the file ends in the middle of something" in said(text)


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{c}: &{c} [{', '.join([f'*{b}'] * 10)}]" for b, c in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "the document grows beyond all bounds" in said("\n".join(lines))


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_parts_nested_too_deep_are_refused(opening):
    assert "deep" in said(opening * 50_000)


def test_a_file_that_is_too_large_missing_or_no_file_is_named(tmp_path):
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * 5_000_001)
    for path, what in (
        (large, "larger than 5 MB"),
        (tmp_path / "none.yaml", "no such file"),
        (tmp_path, "this is a folder, not a file"),
    ):
        with pytest.raises(RuleError, match=what):
            load_document(path)


def test_a_file_in_another_encoding_is_named_with_its_place(tmp_path):
    path = tmp_path / "gb.yaml"
    path.write_bytes(b"a: 1\nb: " + "号码".encode("gb18030"))
    with pytest.raises(RuleError, match=r"gb\.yaml:2:4: this is GB18030 \(or GBK\), not UTF-8; save the file as UTF-8"):
        load_document(path)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        path.write_bytes("a: 1\nb: 号码 of a caller\n".encode(encoding))
        with pytest.raises(RuleError, match=r"gb\.yaml:1:1: this is UTF-16, not UTF-8"):
            load_document(path)
    path.write_bytes(b"a: 1\nb: \xff\xff")
    with pytest.raises(RuleError, match=r"gb\.yaml:2:4: this is not UTF-8; save the file as UTF-8"):
        load_document(path)


def test_a_fifo_is_no_file_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(RuleError, match=r"pipe\.yaml: this is a FIFO, not a file"):
        load_document(tmp_path / "pipe.yaml")


def test_a_link_that_never_arrives_is_said(tmp_path):
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    (tmp_path / "gone.yaml").symlink_to("none.yaml")
    with pytest.raises(RuleError, match=r"a\.yaml: the link leads round in a circle; remove it"):
        load_document(tmp_path / "a.yaml")
    with pytest.raises(RuleError, match=r"gone\.yaml: the link leads to none\.yaml, where no file is"):
        load_document(tmp_path / "gone.yaml")


def test_a_byte_order_mark_and_chinese_are_understood(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + "because: 骚扰电话\n".encode())
    assert load_document(path).data == {"because": "骚扰电话"}


def test_shipped_files_are_there():
    assert isinstance(load_document(shipped("rules/baseline.yaml")), Document)


def test_the_collector_rests_only_for_a_while():
    with without_collection():
        assert not gc.isenabled()
    assert gc.isenabled()


@given(st.text(alphabet=st.sampled_from("ab:- \n\t[]{}&*!\"'#,?|>0\x00é"), max_size=60))
def test_any_text_is_a_document_or_a_fault(text):
    try:
        document = read_document(text, "f")
    except RuleError as error:
        (fault,) = error.faults
        assert fault.what
        assert fault.line >= 1
        assert fault.column >= 1
    else:
        assert document.data is None or isinstance(document.data, str | list | dict)
