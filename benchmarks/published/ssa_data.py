"""SSA service satisfaction (Taobao, word ids): reading a file of dialogue blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from published.stc3_data import open_text

CLASSES = (1, 2, 3)
ROLES = {"c:": "c", "b:": "b"}


class BadBlock(ValueError):
    """A block that is not a labelled dialogue; names file and line."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Role ``c`` (customer) or ``b`` (agent), word ids as written, sentiment label 1–3 (a training label)."""

    role: str
    words: tuple[str, ...]
    sentiment: int


@dataclass(frozen=True, slots=True)
class Service:
    """One dialogue with its satisfaction 1 dissatisfied, 2 met, 3 well satisfied."""

    satisfaction: int
    utterances: tuple[Utterance, ...]


def read_services(path: Path) -> list[Service]:
    """All blocks of a plain or gzipped file; raises ``BadBlock`` at the first line that does not fit."""
    services: list[Service] = []
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*open_text(path).splitlines(), ""], 1):
        if line.strip():
            block.append((number, line))
        elif block:
            services.append(_service(block, path))
            block = []
    return services


def _service(block: list[tuple[int, str]], path: Path) -> Service:
    (first, label), *rest = block
    if label.strip() not in {str(value) for value in CLASSES} or not rest:
        raise BadBlock(f"{path.name}:{first}: a block starts with 1, 2 or 3 and holds utterances")
    return Service(int(label), tuple(_utterance(number, line, path) for number, line in rest))


def _utterance(number: int, line: str, path: Path) -> Utterance:
    cells = line.split("\t")
    if len(cells) != 4 or cells[1] not in ROLES or cells[3].strip() not in {"1", "2", "3"}:
        raise BadBlock(f"{path.name}:{number}: not index, role, word ids and sentiment")
    return Utterance(ROLES[cells[1]], tuple(cells[2].split()), int(cells[3]))
