"""The control socket: commands ask the node that runs, nobody else may, and nothing that comes there harms it."""

import asyncio
import json
import os
import socket
import stat
import threading
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ringfence import control as module
from ringfence.control import Control, ControlError, Question, Refused, ask, short
from ringfence.login import login_name

pytestmark = pytest.mark.filterwarnings("error")


async def echo(question: Question) -> object:
    return {"command": question.command, "arguments": question.arguments, "actor": question.actor}


@pytest.fixture
async def node(tmp_path):
    control = Control(tmp_path / "ringfence.control")
    control.register("echo", echo)
    await control.open()
    yield control
    await control.close()


async def asked(control: Control, command: str, **arguments: object):
    return await asyncio.to_thread(ask, control.path, command, arguments, wait_s=60)


async def said(control: Control, octets: bytes, *, close: bool = False) -> bytes:
    """What comes back for these octets."""
    reader, writer = await asyncio.open_unix_connection(str(control.path))
    writer.write(octets)
    if close:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_command_is_answered_and_knows_who_asked(node):
    told = await asked(node, "echo", number="+861391", count=3)
    assert told == {"command": "echo", "arguments": {"number": "+861391", "count": 3}, "actor": login_name()}


async def test_only_its_own_account_may_open_it(node):
    mode = node.path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_what_the_node_does_not_know_is_named_with_what_it_knows(node):
    with pytest.raises(ControlError, match="knows no 'bans'; it knows echo"):
        await asked(node, "bans")


async def test_a_command_may_say_no(node):
    async def no(_: Question) -> object:
        raise Refused("no peer is named 'x'")

    node.register("peers", no)
    with pytest.raises(ControlError, match=r"^no peer is named 'x'$"):
        await asked(node, "peers")


async def test_a_command_that_fails_costs_its_answer_and_not_the_node(node):
    async def fail(_: Question) -> object:
        raise KeyError("x")

    node.register("fail", fail)
    with capture_logs() as lines, pytest.raises(ControlError, match="failed in the node: KeyError"):
        await asked(node, "fail")
    assert lines[0]["event"] == "a command could not be done"
    assert (await asked(node, "echo"))["command"] == "echo"


async def test_a_command_that_takes_too_long_is_given_up(node):
    async def sleep(_: Question) -> object:
        await asyncio.Event().wait()

    node.register("sleep", sleep, wait_s=0.05)
    with pytest.raises(ControlError, match=r"sleep took longer than 0\.05 s"):
        await asked(node, "sleep")


async def test_an_answer_has_a_bound(node, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_ANSWER", 1000)
    with pytest.raises(ControlError, match="octets: ask for less"):
        await asked(node, "echo", text="x" * 2000)


@pytest.mark.parametrize(
    "octets",
    [
        b"\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"[]\n",
        b'{"command": 1}\n',
        b'{"command": "echo", "arguments": []}\n',
        b"\xff\xfe\n",
    ],
)
async def test_what_is_no_question_is_answered_with_what_one_is(node, octets):
    assert json.loads(await said(node, octets))["refused"].startswith("no question: ")


async def test_a_question_has_a_bound(node):
    question = json.dumps({"command": "echo", "arguments": {"x": "y" * 70_000}}).encode()
    assert json.loads(await said(node, question + b"\n"))["refused"].startswith("no question: ")


async def test_half_a_question_is_no_question(node):
    assert json.loads(await said(node, b'{"command":', close=True))["refused"].startswith("no question: ")


async def test_who_says_nothing_is_left(node, monkeypatch):
    monkeypatch.setattr(module, "READ_S", 0.05)
    assert await said(node, b"") == b""
    assert (await asked(node, "echo"))["command"] == "echo"


async def test_too_many_at_once_are_told(node, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    silent = [await asyncio.open_unix_connection(str(node.path)) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(ControlError, match="ask again"):
        await asked(node, "echo")
    for _, writer in silent:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("says", "told"), [(b'{"refused": "too many: ask again"}\n', "ask again"), (b"", "ended before it had answered")]
)
async def test_a_node_that_closes_before_it_is_asked_is_heard_all_the_same(tmp_path, monkeypatch, says, told):
    """One that has too many says so at once: the question meets a closed connection."""
    closed = threading.Event()

    def answer() -> None:
        other, _ = listening.accept()
        with other:
            other.sendall(says)
        closed.set()

    dumps = json.dumps
    monkeypatch.setattr(module.json, "dumps", lambda value: dumps(value) if closed.wait(60) else "")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "ringfence.control"))
        listening.listen()
        answering = asyncio.create_task(asyncio.to_thread(answer))
        with pytest.raises(ControlError, match=told):
            await asyncio.to_thread(ask, tmp_path / "ringfence.control", "echo", wait_s=60)
        await answering


async def test_where_no_node_runs_it_is_said_with_what_to_do(tmp_path):
    with pytest.raises(ControlError, match=r"no node runs here: .*ringfence serve"):
        await asyncio.to_thread(ask, tmp_path / "ringfence.control", "echo")


async def test_what_a_killed_node_left_is_replaced(tmp_path):
    path = tmp_path / "ringfence.control"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(ControlError, match="no node runs here"):
        await asyncio.to_thread(ask, path, "echo")
    control = Control(path)
    control.register("echo", echo)
    await control.open()
    assert (await asked(control, "echo"))["command"] == "echo"
    await control.close()
    assert list(tmp_path.iterdir()) == []


async def test_of_two_nodes_the_first_keeps_it_and_the_second_says_so(node):
    second = Control(node.path)
    with capture_logs() as lines:
        await second.open()
    assert "another node answers there" in second.without
    assert lines[0]["event"] == "commands cannot ask this node"
    await second.close()
    assert (await asked(node, "echo"))["command"] == "echo"


async def test_a_node_that_ends_leaves_the_socket_of_another_alone(tmp_path):
    first, second = (Control(tmp_path / "ringfence.control") for _ in range(2))
    second.register("echo", echo)
    await first.open()
    first.path.unlink()
    await second.open()
    await first.close()
    assert (await asked(second, "echo"))["command"] == "echo"
    await second.close()


async def test_no_file_is_overwritten_that_is_no_socket(tmp_path):
    path = tmp_path / "ringfence.control"
    path.write_text("a letter")
    control = Control(path)
    await control.open()
    assert "no socket" in control.without
    assert path.read_text() == "a letter"


async def test_a_folder_that_cannot_be_written_stops_no_start(tmp_path):
    control = Control(tmp_path / "absent" / "ringfence.control")
    await control.open()
    assert "No such file" in control.without
    await control.close()


async def test_a_path_may_be_longer_than_the_address_of_a_socket(tmp_path):
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    control = Control(folder / "ringfence.control")
    control.register("echo", echo)
    await control.open()
    assert not control.without
    assert (await asked(control, "echo"))["command"] == "echo"
    await control.close()
    with short(Path("/tmp/x")) as name:
        assert name == "/tmp/x"


async def test_a_node_that_ends_while_it_is_asked_is_told(tmp_path):
    path = tmp_path / "ringfence.control"
    with socket.socket(socket.AF_UNIX) as ending:
        ending.bind(str(path))
        ending.listen()

        def end() -> None:
            with ending.accept()[0] as asked:
                asked.recv(1000)

        ended = asyncio.create_task(asyncio.to_thread(end))
        with pytest.raises(ControlError, match="ended before it had answered"):
            await asyncio.to_thread(partial(ask, path, "echo"))
        await ended


async def test_another_account_is_told_whose_it_is(node):
    """Root asks as another account; whoever cannot be one takes his own right away, which the kernel tells alike."""
    node.path.parent.chmod(0o755)
    reading, writing = os.pipe()
    if os.getuid() != 0:
        node.path.chmod(0)
    if (child := os.fork()) == 0:
        try:
            if os.getuid() == 0:
                os.setuid(65_534)
            ask(node.path, "echo")
        except ControlError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    await asyncio.to_thread(os.waitpid, child, 0)
    os.close(writing)
    with os.fdopen(reading) as told:
        assert "another account's" in told.read()
