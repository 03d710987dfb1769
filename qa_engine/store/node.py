"""Which installation this is among those that share a database: uploads lie on the disk of one of them."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

_NODE = "node"


def node_name(home: Path) -> str:
    """What the installation with this home is called; made once and kept there."""
    path = home / _NODE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f"{_NODE}.{secrets.token_hex(4)}")
        beside.write_text(f"n{secrets.token_hex(4)}", "ascii")
        # A link fails where a rename would replace the name another process gave just now.
        with suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
    return path.read_text("ascii")


def worker_name(node: str, number: int) -> str:
    """What a worker of an installation is called."""
    return f"{node}-{number}"


def node_of_worker(name: str) -> str:
    """The installation a worker belongs to."""
    return name.rpartition("-")[0]
