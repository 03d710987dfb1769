"""qa-engine version."""

from __future__ import annotations

from qa_engine import __version__
from qa_engine.cli.words import stdout, tell

HELP = "显示版本。\n\n例：qa-engine version"


def version() -> None:
    """Print the version."""
    tell(stdout, f"qa-engine {__version__}")
