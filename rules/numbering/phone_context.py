"""Whose plan a phone-context names: a country or city by its digits, a mobile network by its domain (RFC 3966)."""

from __future__ import annotations

import csv
import re
from functools import cache

import phonenumbers

from rules.numbering.plan_table import LONGEST_E164, PLANS, calling_code
from rules.numbering.spelling import condensed, fold, is_digits, without_separators

_LONGEST = 256  # characters looked at
# Home network domain of a mobile network: ims.mnc000.mcc460.3gppnetwork.org (3GPP TS 23.003 section 13.2)
_MOBILE_NETWORK = re.compile(r"(?:^|\.)mcc(\d{3})\.3gppnetwork\.org$", re.IGNORECASE)


def split_context(parameters: str) -> str:
    """The phone-context among the parameters of a user part, empty if there is none."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "phone-context":
            return value.strip()
    return ""


def context_digits(context: str) -> str:
    """``+86-10`` -> ``8610``; empty for domains and for what is no beginning of E.164."""
    if context[:1] not in ("+", "\uff0b"):
        return ""
    if len(context) > _LONGEST:
        context = condensed(context)[:_LONGEST]
    digits = without_separators(fold(context))[1:]
    return digits if is_digits(digits) and digits[0] != "0" and len(digits) < LONGEST_E164 else ""


def country_of_context(context: str) -> str:
    """The country whose plan a context names, empty where it names none."""
    if not context:
        return ""
    if digits := context_digits(context):
        code = calling_code(digits)
        region = phonenumbers.region_code_for_country_code(int(code)) if code else ""
        return region if region.isalpha() else ""
    network = _MOBILE_NETWORK.search(context[-_LONGEST:])
    return _mobile_countries().get(network[1], "") if network else ""


@cache
def _mobile_countries() -> dict[str, str]:
    with (PLANS / "mobile-country-codes.csv").open(encoding="utf-8", newline="") as file:
        return {code: row["country"] for row in csv.DictReader(file) for code in row["codes"].split()}
