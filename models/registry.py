"""Models by name, so that callers need not know where a model lives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.base import ConversationPredictor
from models.baseline import load_baseline
from models.errors import ModelError

LOADERS: dict[str, Callable[[Path | None], ConversationPredictor]] = {"baseline": load_baseline}


def load_model(name: str, folder: Path | None = None) -> ConversationPredictor:
    """Load a model by name, from ``folder`` or from the files shipped with the package.

    Raises:
        ModelError: the name is unknown, or a file of the model is missing or corrupt.
    """
    if name not in LOADERS:
        raise ModelError(f"there is no model named {name!r}; known: {', '.join(sorted(LOADERS))}")
    return LOADERS[name](folder)
