"""The command line: `qa-engine`.

Exit codes: 0 done, 1 some records failed, 2 usage, 130 interrupted, 141 nobody reads on, 143 terminated.
"""

from __future__ import annotations

import sys

from qa_engine.cli.stopping import listen, stoppable


def main() -> None:
    """Run the command line and exit."""
    with stoppable() as stopping:
        # Imported here so that worker processes, which import this package, do not load the command tree.
        import typer

        from qa_engine.cli.app import app
        from qa_engine.cli.failing import close_quietly, told_os_error
        from qa_engine.cli.words import stderr, tell, tell_usage_error
        from qa_engine.domain.errors import QAEngineError

        listen(stopping)
        try:
            code = app(standalone_mode=False)
            sys.stdout.flush()
        except typer.TyperException as error:
            sys.exit(tell_usage_error(error))
        except QAEngineError as error:
            tell(stderr, str(error), "red")
            sys.exit(2)
        except BrokenPipeError:
            close_quietly()
            sys.exit(141)
        except OSError as error:
            tell(stderr, told_os_error(error), "red")
            close_quietly()
            sys.exit(2)
        except KeyboardInterrupt:
            code = stopping.code
        if stopping.signal is not None:
            tell(stderr, stopping.words)
            code = stopping.code
        sys.exit(code if isinstance(code, int) else 0)
