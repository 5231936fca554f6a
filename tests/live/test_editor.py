"""What an author's editor shows: a real YAML language server reads the shipped schemas by their modeline."""

import pytest

from rules.language.source import shipped
from tests.peers.language_server import LanguageServer

pytestmark = pytest.mark.live
SCHEMAS = shipped("schema")
RULE = """\
# yaml-language-server: $schema={schema}
- rule: marketing-at-night
  because: Marketing numbers may not ring homes at night.
  when: {{caller: {{starts_with: [95012, 95013]}}, hours: 21:00-08:00, {more}}}
  then: {then}
  catches: [{{from: 95012345, to: 13800138000, at: 2026-11-24T22:10+08:00}}]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = LanguageServer(tmp_path_factory.mktemp("editor"))
    yield server
    server.close()


@pytest.fixture
def saved(tmp_path):
    """A rule file with these parts."""

    def save(text=RULE, name="own.yaml", schema="rules", **parts):
        path = tmp_path / name
        values = {"schema": (SCHEMAS / f"{schema}.json").as_uri(), "then": "tag", "more": "diverted: true"}
        path.write_text(text.format(**{**values, **parts}))
        return path

    return save


def places(diagnostics):
    return [(one["range"]["start"]["line"] + 1, one["range"]["start"]["character"] + 1) for one in diagnostics]


@pytest.mark.parametrize("mode", ["live", "observe", "10%", "2.5 %"])
def test_a_sound_rule_has_no_error(server, saved, mode):
    assert server.open(saved(then=f"tag\n  mode: {mode}", more="days: [mon-fri, sat, Sunday]")) == []


@pytest.mark.parametrize("pack", ["baseline", "cn"])
def test_the_shipped_packs_have_none(server, pack):
    assert server.open(shipped(f"rules/{pack}.yaml")) == []


@pytest.mark.parametrize(
    ("parts", "place", "said"),
    [
        ({"more": "divertd: true"}, (4, 69), "Property divertd is not allowed"),
        ({"more": "caller: {class: mobil}"}, (4, 69), "Map keys must be unique"),
        ({"more": "called: {class: mobil}"}, (4, 85), "mobile"),
        ({"then": "{suspicion: 40}"}, (5, 21), "10"),
        ({"then": "rejct"}, (5, 9), "reject"),
        ({"then": "tag\n  mode: obsrve"}, (6, 9), "observe"),
    ],
)
def test_a_mistake_is_an_error_at_its_place(server, saved, parts, place, said):
    diagnostics = server.open(saved(**parts))
    assert place in places(diagnostics), diagnostics
    assert any(said in one["message"] for one in diagnostics), diagnostics


def labels(found):
    return {item["label"] for item in (found["items"] if isinstance(found, dict) else found)}


@pytest.mark.parametrize(
    ("parts", "place", "known"),
    [
        ({"more": "di"}, (4, 71), {"diverted", "display_name"}),
        ({"more": "called: {st}"}, (4, 80), {"starts_with"}),
        ({"more": "called: {class: }"}, (4, 85), {"cn-95", "mobile", "emergency"}),
        ({"then": ""}, (5, 9), {"forward", "tag", "reject", "divert"}),
        ({"then": "{tag: {la}}"}, (5, 18), {"label"}),
        ({"then": "{r}"}, (5, 11), {"reject"}),
        ({"then": "{s}"}, (5, 11), {"suspicion"}),
        ({"then": "tag\n  mode: "}, (6, 9), {"live", "observe", "10%"}),
        ({"more": "days: "}, (4, 75), {"mon", "mon-fri", "working", '"off"'}),
        ({"more": "days: [w]"}, (4, 77), {"working"}),
    ],
)
def test_completion_offers_what_may_stand_there(server, saved, parts, place, known):
    path = saved(**parts)
    server.open(path)
    assert known <= labels(server.at("completion", path, *place))


def test_hover_says_what_a_key_means(server, saved):
    path = saved()
    server.open(path)
    assert "Wall clock, start in, end out" in str(server.at("hover", path, 4, 50))


def test_test_files_are_known_too(server, saved):
    head = "# yaml-language-server: $schema={schema}\n"
    text = f"{head}tests:\n- test: it works\n  calls:\n  - {{{{from: 95588, expct: tag}}}}\n"
    assert places(server.open(saved(text, "own_test.yaml", "tests"))) == [(5, 19)]
