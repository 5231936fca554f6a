"""tools/spellings: what real readers make of a listed number's spellings; here some hundred, and however many by it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.spellings.generate import LISTED, shown_user, spellings, taken_for

SPELLINGS = Path(__file__).resolve().parents[2] / "tools" / "spellings"
READERS = ("asterisk", "kamailio", "pjsua2", "baresip")


@pytest.mark.live
def test_no_spelling_rings_untagged_that_a_reader_takes_for_a_listed_number_or_a_blocked_pair():
    done = subprocess.run(
        [SPELLINGS, "--spellings", "240", "--seed", "3"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for reader in READERS:
        assert int(re.search(rf"(?m)^{reader}: told of \d+, took (\d+) for the number", done.stdout)[1]) > 0


def test_one_seed_gives_the_same_spellings_of_every_place():
    calls = list(spellings(1000, 1))
    assert calls == list(spellings(1000, 1)) != list(spellings(1000, 2))
    assert len(set(calls)) == 1000
    assert {call.place for call in calls} == {"from", "P-Asserted-Identity", "Remote-Party-ID", "called", "pair"}


@pytest.mark.parametrize(
    ("shown", "taken"),
    [
        *(("+8617012345678", True), ("170-1234-5678", True), ("*31#17012345678", True), ("user17012345678p1", True)),
        *(("１７０12345678", True), ("17012345678,1", True), ("17012345679", False), ("+17012345678", False)),
    ],
)
def test_what_a_person_takes_for_the_number(shown: str, taken: bool):
    assert taken_for(shown, LISTED) is taken


def test_what_a_telephone_shows_of_a_uri():
    assert shown_user('"Bob" <sip:%31701@h;x=y>') == shown_user("sips:1701@h") == shown_user("<tel:1701>") == "1701"
