"""Draft the next revision from what the tables in the code have and the newest revision lacks.

``python -m qa_engine.store.migrations.draft "what changes"``. A draft is read and corrected by a person.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from qa_engine.store.engine import Database
from qa_engine.store.migrations.steps import FOLDER, config, upgrade


def draft(message: str) -> Path:
    """Write the next revision and return its file.

    Raises:
        ValueError: ``message`` is empty.
    """
    if not message.strip():
        raise ValueError("say what the revision changes")
    scripts = ScriptDirectory(str(FOLDER))
    number = f"{len(list(scripts.walk_revisions())) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/draft.db")
        if scripts.get_current_head() is not None:
            upgrade(database)
        with database.engine.begin() as connection:
            command.revision(config(connection), message, autogenerate=True, rev_id=number)
        database.close()
    written = next((FOLDER / "versions").glob(f"{number}_*.py"))
    lines = written.read_text("utf-8").splitlines(keepends=True)
    written.write_text("".join(line for line in lines if not line.lstrip().startswith("# ###")), "utf-8")
    return written


if __name__ == "__main__":
    print(draft(" ".join(sys.argv[1:])))
