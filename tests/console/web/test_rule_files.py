"""The rule files as they lie on the disk: compiled anew when one changes, shown as text, faults at their lines."""

import os

from console.web.rule_files import RuleFiles, coloured, lines_of


async def test_what_lies_there_is_compiled_again_only_when_it_changes(house):
    files = RuleFiles(house.here)
    first = await files.now()
    assert first.sound
    assert first.examples >= 2
    assert await files.now() is first
    own = first.named("own.yaml")
    own.write_text(own.read_text().replace("because: Nobody", "becuase: Nobody"))
    os.utime(own, (1, 1))
    broken = await files.now()
    assert not broken.sound
    assert [one.line for one in broken.faults_of(own)][:1] == [1] or broken.faults_of(own)
    assert any(line.faults for line in lines_of(own, broken.faults_of(own)))
    assert first.named("../ringfence.yaml") is None


def test_a_line_is_text_whatever_it_holds():
    lines = coloured("# <script>\u202e\n- rule: '<b>'\n  because: {{7*7191}}\n")
    assert lines[0] == '<span class="c"># &lt;script&gt;\\u202e</span>'
    assert lines[1].startswith('- <span class="k">rule</span>: ')
    assert lines[1].striptags() == "- rule: '<b>'"
    assert lines[2].striptags() == "because: {{7*7191}}"
    assert coloured("") == [""]
