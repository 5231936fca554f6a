"""`ringfence trace`: what the node keeps is written where it should go, to nobody else's eyes, until it ends."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys

import pytest

from console.cli.node.trace import follow, heading, written_to
from ringfence.configuration import load_configuration
from ringfence.control import ControlError
from tests.ringfence.test_serve import serving
from tests.wire import invite

TEXT = "INVITE sip:x SIP/2.0\r\nX-Said: \x1b[2J\xc3\xa9\r\n\r\n"  # as latin-1
MESSAGE = {
    "at": 1_795_500_000.5,
    "received": True,
    "transport": "UDP",
    "here": "192.0.2.5:5060",
    "there": "198.51.100.21:5060",
    "peer": "carrier",
    "text": TEXT,
}


class Node:
    """Answers as a node would."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, command, arguments=None):
        self.asked.append(command)
        if command == "trace":
            return {"trace": "key", "of": "+86139******78", "minutes": 10.0, "messages": 10}
        if command == "trace-end":
            return {"taken": 3, "lost": 0}
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return {"messages": [], "over": "", "lost": 0, "taken": 1, **answer}


@pytest.fixture
def node(monkeypatch):
    def answering(*answers):
        return Node(*answers)

    monkeypatch.setattr("console.cli.node.trace.EVERY_S", 0)
    return answering


def followed(node):
    seen, said = [], []
    return follow(node, {}, seen.append, say=said.append), seen, said


def test_it_shows_messages_until_the_node_says_that_it_is_over(node, tmp_path):
    asking = node({"messages": [MESSAGE]}, {}, {"over": "10 minutes are over", "lost": 2})
    ended, seen, said = followed(asking)
    assert seen == [MESSAGE]
    assert ended == "1 message: 10 minutes are over; 2 messages could not be kept and are missing."
    assert said == ["Tracing +86139******78 for 10 minutes; Ctrl-C ends it."]


def test_ctrl_c_ends_it_in_the_node_too(node, tmp_path):
    asking = node(KeyboardInterrupt())
    assert followed(asking)[0] == "3 messages: it was ended."
    assert asking.asked[-1] == "trace-end"


def test_a_node_that_ends_is_said(node, tmp_path):
    asking = node({"messages": [MESSAGE]}, ControlError("no node runs here"))
    with pytest.raises(ControlError, match="no node runs here"):
        followed(asking)


def test_a_file_is_for_us_alone_and_written_as_it_was_on_the_wire(tmp_path):
    out = tmp_path / "trace.txt"
    with written_to(out, "Asia/Shanghai", as_json=False) as show:
        show(MESSAGE)
        assert out.stat().st_size > 0, "at once: nothing is lost if we are killed"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_bytes().partition(b"\r\n")[2] == TEXT.encode("latin-1") + b"\r\n\r\n"


def test_a_file_that_is_there_stays(tmp_path):
    out = tmp_path / "trace.txt"
    out.write_text("mine")
    with pytest.raises(FileExistsError), written_to(out, "UTC", as_json=False):
        pass
    link = tmp_path / "link"
    link.symlink_to(out)
    with pytest.raises(OSError, match="link"), written_to(link, "UTC", as_json=False):
        pass
    assert out.read_text() == "mine"


def test_a_trace_that_did_not_begin_leaves_no_file(tmp_path):
    out = tmp_path / "trace.txt"
    with pytest.raises(ControlError), written_to(out, "UTC", as_json=False):
        raise ControlError("no node runs here")
    assert not out.exists()


def test_what_a_peer_wrote_steers_no_terminal(capsys):
    with written_to(None, "Asia/Shanghai", as_json=False) as show:
        show(MESSAGE)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "X-Said: \\u001b[2J\xe9" in said
    assert said.startswith("--- 2026-11-24T")
    assert "UDP 192.0.2.5:5060 <- 198.51.100.21:5060 (carrier)" in said


def test_programs_get_a_line_each(capsys):
    with written_to(None, "UTC", as_json=True) as show:
        show(MESSAGE)
        show({**MESSAGE, "received": False})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["received"] for each in lines] == [True, False]
    assert lines[0]["at"].endswith("+00:00")


def test_which_way_it_went():
    assert "->" in heading({**MESSAGE, "received": False, "peer": ""}, "UTC")


def test_without_a_node_it_says_so(run, tmp_path):
    found = run("trace", "13912345678", "--out", str(tmp_path / "x"))
    assert found.exit_code == 1
    assert "no node runs here" in found.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.live
def test_a_real_node_traces_a_call_and_its_audit_says_who(ports, tmp_path, run):
    listen = load_configuration(ports).listen[0].address
    out = tmp_path / "trace.txt"
    words = [sys.executable, "-m", "ringfence", "--config", str(ports), "trace"]
    with serving(ports), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        refused = subprocess.run([*words, "13912345678", "--unmasked"], capture_output=True, text=True, timeout=120)
        assert (refused.returncode, refused.stderr) == (1, "say why numbers have to be shown: --reason\n")
        more = ["139 1234 5678", "--reason", "ticket 7", "--out", str(out)]
        with subprocess.Popen([*words, *more], stderr=subprocess.PIPE, text=True) as tracing:
            assert tracing.stderr.readline() == "Tracing +86139******78 for 10 minutes; Ctrl-C ends it.\n"
            caller.sendto(invite(uri=f"sip:13800138000@{listen}"), (listen.host, listen.port))
            while not out.exists() or b"SIP/2.0 100" not in out.read_bytes():
                assert tracing.poll() is None
            tracing.send_signal(signal.SIGINT)
            assert "messages: it was ended." in tracing.stderr.read()
        assert tracing.returncode == 0
    written = out.read_text()
    assert "INVITE sip:" in written
    assert "12345678" not in written
    assert os.stat(out).st_mode & 0o077 == 0
    (deed,) = [each for each in json.loads(run("audit", "show", "--json").stdout) if each["step"] == "traced"]
    assert (deed["subject"], deed["reason"]) == ("number", "ticket 7")
    assert deed["detail"] == "10 minutes at most, masked"
