"""What editors show beside a key: an example of its value, and a sentence where the grammar itself has none."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

# By part and key, or by the key alone where it means the same in each part.
EXAMPLES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "version": 1,
        "about": "Banks and those who pretend to be one.",
        "country": "CN",
        "settings": {"quiet-hours": "21:00-08:00"},
        "include": ["more-banks.yaml"],
        "conditions": {"night": {"hours": "21:00-08:00"}},
        "rules": [{"rule": "night", "because": "Homes sleep.", "when": {"hours": "21:00-08:00"}, "then": "tag"}],
        "rule": "marketing-at-night",
        "because": "Marketing numbers may not ring homes at night.",
        "source": "Numbering plan of 2017, section 2.5.",
        "when": {"caller": {"starts_with": "95012"}, "hours": "21:00-08:00"},
        "unless": [{"caller": {"on_list": "consented"}}],
        "valid": {"from": "2026-12-01", "until": "2027-02-15"},
        "then": {"tag": {"label": "疑似骚扰"}},
        "mode": "observe",
        "catches": [{"from": "95012345", "to": "13800138000", "at": "2026-11-24T22:10"}],
        "spares": [{"from": "95012345", "to": "13800138000", "at": "2026-11-24T09:00"}],
        "caller": {"starts_with": ["95012", "95013"]},
        "called": {"group": "homes"},
        "anonymous": True,
        "trunk": ["carrier"],
        "trunk_country": "CN",
        "display_name": {"contains": "bank"},
        "domain": "*.example.net",
        "user_agent": {"contains": "scanner"},
        "header": {"X-Origin": "gw1"},
        "agrees": False,
        "diverted": True,
        "hours": "21:00-08:00",
        "days": ["mon-fri", "off"],
        "calendar": "DE",
        "called_hours": "21:00-08:00",
        "similar": {"digits": 7},
        "believed": True,
        "known_contact": {"within": "30d"},
        "count": {"of": "calls", "per": ["caller", "called"], "within": "1d", "over": 20},
        "fact": {"ledger": "unheld"},
        "fired": "robot-caller",
        "condition": "night",
        "any": [{"anonymous": True}, {"caller": {"class": "impossible"}}],
        "all": [{"condition": "night"}, {"called": {"group": "homes"}}],
        "is": ["95588", "955*", "96100..96199"],
        "exact": "95588",
        "starts_with": ["95012", "+1"],
        "range": "95500..95599",
        "length": "5-8",
        "class": ["cn-95", "mobile"],
        "on_list": "blocked",
        "list_kind": "own",
        "inbound_only": True,
        "missing": True,
        "attestation": ["A", "B"],
        "group": "homes",
        "calls": {"over": 60, "within": "1h"},
        "called_numbers": {"over": 100, "within": "1h"},
        "short_calls": {"over": "70%", "within": "1h"},
        "answered": {"under": "10%", "within": "1h"},
        "over": 60,
        "under": 10,
        "within": "1h",
        "of": "callers",
        "per": ["caller", "called"],
        "digits": 7,
        "contains": "bank",
        "matches": "(?i)scan(ner)?",
        "from": "95012345",
        "to": "13800138000..13800138030",
        "at": "2026-11-24T22:10",
        "called_on_list": "traps",
        "facts": {"calls_1h": 61, "short_calls_1h": "80%"},
        "until": "2027-02-15",
        "add": "watch",
        "for": "1h",
        "label": "疑似骚扰",
        "ring": "urn:alert:source:external",
        "mask": True,
        "reject": "decline",
        "divert": "desk",
        "tag": {"label": "疑似骚扰"},
        "suspicion": 4,
        "list": {"add": "watch", "for": "1h"},
        "tests": [{"test": "nobody sells at night", "calls": [{"from": "95012345", "expect": "reject"}]}],
        "test": "a calling machine is tagged at its sixty-first call",
        "expect": "tag",
        "fires": ["calling-machine"],
        "times": 60,
        "every": "30s",
        "lasts": "3s",
        "CallSequence.calls": [{"from": "95012345", "to": "13800138000", "expect": "reject"}],
        "Valid.from": "2026-12-01",
        "Truth.is": True,
        "CountryWord.is": "CN",
        "Words.is": "homes",
        "Text.is": "*.example.net",
        "Amount.is": "unheld",
        "Share.over": "70%",
        "Share.under": "10%",
        "Example.display_name": "Li Si",
        "Example.domain": "example.net",
        "Example.user_agent": "friendly-scanner",
        "Example.trunk": "carrier",
        "NumberCondition.country": ["CN", "not-trunk"],
        "CallerCondition.country": ["CN", "not-trunk"],
        "CalledCondition.country": ["CN", "not-trunk"],
    }
)
SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "version": "Version of the format; 1 is the only one.",
        "rules": "The rules, in any order.",
        "when": "Conditions that must all hold.",
        "display_name": "Display name in From.",
        "domain": "Host of the caller's identity.",
        "user_agent": "User-Agent of the call.",
        "header": "Further header fields of the call.",
        "agrees": "Do P-Asserted-Identity and From name one number?",
        "diverted": "Was the call forwarded to that number?",
        "is": "True or false.",
    }
)


def parts_of(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The parts of a file by their names, the whole of it among them."""
    return {"": schema.get("oneOf", [schema])[0], **schema["$defs"]}


def with_examples(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of rule files, or of test files, each key with a sentence and an example."""
    for part, definition in parts_of(schema).items():
        for key, told in definition.get("properties", {}).items():
            example = EXAMPLES.get(f"{part}.{key}", EXAMPLES.get(key))
            if key in SENTENCES:
                told.setdefault("description", SENTENCES[key])
            if example is not None:
                told["examples"] = [example]
    return schema
