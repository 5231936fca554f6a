"""The command line: one short function a command; what a command needs is imported when it runs."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import console.cli.lists.export_commands
import console.cli.lists.held_commands
import console.cli.lists.history_commands
import console.cli.lists.import_commands
import console.cli.lists.ledger_commands
import console.cli.lists.statistic_commands
import console.cli.workbench.new_rules  # noqa: F401 - all of these add their commands to lists_app, ranges_app or rules_app
from console.cli.answering import command
from console.cli.answers import FAULTS, Answer, clear_errors, fail, table
from console.cli.api_commands import api_app
from console.cli.approval_commands import approvals_app
from console.cli.desk.appeal_commands import appeals_app
from console.cli.desk.audit_commands import audit_app
from console.cli.desk.case_commands import case, cases_app
from console.cli.desk.complaint_commands import complaints_app
from console.cli.desk.key_commands import keys_app
from console.cli.desk.ladder_commands import ladder_app, owners, trunks
from console.cli.desk.leak_commands import inquiries_app, leaks_app, offices_app
from console.cli.desk.letter_commands import letters_app
from console.cli.desk.number_commands import numbers_app
from console.cli.desk.privacy_commands import privacy_app
from console.cli.desk.report_commands import alerts, report
from console.cli.door import entered
from console.cli.lists.list_commands import lists_app
from console.cli.lists.range_commands import ranges_app, subscribers_app
from console.cli.lists.share_commands import share_app
from console.cli.named_files import Asking
from console.cli.node.ban_commands import bans_app
from console.cli.node.database_commands import db_app
from console.cli.node.decision_commands import log
from console.cli.node.health_command import health
from console.cli.node.node_commands import nodes_app
from console.cli.node.peer_commands import peers_app
from console.cli.node.plugin_commands import plugins
from console.cli.node.profile_commands import profiles_app
from console.cli.node.running_commands import reload, restart, top
from console.cli.noted import note_unmasking
from console.cli.options import AsJson, ConfigurationFile, chosen
from console.cli.people_commands import people_app
from console.cli.workbench.campaigns import campaigns
from console.cli.workbench.rules_commands import replay, rules_app
from console.cli.workbench.why import why

if TYPE_CHECKING:
    from ringfence.installation import Installation

# Under these the help lists the commands.
SET_UP, NODE, CALLS, RULES = "Set up", "The running node", "Calls", "Rules"
NUMBERS, COMPLAINTS = "Numbers", "Complaints"

app = typer.Typer(
    name="ringfence",
    cls=Asking,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit status: 0 done or yes, 1 faults or no, 2 wrong usage.",
)


@app.callback()
def ringfence(context: typer.Context, config: ConfigurationFile = None) -> None:
    """A SIP proxy that stops a harassing call before it rings."""
    context.obj = config


@app.command(rich_help_panel=SET_UP)
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write.")] = Path("ringfence.yaml"),
    country: Annotated[str, typer.Option(help="Whose numbers these are: CN, DE ...")] = "",
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Address of this machine that takes calls.")] = "",
    advertise: Annotated[str, typer.Option(metavar="HOST:PORT", help="Under which others reach it.")] = "",
    pbx: Annotated[list[str], typer.Option(metavar="HOST:PORT", help="Where calls end; may be repeated.")] = [],  # noqa: B006
    carrier: Annotated[
        list[str], typer.Option(metavar="NETWORK", help="Where calls come from; default: anywhere.")
    ] = [],  # noqa: B006
    send_to: Annotated[list[str], typer.Option(metavar="HOST:PORT", help="Where calls of the PBX go.")] = [],  # noqa: B006
    international: Annotated[
        bool, typer.Option("--international", help="The carrier's bare digits begin with the country code.")
    ] = False,
    trusted: Annotated[bool, typer.Option("--trusted", help="Believe the carrier's P-Asserted-Identity.")] = False,
    feature_code: Annotated[str, typer.Option(help="What subscribers dial to report a call: *33.")] = "",
    metrics: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where Prometheus reads.")] = "",
    time_zone: Annotated[str, typer.Option(help="Of hours and days in rules; default: the country's.")] = "",
    state: Annotated[
        str, typer.Option(metavar="FOLDER", help="Of databases and keys; default: var, beside FILE.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Even over a file that is there; it is kept aside.")] = False,
    json: AsJson = False,
) -> None:
    """Write a first ringfence.yaml that passes `check`: by asking on a terminal, or from options alone."""
    from console.cli.node.first_steps import on_a_terminal, write_first

    given: dict[str, object] = {"country": country, "listen": listen, "advertise": advertise, "pbx": pbx}
    given |= {
        "carrier": carrier,
        "send_to": send_to,
        "international": international,
        "trusted": trusted,
        "feature_code": feature_code,
    }
    given |= {"metrics": metrics, "time_zone": time_zone, "state": state}
    with clear_errors():
        answer = write_first(file, given, force=force, ask=on_a_terminal() and not json)
    answer.give(json=json)


@app.command(rich_help_panel=NODE)
def serve(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Put live whatever is saved and sound: for laptops.")] = False,
    config: ConfigurationFile = None,
) -> None:
    """Run the proxy until SIGTERM; calls in set-up end first. Decisions go to standard output, one JSON line a call."""
    with clear_errors():
        from console.api.asked import listen
        from ringfence.serve import serve as run

        run(chosen(context, config), watch=watch, beside=listen)


@app.command(rich_help_panel=SET_UP)
def check(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Rule files alone.")] = [],  # noqa: B006
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Check configuration and rules; each fault is named as file:line:column: what is wrong, what would be right."""
    from console.cli.workbench.check import check as find

    found = find(chosen(context, config), files)
    Answer(found.as_data(), found.as_text(), status=FAULTS if found.refused else 0).give(json=json)


@app.command("test", rich_help_panel=RULES)
def run_rule_tests(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Rule files, test files, or both.")] = [],  # noqa: B006
    coverage: Annotated[
        float,
        typer.Option(metavar="PERCENT", min=0, max=100, help="So much of rules and conditions must some call show."),
    ] = 0.0,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show every step of what fails, not five lines of it.")
    ] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Run the examples of the rules and the test files; show what fails and why, and what no call ever showed."""
    from console.cli.workbench.proof import run_tests

    with clear_errors():
        report = run_tests(chosen(context, config), files, coverage)
    Answer(report.as_data(), report.as_text(trace=trace), status=0 if report.good else FAULTS).give(json=json)


@app.command(rich_help_panel=RULES)
def play(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A rule file.")],
    calls: Annotated[
        list[str], typer.Option("--call", metavar="CALL", help="'from: 95588, to: 13800138000', as examples say it.")
    ] = [],  # noqa: B006
    once: Annotated[bool, typer.Option("--once", help="Show it once; exit 1 if anything is wrong.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show, each time a rule file is saved, what is wrong with it and what calls would get, step by step."""
    from console.cli.workbench.play import frame, saves

    with clear_errors():
        for _ in saves(file):
            found = frame(chosen(context, config), file, calls)
            if once or json:
                Answer(found.as_data(), found.as_text(), status=0 if found.good else FAULTS).give(json=json)
                return
            typer.echo("\x1b[2J\x1b[H" if sys.stdout.isatty() else "", nl=False)  # an empty window
            typer.echo(f"{file}, as saved; Ctrl-C ends this\n\n{found.as_text()}\n")


@app.command("fmt", rich_help_panel=RULES)
def lay_out(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Rule or test files; - is standard input; default: all.")
    ] = [],  # noqa: B006
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; show what would change, exit 1 if any.")
    ] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Lay rule files out in one way: indentation, long lines. Values, their order and remarks stay as they are."""
    from console.cli.workbench.fmt import files_named, fmt

    with clear_errors():
        found = fmt(files or files_named(chosen(context, config)), check=check)
    bad = bool(found.faults) or (check and bool(found.changed))
    Answer(found.as_data(), found.as_text(), status=FAULTS if bad else 0).give(json=json)


command(app, panel=CALLS)(log)


@command(app, panel=CALLS)
async def explain(
    here: Installation,
    decision: Annotated[
        str,
        typer.Argument(metavar="DECISION", help="An id or its beginning, a Call-ID, or a header with one of them."),
    ] = "",
    caller: Annotated[str, typer.Option("--from", metavar="NUMBER", help="Who calls, by From.")] = "",
    called: Annotated[str, typer.Option("--to", metavar="NUMBER", help="Who is called.")] = "",
    asserted: Annotated[str, typer.Option("--pai", metavar="NUMBER", help="P-Asserted-Identity.")] = "",
    trunk: Annotated[str, typer.Option(help="Default: default, else the first.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="2026-12-31T18:00; default: now.")] = "",
    display_name: Annotated[str, typer.Option(help="Display name in From.")] = "",
    user_agent: Annotated[str, typer.Option(help="User-Agent.")] = "",
    header: Annotated[list[str], typer.Option(help="A further header, NAME: VALUE; may be repeated.")] = [],  # noqa: B006
    fact: Annotated[list[str], typer.Option(help="NAME=VALUE: calls_1h=61, short_calls_1h=80%; repeated.")] = [],  # noqa: B006
    group: Annotated[str, typer.Option(help="Subscriber group of the called number.")] = "",
    diverted: Annotated[bool, typer.Option("--diverted", help="The call was forwarded to that number.")] = False,
    saved: Annotated[bool, typer.Option("--saved", help="By the files on the disk, not by what is live.")] = False,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="CALLS.csv", help="Many calls, a line each, as `replay` takes them."),
    ] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show the caller of a record in full, where the law lets you.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why he has to be seen in full; it stands in the audit.")] = "",
) -> Answer:
    """Say why a call got its verdict (DECISION), or what calls would get now (--from, --to, --file): step by step."""
    from console.cli.workbench.explain import (
        Words,
        as_text,
        explain_call,
        explain_decision,
        headers_of,
        many_explained,
        what_is_left,
    )
    from rules.language.examples import Described

    if [bool(decision), bool(caller and called), file is not None].count(True) != 1:
        raise typer.BadParameter("name a DECISION, a call by --from and --to, or calls by --file")
    if file is not None:
        return await many_explained(here, file, saved=saved)
    if not decision:
        shown = Described(caller, called, asserted, "", display_name, user_agent, diverted, headers_of(header))
        told = await explain_call(here, shown, Words(at, trunk, tuple(fact), group), saved=saved)
        return Answer(told.as_data(), as_text(told).splitlines())
    found = await explain_decision(here, decision, clear=unmasked)
    if found is None:
        left = await what_is_left(here, decision)
        fail(left or f"there is no decision {decision} in the record; `ringfence log` lists those that there are")
    if unmasked:
        await note_unmasking(here, "call", [decision.strip().lower()], by="explain", reason=reason)
    return Answer(found.as_data(), as_text(found).splitlines())


@app.command(rich_help_panel=CALLS)
def call(
    caller: Annotated[str, typer.Option("--from", metavar="NUMBER", help="Number, SIP or tel URI, or anonymous.")],
    called: Annotated[str, typer.Option("--to", metavar="NUMBER", help="Number, SIP or tel URI.")],
    via: Annotated[str, typer.Option(metavar="HOST:PORT", help="The proxy, any proxy, by UDP.")],
    header: Annotated[list[str], typer.Option(help="A further header, NAME: VALUE; may be repeated.")] = [],  # noqa: B006
    json: AsJson = False,
) -> None:
    """Place one call with a pjsua2 softphone and print what came back; exit 0 if answered. Needs no configuration."""
    from console.cli.call import place_one, print_placed

    with clear_errors():
        placed = place_one(caller, called, via, header)
    answered = 200 <= placed.status < 300
    Answer(placed, lambda: print_placed(placed), status=0 if answered else FAULTS).give(json=json)


@app.command(rich_help_panel=CALLS)
def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Made anew each time; keeps what to look at; default: var/demo, var/complaints."),
    ] = None,
    complaints: Annotated[
        bool, typer.Option("--complaints", help="Fill a complaint desk with the picture of 2019 instead.")
    ] = False,
    campaign: Annotated[
        bool, typer.Option("--campaign", help="Measure on made-up traffic how campaigns are found instead.")
    ] = False,
) -> None:
    """Start a proxy and real softphones on loopback, place five calls, and show what became of each."""
    if campaign:
        from console.cli.workbench.campaigns import demo_of_campaigns

        typer.echo(demo_of_campaigns()[1])
        return
    with clear_errors():
        if complaints:
            from console.cli.desk.complaint_demo import make_complaints

            made = folder or Path("var/complaints")
            make_complaints(made)
            if sys.stdout.isatty() and sys.stdin.isatty():
                from console.cli.api_commands import serve_here

                typer.echo("Look at it in a browser: http://127.0.0.1:8607/console/ (Ctrl-C ends it)")
                serve_here(made / "ringfence.yaml")
            return
        from console.phones.demo_table import show_demo

        good = show_demo(folder or Path("var/demo"))
    raise typer.Exit(0 if good else FAULTS)


app.command("health", rich_help_panel=NODE)(health)
app.command("plugins", rich_help_panel=NODE)(plugins)
app.command("reload", rich_help_panel=NODE)(reload)
app.command("top", rich_help_panel=NODE)(top)
app.command("restart", rich_help_panel=NODE)(restart)


@app.command(rich_help_panel=CALLS)
def trace(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="[NUMBER]", help="Who calls or is called, in any spelling.")] = "",
    call_id: Annotated[
        str, typer.Option("--call-id", metavar="ID", help="One call, as on the wire or in the log.")
    ] = "",
    minutes: Annotated[float, typer.Option(help="It ends by itself after so many.")] = 10.0,
    messages: Annotated[int, typer.Option(help="And with so many messages.")] = 10_000,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A new file, mode 0600.")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show numbers and bodies, where the law lets you; say why.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the messages of one number or call, as the running node receives and sends them; it stands in the audit."""
    from console.cli.node.trace import follow, written_to
    from ringfence.control import ask
    from ringfence.installation import Installation

    wanted = {"number": number, "call_id": call_id, "minutes": minutes, "messages": messages}
    wanted |= {"unmasked": unmasked, "reason": reason}
    file, acting = entered(context, config, unmasked=unmasked)
    with clear_errors():
        here = Installation.open(file)
        with written_to(out, here.zone, as_json=json) as show:
            asking = partial(ask, here.control, acting=acting)
            ended = follow(asking, wanted, show, say=lambda text: typer.echo(text, err=True))
    typer.echo(ended, err=True)


@app.command(rich_help_panel=SET_UP)
def settings(
    json: AsJson = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema for editors.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Print the shipped ringfence.yaml.")] = False,
) -> None:
    """List every setting of ringfence.yaml with its kind, default and meaning."""
    from console.cli.node.setting_table import json_schema
    from console.cli.node.setting_table import settings as all_settings

    if schema:
        Answer(json_schema()).give(json=True)
        return
    if example:
        from ringfence.configuration import FILE_NAME
        from rules.language.source import shipped

        typer.echo(shipped(FILE_NAME).read_text(encoding="utf-8"), nl=False)
        return
    rows = [one._asdict() for one in all_settings()]
    table(("name", "kind", "default", "meaning"), rows, "UTC").give(json=json)


@app.command(rich_help_panel=SET_UP)
def samples(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Print this one; default: list them.")] = "",
    json: AsJson = False,
) -> None:
    """List the files for the machine around it, or print one: systemd units, alerts, a dashboard, a firewall."""
    from console.cli.node.sample_files import find, listed

    with clear_errors():
        if name:
            typer.echo(find(name).read_bytes(), nl=False)
            return
    rows = listed()
    table(("name", "what"), rows, "UTC").give(json=json)


@app.command(rich_help_panel=SET_UP)
def version(json: AsJson = False) -> None:
    """Print the version, and whether the call path is compiled."""
    from importlib.metadata import version as version_of

    from proxy.build import BUILD

    number = version_of("ringfence")
    Answer({"ringfence": number, "build": BUILD}, f"{number} ({BUILD})").give(json=json)


command(app, panel=RULES)(replay)
command(app, panel=RULES)(campaigns)
app.add_typer(rules_app, name="rules", rich_help_panel=RULES)
app.add_typer(lists_app, name="lists", rich_help_panel=NUMBERS)
command(app, panel=NUMBERS)(why)
app.add_typer(ranges_app, name="ranges", rich_help_panel=NUMBERS)
app.add_typer(share_app, name="share", rich_help_panel=NUMBERS)
app.add_typer(subscribers_app, name="subscribers", rich_help_panel=NUMBERS)
app.add_typer(db_app, name="db", rich_help_panel=SET_UP)
app.add_typer(profiles_app, name="profiles", rich_help_panel=SET_UP)
app.add_typer(bans_app, name="bans", rich_help_panel=NODE)
app.add_typer(nodes_app, name="nodes", rich_help_panel=NODE)
app.add_typer(peers_app, name="peers", rich_help_panel=NODE)
for _told in (case, owners, trunks, report, alerts):
    command(app, panel=COMPLAINTS)(_told)
app.add_typer(complaints_app, name="complaints", rich_help_panel=COMPLAINTS)
app.add_typer(cases_app, name="cases", rich_help_panel=COMPLAINTS)
app.add_typer(appeals_app, name="appeals", rich_help_panel=COMPLAINTS)
app.add_typer(ladder_app, name="ladder", rich_help_panel=COMPLAINTS)
app.add_typer(letters_app, name="letters", rich_help_panel=COMPLAINTS)
app.add_typer(leaks_app, name="leaks", rich_help_panel=COMPLAINTS)
app.add_typer(inquiries_app, name="inquiries", rich_help_panel=COMPLAINTS)
app.add_typer(offices_app, name="offices", rich_help_panel=COMPLAINTS)
app.add_typer(audit_app, name="audit", rich_help_panel=COMPLAINTS)
app.add_typer(keys_app, name="keys", rich_help_panel=COMPLAINTS)
app.add_typer(numbers_app, name="numbers", rich_help_panel=COMPLAINTS)
app.add_typer(privacy_app, name="privacy", rich_help_panel=COMPLAINTS)
app.add_typer(api_app, name="api", rich_help_panel=COMPLAINTS)
app.add_typer(people_app, name="people", rich_help_panel=SET_UP)
app.add_typer(approvals_app, name="approvals", rich_help_panel=SET_UP)
