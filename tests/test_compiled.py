"""The same sources compiled: they pass the same tests of the call path, and whoever asks is told which build runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples import FUZZ, is_fuzzing

ROOT = Path(__file__).resolve().parent.parent
CALL_PATH = (
    "tests/proxy",
    "tests/rules/judging",
    "tests/rules/numbering",
    "tests/rules/lists/test_cache.py",
    "tests/rules/lists/test_unlisted.py",
    "tests/rules/records/test_decisions.py",
    "tests/rules/records/test_redacted_numbers.py",
    "tests/rules/records/test_journal.py",
    "tests/rules/records/test_privacy.py",
    "tests/rules/records/test_replay.py",
    "tests/rules/screening/test_screen.py",
    "tests/rules/screening/test_findings.py",
)


def run(*words: str | Path, **environment: str) -> str:
    """What a command says that must succeed."""
    done = subprocess.run(
        [*map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=14_400 if is_fuzzing() else 1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def compiled() -> Path:
    """Where the compiled build of this checkout lies; made now when it is stale."""
    return Path(run(ROOT / "tools" / "compile").strip())


def test_what_was_compiled_is_not_compiled_again(compiled):
    made = compiled.stat().st_mtime
    assert run(ROOT / "tools" / "compile").strip() == str(compiled)
    assert compiled.stat().st_mtime == made


def test_it_says_which_build_it_is(compiled):
    ringfence = Path(sys.executable).with_name("ringfence")
    assert "(compiled)" in run(ringfence, "version", PYTHONPATH=str(compiled))
    assert "(pure Python)" in run(ringfence, "version", PYTHONPATH="")


def test_it_holds_what_the_plain_wheel_holds_and_one_library_of_c(compiled):
    sources = {str(file.relative_to(ROOT)) for package in ("proxy", "rules") for file in (ROOT / package).rglob("*.py")}
    inside = {str(file.relative_to(compiled)) for file in compiled.rglob("*") if file.is_file()}
    assert sources <= inside, "an interpreter that can't load the library runs the sources"
    assert len([name for name in inside if "__mypyc." in name]) == 1


@pytest.mark.hypothesis
def test_the_tests_of_the_call_path_pass_on_it(compiled):
    words = ["-o", f"pythonpath={compiled} .", "-p", "no:cacheprovider", *CALL_PATH]
    if is_fuzzing():
        words += ["-m", "hypothesis", f"--hypothesis-profile={FUZZ}"]
    said = run(sys.executable, "-m", "pytest", *words, PYTHONPATH="")
    assert "build: compiled" in said
