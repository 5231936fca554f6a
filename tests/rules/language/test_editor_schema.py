"""What editors are told: a number may stand where text is read, and nothing is null."""

from rules.language.editor_schema import for_editors


def shown(schema):
    return for_editors("Files", schema, definitions={})


def test_text_may_look_like_a_number():
    assert shown({"properties": {"type": {"type": "string"}}})["properties"] == {"type": {"type": ["string", "number"]}}


def test_words_of_a_choice_and_settings_of_a_pack_stay_text():
    choice = {"type": "string", "enum": ["a", "b"]}
    setting = {"type": "string", "pattern": r"^\$"}
    assert shown({"items": choice})["items"] == choice
    assert shown({"items": setting})["items"] == setting


def test_null_is_no_choice_and_no_default():
    nullable = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None, "title": "X", "description": "d"}
    assert shown({"properties": {"default": nullable}})["properties"] == {
        "default": {"type": "integer", "description": "d"}
    }


def test_parts_that_are_referred_to_come_last():
    found = for_editors("Files", {"$ref": "#/$defs/A"}, definitions={"A": {"title": "A", "type": "integer"}})
    assert found == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Files",
        "$ref": "#/$defs/A",
        "$defs": {"A": {"type": "integer"}},
    }
