"""A right of the API that opens nothing by ringfence.yaml, or everything, is told to whoever gives it."""

import pytest

from ringfence.configuration import Configuration
from ringfence.rights import doubts

BASE = {
    "listen": [{"address": "192.0.2.1:5060"}],
    "pbxes": [{"name": "office", "addresses": ["203.0.113.10"]}],
    "trunks": [{"name": "default"}],
}


def told(actor, *scopes, lists=None, **complaints):
    return [
        *doubts(Configuration.model_validate(BASE | {"complaints": complaints, "lists": lists or {}}), actor, scopes)
    ]


def test_who_may_not_release_is_told_so():
    (said,) = told("app", "seals:release", officers=["app", "li"], released_by=["li"])
    assert said == "warning: seals are released by li (complaints.released_by): app releases none with seals:release"
    (said,) = told("app", "appeals:decide", officers=["app", "li"], released_by=["li"])
    assert "app releases none with appeals:decide" in said
    assert told("li", "seals:release", officers=["li"], released_by=["li"]) == []
    assert told("li", "seals:release", officers=["li"]) == []


@pytest.mark.parametrize("scope", ["cases:write", "seals:write", "seals:release", "ladder:write", "appeals:decide"])
def test_who_is_no_officer_is_told_so(scope):
    said = told("app", scope, "reports:read", officers=["li"])
    assert f"warning: app is no officer (complaints.officers): {scope} opens nothing; name one with --acts-as" in said


def test_a_key_that_releases_any_seal_is_told():
    (said,) = told("app", "seals:release")
    assert "whoever holds this key releases any seal, as app" in said


def test_lists_that_it_does_not_change_are_named():
    lists = {"blocked": {"kind": "block", "changed_by": ["li"]}, "allowed": {"kind": "allow"}}
    (said,) = told("app", "lists:write", "lists:release", lists=lists)
    assert said == "warning: app changes nothing on blocked (changed_by) with lists:write and lists:release"
    assert told("li", "lists:write", lists=lists) == []


def test_rights_that_open_what_they_say_are_given_in_silence():
    assert told("app", "complaints:write", "cases:read", "reports:read", officers=["li"], released_by=["li"]) == []
