"""`ringfence lists`: what is added, shown, removed and imported, and what is refused."""

import asyncio
import json
import re
import time

import pytest

from ringfence.rulebook import load_rulebook
from rules.lists.editing import Lists, Origin
from rules.lists.origins import Qualification
from rules.settings.screening import ListSettings
from tests.console.past import past_calls


def entries(run, name: str) -> list[str]:
    return [one["entry"] for one in json.loads(run("lists", "show", name, "--json").stdout)]


def test_numbers_in_any_spelling_on_and_off(run):
    words = ["--reason", "rang at night", "--expires", "30d", "--range"]
    added = run("lists", "add", "blocked", "170 1234 5678", "+86171*", *words)
    assert added.exit_code == 0, added.stderr
    assert added.stdout.splitlines()[0].startswith("+8617012345678 is on blocked until 20")
    assert "+86171* is on blocked" in added.stdout
    assert "it hits 100,000,000 numbers of the plan" in added.stdout
    assert entries(run, "blocked") == ["+86171*", "+8617012345678"]
    removed = run("lists", "remove", "blocked", "008617012345678")
    assert removed.stdout == "+8617012345678 is off blocked.\n"
    assert entries(run, "blocked") == ["+86171*"]


def test_what_is_known_of_an_entry(run):
    run(
        "lists",
        "add",
        "allowed",
        "95588",
        "--reason",
        "bank",
        "--source",
        "us",
        "--trunk",
        "carrier",
        "--note",
        "ask Li",
    )
    (entry,) = json.loads(run("lists", "show", "allowed", "--json").stdout)
    assert entry["entry"] == "CN:95588"
    assert (entry["reason"], entry["source"], entry["trunks"], entry["expires"]) == ("bank", "us", ["carrier"], None)
    assert entry["note"] == "ask Li"


def test_several_numbers_go_on_and_off_together_or_not_at_all(run):
    refused = run("lists", "add", "blocked", "17012345678", "110")
    assert (refused.exit_code, entries(run, "blocked")) == (1, [])
    run("lists", "add", "blocked", "17012345678", "17012345679")
    assert run("lists", "remove", "blocked", "17012345678", "17012345670").exit_code == 1
    assert entries(run, "blocked") == ["+8617012345678", "+8617012345679"]
    assert run("lists", "remove", "blocked", "17012345678", "17012345679").exit_code == 0
    assert entries(run, "blocked") == []


def test_all_lists_counted(run):
    run("lists", "add", "blocked", "17012345678")
    counted = {one["list"]: one["entries"] for one in json.loads(run("lists", "show", "--json").stdout)}
    assert counted == {"allowed": 0, "blocked": 1, "suspected": 0}


def test_pages(run):
    run("lists", "add", "blocked", *(f"1701234567{digit}" for digit in range(4)))
    first = json.loads(run("lists", "show", "blocked", "--limit", "3", "--json").stdout)
    rest = run("lists", "show", "blocked", "--after", first[-1]["entry"], "--json").stdout
    assert [one["entry"] for one in json.loads(rest)] == ["+8617012345673"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["add", "nobody", "17012345678"], "it has allowed, blocked, suspected"),
        (["add", "blocked", "110"], "emergency"),
        (["add", "blocked", "+86171*"], "would stop 100,000,000 numbers of the plan; say --range"),
        (["add", "blocked", "8.61391E+12"], "format the column as text"),
        (["add", "allowed", "95588", "--trunk", "other"], "no trunk is named other"),
        (["remove", "blocked", "17012345678"], "is not on list blocked"),
    ],
)
def test_refusals_are_one_clear_line(run, words, what):
    found = run("lists", *words)
    assert found.exit_code == 1
    assert what in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_file_whole_or_not_at_all(run, tmp_path):
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("number,reason\n17012345678,a\nnot a number!,b\n17012345679,c\n")
    assert run("lists", "import", "blocked", str(numbers)).exit_code == 1
    assert entries(run, "blocked") == []
    tried = run("lists", "import", "blocked", str(numbers), "--skip", "--dry-run", "--json")
    assert json.loads(tried.stdout)["added"] == 2
    assert entries(run, "blocked") == []
    done = run("lists", "import", "blocked", str(numbers), "--skip")
    assert done.exit_code == 0
    assert f"{numbers}:3: " in done.stderr
    assert "3 lines: 2 added to blocked, 0 changed, 0 removed, 1 refused" in done.stdout
    numbers.write_text("number\n17012345679\n")
    held = run("lists", "import", "blocked", str(numbers), "--replace")
    assert held.exit_code == 3
    assert "held, nothing was changed: it changes 50% of the list" in held.stderr
    run("lists", "import", "blocked", str(numbers), "--replace", "--yes-really")
    assert entries(run, "blocked") == ["+8617012345679"]


def test_an_allow_entry_of_an_organisation(run):
    run("lists", "add", "blocked", "95012345")
    shown = ["--licence", "B2-1", "--document", "sha256:ab", "--purpose", "surveys", "--hours", "09:00-18:00"]
    whole = [*shown, "--review", "30d", "--owner", "Li", "--approver", "Wang"]
    lacking = run("lists", "add", "allowed", "95012*", *shown)
    assert lacking.stderr == "'95012*': the qualification lacks review, owner, approver\n"
    added = run("lists", "add", "allowed", "95012*", *whole, "--except", "95012999")
    assert added.exit_code == 0, added.stderr
    assert "useless from now on: CN:95012345 on blocked" in added.stdout
    (entry,) = json.loads(run("lists", "show", "allowed", "--json").stdout)
    assert (entry["licence"], entry["hours"], entry["except"]) == ("B2-1", "09:00-18:00", ["CN:95012999"])


def test_a_number_of_no_plan_is_told_apart_from_a_prefix(run):
    assert "what begins with it is written 138*." in run("lists", "add", "blocked", "138").stdout


def test_an_entry_that_would_be_off_at_once_or_limit_nothing_is_refused(run):
    assert "expired already" in run("lists", "add", "blocked", "17012345678", "--expires", "2020-01-01").stderr
    only = run("lists", "add", "blocked", "17012345678", "--hours", "09:00-18:00").stderr
    assert "only entries of allow lists have trunks and hours" in only


def test_that_there_is_more_is_told_with_how_to_see_it(run):
    run("lists", "add", "blocked", "17012345678", "17012345679", "17012345680")
    told = run("lists", "show", "blocked", "--limit", "2").stdout
    assert told.endswith("What stands behind it: ringfence lists show blocked --after +8617012345679\n")
    behind = run("lists", "show", "blocked", "--limit", "2", "--after", "+8617012345679").stdout
    assert "+8617012345680" in behind
    assert "behind it" not in behind


@pytest.fixture
def between(file):
    """Trunks of two countries, and nobody said which is home."""
    text = file.read_text()
    file.write_text(text.replace("name: carrier, country: CN", "name: carrier, country: HK"))
    (file.parent / "rules.d" / "own.yaml").write_text("")
    return file


NATIONAL = ["95588", "110", "01065551234", "13800138001", "138*"]


@pytest.mark.parametrize("number", NATIONAL)
def test_between_two_countries_a_national_spelling_makes_no_dead_entry(run, between, number):
    path = between.with_name("numbers.csv")
    path.write_text(f"number\n{number}\n")
    for words in (
        ["lists", "add", "blocked", number, "--range"],
        ["lists", "remove", "blocked", number],
        ["lists", "import", "blocked", str(path), "--range"],
        ["subscribers", "add", "+8613800138000", "block", number],
        ["ranges", "import", str(path)],
    ):
        if words[0] == "ranges" and number.isdigit() and number not in ("95588", "10086"):
            continue
        done = run(*words)
        assert done.exit_code == 1, (words, done.stdout)
        assert "is read differently in CN and HK; write it with its country code (+86" in done.stderr, words
        assert "or with its plan (CN:" in done.stderr
    for words in (["why", number], ["lists", "history", number], ["log", "--caller", number]):
        (file := between.with_name("ringfence-decisions.db")).touch()
        if number[-1] != "*":
            asked = run(*words)
            assert (asked.exit_code, "is read differently in CN and HK" in asked.stderr) == (1, True), words
        file.unlink()
    assert entries(run, "blocked") == []
    assert "is read differently" in run("subscribers", "add", "13800138000", "block", "+8695588").stderr


def test_the_two_ways_to_write_it_and_the_home_country_make_living_entries(run, between):
    for number in ("+8695588", "CN:95588"):
        assert run("lists", "add", "blocked", number).exit_code == 0
        assert entries(run, "blocked") == ["CN:95588"]
    assert run("lists", "add", "blocked", "13800138001", "--country", "cn").exit_code == 0
    between.write_text("country: CN\n" + between.read_text())
    assert run("lists", "add", "blocked", "10088", "13800138002", "138*", "--range").exit_code == 1, "public service"
    assert run("lists", "add", "blocked", "13800138002", "138*", "--range").exit_code == 0
    assert entries(run, "blocked") == ["+86138*", "+8613800138001", "+8613800138002", "CN:95588"]


@pytest.mark.parametrize("number", ["110", "+86110", "CN:110", "EXT:110", "112", "12321", "CN:12321", "+8612321"])
def test_the_guards_for_emergency_and_public_service_numbers_hold_whoever_is_home(run, between, number):
    for home in ("CN", "HK", "US"):
        between.write_text(
            f"country: {home}\n"
            + between.read_text().partition("version: 1")[1]
            + between.read_text().partition("version: 1")[2]
        )
        if home != "CN" and number in ("110", "12321", "EXT:110"):
            continue  # there these are extensions
        done = run("lists", "add", "blocked", number)
        assert done.exit_code == 1, (home, done.stdout)
        assert "covers the emergency number" in done.stderr or "covers public service numbers" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["lists", "add", "blocked", "XX:95588"],
        ["lists", "add", "blocked", "95588", "--country", "XX"],
        ["why", "95588", "--country", "UK"],
    ],
)
def test_a_country_that_does_not_exist_is_refused_wherever_it_is_typed(run, words):
    done = run(*words)
    assert done.exit_code in (1, 2)
    assert "is no country of ISO 3166" in done.stderr.replace("\n", " ")


def entry_of(run, name: str, number: str) -> dict:
    return {one["entry"]: one for one in json.loads(run("lists", "show", name, "--json").stdout)}[number]


def test_adding_a_listed_number_changes_what_is_given_and_says_so(run):
    words = ["--reason", "rang at night", "--evidence", "case 7", "--expires", "2030-12-31", "--source", "hotline"]
    run("lists", "add", "blocked", "17012345678", *words)
    told = run("lists", "add", "blocked", "17012345678", "--note", "ask Li")
    assert told.stdout == ("+8617012345678 is on blocked already; changed: note (there was none). All else stays.\n")
    entry = entry_of(run, "blocked", "+8617012345678")
    assert (entry["reason"], entry["evidence"], entry["note"]) == ("rang at night", "case 7", "ask Li")
    assert (entry["source"], entry["expires"]) == ("hotline", "2031-01-01 00:00:00+08:00")
    told = run("lists", "add", "blocked", "17012345678", "--reason", "sells", "--expires", "never")
    assert "changed: reason (was 'rang at night'), expires (was '2031-01-01 00:00:00+08:00'). All" in told.stdout
    assert entry_of(run, "blocked", "+8617012345678")["expires"] is None
    (entry,) = json.loads(run("lists", "add", "blocked", "17012345678", "--note", "x", "--json").stdout)
    assert entry["changed"] == ["note"]


def test_adding_what_stands_there_already_writes_nothing(run):
    run("lists", "add", "blocked", "17012345678", "--reason", "rang at night")
    before = run("lists", "history", "17012345678").stdout
    for words in ([], ["--reason", "rang at night"]):
        told = run("lists", "add", "blocked", "17012345678", *words).stdout
        assert told == "+8617012345678 is on blocked already; nothing was changed.\n"
    assert run("lists", "history", "17012345678").stdout == before


def test_an_allow_entry_keeps_its_trunks_exceptions_and_qualification(run):
    words = ["--trunk", "carrier", "--except", "+8613800138000", "--licence", "L", "--document", "d", "--purpose", "p"]
    words += ["--owner", "o", "--approver", "wang", "--review", "2031-12-31", "--hours", "09:00-18:00"]
    assert run("lists", "add", "allowed", "+86138*", *words).exit_code == 0
    assert run("lists", "add", "allowed", "+86138*", "--reason", "surveys").exit_code == 0
    entry = entry_of(run, "allowed", "+86138*")
    assert (entry["trunks"], entry["except"], entry["hours"]) == (["carrier"], ["+8613800138000"], "09:00-18:00")
    assert (entry["licence"], entry["reason"]) == ("L", "surveys")


def test_a_block_inside_an_allowed_prefix_acts_or_is_refused(run):
    run("lists", "add", "allowed", "+86138*")
    assert "covers numbers of list allowed" in run("lists", "add", "blocked", "13800138000").stderr
    told = run("lists", "add", "blocked", "13800138000", "--force").stdout
    assert "+86138* on allowed leaves it out from now on, so that it acts." in told
    assert (
        "On trunk carrier, by these alone: reject by blocked" in run("why", "13800138000", "--trunk", "carrier").stdout
    )
    assert "forward by allowed" in run("why", "13800138001", "--trunk", "carrier").stdout
    run("lists", "add", "allowed", "13900139000")
    refused = run("lists", "add", "blocked", "13900139000", "--force")
    assert "+8613900139000 is on allowed itself, which goes before: take it off there first" in refused.stderr


def test_wide_suspect_entries_ask_like_wide_blocks(run):
    refused = run("lists", "add", "suspected", "+86171*")
    assert "would make suspect 100,000,000 numbers of the plan; say --range if that is meant" in refused.stderr
    assert run("lists", "add", "suspected", "+86171*", "--range").exit_code == 0


def test_blocking_a_held_public_number_says_whom_it_hits_and_what_it_would_have_caught(run, file, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("code,holder,purpose\n95588,Bank of Industry,service line\n95599,Bank of Farmers,\n")
    assert run("ranges", "import", str(path)).exit_code == 0
    past_calls(file, load_rulebook(file), ["95588", "95588", "13912345678"], ago_s=60.0)
    told = run("lists", "add", "blocked", "95588").stdout
    assert "it hits Bank of Industry, who holds CN:95588* for service line" in told
    assert "Of 3 calls that went through in the last day it would have caught 2; most from CN:95***." in told
    told = run("lists", "add", "suspected", "955*", "--range", "--json").stdout
    (entry,) = json.loads(told)
    assert [one["holder"] for one in entry["hits"]] == ["Bank of Industry", "Bank of Farmers"]
    assert entry["would_have_caught"]["calls"] == 2
    assert "it hits" not in run("lists", "add", "allowed", "95566").stdout


def test_a_seal_leaves_its_list_by_release_only_and_nobody_puts_a_number_there_by_hand(run, file, tmp_path):
    file.write_text(file.read_text().replace("lists:\n", "lists:\n  sealed: {kind: sealed}\n"))
    path = tmp_path / "numbers.csv"
    path.write_text("number\n17012345678\n")
    for words in (["add", "sealed", "17012345678"], ["import", "sealed", str(path)]):
        refused = run("lists", *words)
        assert (refused.exit_code, "list sealed is filled by cases only" in refused.stderr) == (1, True)


def test_what_is_due_is_shown_and_what_is_off(run, file):
    async def add():
        lists = await Lists.open(
            file.parent / "ringfence.db", {"allowed": ListSettings(kind="allow")}, now=lambda: time.time() - 864_000
        )
        for number, days in (("95588", -1), ("95599", 10)):
            shown = Qualification("l", "d", "p", "", time.time() + days * 86_400, "Bank", "wang")
            await lists.add("allowed", number, Origin(author="li", qualification=shown), country="CN")
        await lists.close()

    asyncio.run(add())
    assert run("lists", "reviews", "blocked").stdout == "No review is due within 30d.\n"
    rows = json.loads(run("lists", "reviews", "--json").stdout)
    assert [(one["entry"], one["off"]) for one in rows] == [("CN:95588", True), ("CN:95599", False)]
    shown = run("lists", "reviews", "allowed", "--within", "1d").stdout
    assert "CN:95588" in shown
    assert "off" in shown
    assert "CN:95599" not in shown
    assert "there is no list 'x'" in run("lists", "reviews", "x").stderr


def test_what_an_entry_leaves_out_and_where_it_counts_is_shown(run):
    run("lists", "add", "allowed", "+861380013*", "--except", "+86138001380*", "--trunk", "carrier")
    run("lists", "add", "allowed", "95588")
    shown = run("lists", "show", "allowed").stdout
    assert re.search(r"entry +except +trunks +reason", shown)
    assert re.search(r"\+861380013\* +\+86138001380\* +carrier", shown)
    assert json.loads(run("lists", "show", "allowed", "--json").stdout)[0]["except"] == ["+86138001380*"]
    run("lists", "add", "blocked", "95577")
    assert "except" not in run("lists", "show", "blocked").stdout


def test_how_a_list_answers_its_callers_is_shown_where_one_does(file, run):
    assert "answer" not in run("lists", "show").stdout
    more = "destinations: {aloud: 'sip:aloud@192.0.2.9'}\n"
    text = file.read_text().replace("{kind: block}", "{kind: block, divert: aloud}", 1)
    assert "divert: aloud" in text
    file.write_text(text + more)
    shown = run("lists", "show").stdout
    assert "answer" in shown
    assert "aloud" in shown
