"""Past calls out of the log and out of files: the span that is asked for, and clear words about what can't be read."""

from zoneinfo import ZoneInfo

import pytest

from rules.language.faults import RuleError
from rules.model import Action, Outcome
from rules.records.decisions import Decisions, row
from rules.records.past_calls import CallFile, PastCalls
from tests.rules.calls import CN, EVENING, READ, call, rules

KEY = b"k" * 32
HOUR = 3600.0


@pytest.fixture
async def log(tmp_path):
    """Ten calls, one an hour."""
    decisions = await Decisions.open(tmp_path / "decisions.db")
    ruleset, rows = rules("[]"), []
    for n in range(10):
        made = call(at=EVENING + n * HOUR)
        verdict = ruleset.judge(made)
        verdict.decision = f"{int(made.at * 256):010x}{n:010x}"
        rows.append(row(made, verdict, Outcome(200, True, 100), KEY))
    await decisions.write(rows, [])
    await decisions.close()
    past = await PastCalls.open(tmp_path / "decisions.db")
    yield past
    await past.close()


async def read(log, since, most=None):
    span = await log.span(since, most)
    return span, [one for page in [page async for page in log.pages(span, since)] for one in page]


async def test_all_of_it(log):
    span, rows = await read(log, None)
    assert (span.to_read, span.in_log, len(rows)) == (10, 10, 10)


async def test_since_a_moment(log):
    span, rows = await read(log, EVENING + 7 * HOUR)
    assert len(rows) == 3
    assert span.in_log == 10


async def test_records_written_late_are_not_missed(log):
    span, _ = await read(log, EVENING + 7 * HOUR + 100)
    assert span.to_read == 3, "the one of seven o'clock may stand behind later ones"


async def test_the_newest_few(log):
    span, rows = await read(log, EVENING, 4)
    assert (span.to_read, len(rows)) == (4, 4)
    assert rows[0][2] == EVENING + 6 * HOUR


async def test_nothing_so_late(log):
    assert (await read(log, EVENING + 100 * HOUR))[1] == []


async def test_an_empty_log(tmp_path):
    past = await PastCalls.open(tmp_path / "none.db")
    assert (await read(past, None))[1] == []
    await past.close()


def calls_of(tmp_path, text):
    path = tmp_path / "calls.csv"
    path.write_text(text)
    return CallFile(
        path, lambda example: CN if example.trunk in ("", "carrier") else None, rules("[]").clock.zone, READ
    )


def test_a_file_of_calls(tmp_path):
    text = "from,to,at,trunk,facts,verdict\n"
    text += "95588,13800138000,2026-11-24T22:10,carrier,calls_1h=61 short_calls_1h=80%,tag\n"
    (past,) = calls_of(tmp_path, text).read()
    assert past.call.caller.canonical == "CN:95588"
    assert past.call.facts == {"calls_1h": 61.0, "short_calls_1h": 80.0}
    assert (past.action, past.id, past.hidden) == (Action.TAG, "line 2", None)
    assert past.call.at == EVENING


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from,too\n", ":1:1: unknown column 'too'; did you mean 'to'?"),
        ("to\n", ":1:1: there is no column 'from'"),
        ("from,to,from\n95588,1,95599\n", ":1:1: two columns are called 'from', of which one would be lost"),
        ("from,to,verdict,to\n95588,1,tag,2\n", ":1:1: two columns are called 'to', of which one would be lost"),
        ("from,to\n95588\n", ":2:1: this line has another number of columns"),
        ("from,to\n95588,1,2\n", ":2:1: this line has another number of columns"),
        ("from,verdict\n95588,rejct\n", ":2:1: verdict: 'rejct' is none; did you mean 'reject'?"),
        ("from,trunk\n95588,other\n", ":2:1: there is no trunk 'other'"),
        ("from,at\n95588,noon\n", ":2:1: at: "),
        ("from;facts\n95588;nonsense\n", ":2:1: facts: 'nonsense' is no fact; write name=value, as in calls_1h=61"),
        ("from,facts\n95588,calls_1h=abc\n", ":2:1: facts: 'abc' is no amount"),
        ("from,facts\n95588,calls_1h=1.5\n", ":2:1: facts: 1.5 is no count; write a whole number such as 61"),
        ("from,facts\n95588,score=1 score=2\n", ":2:1: facts: score stands here twice; write it once"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, text, said):
    with pytest.raises(RuleError) as caught:
        list(calls_of(tmp_path, text).read())
    assert said in str(caught.value)


def test_a_file_of_calls_may_be_parted_by_semicolons_as_spreadsheets_save_it(tmp_path):
    first, second = calls_of(tmp_path, 'from;display_name;facts\n95588;Bank;calls_1h=61\n95599;"a;b,c";\n').read()
    assert (first.call.caller.canonical, first.call.facts, first.id) == ("CN:95588", {"calls_1h": 61.0}, "line 2")
    assert second.call.display_name == "a;b,c"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_of_calls_is_read_as_spreadsheets_save_it(tmp_path, encoding):
    path = tmp_path / "calls.csv"
    path.write_bytes("from,to,display_name\n95588,13800138000,夜间\n".encode(encoding))
    (past,) = CallFile(path, lambda _: CN, ZoneInfo("UTC"), READ).read()
    assert past.call.display_name == "夜间"


def test_a_file_of_calls_that_is_no_text_names_its_line(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_bytes(b"from,to\n95588,1\n" * 9000 + b"\xff\xff,1\n")
    with pytest.raises(RuleError, match="from here on this is not UTF-8"):
        list(CallFile(path, lambda _: CN, ZoneInfo("UTC"), READ).read())


@pytest.mark.parametrize("facts", ["calls_per_caler_and_called_1d=9", "ledgr=held", "calls_1y=3", "entry_dys=1"])
def test_a_fact_that_no_call_can_have_is_named_with_its_line(tmp_path, facts):
    text = f"from,facts\n95588,calls_1h=3 ledger=held own=1 similar_7=true\n95588,{facts}\n"
    path = tmp_path / "calls.csv"
    path.write_text(text)
    with pytest.raises(RuleError, match=rf"calls\.csv:3:1: no call can have fact '{facts.partition('=')[0]}'"):
        list(CallFile(path, lambda _: CN, ZoneInfo("UTC"), READ, ("ledger", "own")).read())


def test_a_time_that_no_clock_shows_is_no_call(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("from,at\n95588,2026-03-29T02:30\n")
    with pytest.raises(RuleError, match=r"calls\.csv:2:1: no clock in Europe/Berlin shows"):
        list(CallFile(path, lambda _: CN, ZoneInfo("Europe/Berlin"), READ).read())
