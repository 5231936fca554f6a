"""An application's answer as a value, and a value as an answer."""

from fastapi import FastAPI, Response

from console.api.answer import Answer, ask, give

SCOPE = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "http_version": "1.1"}


async def test_the_whole_answer_of_an_application():
    api = FastAPI()

    @api.get("/")
    async def hello() -> Response:
        return Response("hello", 202, {"X-Kind": "greeting"})

    answer = await ask(api, dict(SCOPE), b"")
    assert (answer.status, answer.body, answer.header("x-kind")) == (202, b"hello", "greeting")


async def test_it_is_sent_with_its_length_and_a_head_without_body():
    sent = []

    async def send(message):
        sent.append(message)

    await give(Answer(200, (("X-A", "b"),), b"hello"), send, head_only=True)
    assert sent[0]["headers"] == [(b"x-a", b"b"), (b"content-length", b"5")]
    assert sent[1]["body"] == b""


async def test_no_content_has_no_length():
    sent = []

    async def send(message):
        sent.append(message)

    await give(Answer(204, (), b""), send)
    assert sent[0]["headers"] == []
