"""Every setting has a name, a kind and a meaning, and editors know the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.cli.node.setting_table import in_words, json_schema, parts_of, settings
from proxy.proxy_settings import HostPort, TrunkSettings
from rules.language.source import shipped

ALL = list(settings())


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.name)
def test_every_setting_is_explained(setting):
    assert setting.meaning
    assert setting.kind


def test_sections_lists_and_names():
    names = {setting.name: setting for setting in ALL}
    assert names["storage.database"].default == "ringfence.db"
    assert names["trunks[].country"].kind == "text"
    assert names["lists.NAME.kind"].kind.startswith("allow, block, suspect")
    assert names["profiles.NAME.cause"].kind == "whole number"
    assert names["metrics"].kind == "HOST:PORT"
    assert len(names) == len(ALL)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int | None, "whole number"),
        (list[HostPort], "list of HOST:PORT"),
        (dict[str, str], "text by name"),
        (Path, "path"),
        (list[TrunkSettings], "list of keys"),
    ],
)
def test_kinds_in_words(annotation: Any, words: str):
    assert in_words(annotation) == words


def test_an_address_is_no_section():
    assert parts_of(HostPort) is None
    assert parts_of(list[TrunkSettings] | None) == (TrunkSettings, "[]")


def test_the_shipped_schema_is_current():
    shown = json.loads(shipped("schema/ringfence.json").read_text())
    assert shown == json_schema(), "run: python -m ringfence settings --schema > config/schema/ringfence.json"


def test_editors_take_addresses_as_text():
    definitions = json_schema()["$defs"]
    assert definitions["ListenerSettings"]["properties"]["address"]["type"] == "string"
