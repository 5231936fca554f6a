"""`ringfence api`: serve the desk over HTTP, make and revoke keys, print the OpenAPI document."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, clear_errors, fail, table
from console.cli.options import ConfigurationFile, chosen, seconds, shown_time

if TYPE_CHECKING:
    from pathlib import Path

    from console.api.access.key_book import AccessKey, KeyBook, KeyMaking
    from proxy.proxy_settings import Address
    from ringfence.installation import Installation

api_app = typer.Typer(no_args_is_help=True)
keys_app = typer.Typer(no_args_is_help=True)
api_app.add_typer(keys_app, name="keys")
group(api_app, "The complaint desk over HTTP: serve it, its keys, its OpenAPI document.")
group(keys_app, "Keys of the API, one for each source: add, renew, list, revoke.")


@api_app.command()
def serve(
    context: typer.Context,
    listen: Annotated[str, typer.Option(metavar="ADDRESS:PORT", help="Default: api.listen.")] = "",
    config: ConfigurationFile = None,
) -> None:
    """Answer HTTP beside the proxy until SIGTERM, API and console; closed to all but loopback until there is a key."""
    from pydantic import TypeAdapter, ValidationError

    from proxy.proxy_settings import Address

    file = chosen(context, config)
    try:
        where = TypeAdapter(Address).validate_python(listen) if listen else None
    except ValidationError:
        raise typer.BadParameter(
            f"{listen!r} is none; write 127.0.0.1:8607 or [::1]:8607", param_hint="--listen"
        ) from None
    with clear_errors():
        serve_here(file, where)


def serve_here(file: Path, where: Address | None = None) -> None:
    """API and console of an installation, until SIGTERM or Ctrl-C."""
    from console.api.serving import NotServed
    from console.api.serving import serve as run
    from console.web.application import beside

    try:
        run(file, where, beside)
    except NotServed as error:
        fail(str(error))


@api_app.command()
def openapi() -> None:
    """Print the OpenAPI document of the API; docs/openapi.json is the published copy."""
    from console.api.application import application

    Answer(application().openapi()).give(json=True)


@command(keys_app)
async def add(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source: complaints are filed under it.")],
    scope: Annotated[
        list[str], typer.Option(help="What it is good for: complaints:write,cases:read; may be repeated.")
    ],
    acts_as: Annotated[
        str, typer.Option(metavar="LOGIN", help="The account as which it acts, with the rights of both.")
    ] = "",
    expires: Annotated[str, typer.Option(metavar="DURATION", help="90d; default: never.")] = "",
    daily: Annotated[int, typer.Option(min=1, help="Requests a day at most.")] = 10_000,
) -> Answer:
    """Make a key and print it, this once; only its hash is kept."""
    from console.api.access.key_book import WantedKey
    from ringfence.people.rights import MEANING, Right

    words = [word for one in scope for word in one.replace(",", " ").split()]
    if unknown := sorted(set(words) - set(Right)):
        choice = "\n".join(f"  {one}: {meaning}" for one, meaning in MEANING.items())
        raise typer.BadParameter(f"{unknown[0]!r} is none; choose from\n{choice}", param_hint="--scope")
    until = time.time() + seconds(expires) if expires else None
    wanted = WantedKey(name, [Right(word) for word in words], acts_as, daily, expires)
    return _shown(*await (await _making(here)).add(wanted, author=here.actor, expires=until), here)


@command(keys_app)
async def renew(
    here: Installation,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id or its name.")],
    overlap: Annotated[str, typer.Option(metavar="DURATION", help="How long the old one goes on working.")] = "24h",
    expires: Annotated[str, typer.Option(metavar="DURATION", help="Of the new one: 90d; default: never.")] = "",
) -> Answer:
    """Give a source a new key with the same name and rights; the old one goes on for a while."""
    until = time.time() + seconds(expires) if expires else None
    overlap_s = seconds(overlap)
    made = await (await _making(here)).renew(key, expires, author=here.actor, overlap_s=overlap_s, expires=until)
    return _shown(*made, here)


def _shown(key: AccessKey, token: str, here: Installation) -> Answer:
    from ringfence.rights import doubts

    data = {"id": key.id, "name": key.name, "token": token}
    said = f"Key {key.id} of {key.name}. It is shown this once:\n{token}"
    return Answer(data, said, why="\n".join(doubts(here.configuration, key.actor, key.scopes)))


@command(keys_app, "list")
async def list_keys(here: Installation) -> Answer:
    """List the keys, without their secrets."""
    from console.api.access.allowance import Allowance

    book = await _key_book(here)
    used = await Allowance(await here.access()).used_today()
    rows = [_row(key, used.get(key.name, 0), here.zone) for key in await book.listed()]
    columns = ("id", "name", "scopes", "acts_as", "state", "expires", "today", "daily", "created", "author")
    return table(columns, rows, here.zone)


@command(keys_app)
async def revoke(
    here: Installation, key: Annotated[str, typer.Argument(metavar="KEY", help="Its id or its name.")]
) -> Answer:
    """Let a key, or all keys of a name, open nothing from now on."""
    found = await (await _key_book(here)).revoke(key, author=here.actor)
    data = [{"id": one.id, "name": one.name} for one in found]
    return Answer(data, "\n".join(f"key {one.id} of {one.name} is revoked." for one in found))


async def _making(here: Installation) -> KeyMaking:
    """While there are accounts, what a person does is done with a key of a person."""
    from console.api.access.key_book import KeyMaking

    return KeyMaking(await _key_book(here), here.second, await here.people() if here.who.roles else None)


async def _key_book(here: Installation) -> KeyBook:
    from console.api.access.key_book import KeyBook

    return KeyBook(await here.access())


def _row(key: AccessKey, used: int, zone: str) -> dict[str, Any]:
    state = "revoked" if key.revoked is not None else "works" if key.works(time.time()) else "expired"
    return {
        "id": key.id,
        "name": key.name,
        "scopes": " ".join(sorted(key.scopes)),
        "acts_as": key.actor,
        "state": state,
        "expires": shown_time(key.expires, zone) or None,
        "today": min(used, key.daily),
        "daily": key.daily,
        "created": shown_time(key.created, zone),
        "author": key.author,
    }
