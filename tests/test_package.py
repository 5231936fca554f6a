"""The wheel, as a stranger installs it: five packages, the shipped files inside, and a check that passes."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")


def run(*words: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(list(map(str, words)), cwd=cwd, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, ROOT, cwd=ROOT)
    (found,) = folder.glob("*.whl")
    return found


def test_its_top_level_is_five_packages(wheel):
    """`proxy` and `rules` are import names of other distributions too: nothing else may creep in."""
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"proxy", "rules", "desk", "ringfence", "console"}


def test_what_is_not_python_is_inside(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"rules/shipped/{file.relative_to(ROOT / 'config')}" for file in shipped_files()}
    assert shipped
    assert shipped <= inside
    data = [
        file for package in ("proxy", "rules", "desk", "ringfence", "console") for file in (ROOT / package).rglob("*.*")
    ]
    wanted = {str(file.relative_to(ROOT)) for file in data if file.suffix in (".sql", ".csv", ".yaml", ".json")}
    assert wanted <= inside


def shipped_files() -> list[Path]:
    """Everything in config/ that is no state of a proxy run from there."""
    return [f for f in (ROOT / "config").rglob("*") if f.is_file() and "var" not in f.relative_to(ROOT).parts]


def test_it_runs_in_an_empty_environment(wheel, tmp_path):
    environment = tmp_path / "environment"
    run(UV, "venv", "--python", sys.executable, environment, cwd=tmp_path)
    python, program = environment / "bin" / "python", environment / "bin" / "ringfence"
    run(UV, "pip", "install", "-q", "--python", python, "-c", ROOT / "requirements.lock", wheel, cwd=tmp_path)
    assert " 0 faults" in run(program, "check", cwd=tmp_path)
    sites = run(python, "-c", "import rules.language.source as s; print(s.shipped('ringfence.yaml'))", cwd=tmp_path)
    assert Path(sites.strip()).is_relative_to(environment)
    assert "pjsua2" not in run(UV, "pip", "list", "--python", python, cwd=tmp_path), "GPL: an extra, never a dependency"
    for name in ("systemd/ringfence.service", "prometheus/ringfence.rules.yml", "nftables/ringfence.nft"):
        assert run(program, "samples", name, cwd=tmp_path) == (ROOT / "config" / name).read_text()
    first = ("--country", "CN", "--listen", "192.0.2.5", "--pbx", "192.0.2.6", "--carrier", "198.51.100.7")
    run(program, "init", *first, cwd=tmp_path)
    assert " 0 faults" in run(program, "--config", "ringfence.yaml", "check", cwd=tmp_path)
    asked = run(program, "explain", "--from", "anonymous", "--to", "110", cwd=tmp_path)
    assert "=> emergency" in asked
