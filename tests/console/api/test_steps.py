"""Each step of the desk's table is a path, with what it needs in its body and the scope that it asks for."""

import pytest

from console.api.steps import body_of
from desk.steps import APPEAL_STEPS, CASE_STEPS
from tests.console.built import serving


@pytest.mark.parametrize(
    ("path", "step"),
    [
        *(("/v1/cases/{case}", step) for step in CASE_STEPS),
        *(("/v1/appeals/{reference}", step) for step in APPEAL_STEPS),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_step_has_a_path_that_asks_for_its_scope(path, step):
    operation = serving().openapi()["paths"][f"{path}/{step.name}"]["post"]
    assert operation["operationId"] == step.operation
    assert operation["description"] == step.told
    assert operation["security"] == [{"key": [step.right]}]


def test_a_body_holds_what_a_step_needs_and_the_version():
    [verify] = [step for step in CASE_STEPS if step.name == "verify"]
    [answer] = [step for step in CASE_STEPS if step.name == "answer"]
    schema = body_of(verify).model_json_schema()
    assert schema["required"] == ["found_by", "reason"]
    assert schema["properties"]["reason"]["minLength"] == 1
    assert "version" in schema["properties"]
    assert "version" not in body_of(answer).model_json_schema()["properties"]
