"""Which two letters are a country: ISO 3166-1 alpha-2, and three areas beside it that have numbers of their own."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from rules.texts.bad_value import BadValue

_ISO: Final = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
# Ascension, Tristan da Cunha and Kosovo have a country code (ITU-T E.164) and no code of ISO's own giving.
COUNTRIES: Final = frozenset(_ISO.split()) | {"AC", "TA", "XK"}
_MEANT: Final = {
    "UK": "GB",
    "EN": "GB",
    "EL": "GR",
    "JA": "JP",
    "KO": "KR",
    "VI": "VN",
    "ZH": "CN",
    "EU": "a member state",
}


def known_country(code: str) -> str:
    """The code, if it is a country's; ValueError for any other."""
    if code not in COUNTRIES:
        meant = f"did you mean {_MEANT[code]}?" if code in _MEANT else "write one such as CN, HK, US or GB"
        raise BadValue(f"{code!r} is no country of ISO 3166", meant)
    return code


def known_or_stored(code: str, info: ValidationInfo) -> str:
    """The code, if it is a country's, or stands in a text that was live once (rules/language/grammar.py, STORED)."""
    return code if info.context and info.context.get("stored") else known_country(code)


def _capitals(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


Country = Annotated[
    str,
    BeforeValidator(_capitals, json_schema_input_type=str),
    Field(json_schema_extra={"pattern": "^[A-Za-z]{2}$"}),
    AfterValidator(known_or_stored),
]
