"""`ringfence fmt`: files are laid out in place, told for scripts, and never half."""

import json

UNEVEN = "-   rule:   one # of mine\n    because: It is so.\n    when: {caller: 95588}\n    then: tag\n"
EVEN = "- rule: one     # of mine\n  because: It is so.\n  when: {caller: 95588}\n  then: tag\n"


def test_files_of_the_configuration_are_laid_out(run, file):
    own = file.parent / "rules.d" / "more.yaml"
    own.write_text(UNEVEN)
    own.chmod(0o640)
    found = run("fmt", "--check")
    assert found.exit_code == 1
    assert "+  because: It is so.\n" in found.stdout
    assert found.stdout.splitlines()[-1].endswith("1 would change")
    assert own.read_text() == UNEVEN
    assert run("fmt").stdout.splitlines()[-1].endswith("1 laid out anew")
    assert (own.read_text(), own.stat().st_mode & 0o777) == (EVEN, 0o640)
    assert run("fmt", "--check").exit_code == 0


def test_what_is_no_yaml_is_named_and_the_others_are_laid_out(run, tmp_path):
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text("- rule: [\n")
    good.write_text(UNEVEN)
    found = run("fmt", str(bad), str(good), str(tmp_path / "none.yaml"), "--json")
    assert found.exit_code == 1
    data = json.loads(found.stdout)
    assert [one["file"] for one in data["faults"]] == [str(bad), str(tmp_path / "none.yaml")]
    assert (data["changed"], good.read_text(), bad.read_text()) == ([str(good)], EVEN, "- rule: [\n")


def test_standard_input_for_editors(run, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(UNEVEN))
    from console.cli.workbench.fmt import STDIN, fmt

    assert fmt([STDIN], check=False).as_text() + "\n" == EVEN


def test_lines_that_end_otherwise_are_told(tmp_path):
    from console.cli.workbench.fmt import fmt

    path = tmp_path / "r.yaml"
    path.write_bytes(EVEN.replace("\n", "\r\n").encode())
    assert fmt([path], check=True).as_text().splitlines()[0] == f"{path}: the ends of its lines"
    fmt([path], check=False)
    assert path.read_bytes() == EVEN.encode()
