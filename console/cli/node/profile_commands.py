"""`ringfence profiles`: what each reply profile says to a rejected caller, and the signed card of a 608."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, fail
from console.cli.files import finished_file

if TYPE_CHECKING:
    from ringfence.installation import Installation

profiles_app = typer.Typer(no_args_is_help=True)
group(profiles_app, "Reply profiles: what a rejected caller is told; sign the card of a 608.")
_DECISION = "0123456789abcdef0123"  # stands for any


@command(profiles_app)
async def show(here: Installation) -> Answer:
    """Show what each profile sends, for a decision with a made-up id."""
    from proxy.reply_profiles import made

    rows: list[dict[str, Any]] = []
    said: list[str] = []
    for name, profile in made(here.configuration.profiles).items():
        lines = [line.decode() for line in profile.fields(_DECISION)]
        rows.append({"name": name, "status": profile.status, "phrase": profile.phrase, "headers": lines})
        rows[-1]["otherwise"] = profile.otherwise
        said.append(f"{name}: SIP/2.0 {profile.status} {profile.phrase}")
        said += [f"    {line}" for line in lines]
        if profile.otherwise:
            said.append(f"    whom it does not suit gets {profile.otherwise}")
    return Answer(rows, "\n".join(said))


@command(profiles_app)
async def sign(
    here: Installation,
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="Whose url, email and tel the card names.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Private key of P-256 in PEM, mode 0600.")],
    certificate: Annotated[
        str, typer.Option("--certificate", metavar="URL", help="Where its certificate lies, https (x5u).")
    ],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Who speaks, such as Example Telecom.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The card; an old one is replaced.")],
) -> Answer:
    """Sign the contact of a profile as the jCard that `card` of a 608 leads to (RFC 8688), once; then publish it."""
    from proxy.profile_settings import read_card
    from ringfence.signed_cards import jcard, read_key, signed
    from rules.texts.bad_value import BadValue

    settings = here.configuration.profiles.get(profile)
    if settings is None:
        fail(f"no profile is named {profile!r}; known are {', '.join(sorted(here.configuration.profiles)) or 'none'}")
    if not name.strip() or not name.isprintable():
        fail("say by --name who speaks, in printable text")
    try:
        card = jcard(settings, name.strip())
        text = signed(card, read_key(key), read_card(certificate), time.time())
    except BadValue as error:
        fail(f"{error.what}; {error.hint}")
    with finished_file(out) as file:
        file.write(text + "\n")
    out.chmod(0o644)  # to be published
    said = f"{out}: {len(text)} characters. Publish it, and name its address as `card` of profile {profile}."
    return Answer({"file": str(out), "jcard": card}, said)
