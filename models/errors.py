"""What can go wrong with a model's files. Messages name files, never customer text."""

from __future__ import annotations


class ModelError(Exception):
    """Base of every error raised on purpose by ``models``."""


class ArtifactMissing(ModelError):
    """A file that a model needs does not exist or cannot be opened."""


class ArtifactCorrupt(ModelError):
    """A model file exists but its content is not what its card promises."""
