"""`ringfence lists`: what is added, shown, removed and imported, and what is refused."""

import json

import pytest


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
