"""Models by name or folder, so that callers need not know where a model lives or of which kind it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.artifact import FORMAT as BASELINE_FORMAT
from models.artifact import read_artifact
from models.base import ConversationPredictor
from models.baseline import load_baseline
from models.errors import ArtifactCorrupt, ModelError
from models.files import CARD, SHIPPED, read_card

DEFAULT = "neural"  # what ``auto`` takes when nobody has promoted another
NAMES = ("baseline", "neural")


class ModelUnknown(ModelError):
    """Neither a name nor a folder of a model."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of model: how its card calls it, how it is checked and how it is opened.

    ``check`` reads all files against the card and returns the digest; ``load`` makes it ready to predict.
    """

    name: str
    check: Callable[[Path], str]
    load: Callable[[Path], ConversationPredictor]


def _check_neural(folder: Path) -> str:
    from models.neural.artifact import read_neural

    return read_neural(folder).digest


def _load_neural(folder: Path) -> ConversationPredictor:
    # Imported here: whoever uses the baseline must not pay for it.
    from models.neural import load_neural

    return load_neural(folder)


KINDS: dict[str, Kind] = {
    BASELINE_FORMAT: Kind("baseline", lambda folder: read_artifact(folder).digest, load_baseline),
    "neural-artifact/1": Kind("neural", _check_neural, _load_neural),
}


def kind_of(folder: Path) -> Kind:
    """Tell the kind of a model by the format its card names.

    Raises:
        ArtifactMissing, ArtifactCorrupt: there is no card, or it names no known format.
    """
    told = read_card(folder).get("format")
    if not isinstance(told, str) or told not in KINDS:
        raise ArtifactCorrupt(f"{folder / CARD} 不是本软件认识的模型，认识的格式有 {'、'.join(KINDS)}")
    return KINDS[told]


def find_model(reference: str | Path, home: Path | None = None) -> Path:
    """The folder of a model.

    Args:
        reference: name of a shipped model, name of a folder below ``home``, or a folder.
        home: where users keep their models.

    Raises:
        ModelUnknown: none of the three.
    """
    if reference in NAMES:
        return SHIPPED / str(reference)
    places = [Path(reference)] if home is None else [home / reference, Path(reference)]
    for place in places:
        if (place / CARD).is_file():
            return place
    raise ModelUnknown(f"没有名为 {reference} 的模型，它也不是模型文件夹；随附的模型有 {'、'.join(NAMES)}")


def own_models(home: Path) -> list[Path]:
    """Folders below ``home`` that hold a model, by name."""
    if not home.is_dir():
        return []
    return sorted(
        path for path in home.iterdir() if not path.name.startswith(".") and (path / CARD).is_file()
    )


def load_model(reference: str | Path, home: Path | None = None) -> ConversationPredictor:
    """Open a model by name or folder (see ``find_model``).

    Raises:
        ModelError: it is unknown, a file of it is missing or corrupt, or a library it needs is missing.
    """
    folder = find_model(reference, home)
    return kind_of(folder).load(folder)
