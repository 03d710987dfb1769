"""The files of a model: read, sealed by a card that names each by its hash, and checked against it.

Messages are Chinese half-sentences fit to be shown as the reason why a model cannot be used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.base import Labels
from models.errors import ArtifactCorrupt, ArtifactMissing

CARD = "card.json"
# What every verdict is decided by; labels beside these may lack a threshold of their own.
DECISIVE = ("emotion_negative", "emotion_angry", "emotion_positive", "complaint", "review")
SHIPPED = Path(__file__).parent / "artifacts"


def read_bytes(path: Path) -> bytes:
    """Read one file.

    Raises:
        ArtifactMissing: it does not exist or cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactMissing(f"模型文件 {path.name} 不存在或无法读取（{path.parent}）") from error


def parse_json(content: bytes, name: str) -> dict[str, Any]:
    """Parse a file that must hold a JSON object.

    Raises:
        ArtifactCorrupt: it does not.
    """
    try:
        value = json.loads(content)
    except ValueError as error:
        raise ArtifactCorrupt(f"模型文件 {name} 不是合法的 JSON") from error
    if not isinstance(value, dict):
        raise ArtifactCorrupt(f"模型文件 {name} 应为 JSON 对象")
    return value


def to_json(value: Mapping[str, Any]) -> bytes:
    """The one way JSON is written here: equal values give equal bytes."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def hashes(contents: Mapping[str, bytes]) -> dict[str, str]:
    """sha256 of every file, as a card lists them."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def read_card(folder: Path) -> dict[str, Any]:
    """Read ``card.json`` of a folder, whatever model it describes.

    Raises:
        ArtifactMissing, ArtifactCorrupt: there is none, or it is no JSON object.
    """
    return parse_json(read_bytes(folder / CARD), CARD)


def read_sealed(folder: Path, wanted: str, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a card of the wanted format and the files it vouches for.

    Returns:
        The card, and the content of every file by name, the card's own included.

    Raises:
        ArtifactMissing: a file is not there or cannot be opened.
        ArtifactCorrupt: a file is not what the card promises.
    """
    sealed = read_bytes(folder / CARD)
    card = parse_json(sealed, CARD)
    files = card.get("files")
    if card.get("format") != wanted or not isinstance(files, dict):
        raise ArtifactCorrupt(f"{CARD} 描述的不是 {wanted} 格式的模型")
    contents = {name: read_bytes(folder / name) for name in names}
    for name, digest in hashes(contents).items():
        if files.get(name) != digest:
            raise ArtifactCorrupt(f"模型文件 {name} 与模型卡记录的不一致，可能已损坏或被替换")
    return card, {CARD: sealed, **contents}


def read_labels(content: bytes, name: str) -> Labels:
    """Parse the labels.

    Raises:
        ArtifactCorrupt: the file lacks a head.
    """
    names = parse_json(content, name)
    try:
        return Labels(**{head: tuple(names[head]) for head in Labels.__slots__})
    except (KeyError, TypeError) as error:
        raise ArtifactCorrupt(f"模型文件 {name} 缺少应有的标签") from error


def read_thresholds(content: bytes, name: str) -> dict[str, float]:
    """Parse the thresholds.

    Raises:
        ArtifactCorrupt: one of ``DECISIVE`` is not there, or one is no number.
    """
    values = parse_json(content, name)
    for key in DECISIVE:
        if key not in values:
            raise ArtifactCorrupt(f"模型文件 {name} 缺少阈值 {key}")
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ArtifactCorrupt(f"模型文件 {name} 里的阈值 {key} 不是数字")
    return {key: float(value) for key, value in values.items()}
