"""Service events: the level may change while it runs, and nothing that peers wrote steers a terminal."""

import logging

import pytest
import structlog

from ringfence import service_log
from ringfence.service_log import Level, harmless, masked, set_level


@pytest.mark.parametrize(
    ("least", "told"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)], ids=lambda one: str(one)
)
def test_what_is_below_the_level_is_dropped(least, told):
    level = Level()
    level.least = getattr(logging, least.upper())
    heard = 0
    for method in ("debug", "info", "warning", "error"):
        try:
            level(None, method, {})
            heard += 1
        except structlog.DropEvent:
            pass
    assert heard == told


def test_it_may_change_while_it_runs(monkeypatch):
    before = service_log._level.least
    set_level("error")
    with pytest.raises(structlog.DropEvent):
        service_log._level(None, "warning", {})
    set_level("info")
    assert service_log._level(None, "warning", {"event": "x"}) == {"event": "x"}
    monkeypatch.setattr(service_log._level, "least", before)


def test_what_peers_wrote_steers_no_terminal(monkeypatch):
    event = {"event": "x", "host": "\x1b[2J"}
    assert harmless(None, "info", dict(event)) == event
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "\x1b" not in harmless(None, "info", dict(event))["host"]


def test_what_peers_wrote_steers_no_terminal_in_service_lines(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    peers = "\x1b[2J\u202eno\n2026-11-30 [error] forged"
    shown = harmless(None, "warning", {"event": "check", "fault": peers, "listen": [peers], "calls": 7})
    told = "\\u001b[2J\\u202eno\\n2026-11-30 [error] forged"
    assert shown == {"event": "check", "fault": told, "listen": [told], "calls": 7}
    trace = harmless(None, "error", {"exception": "Traceback\n  \x1b[2J"})
    assert trace == {"exception": "Traceback\n  \\u001b[2J"}, "its own lines stay"


def test_service_lines_for_machines_hold_what_peers_wrote_as_it_is(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    assert harmless(None, "warning", {"fault": "\x1b[2J"}) == {"fault": "\x1b[2J"}, "JSON escapes it"


def test_what_a_fault_failed_at_shows_no_number():
    told = 'Traceback\n  File "/x/proxy/core.py", line 1234, in receive\nValueError: b"<sip:139%208765%204321@h>"'
    shown = masked(None, "error", {"event": "fault", "exception": told})["exception"]
    assert shown == told.replace("139%208765%204321", "139%20****%20**21")
