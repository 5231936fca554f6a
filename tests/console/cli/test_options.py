"""Durations and times as options: what is none is a fault of the command line."""

import pytest
import typer

from console.cli.options import moment, seconds


def test_what_is_no_duration_is_a_fault_of_the_command_line():
    with pytest.raises(typer.BadParameter, match="write one such as"):
        seconds("ten minutes")
    assert seconds("15m") == 900


def test_what_is_no_time_is_a_fault_of_the_command_line():
    with pytest.raises(typer.BadParameter, match="is no time"):
        moment("soon", now=0.0, zone="UTC", ahead=True)
    assert moment("1h", now=0.0, zone="UTC", ahead=True) == 3600
