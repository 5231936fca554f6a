"""schemathesis calls every path by the API's own OpenAPI document, with all its checks."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.console.api.conftest import COMPLAINT
from tests.console.api.served import ROOT, Served, new_key
from tests.examples import is_fuzzing

pytestmark = [pytest.mark.live, pytest.mark.hypothesis]
HOOKS = "tests.console.api.document_hooks"
# 422 is an answer to a request that fits the document: which numbers exist is in no schema.
CONFIGURATION = """
[phases.coverage]
unexpected-methods = ["DELETE"]

[checks]
positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422]
"""


def test_every_path_does_what_the_document_says(file, tmp_path):
    limits = "{requests_per_second: 100000, failures_per_minute: 100000}"
    text = file.read_text().replace("rules:", "  sealed: {kind: sealed}\nrules:")
    file.write_text(f"{text}api: {limits}\n")
    token = new_key(file)
    examples = ["--max-examples", "150"] if is_fuzzing() else ["--max-examples", "3", "--generation-deterministic"]
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    with Served(file) as api, api.client(token) as client:
        for digit in range(8):
            assert client.post("/v1/complaints", json=COMPLAINT | {"accused": f"9501234{digit}"}).status_code == 201
        run = subprocess.run(
            [
                *(Path(sys.executable).with_name("schemathesis"), "run", f"{api.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {token}", "--checks", "all", "--no-color"),
                *examples,
            ],
            cwd=tmp_path,
            env={"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=14_400 if is_fuzzing() else 1800,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-6_000:] + run.stderr
        statuses = [line["status"] for line in api.lines() if line["event"] == "request"]
    assert len(statuses) > 500
    assert not [status for status in statuses if status >= 500]
