"""Whatever comes in is read or refused by the name of its field."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from desk.faults import ComplaintError
from desk.reading import NewComplaint, one_line, read_complaint, shown_text
from rules.model import Number, NumberClass
from tests.desk.town import DAY, HOUR, NOON, SPAM
from tests.examples import examples

ACCUSED = Number(SPAM, NumberClass.CN_95)


def read(town, **more):
    return read_complaint(
        town.desk.archive, NewComplaint(**{"accused": SPAM, "reporter": "13800138000"} | more), ACCUSED
    )


async def test_people_become_pseudonyms(town):
    found = read(
        town, called="+86 138 0013 8001", knew={"name": "Wang Wu", "branch": "Chaoyang"}, contact="a@example.com"
    )
    secrecy = town.desk.archive.secrecy
    assert (found.reporter, found.line) == (secrecy.pseudonym("+8613800138000"), secrecy.pseudonym("+8613800138001"))
    assert (found.knew, found.branch) == (("name", "branch"), "Chaoyang")
    assert found.contents["knew name"] == "Wang Wu"
    assert "Wang" not in str(found._replace(contents={}))


async def test_a_reporter_without_a_number_has_a_name_that_stays(town):
    assert read(town, reporter="App-User 7").reporter == read(town, reporter="app-user 7").reporter
    assert not read(town, reporter="app-user 7").line_known


@pytest.mark.parametrize(
    "spelt",
    ["li  wei", "Li\u00a0Wei", "\uff2c\uff49 \uff37\uff45\uff49", "Li Wei\u200b", "Li\u3000Wei", "LI WEI"],
)
async def test_a_name_is_one_person_however_it_is_typed(town, spelt):
    assert read(town, reporter=spelt).reporter == read(town, reporter="Li Wei").reporter
    assert read(town, reporter="Mu\u0308ller").reporter == read(town, reporter="M\u00fcller").reporter
    assert read(town, reporter="\u5f20 \u4e09").reporter == read(town, reporter="\u5f20\u4e09").reporter
    assert read(town, reporter="Muller").reporter != read(town, reporter="M\u00fcller").reporter


@pytest.mark.parametrize(
    ("home", "spelt"),
    [
        *[("DE", "O177 53789754"), ("DE", "0l77 53789754"), ("DE", "O 177 53789754"), ("DE", "+1/201-205-8701")],
        *[("DE", "+1,201-205-8701"), ("CN", "+1/832-277-3708"), ("CN", "1/832-277-3708"), ("CN", "95588#")],
        *[("DE", "#31#030 063755"), ("CN", "\u4e00\u4e09\u516b\u3007\u3007\u4e00\u4e09\u516b\u3007\u3007\u3007")],
        *[("FR", "+33_4_15_12_34_56"), ("CN", "95588\u8f6c1"), ("DE", "0177 5378O754")],
        *[("US", "57\uff0d3015551256"), ("CN", "\uff0b44\uff0d13800138000"), ("JP", "44\uff0d09012345678")],
    ],
)
async def test_nothing_is_dropped_from_a_reporters_number(town, monkeypatch, home, spelt):
    """What is left would be another person, or a name of its own beside the number."""
    monkeypatch.setattr(town.desk.archive, "country", home)
    with pytest.raises(ComplaintError, match="reporter"):
        read(town, reporter=spelt)


async def test_the_dash_of_a_japanese_keyboard_is_a_dash(town, monkeypatch):
    monkeypatch.setattr(town.desk.archive, "country", "JP")
    assert read(town, reporter="090\u30fc1234\u30fc5678").reporter == read(town, reporter="+819012345678").reporter


@pytest.mark.parametrize(
    ("home", "number"),
    [
        ("DE US", "2125559990"),
        ("DE US", "212-555-9990"),
        ("DE US", "(212) 555-9990"),
        ("DE US", "212.555.9990"),
        ("CN HK", "13800138000"),
        ("CN HK", "138 0013 8000"),
        ("CN HK", "2123 4567"),
    ],
)
async def test_a_reporter_whose_number_several_countries_read_differently_is_no_name(town, monkeypatch, home, number):
    """Each spelling would be another person, and one of them count for many."""
    monkeypatch.setattr(town.desk.archive, "country", home)
    with pytest.raises(ComplaintError, match=r"reporter: .* is read differently in .*write it with its country code"):
        read(town, reporter=number)
    assert read(town, reporter="App-User 7").reporter


@pytest.mark.parametrize("spelt", ["5215587654321", "+5215587654321", "MX:5215587654321", "+52 1 55 8765 4321"])
async def test_an_old_spelling_of_a_number_makes_no_other_person(town, monkeypatch, spelt):
    monkeypatch.setattr(town.desk.archive, "country", "MX")
    assert read(town, reporter=spelt).reporter == read(town, reporter="+525587654321").reporter


@pytest.mark.parametrize(
    ("home", "number"), [("BR", "+551181234567"), ("BR", "551181234567"), ("US", "+12125551"), ("MX", "15587654321")]
)
async def test_a_number_that_no_plan_has_is_no_reporter(town, monkeypatch, home, number):
    monkeypatch.setattr(town.desk.archive, "country", home)
    with pytest.raises(ComplaintError, match=r"reporter: .*no (plan has such a|number of any plan)"):
        read(town, reporter=number)


@pytest.mark.parametrize(
    "spelt",
    [
        "张三 13800138000",
        "13800138000（张三）",
        "张三13800138000",
        "Zhang San, +86 138 0013 8000",
        "0086-13800138000 Zhang",
    ],
)
async def test_a_name_beside_a_number_makes_no_other_person(town, spelt):
    assert read(town, reporter=spelt).reporter == read(town, reporter="13800138000").reporter
    assert read(town, reporter=spelt).line_known


@pytest.mark.parametrize(
    ("home", "spelt", "number"),
    [
        *(("US", spelt, "+12125559990") for spelt in ("Bob (212) 555-9990", "(212) 555-9990 Bob", "Bob(212)555-9990")),
        *(
            ("US", spelt, "+12125559990")
            for spelt in ("212-555-9990 x12", "Bob: 212/555-9990", "Bob +1 (212) 555-9990")
        ),
        *(("IT", spelt, "+393471234567") for spelt in ("347/1234567", "Mario 347/1234567")),
        ("DE", "Müller 030/1234567", "+49301234567"),
        ("CN", "0755 1234 5678p12", "+8675512345678"),
        ("CN", "13800138000x12", "+8613800138000"),
        *(("CN", spelt, "+8613800138000") for spelt in ("13800138000.", "13.800.138.000", "0-13800138000")),
        *(("CN", spelt, "+8613800138000") for spelt in ("++8613800138000", "0+8613800138000")),
    ],
)
async def test_nor_does_the_way_in_which_a_country_writes_it(town, monkeypatch, home, spelt, number):
    monkeypatch.setattr(town.desk.archive, "country", home)
    assert read(town, reporter=spelt).reporter == read(town, reporter=number).reporter


@pytest.mark.parametrize(
    "between",
    [
        " ",
        "、",
        "，",
        ", ",
        ";",
        " / ",
        "/",
        " & ",
        "|",
        " und ",
        "和",
        " or ",
        "\u3000",
        "；",
        " +86",
        " 0086",
        "(",
        "·",
    ],
)
@pytest.mark.parametrize("written", ["{}{between}{}", "Wang {}{between}Li {}", "{}（王）{between}{}"])
async def test_two_numbers_are_no_reporter_by_a_name(town, between, written):
    """They were one person, whom neither number told of."""
    with pytest.raises(
        ComplaintError, match="reporter: it holds more than one number; file a complaint for each"
    ) as no:
        read(town, reporter=written.format("13800138000", "13900139000", between=between))
    assert no.value.field == "reporter"


@pytest.mark.parametrize(
    ("home", "text"),
    [
        *(("CN", text) for text in ("13800138000.0", "13'800'138'000", "+008613800138000")),
        *(("CN", text) for text in ("13800138000-12", "13800138000..13800138007", "13800138000#12")),
        *(("CN", text) for text in ("l38OO138OOO", "8.6138E12")),
        *(("DE", text) for text in ("4915112345678", "tel:4915112345678", "Bob 4915112345678", "4915112345678 x12")),
        *(("DE US", text) for text in ("Bob 2125559990", "Bob (212) 555-9990")),
        ("US", "912125550123"),
    ],
)
async def test_an_odd_number_is_no_name_but_refused(town, monkeypatch, home, text):
    """Each way to spell it would be another person."""
    monkeypatch.setattr(town.desk.archive, "country", home)
    with pytest.raises(ComplaintError, match=r"^reporter: "):
        read(town, reporter=text)


@pytest.mark.parametrize("text", ["1001 1002", "138 0013 8000, 139 0013 9000", "12 101", "010/65551234、010/65551235"])
async def test_nor_are_shorter_or_grouped_ones(town, text):
    with pytest.raises(ComplaintError, match="more than one number"):
        read(town, reporter=text)


@pytest.mark.parametrize(
    "text",
    [
        "200412345678",  # a customer's
        "0755 1234 5678abc",  # and in it no 0755 1234
        *(
            "2026-00123",
            "App-User 7",
            "zhang.san",
            "550e8400-e29b-41d4-a716-446655440000",
            "Wang 13800138000",
            "K 12 B 7",
        ),
        *("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "#4711"),
    ],
)
async def test_a_name_may_have_digits(town, text):
    assert read(town, reporter=text).reporter == read(town, reporter=text.upper()).reporter


async def test_the_day_is_the_calls(town):
    assert read(town).day == 20260701
    assert read(town, at=NOON - DAY).day == 20260630
    assert read(town, at=NOON + 200).at == NOON


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("category", "rude", "choose from marketing"),
        ("text", "x" * 4_001, "4,001 characters"),
        ("contact", "a@example.com\r\nBcc: b@example.com", "one e-mail address"),
        ("contact", "not an address", "one e-mail address"),
        ("decision", "1; drop table complaint", "20 characters"),
        ("knew", {"password": "x"}, "choose from name"),
        ("reporter", " ", "say who complains"),
        ("called", "nobody", "is no number"),
        ("called", "+86123", "no plan has"),
        ("at", NOON + HOUR, "not come yet"),
        ("at", NOON - 401 * DAY, "400 days"),
        ("business", "a\nb", "control characters"),
        ("source", "\u202eevil", "control characters"),
        ("reporter", "x" * 300, "300 characters"),
    ],
)
async def test_what_is_wrong_is_named(town, field, value, what):
    with pytest.raises(ComplaintError, match=what) as found:
        read(town, **{field: value})
    assert found.value.field == field


def test_free_text_is_shown_without_what_steers():
    assert shown_text("a\nb\x1b[2J\u202eb {{x}}") == "a\nb\\u001b[2J\\u202eb {{x}}"
    assert one_line(" a b ", "x") == "a b"


@examples(60, HealthCheck.function_scoped_fixture)
@given(
    st.fixed_dictionaries({name: st.text() for name in ("reporter", "called", "text", "contact", "business", "source")})
)
async def test_any_text_is_read_or_refused(town, fields):
    with suppress(ComplaintError):
        assert read(town, **fields).reporter


@pytest.mark.parametrize("field", ["accused", "reporter", "called"])
async def test_a_number_that_a_spreadsheet_rounded_is_refused(town, field):
    """Every reporter of such a file would be the same person."""
    said = {"accused": "95012345", "reporter": "13800138000"} | {field: "1.38001E+10"}
    with pytest.raises(ComplaintError, match=f"{field}: '1.38001E\\+10' lost its digits"):
        await town.desk.complaints.file(NewComplaint(**said))
