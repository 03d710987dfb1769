"""Commands that load when they run: help and light commands must not wait for the models' libraries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command, get_group

from qa_engine.cli.words import Command, Group


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command as a place ``module:function``; the whole help is the module's ``HELP``.

    ``help`` is the line that the list of commands shows.
    """

    place: str
    help: str

    def load(self, name: str) -> Any:
        """Import the module and build the command."""
        module_name, _, function = self.place.partition(":")
        module = import_module(module_name)
        made: Callable[..., Any] | typer.Typer = getattr(module, function)
        if isinstance(made, typer.Typer):
            command: Any = get_group(made)
        else:
            single = typer.Typer(
                add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False
            )
            single.command(name, cls=Command, help=module.HELP)(made)
            command = get_command(single)
        command.name = name
        return command


class LazyGroup(Group):
    """A group whose ``commands_later`` are listed by their line and loaded when called."""

    commands_later: dict[str, Lazy]

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return the names in the order they were written."""
        return list(self.commands_later)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Return what the list of commands shows of one."""
        later = self.commands_later.get(cmd_name)
        return None if later is None else Command(cmd_name, help=later.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command and load it."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and name in self.commands_later:
            command = self.commands_later[name].load(name)
        return name, command, rest


def lazy_group(**commands: Lazy) -> type[LazyGroup]:
    """Build the class of a group with these commands."""
    return type("Commands", (LazyGroup,), {"commands_later": commands})
