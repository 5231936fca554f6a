"""The shape of the code: arrows, purity, one door to SQLite, a test for each source, names that tell something."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

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
SQLITE_DOORS = (
    "rules/storage/store.py",
    "rules/storage/replicas.py",
    "rules/lists/cache.py",
    "rules/storage/migrations/",
)
TELL_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
# Files without behaviour of their own: values, settings and maps of their folder.
NOTHING_TO_TEST = {
    "rules/model.py",
    "proxy/proxy_settings.py",
    "rules/settings/screening.py",
    "ringfence/node_settings.py",
    "ringfence/cluster/record.py",
    "ringfence/__main__.py",
}


LONGEST_FUNCTION = 60  # lines
MOST_PARAMETERS = 8


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def text_of(file: Path) -> str:
    return file.read_text()


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """Every node of it; each file is read once for all that is asked of it."""
    return tuple(ast.walk(ast.parse(text_of(file))))


@cache
def imports_of(file: Path) -> set[str]:
    """Every module that the file imports, by its full name."""
    found: set[str] = set()
    for node in nodes_of(file):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(file)}


def those_that_import(files: Iterable[Path], modules: set[str]) -> list[str]:
    return [f"{name_of(file)}: {', '.join(found)}" for file in files if (found := tops(file) & modules)]


def test_sql_stands_in_the_sources():
    """`sql` and `joined` take literals; that their pieces are SQL as well, mypy knows by their type."""
    asking = [file for file in SOURCES if "rules.storage.statements" in imports_of(file)]
    assert len(asking) > 10
    for file in asking:
        for node in nodes_of(file):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = f"{name_of(file)}:{node.lineno}"
                assert node.func.id != "Sql", f"{place}: made by rules/storage/statements.py alone"
                if node.func.id in ("sql", "joined"):
                    assert isinstance(node.args[0], ast.Constant), f"{place}: not a literal"


def test_a_row_that_may_be_there_is_written_as_other_databases_do_too():
    own = re.compile(r"\b(insert|update) or (ignore|replace)\b", re.IGNORECASE)
    assert not [name_of(file) for file in SOURCES if own.search(text_of(file))], "on conflict do nothing, or `put`"


def test_no_statement_is_exempt_from_the_check_for_injection():
    assert not [name_of(file) for file in SOURCES if "S608" in text_of(file)]


def test_the_arrows_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_nobody_imports_the_tests_or_a_folder_without_code():
    assert len(SOURCES) > 400
    assert not those_that_import(SOURCES, {"tests", "config", "docker", "bench", "docs"})


def test_a_pure_file_does_no_input_output_and_reads_no_clock():
    pure = [file for file in SOURCES if name_of(file).startswith(PURE)]
    assert len(pure) > len(PURE)
    assert not those_that_import(pure, INPUT_OUTPUT)


def test_sqlite_has_one_door():
    behind = [file for file in SOURCES if not name_of(file).startswith(SQLITE_DOORS)]
    assert not those_that_import(behind, {"sqlite3", "aiosqlite"})


def test_the_softphone_library_stays_out_of_the_product():
    assert not those_that_import((f for f in SOURCES if not name_of(f).startswith("console/")), {"pjsua2"})


def test_a_file_has_one_subject_and_says_which():
    silent = [name_of(file) for file in SOURCES if not ast.get_docstring(nodes_of(file)[0])]
    assert not silent, "no opening docstring"
    assert not [name_of(file) for file in SOURCES if file.stem in TELL_NOTHING]


def functions_of(file: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """Every function by its name, with whether its parameters are the fields of a value, or options of a command."""
    for node in nodes_of(file):
        if isinstance(node, ast.ClassDef):
            value = any(isinstance(one, ast.Assign) and "__slots__" in ast.unparse(one.targets[0]) for one in node.body)
            for one in node.body:
                if isinstance(one, ast.FunctionDef) and one.name == "__init__":
                    yield f"{node.name}.__init__", one, value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
            answers = node.returns is not None and ast.unparse(node.returns) == "Answer"
            yield node.name, node, answers or any("command(" in ast.unparse(one) for one in node.decorator_list)


def faults_of(file: Path) -> Iterator[str]:
    """Functions that fit on no screen, or take more than anybody can tell apart."""
    for name, function, given in functions_of(file):
        assert function.end_lineno is not None
        if function.end_lineno - function.lineno >= LONGEST_FUNCTION:
            yield f"{name_of(file)}: {name} is too long"
        taken = [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        if len([each for each in taken if each not in ("self", "cls")]) > MOST_PARAMETERS and not given:
            yield f"{name_of(file)}: {name}: a value object tells what belongs together"


def test_a_function_fits_on_a_screen_and_has_few_parameters():
    assert not [fault for file in SOURCES for fault in faults_of(file)]


def has_behaviour(file: Path) -> bool:
    """Does the file hold a function, so that there is something to test? Filling in the fields of a value is none."""
    found = (node for node in nodes_of(file) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(function.name != "__init__" for function in found)


def test_each_source_has_its_test():
    to_test = [f for f in SOURCES if f.stem != "__init__" and name_of(f) not in NOTHING_TO_TEST and has_behaviour(f)]
    mirrored = [ROOT / "tests" / file.relative_to(ROOT).with_name(f"test_{file.name}") for file in to_test]
    assert not [name_of(file) for file in mirrored if not file.is_file()], "expected these"


def test_what_is_said_to_need_no_test_exists():
    assert all((ROOT / name).is_file() for name in NOTHING_TO_TEST)


def test_how_many_examples_is_asked_of_one_place():
    """`make test` repeats them and `make fuzz` multiplies them, and neither looks at the time."""
    mentioning = [file for file in TESTS if "hypothesis" in text_of(file) and file.stem != "examples"]
    properties = [file for file in mentioning if "hypothesis" in tops(file)]
    assert len(properties) > 50
    told = re.compile(r"max_examples=|deadline=|derandomize=")
    assert not [name_of(file) for file in properties if told.search(text_of(file))], "ask tests.examples"


def _ends_from_behind(node: ast.AST) -> bool:
    """Is it a slice such as [1:-1]? Of one octet mypyc makes one of length -1, and a SystemError of that."""
    if not isinstance(node, ast.Slice) or not isinstance(node.lower, ast.Constant):
        return False
    return isinstance(node.upper, ast.UnaryOp) and isinstance(node.upper.op, ast.USub) and bool(node.lower.value)


def _compiled() -> list[Path]:
    hooks = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]
    files = [file for pattern in hooks["mypyc"]["include"] for file in ROOT.glob(pattern[1:])]
    assert len(files) > 30
    return files


def test_no_slice_of_compiled_code_can_end_before_it_begins():
    found = [f"{name_of(f)}:{n.lineno}" for f in _compiled() for n in nodes_of(f) if _ends_from_behind(n)]
    assert not found, "write [1:][:-1]"


def _caught_by_one_name(node: ast.AST) -> bool:
    """Has a function one name for exceptions of several kinds? mypyc takes all for the first, and raises TypeError."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    caught: dict[str, set[str]] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.ExceptHandler) and each.name and each.type is not None:
            caught.setdefault(each.name, set()).add(ast.unparse(each.type))
    return any(len(kinds) > 1 for kinds in caught.values())


def test_no_name_of_compiled_code_is_of_two_kinds_of_exceptions():
    found = [f"{name_of(f)}:{n.lineno}" for f in _compiled() for n in nodes_of(f) if _caught_by_one_name(n)]
    assert not found, "name them apart"


def test_no_package_below_tests():
    """tests/proxy/__init__.py would make pytest import tests/proxy as `proxy`."""
    assert not [file for file in TESTS if file.name == "__init__.py"]
