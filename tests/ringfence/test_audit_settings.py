"""Heads are noted nowhere until somebody says where."""

import pytest
from pydantic import ValidationError

from ringfence.audit_settings import AnchorSettings, AuditSettings


def test_nothing_is_noted_by_default_and_anything_that_is_named_is_somewhere():
    assert not AuditSettings().anchors.anywhere
    for how in ({"file": "a"}, {"syslog": True}, {"command": ["cat"]}):
        assert AnchorSettings(**how).anywhere


def test_what_cannot_be_is_refused():
    with pytest.raises(ValidationError):
        AnchorSettings(every_minutes=0)
    with pytest.raises(ValidationError):
        AuditSettings(verify_hours=-1)
