"""Calls and rule sets for tests: a few words in, the real thing out."""

from ringfence.ask import Reader
from ringfence.node_settings import Configuration
from rules.judging.engine import RuleSet
from rules.language.compile import Known, compile_rules
from rules.language.faults import Fault
from rules.language.rule_files import RuleFiles
from rules.language.source import read_document
from rules.model import Call, Hit, Trunk
from rules.numbering.numbers import read_number
from rules.settings.screening import ListSettings, ScreeningSettings

CN = Trunk("carrier", country="CN")
TRUSTED = Trunk("trusted", country="CN", identity_trusted=True, cli_screened=True)
ABROAD = Trunk("abroad", country="US", national=False)
TRUNKS = (CN, TRUSTED, ABROAD)
EVENING = 1795529400.0  # Tuesday 2026-11-24 22:10 in Shanghai
MORNING = EVENING - 13 * 3600  # the same day 09:10
LISTS = {
    "allowed": ListSettings(kind="allow"),
    "blocked": ListSettings(kind="block"),
    "suspected": ListSettings(kind="suspect"),
    "consented": ListSettings(kind="plain"),
    "ours": ListSettings(kind="own"),
}

READ = Reader(
    Configuration.model_validate(
        {
            "listen": [{"address": "192.0.2.1:5060"}],
            "pbxes": [{"name": "office", "addresses": ["203.0.113.10"]}],
            "trunks": [{"name": "default"}],
            "headers": ["X-Origin"],
        }
    )
).read  # as the proxy does


def call(caller="13912345678", called="13800138000", *, trunk=CN, at=EVENING, shown=(), **facts) -> Call:
    """A call; `shown` are further numbers that the caller shows beside the asserted one."""
    asserted = read_number(caller, trunk)
    numbers = (asserted, *(read_number(number, trunk) for number in shown))
    return Call(
        caller=asserted, callers=numbers, called=read_number(called, trunk, called=True), trunk=trunk, at=at, **facts
    )


def hit(name, kind, call_or_number, narrowness=100, **more) -> Hit:
    """An entry that covers the caller of a call, or a number."""
    number = call_or_number.caller.canonical if isinstance(call_or_number, Call) else call_or_number
    return Hit(name, kind, number, "test", number, narrowness, **more)


def compiled(text: str | RuleFiles, *, use=(), file="rules.yaml", **more) -> tuple[RuleSet | None, list[Fault]]:
    """The rules of a YAML text, or of stored files, on a Chinese machine, and every fault."""
    values = {"time_zone": "Asia/Shanghai", "lists": LISTS, "headers": ["X-Origin"], "use": list(use)}
    settings = ScreeningSettings(**{**values, **more.pop("settings", {})})
    documents = (
        text
        if isinstance(text, RuleFiles)
        else [read_document(part, file if n == 0 else f"{n}-{file}") for n, part in enumerate(text.split("\n---\n"))]
    )
    known = more.pop("known", Known())._replace(read=READ)
    return compile_rules(documents, settings, trunks=more.pop("trunks", (CN,)), known=known, now=EVENING, **more)[:2]


def rules(text: str, **more) -> RuleSet:
    """The rules of a YAML text; a fault fails the test."""
    ruleset, faults = compiled(text, **more)
    assert ruleset is not None, "\n".join(map(str, faults))
    return ruleset


def faults(text: str, **more) -> list[str]:
    """What is wrong with a YAML text, as an author reads it."""
    ruleset, found = compiled(text, **more)
    assert ruleset is None
    return [str(fault) for fault in found if not fault.warning]


def rule(when: str, then: str = "tag", name: str = "r", **more: str) -> str:
    """One rule in YAML."""
    further = "".join(f"  {key}: {value}\n" for key, value in more.items())
    return f"- rule: {name}\n  because: It is so.\n  when: {when}\n  then: {then}\n{further}"


def holds(when: str, made: Call, hits=(), called_hits=(), **more) -> bool:
    """Does a rule with this `when` hold for the call?"""
    return "r" in [fired.name for fired in rules(rule(when), **more).judge(made, hits, called_hits).fired]
