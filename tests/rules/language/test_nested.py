"""Conditions are found at any depth, with their places."""

from rules.language.grammar import RuleFile, When
from rules.language.nested import references, whens

DEEP = {
    "conditions": {"night": {"hours": "21:00-08:00"}},
    "rules": [
        {
            "rule": "a",
            "because": "b",
            "when": {"caller": "95588", "any": [{"days": "mon"}, {"all": [{"anonymous": True}]}]},
            "unless": [{"diverted": True}],
            "then": "tag",
        }
    ],
}


def test_every_condition_has_its_place():
    assert [loc for loc, _ in whens(RuleFile.model_validate(DEEP))] == [
        ("conditions", "night"),
        ("rules", 0, "when"),
        ("rules", 0, "when", "any", 0),
        ("rules", 0, "when", "any", 1),
        ("rules", 0, "when", "any", 1, "all", 0),
        ("rules", 0, "unless", 0),
    ]


def test_references_are_found_at_any_depth():
    when = When.model_validate({"condition": "a", "any": [{"all": [{"condition": ["b", "c"]}]}, {"anonymous": True}]})
    assert references(when) == {"a", "b", "c"}
