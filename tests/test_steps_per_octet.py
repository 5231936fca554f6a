"""What a message costs grows with its length and not with its square: counted in instructions, never in time."""

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import wire
from tests.examples import is_fuzzing
from tests.proxy.test_any_header_value import FIELDS, PIECES

ROOT = Path(__file__).resolve().parent.parent
SHORT, LONG = 2_000, 16_000
MOST_EACH = 6_000  # instructions an octet, interpreter included
FIRST = 12_000_000  # what a message of any length may take
SEED = 20_261_130

# What once cost a square, and its like.
KNOWN = [
    ("Route", "<a:b>,"),
    ("Route", "a:b,"),
    ("Route", f"<sip:{wire.US};lr>,"),
    ("Route", f"<sip:k1.-.p.{'0' * 32}@{wire.US};lr>,"),
    ("P-Asserted-Identity", "<sip:1@b>,"),
    ("P-Asserted-Identity", "tel:+8613912345678,"),
    ("Remote-Party-ID", '"a" <sip:1@b>;x=y,'),
    ("From", ";a=b"),
    ("From", "a "),
    ("To", '"'),
    ("Via", "SIP/2.0/UDP a,"),
    ("Via", "SIP/2.0/UDP a;b=c"),
    ("Contact", "<sip:a@b>,"),
    ("History-Info", "<sip:a@b>;index=1,"),
    ("Privacy", "id;"),
    ("Proxy-Require", "a,"),
    ("Subject", "a\r\n "),
    ("Subject", "a\r\nSubject: "),
    ("Content-Length", "1\r\nContent-Length: "),
    ("Call-ID", "a"),
]


def message(field: str, unit: str, octets: int) -> bytes:
    """An INVITE with so many octets of that in a header field, in place of its own unless that is Via."""
    head, _, body = wire.invite(uri="sip:x@198.51.100.21").decode().partition("\r\n\r\n")
    start, via, *lines = head.split("\r\n")
    lines = [line for line in lines if not line.startswith(f"{field}:")]
    value = f"{field}: " + unit * (octets // len(unit))
    return "\r\n".join([start, via, *lines, value, "", body]).encode("latin-1")


def counted(messages: list[tuple[str, bytes]], folder: Path) -> list[int]:
    """The instructions that each took, by valgrind."""
    if shutil.which("valgrind") is None:
        pytest.fail("valgrind is missing; `make set-up` installs it")
    words = ["--tool=callgrind", "--toggle-collect=qsort_r", "--dump-after=qsort_r"]
    run = subprocess.run(
        ["valgrind", *words, f"--callgrind-out-file={folder}/out", sys.executable, "-m", "tests.counted_steps"],
        input=b"".join(b"%d %s\n%s" % (len(data), side.encode(), data) for side, data in messages),
        cwd=ROOT,
        capture_output=True,
        timeout=3600,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode(errors="replace")[-2000:]
    dumps = sorted(folder.glob("out.*"), key=lambda file: int(file.suffix[1:]))
    counts = [re.search(r"(?m)^(?:totals|summary): (\d+)", dump.read_text()) for dump in dumps]
    return [int(count[1]) for count in counts if count and int(count[1]) > 50_000]


@pytest.mark.hypothesis
def test_eight_times_as_long_costs_no_more_than_eight_times_as_much(tmp_path: Path):
    dice = random.Random() if is_fuzzing() else random.Random(SEED)
    count = 200 if is_fuzzing() else 12
    made = [(dice.choice(FIELDS), "".join(dice.choices(PIECES, k=dice.randint(1, 4)))) for _ in range(count)]
    cases = [(("trunk", "pbx")[number % 2], *case) for number, case in enumerate(KNOWN + made)]
    cases += [("pbx" if side == "trunk" else "trunk", field, unit) for side, field, unit in cases[:4]]
    sizes = [(side, message(field, unit, octets)) for side, field, unit in cases for octets in (SHORT, LONG)]
    counts = counted(sizes, tmp_path)
    assert len(counts) == len(sizes)
    found = []
    for (side, field, unit), short, long in zip(cases, counts[::2], counts[1::2], strict=True):
        if long > 1.5 * short * LONG / SHORT or long > FIRST + MOST_EACH * LONG:
            found.append(f"{field} of {unit!r} from the {side}: {short:,} then {long:,}")
    assert not found
