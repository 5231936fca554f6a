"""The door of the command line: which right each command asks for, and as which account somebody runs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from console.cli.answers import clear_errors
from console.cli.options import chosen
from desk.steps import APPEAL_STEPS, CASE_STEPS
from ringfence.people.rights import TAKES_TWO, Right

if TYPE_CHECKING:
    import typer

    from ringfence.installation import Installation

_WAIT_S = 60.0  # for an answer of the node
_R = Right
_OF_TWO = (*dict.fromkeys(right for rights in TAKES_TWO.values() for right in rights), _R.LISTS_RELEASE)
# One of these rights is enough; none: the command tells nothing of anybody, or asks itself whom it lets in.
RIGHTS: dict[str, tuple[Right, ...]] = {
    **dict.fromkeys(("init", "check", "settings", "version", "samples", "test", "call", "demo", "serve", "health"), ()),
    **dict.fromkeys(("fmt", "play"), ()),
    **dict.fromkeys(("api serve", "api openapi"), ()),
    **dict.fromkeys(("profiles show", "profiles sign"), ()),  # ringfence.yaml, and a key of whoever signs
    **{f"api keys {name}": (_R.KEYS_WRITE,) for name in ("add", "list", "renew", "revoke")},
    # `people` shows and changes one's own account, too.
    **{f"people {name}": () for name in ("add", "list", "show", "roles", "login", "password", "second-factor")},
    "people passkeys": (),
    "people guards": (),
    **{f"people {name}": () for name in ("disable", "enable", "remove", "sessions", "revoke")},
    # Whoever may do something himself sees and confirms what others propose of it; `Approvals` asks again.
    **{f"approvals {name}": _OF_TWO for name in ("list", "confirm", "refuse")},
    **{f"db {name}": (_R.PEERS_WRITE,) for name in ("check", "backup", "restore")},
    **dict.fromkeys(("reload", "restart", "trace", "peers drain", "peers undrain"), (_R.PEERS_WRITE,)),
    **dict.fromkeys(("bans add", "bans lift", "nodes lead", "nodes refill"), (_R.PEERS_WRITE,)),
    **dict.fromkeys(("top", "peers", "bans", "bans list", "plugins", "nodes"), (_R.PEERS_READ,)),
    **dict.fromkeys(("rules activate", "rules rollback", "rules promote", "rules demote", "replay"), (_R.RULES_WRITE,)),
    "campaigns": (_R.RULES_WRITE,),
    **dict.fromkeys(("rules list", "rules stats", "rules history", "rules diff"), (_R.RULES_READ,)),
    "rules recipes": (),
    "rules new": (_R.RULES_WRITE, _R.NUMBERS_UNMASK),
    **dict.fromkeys(("log", "explain"), (_R.CALLS_READ,)),
    **{f"lists {name}": (_R.LISTS_WRITE,) for name in ("add", "remove", "import", "undo", "export")},
    **{f"lists {name}": (_R.LISTS_RELEASE,) for name in ("release", "drop")},
    **{f"lists {name}": (_R.LISTS_READ,) for name in ("show", "imports", "held", "history", "reviews", "stale")},
    **{f"lists {name}": (_R.LISTS_READ,) for name in ("stats", "top")},
    **{f"ranges {name}": (_R.LISTS_WRITE,) for name in ("import", "undo")},
    **{f"ranges {name}": (_R.LISTS_READ,) for name in ("show", "imports", "history", "export", "unheld")},
    **{f"share {name}": (_R.PEERS_WRITE,) for name in ("init", "rotate", "renew", "handing-key")},
    **dict.fromkeys(("share inbox", "share outbox"), (_R.CASES_READ,)),
    "share answer": (_R.CASES_WRITE,),
    # A timer does these, too, as an account that is there for the node.
    **{f"share {name}": (_R.LISTS_WRITE, _R.PEERS_WRITE) for name in ("publish", "fetch")},
    "share partners": (_R.LISTS_READ,),
    **{f"share {name}": (_R.LISTS_WRITE,) for name in ("back", "leave", "join")},
    **{f"share {name}": (_R.LISTS_RELEASE,) for name in ("waiting", "accept", "refuse")},  # which shows numbers
    **dict.fromkeys(("subscribers add", "subscribers remove"), (_R.LISTS_WRITE,)),
    **dict.fromkeys(("subscribers show", "why"), (_R.LISTS_READ,)),
    **dict.fromkeys(("complaints add", "complaints import"), (_R.COMPLAINTS_WRITE,)),
    **dict.fromkeys(("complaints list", "complaints show"), (_R.COMPLAINTS_READ,)),
    **dict.fromkeys(("complaints withdraw", "complaints reject"), (_R.CASES_WRITE,)),
    **dict.fromkeys(("case", "cases list", "ladder show", "owners", "letters list"), (_R.CASES_READ,)),
    **{f"cases {step.name}": (Right(step.right),) for step in CASE_STEPS},
    "appeals file": (_R.APPEALS_WRITE,),
    **dict.fromkeys(("appeals list", "appeals show", "appeals pack"), (_R.APPEALS_READ, _R.APPEALS_DECIDE)),
    **{f"appeals {step.name}": (Right(step.right),) for step in APPEAL_STEPS},
    **dict.fromkeys(("ladder assign", "ladder climb", "ladder clear", "letters owner"), (_R.LADDER_WRITE,)),
    **dict.fromkeys(("letters ask", "letters confirm"), (_R.CASES_WRITE,)),
    # A timer sends them, too: an account that is there for the node reads none of them by it.
    **dict.fromkeys(("letters send", "letters retry"), (_R.CASES_WRITE, _R.PEERS_WRITE)),
    **dict.fromkeys(("leaks list", "leaks show", "inquiries list", "offices list"), (_R.CASES_READ,)),
    **{f"inquiries {name}": (_R.CASES_WRITE,) for name in ("open", "answer", "close")},
    **{f"offices {name}": (_R.CASES_WRITE,) for name in ("add", "merge", "split", "import")},
    "leaks ack": (_R.CASES_WRITE,),
    **dict.fromkeys(("report", "alerts", "trunks"), (_R.REPORTS_READ,)),
    **{f"keys {name}": (_R.PRIVACY_WRITE,) for name in ("rotate", "rewrite", "forget")},
    "numbers show": (_R.NUMBERS_UNMASK,),
    **{f"privacy {name}": (_R.PRIVACY_WRITE,) for name in ("retention", "export", "erase")},
    **dict.fromkeys(("audit show", "audit verify", "audit head", "audit anchor", "audit export"), (_R.AUDIT_READ,)),
}


_MENDING = frozenset({"db check", "db restore"})  # what puts accounts back that are gone


class Entered(NamedTuple):
    """Somebody whom the door lets in to ask the running node."""

    file: Path  # the configuration
    acting: str  # the account's name; empty while there is none

    def ask(self, command: str, words: Mapping[str, Any] | None = None, *, wait_s: float = _WAIT_S) -> Any:
        """What the node answers; why it does not is said, and the command ends."""
        from ringfence.control import ask, control_of, naming_faults

        with clear_errors(), naming_faults(self.file):
            return ask(control_of(self.file), command, words or {}, wait_s=wait_s, acting=self.acting)


def path_of(context: typer.Context) -> str:
    """What is typed behind `ringfence`, without arguments: `cases seal`."""
    names: list[str] = []
    inner: typer.Context | None = context
    while inner is not None and inner.parent is not None:
        names.insert(0, inner.info_name or "")
        inner = inner.parent  # type: ignore[assignment]
    return " ".join(names)


async def let_in(here: Installation, path: str, *, unmasked: bool = False) -> None:
    """Say in the installation who acts; NotAllowed for who may not do this, or see numbers in full by it.

    What is in no table is for nobody.
    """
    from ringfence.people.door import act_as, ask_one_of

    if not (wanted := RIGHTS.get(path, (None,))):
        return
    await act_as(here, mending=path in _MENDING)
    ask_one_of(here.who, [right for right in wanted if right is not None])
    if unmasked:
        ask_one_of(here.who, [Right.NUMBERS_UNMASK])


def entered(context: typer.Context, config: Path | None, *, unmasked: bool = False) -> Entered:
    """The same for a command that asks the running node, whose file may be what is wrong."""
    from ringfence.control import installation_of

    file = chosen(context, config)
    with clear_errors():
        here = installation_of(file)
        if here is None:
            return Entered(file, "")  # nobody can tell where its accounts are; the node says what is wrong
        path = path_of(context)
        here.run(lambda here: let_in(here, path, unmasked=unmasked))
        return Entered(file, here.who.name if here.who.roles else "")
