"""The container's files, checked by the tools that know them; the steps of the image run in test_package.py."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ringfence.configuration import load_configuration

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILES = sorted((ROOT / "docker").rglob("Dockerfile"))


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_hadolint_finds_nothing(file):
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, "--format", "json", file], capture_output=True, text=True, timeout=300, check=False)
    assert json.loads(done.stdout) == []


def test_compose_accepts_the_file():
    command = ["docker-compose", "-f", ROOT / "docker" / "compose.yaml", "config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert services["ringfence"]["cap_drop"] == ["ALL"]
    assert "pbx" in services["ringfence"]["depends_on"]


def test_the_image_s_configuration_is_sound():
    configuration = load_configuration(ROOT / "docker" / "ringfence.yaml")
    exposed = re.search(r"^EXPOSE (\d+)/udp$", (ROOT / "docker" / "Dockerfile").read_text(), re.MULTILINE)
    assert exposed
    assert configuration.listen[0].address.port == int(exposed[1])


def test_the_image_copies_what_exists():
    text = (ROOT / "docker" / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        *sources, _ = line.split()
        assert all((ROOT / source).exists() for source in sources), line


def test_what_the_image_copies_is_not_ignored():
    """.dockerignore shuts everything out and lets single paths in again."""
    first, *rest = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    let_in = {line[1:] for line in rest if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "docker" / "Dockerfile").read_text(), re.MULTILINE)
    assert first == "*"
    assert {source for line in copied for source in line.split()[:-1]} <= let_in


def test_the_image_s_commands_are_commands():
    """Entry point, command and health check are what `ringfence` offers."""
    text = (ROOT / "docker" / "Dockerfile").read_text()
    words = re.findall(r"^(?:ENTRYPOINT|CMD|HEALTHCHECK .* CMD) \[(.+)\]$", text, re.MULTILINE)
    commands = [json.loads(f"[{word}]") for word in words]
    assert ["ringfence"] in commands
    for command in (["serve"], ["ringfence", "health"]):
        assert command in commands
        done = subprocess.run(
            [sys.executable, "-m", "ringfence", command[-1], "--help"],
            cwd=ROOT,
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0
