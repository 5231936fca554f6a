"""Files that people name on the command line: before a command begins, each is asked whether it is theirs to name.

It hangs on every command at once, by the kind of its parameters, so that no new command can forget it: what is not
known as an output is read, and what is read may not be a secret of the installation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

from console.cli.door import path_of
from ringfence.login import person

if TYPE_CHECKING:
    from ringfence.belongings import Belongings

# Parameters that name what a command writes; every other path is read.
OUTPUTS = frozenset(
    {
        *(("report", "csv"), ("report", "xlsx"), ("report", "pdf")),
        *(("trace", "out"), ("rules new", "out"), ("profiles sign", "out")),
        *(("complaints import", "errors"), ("cases hand-over", "out"), ("appeals pack", "out")),
        *(("audit export", "file"), ("privacy export", "file")),
    }
)
_AS_TEXT = ("FILE", "CANDIDATE")  # what a parameter is called that names files and is a text to the program
# What has a check of its own: backups are databases, heads were noted for whoever verifies, folders are made anew.
OTHERS = frozenset(
    {
        *(("db backup", "copy"), ("db restore", "copy"), ("audit verify", "anchors"), ("demo", "folder")),
        *(("share init", "root_keys"), ("share rotate", "root_keys"), ("share renew", "root_keys")),
    }
)


class Asking(TyperGroup):
    """The commands of `ringfence`, each of which asks first."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for command in leaves(self):
            _ask_first(command)


def leaves(group: TyperGroup) -> Iterator[TyperCommand | TyperGroup]:
    """Every command, however deep it hangs; a group that does something without one, too."""
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            if command.invoke_without_command:
                yield command
            yield from leaves(command)
        elif isinstance(command, TyperCommand):
            yield command


def named_paths(command: TyperCommand | TyperGroup) -> list[str]:
    """The parameters of a command that name files, but for its configuration."""
    known = [one for one in command.params if hasattr(one, "type_descriptor") and one.name != "config"]
    return [one.name or "" for one in known if "Path" in repr(one.type_descriptor) or one.metavar in _AS_TEXT]


def _ask_first(command: TyperCommand | TyperGroup) -> None:
    names, run = named_paths(command), command.invoke
    configured = any(one.name == "config" for one in command.params)

    def invoke(context: Any) -> Any:
        from console.cli.files import set_writing_door
        from rules.language.source import set_door

        try:
            _ask(path_of(context), context, names, configured=configured)
            return run(context)
        finally:
            set_door(None)
            set_writing_door(None)

    setattr(command, "invoke", invoke)  # noqa: B010 - a method of this one alone


def _ask(path: str, context: Any, names: list[str], *, configured: bool) -> None:
    given = {name: _listed(context.params.get(name)) for name in names}
    config = context.params.get("config") or context.obj
    if person() is None and not any(given.values()):
        return
    from console.cli.answers import clear_errors
    from console.cli.options import chosen

    with clear_errors():
        from console.cli.files import set_writing_door
        from ringfence.belongings import door_for, in_use, refuse_as_configuration, refuse_ones_own, refuse_to_write
        from rules.language.source import set_door

        file = chosen(context, Path(config) if config else None)
        refuse_as_configuration(file)
        if configured:
            refuse_ones_own(file)
        here = in_use(file)
        refuse(path, given, here, context.params)
        set_writing_door(lambda place: refuse_to_write(place, here, editing=path == "fmt"))
        set_door(door_for(file))


def refuse(path: str, given: Mapping[str, list[Path]], here: Belongings, params: Mapping[str, Any]) -> None:
    """NotYours where one of the files is nothing for this command, or for who runs it."""
    from ringfence.belongings import refuse_to_begin, refuse_to_read, refuse_to_write

    for name, files in given.items():
        for file in files:
            if (path, name) in OTHERS:
                continue
            if path == "init":
                refuse_to_begin(file / "ringfence.yaml" if file.is_dir() else file, here)
            elif (path, name) in OUTPUTS:
                refuse_to_write(file, here)
            else:
                refuse_to_read(file, here)
            if path == "fmt" and not params.get("check"):
                refuse_to_write(file, here, editing=True)


def _listed(value: Any) -> list[Path]:
    many = value if isinstance(value, list | tuple) else [value]
    return [Path(one) for one in many if one is not None]
