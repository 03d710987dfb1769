"""The command tree."""

from __future__ import annotations

from qa_engine import __version__
from qa_engine.cli import demo_command, redact_command, score_command, show_command
from qa_engine.cli.scorecard_commands import rules, scorecards
from qa_engine.cli.train_command import train
from qa_engine.cli.words import Command, new_group, stdout, tell

app = new_group("客服会话智能质检：离线运行，逐条给出依据，评不了的地方明说。\n\n例：qa-engine demo")
app.command("score", cls=Command, help=score_command.HELP)(score_command.score)
app.command("show", cls=Command, help=show_command.HELP)(show_command.show)
app.command("redact", cls=Command, help=redact_command.HELP)(redact_command.redact)
app.command("demo", cls=Command, help=demo_command.HELP)(demo_command.demo)
app.add_typer(rules, name="rules")
app.add_typer(scorecards, name="scorecards")
app.add_typer(train, name="train")


@app.command("version", cls=Command, help="显示版本。\n\n例：qa-engine version")
def version() -> None:
    """Print the version."""
    tell(stdout, f"qa-engine {__version__}")
