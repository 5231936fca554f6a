"""Limits against the memory that is there: lowered in words, never a node that no call can pass."""

import json
import resource
import subprocess
import sys

import pytest

from ringfence.configuration import load_configuration
from ringfence.health import ask
from ringfence.memory import (
    CONNECTIONS,
    FILES,
    MIB,
    SHARES,
    Grant,
    files_for,
    fit,
    grants_of_system,
    too_few_files,
)
from tests.ringfence.test_serve import ROOT

LARGE = Grant("the machine", 64 << 30)


def test_limits_that_fit_stay_as_they_are(file):
    configuration = load_configuration(file)
    found = fit(configuration, [LARGE])
    assert (found.configuration, found.words) == (configuration, "")
    assert 1000 < found.wanted // MIB < 1500


def test_limits_that_may_take_more_than_is_given_are_lowered_in_words(file):
    configuration = load_configuration(file)
    found = fit(configuration, [LARGE, Grant("the control group (memory.max)", 768 * MIB)])
    limits = found.configuration.limits
    assert 50_000 < limits.max_transactions < 100_000
    assert sum(getattr(getattr(found.configuration, s.section), s.name) * s.octets for s in SHARES) <= 492 * MIB
    assert found.words.startswith("the limits may take 1,")
    assert "the control group (memory.max) gives 768" in found.words
    assert f"limits.max_transactions 200,000 -> {limits.max_transactions:,}" in found.words


def test_remembered_calls_take_what_the_rules_count_by(file):
    """One of a caller's calls takes under 908 octets (measured: 610 to 810), five counts under 1,900 (790 to 1,870)."""
    configuration = load_configuration(file)
    five = [("calls", 3600), ("called_numbers", 3600), ("calls_per_caller_and_called", 86_400)]
    five += [("callers_per_called", 600), ("unanswered_per_caller", 3600)]
    plain, counting = (fit(configuration, [LARGE], asked=asked).wanted for asked in ((), five))
    assert (counting - plain) // configuration.facts.remembered_calls in range(900, 1_100)
    assert (
        fit(configuration, [Grant("the machine", 1200 * MIB)], asked=five).configuration.facts.remembered_calls
        < 300_000
    )


def test_with_next_to_nothing_the_least_is_left(file):
    found = fit(load_configuration(file), [Grant("`ulimit -v`", 100 * MIB)])
    assert found.configuration.limits.max_transactions == 100


def with_connections(file):
    listen = [{"address": "127.0.0.1:5060", "transport": "tcp"}]
    return type(load_configuration(file)).model_validate({**load_configuration(file).model_dump(), "listen": listen})


def test_connections_take_memory_and_files_only_where_there_are_any(file, monkeypatch):
    plain, streams = load_configuration(file), with_connections(file)
    assert fit(streams, [LARGE]).wanted - fit(plain, [LARGE]).wanted == CONNECTIONS.octets * streams.limits.connections
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    assert files_for(plain) == (plain, "")
    found, said = files_for(streams)
    assert found.limits.connections == 1024 - FILES
    assert f"limits.connections {streams.limits.connections:,} -> {1024 - FILES:,}" in said
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100_000, 100_000))
    assert files_for(streams) == (streams, "")


def test_files_that_may_be_had_are_taken(file, monkeypatch):
    taken = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 524_288))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: taken.append(limits))
    files_for(with_connections(file))
    assert taken == [(524_288, 524_288)]


@pytest.mark.parametrize(
    ("groups", "files", "wanted"),
    [
        ("0::/a/b\n", {"sys/fs/cgroup/a/memory.max": "1000000\n", "sys/fs/cgroup/a/b/memory.max": "max\n"}, [1000000]),
        ("0::/outside\n", {"sys/fs/cgroup/memory.max": "5000\n"}, [5000]),
        (
            "4:memory:/job\n1:cpu:/\n0::/\n",
            {
                "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "7000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            [7000],
        ),
        ("", {}, []),
    ],
)
def test_control_groups_of_either_version_are_heard_and_those_above_them(tmp_path, groups, files, wanted):
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [grant.octets for grant in grants_of_system(tmp_path) if "group" in grant.by]
    assert found == wanted


def ringfence(file, limits, *words):
    return subprocess.run(
        ["prlimit", *limits, sys.executable, "-m", "ringfence", "--config", file, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_check_names_the_limits_that_would_be_lowered(file):
    said = ringfence(file, ["--as=1500000000"], "check")
    assert said.returncode == 0
    assert "`ulimit -v` gives 1,430: lowered while it runs: limits.max_transactions 200,000 -> " in said.stdout


def test_a_process_that_may_open_too_few_files_is_told_so_not_to_see_to_rights(file):
    said = ringfence(file, ["--nofile=16:16"], "check")
    assert f"`ulimit -n` lets this process open 16 files at once; it needs {FILES}" in said.stdout + said.stderr
    said = ringfence(file, ["--nofile=16:16"], "serve")
    assert said.returncode == 1
    assert said.stderr.startswith(f"`ulimit -n` lets this process open 16 files at once; it needs {FILES}")


def test_a_node_with_little_memory_says_what_it_lowered_and_answers(ports):
    configuration = load_configuration(ports)
    command = ["prlimit", "--as=300000000", sys.executable, "-m", "ringfence", "--config", ports, "serve"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            lowered, serving = (json.loads(process.stderr.readline()) for _ in range(2))
            assert "`ulimit -v` gives 286" in lowered["lowered"]
            assert serving["event"] == "serving"
            assert ask(configuration.listen[0], wait_s=60).status == 200
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_enough_files_say_nothing():
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] < FILES or too_few_files() == ""
