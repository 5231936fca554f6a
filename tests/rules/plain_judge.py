"""A slow, obvious judge that reads the law word by word; the compiled one must agree with it on every call.

It knows no index, no compilation and no shortcut: it walks the data of the YAML file for every rule and every call.
"""

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.model import Call, Hit
from rules.numbering.numbers import canonical_prefix, read_number
from tests.rules.calls import CN

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ABOVE_RULES = ["subscriber-allow", "allow", "sealed", "subscriber-block", "block", "ladder-reject"]
ON_ANY = ["block", "suspect", "sealed", "do-not-originate", "subscriber-block"]


def listed(value):
    return value if isinstance(value, list) else [value]


def when_holds(when, call, hits, called_hits):
    """All keys hold."""
    return all(key_holds(key, wanted, when, call, hits, called_hits) for key, wanted in when.items())


def key_holds(key, wanted, when, call, hits, called_hits):
    if key == "caller":
        asserted = call.callers[0].canonical
        own = [hit for hit in hits if hit.kind in ON_ANY or hit.number == asserted]
        return number_holds(wanted, call.caller, own, call)
    if key == "called":
        return number_holds(wanted, call.called, called_hits, call)
    if key == "anonymous":
        return (call.caller.kind == "anonymous") == wanted
    if key == "trunk":
        return call.trunk.name in listed(wanted)
    if key == "display_name":
        return text_holds(wanted, call.display_name)
    if key == "agrees":
        return call.agrees is None if isinstance(wanted, dict) else call.agrees == wanted
    if key == "diverted":
        return call.diverted == wanted
    if key == "hours":
        return time_holds(listed(wanted), when.get("days"), call)
    if key == "days":
        return "hours" in when or day_of(call) in wanted  # together with hours it is asked there
    if key == "any":
        return any(when_holds(part, call, hits, called_hits) for part in wanted)
    if key == "all":
        return all(when_holds(part, call, hits, called_hits) for part in wanted)
    raise AssertionError(key)


def number_holds(wanted, number, hits, call):
    return all(number_key_holds(key, listed(value), number, hits, call) for key, value in wanted.items())


def number_key_holds(key, values, number, hits, call):
    canonical = number.canonical
    if key == "exact":
        return canonical in [read_number(value, CN).canonical for value in values]
    if key == "starts_with":
        return any(canonical.startswith(canonical_prefix(value, "CN")) for value in values)
    if key == "range":
        for value in values:
            first, last = (read_number(end, CN).canonical for end in value.split(".."))
            if number.kind != "cn-9-odd" and len(canonical) == len(first) and first <= canonical <= last:
                return True
        return False
    if key == "class":
        return number.kind in values
    if key == "on_list":
        return any(hit.list in values for hit in hits)
    if key == "country":
        return number.region in values
    if key == "group":
        return (call.facts or {}).get("group") in values
    if key == "calls":
        value = (call.facts or {}).get("calls_1h")
        return value is not None and value > values[0]["over"]
    raise AssertionError(key)


def text_holds(wanted, text):
    if "missing" in wanted:
        return text == ""
    return any(part.lower() in text.lower() for part in wanted["contains"]) if text else False


def day_of(call, before=0):
    return DAYS[(datetime.fromtimestamp(call.at, ZONE) - timedelta(days=before)).weekday()]


def time_holds(windows, days, call):
    clock = datetime.fromtimestamp(call.at, ZONE).strftime("%H:%M")
    for window in windows:
        start, end = window.split("-")
        if start < end:
            inside, day = start <= clock < end, day_of(call)
        elif clock >= start:
            inside, day = True, day_of(call)
        else:
            inside, day = clock < end, day_of(call, before=1)
        if inside and (days is None or day in days):
            return True
    return False


def rule_holds(rule, call, hits, called_hits):
    if not when_holds(rule["when"], call, hits, called_hits):
        return False
    return not any(when_holds(part, call, hits, called_hits) for part in rule.get("unless", []))


def is_live(rule, call):
    mode = rule.get("mode", "live")
    if mode in ("live", "observe"):
        return mode == "live"
    number = call.caller.canonical or call.called.canonical
    lot = hashlib.blake2b(number.encode(), digest_size=4, key=rule["rule"].encode()).digest()
    return int.from_bytes(lot, "big") / 2**32 < float(mode.rstrip("%")) / 100


def entry_counts(hit: Hit, call: Call):
    if hit.kind in ON_ANY:
        return True
    if hit.number != call.callers[0].canonical:
        return False
    if hit.kind != "allow":
        return True
    return call.believed and (not hit.trunks or call.trunk.name in hit.trunks)


def passes(hit):
    return hit.kind in ("allow", "subscriber-allow")


def narrowest(hits):
    """The narrowest entry; equal, allow wins, then the alphabet."""
    return min(hits, key=lambda hit: (-hit.narrowness, not passes(hit), hit.list, hit.entry))


def does(rule):
    """What a rule does, in one word."""
    then = rule["then"]
    return then if isinstance(then, str) else next(iter(then))


def marks(rules, call, hits, called_hits):
    """Label and ring of a tagged call: of the rules that tag, the first by name that has one."""
    named = sorted(rules, key=lambda rule: rule["rule"])
    live = [rule for rule in named if rule_holds(rule, call, hits, called_hits) and is_live(rule, call)]
    given = [rule["then"]["tag"] for rule in live if does(rule) == "tag" and isinstance(rule["then"], dict)]
    return tuple(next((one[key] for one in given if key in one), "") for key in ("label", "ring"))


def judge(rules, call, hits, called_hits):
    """Action, who won, suspicion."""
    if call.emergency:
        return "forward", "", 0
    acting = [hit for hit in hits if hit.kind != "suspect" and hit.kind not in ("plain", "own")]
    acting = [hit for hit in acting if entry_counts(hit, call)]
    live = [rule for rule in rules if rule_holds(rule, call, hits, called_hits) and is_live(rule, call)]
    suspicion = sum(rule["then"]["suspicion"] for rule in live if does(rule) == "suspicion")
    suspects = {
        hit.list: [other for other in hits if other.kind == "suspect" and other.list == hit.list] for hit in hits
    }
    suspicion += sum(narrowest(found).suspicion for found in suspects.values() if found)
    for kind in ABOVE_RULES:
        kinds = [kind, "do-not-originate"] if kind == "block" else [kind]
        found = [hit for hit in acting if hit.kind in kinds and not hit.shared]
        if found:
            winner = narrowest(found)
            return "forward" if passes(winner) else "reject", winner.list, suspicion
    tags = sorted(rule["rule"] for rule in live if does(rule) == "tag")
    for action in ("forward", "reject", "divert"):
        names = sorted(rule["rule"] for rule in live if does(rule) == action)
        if names and action == "forward" and tags:
            return "tag", tags[0], suspicion
        if names:
            return action, names[0], suspicion
    shared = [hit for hit in acting if hit.shared]
    if shared:
        winner = narrowest(shared)
        return "forward" if passes(winner) else "reject", winner.list, suspicion
    if suspicion >= call.trunk.reject_at:
        return "reject", None, suspicion
    if tags:
        return "tag", tags[0], suspicion
    if suspicion >= call.trunk.tag_at:
        return "tag", None, suspicion
    return "forward", "", suspicion
