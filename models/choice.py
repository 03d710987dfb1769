"""Which model ``auto`` takes, as its users decided: a small file beside their own models."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from models.errors import ArtifactCorrupt, ModelError
from models.files import SHIPPED, parse_json, read_bytes, to_json

FORMAT = "model-choice/1"
FILE = "choice.json"
VARIABLE = "QA_ENGINE_MODELS"
_SHIPPED = "shipped:"


class ChoiceBroken(ModelError):
    """The file of the choice is there but cannot be read."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A promoted model: its folder, and the digest it had when it was promoted.

    ``shipped``: one of those that come with the software; a newer one may take its place with an update.
    """

    folder: Path
    digest: str

    @property
    def shipped(self) -> bool:
        """True for a model that comes with the software."""
        return self.folder.resolve().parent == SHIPPED.resolve()


def models_home() -> Path:
    """Where users keep their models: the folder named by ``QA_ENGINE_MODELS``, else ``models_local`` here."""
    return Path(os.environ.get(VARIABLE) or "models_local")


def read_choice(home: Path) -> Choice | None:
    """The promoted model; None when there is none.

    Raises:
        ChoiceBroken: the file does not say.
    """
    path = home / FILE
    if not path.exists():
        return None
    try:
        told = parse_json(read_bytes(path), FILE)
        if told.get("format") != FORMAT:
            raise ArtifactCorrupt(f"它不是 {FORMAT} 格式")
        kept = str(told["folder"])
        if kept.startswith(_SHIPPED):
            return Choice(SHIPPED / Path(kept.removeprefix(_SHIPPED)).name, str(told["digest"]))
        return Choice(home / kept, str(told["digest"]))
    except KeyError as error:
        raise ChoiceBroken(_broken(path, "它没有写明模型的文件夹或摘要")) from error
    except ModelError as error:
        raise ChoiceBroken(_broken(path, str(error))) from error


def _broken(path: Path, why: str) -> str:
    return f"选用记录 {path} 不能用，{why}；请用 qa-engine models use 重新选用"


def write_choice(home: Path, choice: Choice) -> Path:
    """Remember a promoted model; a folder below ``home`` is kept relative, so that both can move together.

    Returns:
        The file written.
    """
    home.mkdir(parents=True, exist_ok=True)
    place, base = choice.folder.resolve(), home.resolve()
    kept = (place.relative_to(base) if place.is_relative_to(base) else place).as_posix()
    if choice.shipped:  # by name: an update may bring it elsewhere
        kept = _SHIPPED + place.name
    path = home / FILE
    fresh = path.with_suffix(".part")
    fresh.write_bytes(to_json({"format": FORMAT, "folder": kept, "digest": choice.digest}))
    fresh.replace(path)
    return path


def clear_choice(home: Path) -> None:
    """Forget the promoted model."""
    (home / FILE).unlink(missing_ok=True)
