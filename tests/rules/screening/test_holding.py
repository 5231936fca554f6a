"""What a screen holds open is opened whole or not at all."""

import pytest

from rules.lists.editing import Lists
from rules.records.troubles import Troubles
from rules.screening.holding import hold
from rules.settings.screening import ScreeningSettings

SETTINGS = ScreeningSettings()


async def test_what_was_opened_is_closed_again_when_the_rest_cannot_be(tmp_path, monkeypatch):
    closed = []
    close = Lists.close

    async def note(self):
        closed.append(self)
        await close(self)

    def fails(path):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Lists, "close", note)
    monkeypatch.setattr("rules.screening.holding.warm", fails)
    with pytest.raises(RuntimeError):
        await hold(SETTINGS, tmp_path, None, Troubles(None, lambda: 0.0), budget_ms=50, now=lambda: 0.0)
    assert len(closed) == 1
