"""``python -m qa_engine`` is the command ``qa-engine``."""

from qa_engine.cli import main

main()
