"""`ringfence people`: accounts, what they are there for, passwords, and who is signed in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, counted, fail, field_lines, table, two_lines
from console.cli.options import shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from ringfence.people.accounts import Account
    from ringfence.people.people import People

people_app = typer.Typer(no_args_is_help=True)
group(people_app, "Accounts of people: make, show and disable them, their roles, passwords and sessions.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="viewer, complaint-officer, list-keeper, rule-author, engineer, privacy-officer, auditor, admin; several "
        "by commas.",
    ),
]
Why = Annotated[str, typer.Option(help="Why; it is recorded.")]
_COLUMNS = ("name", "display_name", "roles", "login", "state", "password", "signed_in", "sessions")


@command(people_app)
async def add(
    here: Installation,
    name: Name,
    role: Roles,
    display_name: Annotated[str, typer.Option(help="As pages and letters call the person.")] = "",
    login: Annotated[
        str, typer.Option(metavar="LOGIN", help="Whoever runs commands under it acts as this account.")
    ] = "",
    language: Annotated[str, typer.Option(metavar="en|zh", help="Of pages; default: the browser's.")] = "",
    password: Annotated[
        bool, typer.Option("--password", help="Ask for one: on the terminal, or the first line of standard input.")
    ] = False,
) -> Answer:
    """Make an account; the first is an admin's, and acts under the login that makes it unless --login names another."""
    from ringfence.people.accounts import Wanted, read_roles
    from ringfence.people.passwords import refuse_weak

    people, author = await _admin(here)
    first = not await people.accounts.any()
    acts_under = login or (here.actor if first else None)
    wanted = Wanted(name, read_roles(role), display_name, language, acts_under)
    if password:
        typed = _password(name)
        refuse_weak(typed, name)
        wanted = wanted._replace(password=await people.passwords.hash(typed))
    made = await people.accounts.add(wanted, author=author)
    said = f"{made.name} is there: {', '.join(sorted(made.roles))}."
    if made.login:
        said += f" Commands under the login {made.login} act as {made.name}."
    if first:
        said += " From now on whoever has no account may do nothing."
    return Answer(_row(made, 0, here.zone), said)


@command(people_app, "list")
async def list_people(here: Installation) -> Answer:
    """List the accounts: roles, login, state, when somebody last signed in."""
    people, _ = await _admin(here)
    there = [one.account for one in await people.sessions.listed()]
    rows = [_row(each, there.count(each.id), here.zone) for each in await people.accounts.listed()]
    none = (
        "There is no account yet: everything is open to whoever may read the files. Make the first with `people add`."
    )
    return table(_COLUMNS, rows, here.zone, narrow=_narrow, none=none)


@command(people_app)
async def show(here: Installation, name: Name) -> Answer:
    """Show one account: what it may do, its sessions, and what was done with it."""
    from desk.showing import deed_shown
    from ringfence.people.rights import MEANING, rights_of

    people, _ = await _admin(here)
    account = await people.accounts.named(name)
    sessions = await people.sessions.listed(account.id)
    done = [deed_shown(deed) for deed in await people.deeds_of(account.name)]
    rights = sorted(rights_of(account.roles))
    data = _row(account, len(sessions), here.zone) | {
        "language": account.language,
        "created": account.created,
        "author": account.author,
        "rights": rights,
        "history": [deed._asdict() for deed in done],
    }
    shown = {**data, "roles": ", ".join(data["roles"]), "rights": "\n".join(f"{one}: {MEANING[one]}" for one in rights)}
    shown["created"] = shown_time(account.created, here.zone)
    shown["history"] = "\n".join(
        "; ".join(filter(None, (f"{shown_time(one.at, here.zone)} {one.actor}: {one.step}", one.detail, one.reason)))
        for one in done
    )
    return Answer(data, "\n".join(field_lines(shown)))


@command(people_app)
async def roles(
    here: Installation,
    name: Name,
    role: Annotated[list[str], typer.Argument(metavar="ROLE...", help="All that it is there for from now on.")],
) -> Answer:
    """Say what an account is there for: these roles and no others, from the next request on."""
    from ringfence.people.accounts import read_roles

    people, author = await _admin(here)
    changed = await people.accounts.set_roles(name, read_roles(role), author=author)
    return Answer(_row(changed, None, here.zone), f"{changed.name}: {', '.join(sorted(changed.roles))}.")


@command(people_app)
async def login(
    here: Installation,
    name: Name,
    of_system: Annotated[str, typer.Argument(metavar="[LOGIN]", help="Default: none.")] = "",
) -> Answer:
    """Say under which login of the system somebody runs commands, or that it is under none."""
    people, author = await _admin(here)
    changed = await people.accounts.set_login(name, of_system or None, author=author)
    said = f"Commands under the login {changed.login} act as" if changed.login else "No login acts as"
    return Answer(_row(changed, None, here.zone), f"{said} {changed.name}.")


@command(people_app)
async def password(here: Installation, name: Name) -> Answer:
    """Give an account another password: asked on the terminal, else the first line of standard input. Sessions end."""
    people, author = await _admin(here, name)
    account = await people.accounts.named(name)
    changed = await people.set_password(account.name, _password(account.name), author=author)
    return Answer(_row(changed, 0, here.zone), f"{changed.name} has another password; who was signed in is out.")


@command(people_app, "second-factor")
async def second_factor(
    here: Installation,
    name: Name,
    code: Annotated[
        str, typer.Option(metavar="CODE", help="As the telephone shows it: from now on it takes one.")
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="The password alone is enough again.")] = False,
) -> Answer:
    """Let it take a code of a telephone (TOTP) to sign in: first what the telephone reads, then, with --code, for good.

    The codes for paper, each of which opens once, are told when it counts.
    """
    people, author = await _admin(here, "" if remove else name)
    account = await people.accounts.named(name)
    if remove:
        await people.second_factors.remove(account, author=author)
        return Answer({"name": account.name}, f"{account.name} signs in by the password alone.")
    if code:
        codes = await people.second_factors.confirm(account, code, author=author)
        said = f"{account.name} signs in with a code from now on. Each of these opens once, if the telephone is lost:"
        return Answer({"name": account.name, "codes": codes}, "\n".join([said, *codes]))
    uri = await people.second_factors.begin(account, author=author)
    said = f"Let the telephone read this, then: ringfence people second-factor {account.name} --code CODE\n{uri}"
    return Answer({"name": account.name, "uri": uri}, said)


@command(people_app)
async def passkeys(
    here: Installation,
    name: Name,
    remove: Annotated[
        int, typer.Option("--remove", metavar="ID", help="Let this one let nobody in any more: what holds it is lost.")
    ] = 0,
) -> Answer:
    """Show the passkeys of an account, or remove one; they are made on the page of one's own account."""
    people, author = await _admin(here, "" if remove else name)
    account = await people.accounts.named(name)
    if remove:
        gone = await people.passkeys.remove(account, remove, author=author)
        return Answer({"name": account.name, "removed": gone.name}, f"{gone.name} lets {account.name} in no more.")
    rows = [
        {"id": one.id, "name": one.name, "created": one.created, "last": one.used}
        for one in await people.passkeys.listed(account)
    ]
    return table(("id", "name", "created", "last"), rows, here.zone, none=f"{account.name} has no passkey.")


@command(people_app)
async def disable(here: Installation, name: Name, reason: Why = "") -> Answer:
    """Let an account open nothing from now on, until it is enabled again; its sessions end."""
    people, author = await _admin(here)
    changed = await people.accounts.disable(name, author=author, reason=reason)
    return Answer(_row(changed, 0, here.zone), f"{changed.name} is disabled; who was signed in is out.")


@command(people_app)
async def enable(here: Installation, name: Name, reason: Why = "") -> Answer:
    """Let a disabled account open again what its roles say."""
    people, author = await _admin(here)
    changed = await people.accounts.enable(name, author=author, reason=reason)
    return Answer(_row(changed, 0, here.zone), f"{changed.name} is enabled.")


@command(people_app)
async def remove(here: Installation, name: Name, reason: Why = "") -> Answer:
    """Let an account be gone; its name stays in the record, and is never given again."""
    people, author = await _admin(here)
    gone = await people.accounts.remove(name, author=author, reason=reason)
    return Answer(_row(gone, 0, here.zone), f"{gone.name} is removed; the record goes on naming it.")


@command(people_app)
async def sessions(
    here: Installation, name: Annotated[str, typer.Argument(metavar="[NAME]", help="Of one account.")] = ""
) -> Answer:
    """Show who is signed in, since when, and from where."""
    people, _ = await _admin(here, name)
    names = {each.id: each.name for each in await people.accounts.listed()}
    of = (await people.accounts.named(name)).id if name else None
    rows = [
        {"id": one.id, "name": names[one.account], "since": one.created, "last": one.seen, "address": one.address}
        for one in await people.sessions.listed(of)
    ]
    return table(("id", "name", "since", "last", "address"), rows, here.zone, none="Nobody is signed in.")


@command(people_app)
async def revoke(
    here: Installation,
    name: Name,
    session: Annotated[str, typer.Option(metavar="ID", help="Only this one; default: all.")] = "",
) -> Answer:
    """End the sessions of an account: whoever is signed in has to sign in again."""
    people, author = await _admin(here, name)
    account = await people.accounts.named(name)
    ended = await people.sessions.revoke(account.id, account.name, which=session, author=author)
    return Answer({"name": account.name, "ended": ended}, f"{counted(ended, 'session')} of {account.name} ended.")


@command(people_app)
async def guards(
    here: Installation,
    take: Annotated[bool, typer.Option("--take", help="Let those of this ringfence.yaml be in force.")] = False,
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit.")] = "",
) -> Answer:
    """Show the settings that guard people from whoever works here, and out of which file they are in force."""
    from ringfence.people.guards import guards_in_force, guards_of, looser, take_guards
    from rules.texts.blanks import is_blank

    _, who = await _admin(here, held=False)
    here.actor = who
    stands = await guards_in_force(here)
    if take:
        if is_blank(reason):
            fail("say why, with --reason: it stands in the audit")
        stands = await take_guards(here, reason.strip())
    if stands is None:
        return Answer(None, "None are in force yet: the first command of an account brings those of its file.")
    less = looser(stands.settings, guards_of(here.configuration))
    lines = [f"{name}: {value}" for name, value in sorted(stands.settings.items())]
    lines += [f"In force out of {stands.file}.", *(f"Less in {here.file}: {one}." for one in less)]
    return Answer({"file": stands.file, "settings": stands.settings, "less_here": less}, "\n".join(lines))


async def _admin(here: Installation, own: str = "", *, held: bool = True) -> tuple[People, str]:
    """The accounts, and in whose name they are changed; NotAllowed for who may not, unless it is his ``own``.

    `held` to the settings that guard people, whatever file he names.
    """
    from ringfence.login import login_name
    from ringfence.people.faults import NotAllowed
    from ringfence.people.guards import hold_to_guards
    from ringfence.people.rights import Right
    from rules.audit.second import let_pass

    people = await here.people()
    try:
        actor = await people.acting(*here.logins)
        if not (own and own.casefold() == actor.name.casefold()):
            people.ask(actor, Right.PEOPLE_WRITE)
    except NotAllowed:
        # Who can write every file is not kept out by one of them; so nobody is locked out for good, and it is recorded.
        if here.logins[-1] != login_name(0):
            raise
        let_pass("by root, who has no account")
        return people, here.actor
    if actor.roles:
        here.actor = actor.name
        if held:
            await hold_to_guards(here)
    return people, actor.name


def _password(name: str) -> str:
    """What somebody types, twice; or the first line of standard input. Arguments stand in the list of processes."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _row(account: Account, sessions: int | None, zone: str) -> dict[str, Any]:
    return {
        "name": account.name,
        "display_name": account.display_name,
        "roles": sorted(account.roles),
        "login": account.login,
        "state": "works" if account.disabled is None else "disabled",
        "password": account.password,
        "signed_in": shown_time(account.signed_in, zone) or None,
        "sessions": sessions,
    }


def _narrow(row: dict[str, str]) -> str:
    return two_lines((row["name"], row["state"]), row["roles"], f"login {row['login']}" if row["login"] else "")
