"""Dirty cells, as spreadsheets and people leave them: each is the number that is meant, or refused with its cause."""

from __future__ import annotations

import pytest

from rules.lists.admission import EntryError, read_entry
from rules.lists.list_files import unmarked_number
from rules.model import Trunk
from rules.numbering.readings import readings
from rules.numbering.typed import one_typed
from rules.numbering.within import no_number
from rules.settings.screening import ListSettings

BLOCK = ListSettings(kind="block", min_length=1)
HOMES = {
    "CN": ("13800138000", "+8613800138000"),
    "US": ("2125550123", "+12125550123"),
    "GB": ("07911123456", "+447911123456"),
    "DE": ("015112345678", "+4915112345678"),
    "FR": ("0612345678", "+33612345678"),
    "IT": ("3471234567", "+393471234567"),
    "BR": ("11961234567", "+5511961234567"),
    "IN": ("09876543210", "+919876543210"),
    "MX": ("5512345678", "+525512345678"),
    "AU": ("0412345678", "+61412345678"),
    "JP": ("09012345678", "+819012345678"),
    "RU": ("89161234567", "+79161234567"),
}
READ = (
    "{}",
    "'{}",
    '="{}"',
    "tel:{}",
    "{}.",
    "{}:",
    "{};",
    "\xa0{}\u202f",
    "\u202a{}\u202c",
    "\ufeff{}",
    "({})",
    "-{}",
)
REFUSED = (
    *(("{}.0", "decimal"), ("{}.00", "decimal"), ("{},00", "amount"), ("1.{}E+12", "lost its digits in a spreadsheet")),
    *(
        ("{0}, {0}1", "one number|beside its"),
        ("{0} / {1}", "several|more than one"),
        ("{0}\n{1}", "more than one number"),
    ),
    *(
        ("{0} or {1}", "more than one number"),
        ("{0}、{1}", "more than one number"),
        ("{0}; {1}", "more than one number"),
    ),
    *(("{} x12", "beside its number; write"), ("{} ext. 12", "beside its number"), ("Tel. {}", "beside its number")),
    *(("“{}”", "beside its number"), ("<{}>", "beside its number"), ("☎ {}", "beside its number")),
    *(("{}#12", "something behind a whole number; write"), ("{}-", "ends in a hyphen"), ("{}..", "half a range")),
)


def _wide(text: str, zero: int) -> str:
    return "".join(chr(zero + int(sign)) if sign.isdigit() else sign for sign in text)


@pytest.mark.parametrize("home", HOMES)
def test_a_dirty_cell_is_the_number_that_is_meant_on_the_list_and_where_it_is_asked_for(home: str):
    national, canonical = HOMES[home]
    written = [form.format(each) for form in READ for each in (national, canonical, f"00{canonical[1:]}")]
    written += [_wide(each, zero) for zero in (0xFF10, 0x660, 0x6F0, 0x966) for each in (national, canonical)]
    for text in map(unmarked_number, written):
        assert read_entry(text, BLOCK, country=home).text == canonical, text
        assert one_typed(text, home).canonical == canonical, text
        asked = readings(text, Trunk("", country=home, national=True, home=home))
        assert canonical in {asked.first.canonical, *(each.canonical for each in asked.others)}, text


@pytest.mark.parametrize("home", HOMES)
def test_or_it_is_refused_with_its_cause(home: str):
    national, _ = HOMES[home]
    for form, cause in REFUSED:
        text = form.format(national, f"{national[:-1]}1")
        with pytest.raises(EntryError, match=cause):
            read_entry(text, BLOCK, country=home)


def test_what_holds_no_number_is_told_as_what_it_is():
    assert str(no_number("alice", "name", "CN")) == "'alice' is no number (it reads as name)"
    assert no_number("1,234,567", "malformed", "CN").hint == "format the column as text, export again"
