"""The shape of the code: arrows, purity, one door to SQLite, a test for each source, names that tell something."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("proxy", "rules", "desk", "ringfence", "console")
SOURCES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PURE = (
    "proxy/sip/",
    "proxy/core.py",
    "proxy/screening.py",
    "proxy/effects.py",
    "proxy/urgency.py",
    "rules/model.py",
    "rules/judging/engine.py",
)
INPUT_OUTPUT = {"asyncio", "socket", "ssl", "sqlite3", "time", "logging", "random", "aiosqlite", "asyncio_dgram"}
SQLITE_DOORS = ("rules/storage/store.py", "rules/lists/cache.py", "rules/storage/migrations/")
TELL_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
# Files without behaviour of their own: values, settings and maps of their folder.
NOTHING_TO_TEST = {
    "rules/model.py",
    "proxy/proxy_settings.py",
    "rules/settings/screening.py",
    "ringfence/node_settings.py",
    "ringfence/__main__.py",
}


LONGEST_FUNCTION = 60  # lines
MOST_PARAMETERS = 8


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports_of(file: Path) -> set[str]:
    """Every module that the file imports, by its full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(file)}


@pytest.mark.parametrize("file", [f for f in SOURCES if "rules.storage.statements" in imports_of(f)], ids=name_of)
def test_sql_stands_in_the_sources(file):
    """`sql` and `joined` take literals; that their pieces are SQL as well, mypy knows by their type."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "Sql", f"line {node.lineno}: made by rules/storage/statements.py alone"
            if node.func.id in ("sql", "joined"):
                assert isinstance(node.args[0], ast.Constant), f"line {node.lineno}: not a literal"


def test_no_statement_is_exempt_from_the_check_for_injection():
    assert not [name_of(file) for file in SOURCES if "S608" in file.read_text()]


def test_the_arrows_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_nobody_imports_the_tests_or_a_folder_without_code(file):
    assert not tops(file) & {"tests", "config", "docker", "bench", "docs"}


@pytest.mark.parametrize("file", [f for f in SOURCES if name_of(f).startswith(PURE)], ids=name_of)
def test_a_pure_file_does_no_input_output_and_reads_no_clock(file):
    assert not tops(file) & INPUT_OUTPUT


@pytest.mark.parametrize("file", [f for f in SOURCES if not name_of(f).startswith(SQLITE_DOORS)], ids=name_of)
def test_sqlite_has_one_door(file):
    assert not tops(file) & {"sqlite3", "aiosqlite"}


@pytest.mark.parametrize("file", [f for f in SOURCES if not name_of(f).startswith("console/")], ids=name_of)
def test_the_softphone_library_stays_out_of_the_product(file):
    assert "pjsua2" not in tops(file)


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_a_file_has_one_subject_and_says_which(file):
    text = file.read_text()
    assert ast.get_docstring(ast.parse(text)), "no opening docstring"
    assert file.stem not in TELL_NOTHING


def functions_of(file: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """Every function by its name, with whether its parameters are the fields of a value, or options of a command."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef):
            value = any(isinstance(one, ast.Assign) and "__slots__" in ast.unparse(one.targets[0]) for one in node.body)
            for one in node.body:
                if isinstance(one, ast.FunctionDef) and one.name == "__init__":
                    yield f"{node.name}.__init__", one, value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
            answers = node.returns is not None and ast.unparse(node.returns) == "Answer"
            yield node.name, node, answers or any("command(" in ast.unparse(one) for one in node.decorator_list)


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_a_function_fits_on_a_screen_and_has_few_parameters(file):
    for name, function, given in functions_of(file):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < LONGEST_FUNCTION, f"{name} is too long"
        taken = [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        many = len([each for each in taken if each not in ("self", "cls")]) > MOST_PARAMETERS and not given
        assert not many, f"{name}: a value object tells what belongs together"


def has_behaviour(file: Path) -> bool:
    """Does the file hold a function, so that there is something to test? Filling in the fields of a value is none."""
    found = (n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(function.name != "__init__" for function in found)


@pytest.mark.parametrize(
    "file",
    [f for f in SOURCES if f.stem != "__init__" and name_of(f) not in NOTHING_TO_TEST and has_behaviour(f)],
    ids=name_of,
)
def test_each_source_has_its_test(file):
    mirrored = ROOT / "tests" / file.relative_to(ROOT).with_name(f"test_{file.name}")
    assert mirrored.is_file(), f"expected {name_of(mirrored)}"


def test_what_is_said_to_need_no_test_exists():
    assert all((ROOT / name).is_file() for name in NOTHING_TO_TEST)


@pytest.mark.parametrize("file", [f for f in TESTS if "hypothesis" in tops(f) and f.stem != "examples"], ids=name_of)
def test_how_many_examples_is_asked_of_one_place(file):
    """`make test` repeats them and `make fuzz` multiplies them, and neither looks at the time."""
    assert not re.search(r"max_examples=|deadline=|derandomize=", file.read_text()), "ask tests.examples"


def _ends_from_behind(node: ast.AST) -> bool:
    """Is it a slice such as [1:-1]? Of one octet mypyc makes one of length -1, and a SystemError of that."""
    if not isinstance(node, ast.Slice) or not isinstance(node.lower, ast.Constant):
        return False
    return isinstance(node.upper, ast.UnaryOp) and isinstance(node.upper.op, ast.USub) and bool(node.lower.value)


def test_no_slice_of_compiled_code_can_end_before_it_begins():
    hooks = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]
    files = [file for pattern in hooks["mypyc"]["include"] for file in ROOT.glob(pattern[1:])]
    assert len(files) > 30
    found = [
        f"{name_of(f)}:{n.lineno}" for f in files for n in ast.walk(ast.parse(f.read_text())) if _ends_from_behind(n)
    ]
    assert not found, "write [1:][:-1]"


def test_no_package_below_tests():
    """tests/proxy/__init__.py would make pytest import tests/proxy as `proxy`."""
    assert not [file for file in TESTS if file.name == "__init__.py"]
