"""The command line speaks Chinese, typer's own words included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text
from typer import rich_utils
from typer._click.exceptions import (
    BadParameter,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from qa_engine.cli.visible import visible


def _folded(parts: Sequence[Text]) -> Text:
    """Chinese has no blanks to break at: fold help texts instead of cutting them off with an ellipsis."""
    text = Text(" ").join(parts)
    text.overflow = "fold"
    return text


rich_utils.Columns = _folded  # type: ignore[attr-defined,assignment]


class _SafeConsole(Console):
    """A console that only its own styles can steer: controls in what is shown come out as symbols."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render, with controls made visible."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text), style, control)


# Square brackets and colons in what is shown are text, never markup.
stdout = _SafeConsole(highlight=False, markup=False, emoji=False)
stderr = _SafeConsole(stderr=True, highlight=False, markup=False, emoji=False)


def _type_in_chinese(kind: type[Any]) -> None:
    """Help names types by our words alone; where a parameter has none, its name says enough."""
    told = kind.display_type

    def display_type(self: Any, ctx: Any) -> str:
        text = str(told(self, ctx))
        return text if "|" in text else ""

    kind.display_type = display_type


_type_in_chinese(TyperArgument)
_type_in_chinese(TyperOption)
rich_utils.RANGE_STRING = ""

rich_utils.DEFAULT_STRING = "[默认：{}]"
rich_utils.ENVVAR_STRING = "[环境变量：{}]"
rich_utils.REQUIRED_LONG_STRING = "[必填]"
rich_utils.DEPRECATED_STRING = "（已弃用）"
rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
rich_utils.OPTIONS_PANEL_TITLE = "选项"
rich_utils.COMMANDS_PANEL_TITLE = "命令"
rich_utils.ERRORS_PANEL_TITLE = "错误"
rich_utils.ABORTED_TEXT = "已中止。"
rich_utils.RICH_HELP = "用 [blue]'{command_path} {help_option}'[/] 查看帮助。"


def tell(console: Console, text: str, style: str | None = None) -> None:
    """Print a message as it is; the terminal breaks long lines, so that paths and keys stay whole."""
    console.print(text, style=style, markup=False, soft_wrap=True)


_SAYINGS = (
    (re.compile(r"^No such command '(?P<it>.*)'\.(?: Did you mean (?P<near>.*)\?)?$"), "没有“{it}”这个命令"),
    (re.compile(r"^Missing command\.$"), "缺少命令"),
    (re.compile(r"^Got unexpected extra argument(?:s|\(s\))? \((?P<it>.*)\)\.?$"), "多余的参数：{it}"),
    (re.compile(r"^Option '(?P<it>.*)' requires an argument\.$"), "选项 {it} 后面要写一个值"),
    (re.compile(r"^Option '(?P<it>.*)' does not take a value\.$"), "选项 {it} 不接受值"),
    (re.compile(r"^'(?P<it>.*)' is not one of (?P<near>.*)\.$"), "“{it}”不在可选值 {near} 之中"),
    (re.compile(r"^'(?P<it>.*)' is not a valid (?:integer|int)( range)?\.$"), "“{it}”不是整数"),
    (re.compile(r"^Input should be a valid integer.*$"), "要写一个整数"),
    (re.compile(r"^Input should be greater than or equal to (?P<near>.*)$"), "不能小于 {near}"),
    (re.compile(r"^(?P<it>\S+) is not in the range (?P<near>.*)\.$"), "{it} 不在范围 {near} 内"),
)


def _usage(text: str) -> str:
    return text.replace("Usage: ", "用法：", 1)


class _Chinese:
    """What commands and groups have in common: usage and the help option in Chinese."""

    def get_usage(self, ctx: Any) -> str:
        """Return the usage line."""
        return _usage(super().get_usage(ctx))  # type: ignore[misc]

    def get_help_option(self, ctx: Any) -> Any:
        """Return the help option with a Chinese text."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = "显示帮助并退出。"
        return option


class Command(_Chinese, TyperCommand):
    """A command that speaks Chinese."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **{**settings, "options_metavar": "[选项]"})


class Group(_Chinese, TyperGroup):
    """A group of commands that speaks Chinese."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        words = {"options_metavar": "[选项]", "subcommand_metavar": "命令 [参数]…"}
        super().__init__(*args, **{**settings, **words})


def new_group(help_text: str, kind: type[Group] = Group) -> typer.Typer:
    """Start a group of commands."""
    return typer.Typer(
        cls=kind,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )


def tell_usage_error(error: typer.TyperException) -> int:
    """Print a usage error in Chinese and return the exit code."""
    if isinstance(error, NoArgsIsHelpError):
        tell(stderr, error.format_message())
        return 2
    tell(stderr, f"错误：{_said(error)}。", "red")
    if isinstance(error, UsageError) and error.ctx is not None:
        tell(stderr, error.ctx.get_usage())
        tell(stderr, f"查看帮助：{error.ctx.command_path} --help")
    else:
        tell(stderr, "查看帮助：qa-engine --help")
    return error.exit_code if isinstance(error, UsageError) else 2


def _said(error: typer.TyperException) -> str:
    if isinstance(error, NoSuchOption):
        near = f"，是不是想写 {'、'.join(sorted(error.possibilities))}" if error.possibilities else ""
        return f"没有选项 {error.option_name}{near}"
    if isinstance(error, BadParameter):
        hint = error.param.get_error_hint() if error.param is not None else error.param_hint
        name = hint if isinstance(hint, str) else "、".join(hint or ())
        name = name.replace("'", "")
        if isinstance(error, MissingParameter):
            return f"缺少必填的 {name}"
        return f"{name} 的值不对：{_translated(error.message)}"
    return _translated(error.message)


def _translated(message: str) -> str:
    message = message.removeprefix("Value error, ")
    for pattern, saying in _SAYINGS:
        if (match := pattern.match(message)) is not None:
            return saying.format(**match.groupdict())
    return message.rstrip("。.")
