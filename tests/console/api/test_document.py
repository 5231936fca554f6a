"""The OpenAPI document: published, current, and what it says of keys and problems is so."""

import json
from pathlib import Path

from tests.console.built import serving

PUBLISHED = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"
OPERATIONS = [
    (method, path, operation)
    for path, methods in serving().openapi()["paths"].items()
    for method, operation in methods.items()
]


def test_the_published_document_is_current():
    made = serving().openapi()
    assert json.loads(PUBLISHED.read_text()) == made, "run: python -m ringfence api openapi > docs/openapi.json"


def test_every_path_is_versioned_and_says_which_scope_it_needs():
    for _, path, operation in OPERATIONS:
        if path == "/healthz":
            continue
        assert path.startswith("/v1/")
        assert all(len(one["key"]) == 1 for one in operation["security"])


def test_every_problem_is_one_of_rfc_9457():
    for _, path, operation in OPERATIONS:
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], path


def test_every_write_takes_an_idempotency_key():
    for method, path, operation in OPERATIONS:
        if method == "post":
            assert "Idempotency-Key" in [one["name"] for one in operation["parameters"]], path
