"""`ringfence api`: serve the desk over HTTP, make and revoke keys, print the OpenAPI document."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from console.cli.answers import as_json, clear_errors, fail, print_table
from console.cli.desk.opened_desk import officer
from console.cli.options import AsJson, ConfigurationFile, chosen, seconds, shown_time

if TYPE_CHECKING:
    from console.api.access.key_book import AccessKey, KeyBook
    from rules.storage.store import Store

Found = TypeVar("Found")

api_app = typer.Typer(no_args_is_help=True)
keys_app = typer.Typer(no_args_is_help=True)
api_app.add_typer(keys_app, name="keys")


@api_app.callback()
def api(context: typer.Context, config: ConfigurationFile = None) -> None:
    """The complaint desk over HTTP: serve it, its keys, its OpenAPI document."""
    if config is not None:
        context.obj = config


@keys_app.callback()
def keys(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Keys of the API, one for each source: add, renew, list, revoke."""
    if config is not None:
        context.obj = config


@api_app.command()
def serve(
    context: typer.Context,
    listen: Annotated[str, typer.Option(metavar="ADDRESS:PORT", help="Default: api.listen.")] = "",
    config: ConfigurationFile = None,
) -> None:
    """Answer HTTP beside the proxy until SIGTERM; closed to all but loopback until there is a key."""
    from pydantic import TypeAdapter, ValidationError

    from console.api.serving import NotServed
    from console.api.serving import serve as run
    from proxy.settings import Address

    file = chosen(context, config)
    try:
        where = TypeAdapter(Address).validate_python(listen) if listen else None
    except ValidationError:
        raise typer.BadParameter(
            f"{listen!r} is none; write 127.0.0.1:8607 or [::1]:8607", param_hint="--listen"
        ) from None
    with clear_errors():
        try:
            run(file, where)
        except NotServed as error:
            fail(str(error))


@api_app.command()
def openapi() -> None:
    """Print the OpenAPI document of the API; docs/openapi.json is the published copy."""
    from console.api.application import application

    as_json(application().openapi())


@keys_app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source: complaints are filed under it.")],
    scope: Annotated[
        list[str], typer.Option(help="What it is good for: complaints:write,cases:read; may be repeated.")
    ],
    acts_as: Annotated[str, typer.Option(metavar="LOGIN", help="Officer in whose name it takes steps.")] = "",
    expires: Annotated[str, typer.Option(metavar="DURATION", help="90d; default: never.")] = "",
    daily: Annotated[int, typer.Option(min=1, help="Requests a day at most.")] = 10_000,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Make a key and print it, this once; only its hash is kept."""
    from console.api.access.scopes import MEANING, Scope

    file = chosen(context, config)
    words = [word for one in scope for word in one.replace(",", " ").split()]
    if unknown := sorted(set(words) - set(Scope)):
        choice = "\n".join(f"  {one}: {meaning}" for one, meaning in MEANING.items())
        raise typer.BadParameter(f"{unknown[0]!r} is none; choose from\n{choice}", param_hint="--scope")
    until = time.time() + seconds(expires) if expires else None

    async def work(store: Store, book: KeyBook) -> tuple[AccessKey, str]:
        scopes = [Scope(word) for word in words]
        return await book.add(name, scopes, author=officer(), acts_as=acts_as, expires=until, daily=daily)

    key, token = _with_keys(file, work)
    _show(key, token, json=json)


@keys_app.command()
def renew(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id or its name.")],
    overlap: Annotated[str, typer.Option(metavar="DURATION", help="How long the old one goes on working.")] = "24h",
    expires: Annotated[str, typer.Option(metavar="DURATION", help="Of the new one: 90d; default: never.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Give a source a new key with the same name and rights; the old one goes on for a while."""
    file = chosen(context, config)
    overlap_s = seconds(overlap)
    until = time.time() + seconds(expires) if expires else None

    async def work(store: Store, book: KeyBook) -> tuple[AccessKey, str]:
        return await book.renew(key, author=officer(), overlap_s=overlap_s, expires=until)

    made, token = _with_keys(file, work)
    _show(made, token, json=json)


def _show(key: AccessKey, token: str, *, json: bool) -> None:
    if json:
        as_json({"id": key.id, "name": key.name, "token": token})
    else:
        typer.echo(f"Key {key.id} of {key.name}. It is shown this once:\n{token}")


@keys_app.command(name="list")
def list_keys(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    file = chosen(context, config)

    async def work(store: Store, book: KeyBook) -> tuple[list[AccessKey], dict[str, int], str]:
        from console.api.access.allowance import Allowance
        from ringfence.configuration import load_configuration

        return await book.listed(), await Allowance(store).used_today(), load_configuration(file).time_zone

    found, used, zone = _with_keys(file, work)
    rows = [_row(key, used.get(key.name, 0), zone) for key in found]
    columns = ("id", "name", "scopes", "acts_as", "state", "expires", "today", "daily", "created", "author")
    as_json(rows) if json else print_table(columns, rows)


@keys_app.command()
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id or its name.")],
    config: ConfigurationFile = None,
) -> None:
    """Let a key, or all keys of a name, open nothing from now on."""
    file = chosen(context, config)

    async def work(store: Store, book: KeyBook) -> list[AccessKey]:
        return await book.revoke(key, author=officer())

    found = _with_keys(file, work)
    for one in found:
        typer.echo(f"key {one.id} of {one.name} is revoked.")


def _with_keys(file: Path, work: Callable[[Store, KeyBook], Awaitable[Found]]) -> Found:
    """What comes of work with the keys of a configuration; an error ends the command in clear words."""

    async def opened() -> Found:
        from console.api.access.key_book import KeyBook, open_access

        store = await open_access(_database(file), durable=True)
        try:
            return await work(store, KeyBook(store))
        finally:
            await store.close()

    with clear_errors():
        return asyncio.run(opened())


def _database(file: Path) -> Path:
    from ringfence.configuration import load_configuration

    database = file.parent / load_configuration(file).storage.database
    database.parent.mkdir(parents=True, exist_ok=True)
    return database


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
