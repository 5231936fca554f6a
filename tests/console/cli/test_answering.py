"""A command is a function from an installation to its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from typer.testing import CliRunner

from console.cli.answering import command, group
from console.cli.answers import Answer
from desk.faults import Conflict

if TYPE_CHECKING:
    from ringfence.installation import Installation

app = typer.Typer()
group(app, "Things of a test.")


@command(app)
async def where(here: Installation, times: Annotated[int, typer.Option(min=1)] = 1) -> Answer:
    """Say where it is."""
    return Answer({"zone": here.zone, "created": 0.0}, f"{here.zone} {times} times")


@command(app, "beaten", json=False)
async def somebody_was_faster(here: Installation) -> Answer:
    """Lose a race."""
    raise Conflict("case", "case 1 is sealed now", who="li", when=0.0)


def test_its_configuration_is_named_before_or_behind_it(file):
    for words in (["--config", str(file), "where"], ["where", "--config", str(file)]):
        assert CliRunner().invoke(app, words).stdout == "Asia/Shanghai 1 times\n"


def test_programs_get_all_of_it_with_times_of_the_zone(file):
    found = CliRunner().invoke(app, ["where", "--times", "2", "--config", str(file), "--json"])
    assert json.loads(found.stdout) == {"zone": "Asia/Shanghai", "created": "1970-01-01 08:00:00+08:00"}


def test_who_was_faster_is_told_on_the_clocks_of_the_zone(file):
    found = CliRunner().invoke(app, ["beaten", "--config", str(file)])
    assert found.exit_code == 1
    assert found.stderr == "case: case 1 is sealed now; by li, since 1970-01-01 08:00\n"


def test_a_configuration_that_cannot_be_read_is_a_line(tmp_path):
    found = CliRunner().invoke(app, ["where", "--config", str(tmp_path / "none.yaml")])
    assert found.exit_code == 1
    assert "none.yaml" in found.stderr


def test_help_and_options_are_those_of_the_function(file):
    shown = CliRunner().invoke(app, ["beaten", "--help"]).stdout
    assert "Lose a race." in shown
    assert "--json" not in shown
