"""The service's answers, and what becomes of them."""

import asyncio

import httpx
import pytest
from number_reputation import Reputation


def looked_up(answer, number="+8613912345678"):
    asked = []

    def serve(request):
        asked.append(request)
        return answer

    source = Reputation(httpx.MockTransport(serve))
    return asyncio.run(source.look_up(number)), asked


def test_a_score_and_a_label_are_facts():
    found, asked = looked_up(httpx.Response(200, json={"score": 87, "label": "loans"}))
    assert found == {"reputation": 87.0, "reputation_label": "loans"}
    assert asked[0].url.raw_path == b"/%2B8613912345678"


def test_what_it_does_not_know_is_no_fact():
    assert looked_up(httpx.Response(404))[0] is None
    assert looked_up(httpx.Response(200, json={"score": 1}))[0] == {"reputation": 1.0}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"label": "no score"}),
        httpx.Response(200, content=b"x" * 5000),
    ],
)
def test_anything_else_is_a_failure_which_ringfence_counts(answer):
    with pytest.raises((httpx.HTTPError, ValueError, KeyError)):
        looked_up(answer)


def test_the_key_comes_from_a_file(tmp_path, monkeypatch):
    key = tmp_path / "key"
    key.write_text("secret\n")
    monkeypatch.setenv("REPUTATION_KEY_FILE", str(key))
    _, asked = looked_up(httpx.Response(404))
    assert asked[0].headers["authorization"] == "Bearer secret"
