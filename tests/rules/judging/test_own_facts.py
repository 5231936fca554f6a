"""What Ringfence finds out of a call where a rule asks: a neighbour, the clock over there, entries, steps."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from rules.judging.own_facts import called_minute, is_own, read_similar, similar, zones_of
from rules.lists.cache import Lookup
from rules.lists.editing import Lists, Origin
from rules.screening.findings import Findings
from rules.settings.screening import CallSideComplaints
from tests.rules.calls import ABROAD, CN, EVENING, LISTS, TRUSTED, call, faults, hit, holds, rule, rules

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = 86_400.0


@pytest.mark.parametrize(
    ("caller", "called", "digits", "alike"),
    [
        ("13800138111", "13800138000", 7, True),
        ("13800138111", "13800138000", 8, True),
        ("13800138111", "13800138000", 9, False),
        ("13900138000", "13800138000", 7, False),
        ("+12025550101", "+12025550199", 6, True),
        ("+12025550101", "+14165550199", 6, False),
        ("+14165550101", "+14165550199", 6, True),
        ("+442079460000", "+12079460000", 5, False),
        ("95588", "13800138000", 3, False),
        ("anonymous", "13800138000", 7, None),
    ],
)
def test_a_neighbour_s_number_has_the_first_digits_of_the_called_one(caller, called, digits, alike):
    assert similar(call(caller, called), digits) is alike
    assert holds(f"{{similar: {{digits: {digits}}}}}", call(caller, called)) is (alike is True)


def test_what_the_record_says_of_alike_numbers_goes_before_what_is_left_of_them():
    made = call("13800138111", "13900139000", facts={"similar_7": True})
    assert holds("{similar: {digits: 7}}", made)


@pytest.mark.parametrize(
    ("called", "minute"),
    [
        ("+8613800138000", 22 * 60 + 10),  # EVENING, in Shanghai
        ("+442079460000", 14 * 60 + 10),
        ("+12125550100", 9 * 60 + 10),  # New York
        ("1001", 22 * 60 + 10),  # an extension is here
        ("+18005550100", None),  # from coast to coast
    ],
)
def test_the_hour_is_that_of_the_called_party_s_own_zone(called, minute):
    made = call("13912345678", called, trunk=ABROAD if called.startswith("+") else CN)
    assert called_minute(made, SHANGHAI) == minute
    assert holds("{called_hours: 09:00-10:00}", made) is (minute == 9 * 60 + 10)
    assert holds("{called_hours: 21:00-08:00}", made) is (minute == 22 * 60 + 10)


def test_whether_the_number_can_be_believed_is_a_condition():
    assert holds("{believed: true}", call(trunk=TRUSTED))
    assert holds("{believed: false}", call(trunk=CN))
    assert not holds("{believed: true}", call(trunk=CN))


async def measured(tmp_path, names, made, entries=()):
    lists = await Lists.open(tmp_path / "lists.db", LISTS, now=lambda: EVENING - 3 * DAY)
    for text in entries:
        await lists.add("suspected", text, Origin(source="test"), country="CN", wide=True)
    lookup = Lookup(tmp_path / "lists.db", entries=16)
    findings = Findings(lookup, b"k" * 32, CallSideComplaints())
    findings.ask(frozenset(names), "Asia/Shanghai")
    hits, _, _ = findings.find(made, frozenset())
    lookup.close()
    await lists.close()
    return hits


async def test_age_and_kind_of_the_narrowest_entry_are_facts(tmp_path):
    made = call("13912345678")
    await measured(tmp_path, ["entry_days", "entry_kind"], made, ["139123456*", "13912345678"])
    assert made.facts == {"entry_days": 3.0, "entry_kind": "number"}
    prefix = call("13912345679")
    await measured(tmp_path, ["entry_kind"], prefix)
    assert prefix.facts == {"entry_kind": "prefix"}
    nobody = call("13812345679")
    await measured(tmp_path, ["entry_kind", "ladder_step"], nobody)
    assert nobody.facts is None


async def test_nothing_is_found_out_that_no_rule_asks_for(tmp_path):
    made = call("13912345678")
    await measured(tmp_path, [], made, ["13912345678"])
    assert made.facts is None


def test_rules_ask_for_them_by_name_and_for_no_value_that_they_never_have():
    ruleset = rules(rule("{fact: {ladder_step: [limit, reject], entry_kind: prefix}}"))
    assert {"ladder_step", "entry_kind"} <= ruleset.facts
    assert "fact ladder_step is never 'climbing'" in faults(rule("{fact: {ladder_step: climbing}}"))[0]
    assert "similar_7" in rules(rule("{similar: {digits: 7}}")).facts
    assert [read_similar(name) for name in ("similar_7", "similar_2", "similar_07", "x")] == [7, None, None, None]
    assert is_own("code_days_left")
    assert not is_own("score")


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("{similar: {digits: 2}}", "3:28: digits: "),
        ("{similar: {digits: 40}}", "3:28: digits: "),
        ("{similar: {}}", "'digits' is missing"),
        ("{called_hours: 25:00-26:00}", "names an hour that no clock shows"),
        ("{days: mon, calendar: DE}", "a calendar stands here, and no days of it"),
        ("{days: working, calendar: XX}", "3:35: calendar: "),
        ("{days: feast}", "'feast' is no day"),
    ],
)
def test_what_cannot_be_is_named_at_its_place(when, says):
    assert says in "\n".join(faults(rule(when)))


@pytest.mark.parametrize(
    ("when", "at", "is_so"),
    [
        ("{days: holiday}", "2026-10-01", True),  # national day
        ("{days: holiday}", "2026-11-24", False),
        ("{days: holiday, calendar: DE}", "2026-10-01", False),
        ("{days: holiday, calendar: DE}", "2026-10-03", True),  # a Saturday
        ("{days: working, calendar: US}", "2026-11-26", False),  # Thanksgiving
        ("{days: working}", "2026-11-26", True),
        ("{days: [off, holiday], calendar: US}", "2026-11-26", True),
    ],
)
def test_holidays_and_working_days_of_any_country(when, at, is_so):
    from datetime import datetime

    noon = datetime.fromisoformat(f"{at}T12:00").replace(tzinfo=SHANGHAI).timestamp()
    assert holds(when, call(at=noon)) is is_so


def test_a_ladder_s_step_is_found_among_the_hits():
    from rules.judging.own_facts import ladder_step

    assert ladder_step([hit("ladder", "ladder-limit", call())._replace(entry="limit")]) == "limit"
    assert ladder_step([]) is None


@pytest.mark.parametrize(
    ("called", "zone"),
    [
        ("+212522123456", "Africa/Casablanca"),
        ("+213551234567", "Africa/Algiers"),
        ("+218212345678", "Africa/Tripoli"),
        ("+50521234567", "America/Managua"),
        ("+211977123456", "Africa/Juba"),
        ("+970599123456", "Asia/Gaza"),
        ("+299321000", "America/Nuuk"),
        ("+541123456789", "America/Argentina/Buenos_Aires"),
        ("+6913201234", "Pacific/Pohnpei"),
        ("+12125552345", "America/New_York"),
        ("+12195550123", "America/Chicago"),
        ("+61733345678", "Australia/Brisbane"),
        ("+61298765432", "Australia/Sydney"),
        ("+526141234567", "America/Chihuahua"),
        ("+78452123456", "Europe/Saratov"),
        ("+972212345678", "Asia/Jerusalem"),
        ("+264611234567", "Africa/Windhoek"),
    ],
)
def test_the_hour_is_by_the_law_of_the_called_number_s_country_not_of_a_neighbour_s(called, zone):
    for month in range(1, 13):
        for day in (1, 15, 28):
            at = datetime(2026, month, day, 19, 30, tzinfo=UTC)
            there = at.astimezone(ZoneInfo(zone))
            assert called_minute(call("13800138000", called, at=at.timestamp()), SHANGHAI) == there.hour * 60 + 30, at


def test_an_area_across_a_border_of_zones_has_an_hour_while_both_sides_have_the_same():
    for month, hour in ((7, 5), (1, None)):
        at = datetime(2026, month, 15, 19, 30, tzinfo=UTC).timestamp()
        found = called_minute(call("13800138000", "+61755345678", at=at), SHANGHAI)
        assert found == (None if hour is None else hour * 60 + 30)


def test_a_country_of_one_zone_has_its_clock_for_every_number():
    from babel.core import get_global

    zones: dict[str, list[str]] = {}
    for zone, country in get_global("zone_territories").items():
        zones.setdefault(country, []).append(zone)
    some = {region: phonenumbers.example_number(region) for region in phonenumbers.SUPPORTED_REGIONS}
    for region, number in some.items():
        if number is None or phonenumbers.region_code_for_number(number) != region or len(zones.get(region, ())) != 1:
            continue
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert zones_of(written) == (zones[region][0],), region
