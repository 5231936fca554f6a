"""Patterns of ringfence.yaml: all that they match is read or said, nothing is skipped in silence."""

import os

from rules.language.rule_paths import find, leads_out


def names(found):
    return [path.name for path in found.files]


def test_patterns_find_files_beside_the_configuration(tmp_path):
    (tmp_path / "rules.d").mkdir()
    for name in ("b.yaml", "a.yaml", "a.txt"):
        (tmp_path / "rules.d" / name).write_text("")
    assert names(find(tmp_path, "rules.d/*.yaml")) == ["a.yaml", "b.yaml"]
    assert names(find(tmp_path / "elsewhere", str(tmp_path / "rules.d" / "b.*"))) == ["b.yaml"]
    assert find(tmp_path, "rules.d/*.yaml").remarks == []
    assert names(find(tmp_path, "none.yaml")) == names(find(tmp_path, "no*.yaml")) == []


def test_what_is_no_file_is_among_them_so_that_its_reader_says_so(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "gone.yaml").symlink_to("none")
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    assert names(find(tmp_path, "*.yaml")) == ["gone.yaml", "pipe.yaml", "round.yaml"]
    assert names(find(tmp_path, "round.yaml")) == ["round.yaml"]


def test_folders_and_links_are_said(tmp_path):
    (tmp_path / "rules.d" / "sub.yaml").mkdir(parents=True)
    (tmp_path / "rules.d" / "night.yml").write_text("")
    (tmp_path / "rules.d" / "day.yaml").write_text("")
    (tmp_path / "secret.yaml").write_text("")
    (tmp_path / "rules.d" / "out.yaml").symlink_to("../secret.yaml")
    (tmp_path / "rules.d" / "in.yaml").symlink_to("day.yaml")
    (tmp_path / "rules.d" / "again").symlink_to(".")
    found = find(tmp_path, "rules.d/*.yaml")
    assert names(found) == ["day.yaml", "in.yaml", "out.yaml"]
    said = " ".join(what for what, _ in found.remarks).replace(str(tmp_path), "")
    assert said == (
        "/rules.d/sub.yaml is a folder and is not read /rules.d/night.yml is not read: the pattern takes *.yaml"
    )
    assert leads_out(tmp_path / "rules.d" / "out.yaml") == (tmp_path / "secret.yaml").resolve()
    assert leads_out(tmp_path / "rules.d" / "in.yaml") is None
    deep = find(tmp_path, "rules.d/**/*.yaml")
    assert any("again is a link to a folder, which ** does not enter" in what for what, _ in deep.remarks)
