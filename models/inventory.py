"""Which models there are, where they lie, and whether their files are what their cards promise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.choice import read_choice
from models.errors import ArtifactCorrupt, ArtifactMissing, ModelError
from models.files import SHIPPED, read_card
from models.registry import NAMES, kind_of, own_models

FROM_SHIPPED, FROM_OWN, FROM_CHOICE = "shipped", "own", "choice"
TAKEN = ("auto", "none", *NAMES)  # as names these mean something else than a folder so called


@dataclass(frozen=True, slots=True)
class Listed:
    """One model.

    Attributes:
        name: of a shipped model, else of its folder.
        kind: "baseline", "neural", or "" when its card does not tell.
        found: "shipped", "own" (in the users' folder) or "choice" (promoted from elsewhere).
        version, digest: "" when it is not intact.
        size: bytes of all its files.
        fault: why it is not intact, "" when it is.
    """

    name: str
    folder: Path
    kind: str
    found: str
    version: str
    digest: str
    size: int
    fault: str

    @property
    def reference(self) -> str:
        """What ``--model`` takes: the name where it means this model, else the folder."""
        return str(self.folder) if self._hidden else self.name

    @property
    def _hidden(self) -> bool:
        return self.found == FROM_CHOICE or (self.found == FROM_OWN and self.name in TAKEN)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All models; ``chosen`` is the index of the promoted one, None when there is none."""

    models: tuple[Listed, ...]
    chosen: int | None


def inspect_folder(folder: Path, name: str, found: str) -> Listed:
    """Read all files of a model and compare them with its card."""
    kind = version = digest = fault = ""
    try:
        card = read_card(folder)
        told = kind_of(folder)
        kind = told.name
        digest, version = told.check(folder), str(card.get("version", ""))
    except (ArtifactMissing, ArtifactCorrupt) as error:
        fault = str(error)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Listed(name, folder, kind, found, version, digest, size, fault)


def take_inventory(home: Path) -> Inventory:
    """List the shipped models, those below ``home``, and the promoted one wherever it lies."""
    models = [inspect_folder(SHIPPED / name, name, FROM_SHIPPED) for name in NAMES]
    models += [inspect_folder(folder, folder.name, FROM_OWN) for folder in own_models(home)]
    try:
        choice = read_choice(home)
    except ModelError:
        choice = None  # whoever loads ``auto`` tells why
    if choice is None:
        return Inventory(tuple(models), None)
    wanted = choice.folder.resolve()
    places = [one.folder.resolve() for one in models]
    if wanted not in places:
        models.append(inspect_folder(choice.folder, choice.folder.name, FROM_CHOICE))
        places.append(wanted)
    return Inventory(tuple(models), places.index(wanted))
