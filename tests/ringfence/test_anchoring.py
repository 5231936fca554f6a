"""Heads are noted in a file, in the system's log and by a command; what fails is told, and stops no other."""

import pytest

from ringfence import anchoring
from ringfence.anchoring import NotNoted, note_heads
from ringfence.audits import verify
from ringfence.installation import Installation
from rules.audit.anchors import read_anchor_file
from rules.lists.origins import Origin


@pytest.fixture
def noting(file):
    """An installation whose heads are noted as these lines say."""

    def made(lines):
        file.write_text(f"{file.read_text()}audit: {{anchors: {lines}}}\n")
        return Installation.open(file)

    return made


async def test_heads_are_noted_in_a_file_line_by_line_behind_one_that_was_cut_short(noting, tmp_path):
    anchors = tmp_path / "anchors"
    async with noting(f"{{file: {anchors}}}") as here:
        await (await here.lists()).add("blocked", "+8613912345678", Origin(author="li"))
        first = await note_heads(here, here.keys.audit, 0.0)
        with anchors.open("a") as file:
            file.write(first[:40])  # a crash while it was written
        await (await here.lists()).add("blocked", "+8613912345679", Origin(author="li"))
        await note_heads(here, here.keys.audit, 60.0)
        found = read_anchor_file(anchors, here.keys.audit)
        assert (found.anchors, found.unread, found.latest) == (2, 1, "1970-01-01T00:01:00Z")
        assert [one.number for one in found.heads["lists"]] == [1, 2]
        assert (await verify(here, "", anchors)).broken == []
    assert anchors.stat().st_mode & 0o777 == 0o600


async def test_a_command_reads_the_line(noting, tmp_path):
    told = tmp_path / "told"
    async with noting(f"{{command: [sh, -c, 'cat >> {told}']}}") as here:
        line = await note_heads(here, here.keys.audit, 0.0)
    assert told.read_text() == f"{line}\n"


async def test_the_log_of_the_system_gets_the_line(noting, monkeypatch):
    said = []
    monkeypatch.setattr(anchoring.syslog, "openlog", lambda *_: None)
    monkeypatch.setattr(anchoring.syslog, "syslog", lambda _, line: said.append(line))
    async with noting("{syslog: true}") as here:
        line = await note_heads(here, here.keys.audit, 0.0)
    assert said == [line]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("{file: /nowhere/anchors, command: [cat]}", "/nowhere/anchors: No such file or directory"),
        ("{command: [sh, -c, 'echo no room >&2; exit 3']}", "sh: it ended with 3: no room"),
        ("{command: [ringfence-no-such-command]}", "ringfence-no-such-command: No such file"),
        ("{command: [sleep, '60'], command_s: 0.1}", "it took longer than 0.1 s"),
    ],
)
async def test_what_could_not_be_noted_says_where_and_why(noting, how, told):
    async with noting(how) as here:
        with pytest.raises(NotNoted, match=told):
            await note_heads(here, here.keys.audit, 0.0)
