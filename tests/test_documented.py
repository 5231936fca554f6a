"""Nothing is secret: commands, settings and metrics stand where a reader looks, and documents name real files."""

import inspect
import re
from pathlib import Path

import pytest
from typer.main import get_command

from console.cli.commands import app
from console.cli.node.setting_table import settings
from console.web.frame import Section
from console.web.pages import served
from proxy.metrics import MEANINGS
from rules.screening.screen import Screen

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = sorted(get_command(app).commands)


def metric_names() -> set[str]:
    """The families that a node makes, as written in its source."""
    sources = [file for package in ("proxy", "ringfence") for file in (ROOT / package).rglob("*.py")]
    return {name for file in sources for name in re.findall(r'"(ringfence_[a-z_]+)"', file.read_text())}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"`{command}" in README


@pytest.mark.parametrize("setting", [one.name for one in settings()])
def test_every_setting_is_in_the_operators_book(setting):
    assert f"`{setting}`" in OPERATING


@pytest.mark.parametrize("metric", sorted(metric_names()))
def test_every_metric_is_in_the_operators_book(metric):
    assert f"`{metric}" in OPERATING


def test_every_figure_of_the_judge_says_what_it_counts():
    counters = inspect.getsource(Screen.counters.fget)
    assert set(re.findall(r'"(\w+)": ', counters)) == set(MEANINGS)
    assert [name for name in MEANINGS if f"ringfence_{name}" not in OPERATING] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_what_a_document_links_to_exists(document):
    text = document.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_files_that_a_document_names_exist(document):
    for name in re.findall(r"`((?:proxy|rules|console|tests|tools|bench|docker)/[\w./-]+?)`", document.read_text()):
        place = name.replace("rules/shipped", "config")  # where the wheel puts it (pyproject.toml, force-include)
        assert (ROOT / place.rstrip("/")).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS[1:], ids=lambda document: document.name)
def test_the_readme_leads_to_every_document(document):
    assert f"](docs/{document.name})" in README


def test_the_way_of_a_call_leads_through_files_that_exist():
    way = (ROOT / "docs" / "architecture.md").read_text().partition("```\n")[2].partition("```")[0]
    named = re.findall(r"(?:proxy|rules|console)/[\w/]+\.py", way)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_two_commands_stand_first():
    first, second = re.search(r"```\n\$ make (\w+).*?```.*?```\n\$ make (\w+)", README, re.DOTALL).groups()
    assert (first, second) == ("demo", "test")


def test_the_book_of_the_console_shows_its_pages():
    book = (ROOT / "docs" / "console.md").read_text()
    pictures = re.findall(r"\]\((pictures/[a-z-]+\.png)\)", book)
    first = {one.page.name for one in served() if one.page and one.page.section in (Section.WATCH, Section.DECIDE)}
    assert first <= {Path(one).stem for one in pictures}
    assert all((ROOT / "docs" / one).is_file() for one in pictures)
