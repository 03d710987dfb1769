"""The command line: `qa-engine`. Exit codes: 0 done, 1 some records failed, 2 usage, 130 interrupted."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    # Imported here so that worker processes, which import this package, do not load the command tree.
    import typer

    from qa_engine.cli.app import app
    from qa_engine.cli.words import stderr, tell, tell_usage_error
    from qa_engine.domain.errors import QAEngineError

    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        sys.exit(tell_usage_error(error))
    except QAEngineError as error:
        tell(stderr, str(error), "red")
        sys.exit(2)
    if code == 130:
        tell(stderr, "已中断。")
    sys.exit(code if isinstance(code, int) else 0)
