"""A neural model on disk: two ONNX graphs, a tokenizer, labels, thresholds, card, and its own baseline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.artifact import read_artifact
from models.base import Labels
from models.baseline import BaselinePredictor
from models.errors import ArtifactCorrupt, ArtifactMissing

FORMAT = "neural-artifact/1"
CARD = "card.json"
ENCODER, DIALOGUE, TOKENIZER = "encoder.onnx", "dialogue.onnx", "tokenizer.json"
LABELS, THRESHOLDS = "labels.json", "thresholds.json"
CONTENT = (DIALOGUE, ENCODER, LABELS, THRESHOLDS, TOKENIZER)
BASELINE = "baseline"


@dataclass(frozen=True)
class NeuralArtifact:
    """A checked model. ``digest`` is the sha256 over all files; graphs and tokenizer are still bytes."""

    version: str
    digest: str
    labels: Labels
    thresholds: Mapping[str, float]
    encoder: bytes
    dialogue: bytes
    tokenizer: str
    prefix: str
    baseline: BaselinePredictor
    card: Mapping[str, Any]


def write_neural(folder: Path, card: Mapping[str, Any], baseline_digest: str) -> str:
    """Seal a folder that already holds ``CONTENT`` and ``baseline/`` with its card.

    Returns:
        The digest.
    """
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in CONTENT}
    content = {"format": FORMAT, **card, "files": files, "baseline_digest": baseline_digest}
    sealed = (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
    (folder / CARD).write_bytes(sealed)
    return hashlib.sha256(sealed).hexdigest()


def read_neural(folder: Path) -> NeuralArtifact:
    """Read and check a neural model.

    Raises:
        ArtifactMissing: a file is not there or cannot be opened.
        ArtifactCorrupt: a file is not what the card promises.
    """
    sealed = _bytes(folder / CARD)
    card = _parsed(sealed, CARD)
    files = card.get("files")
    if card.get("format") != FORMAT or not isinstance(files, dict):
        raise ArtifactCorrupt(f"{CARD} 描述的不是 {FORMAT} 格式的模型")
    contents = {name: _bytes(folder / name) for name in CONTENT}
    for name, content in contents.items():
        if files.get(name) != hashlib.sha256(content).hexdigest():
            raise ArtifactCorrupt(f"神经模型的文件 {name} 与模型卡记录的不一致，可能已损坏或被替换")
    baseline = read_artifact(folder / BASELINE)
    if baseline.digest != card.get("baseline_digest"):
        raise ArtifactCorrupt("神经模型所带的基线与模型卡记录的不一致")
    names, thresholds = _parsed(contents[LABELS], LABELS), _parsed(contents[THRESHOLDS], THRESHOLDS)
    try:
        labels = Labels(**{name: tuple(names[name]) for name in Labels.__slots__})
        version, prefix = str(card["version"]), str(card["encoder"]["prefix"])
        tokenizer = contents[TOKENIZER].decode("utf-8")
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactCorrupt(f"神经模型的文件缺少 {FORMAT} 应有的内容") from error
    if labels != baseline.labels:
        raise ArtifactCorrupt("神经模型与所带基线的标签不一致")
    return NeuralArtifact(
        version, hashlib.sha256(sealed).hexdigest(), labels, thresholds, contents[ENCODER],
        contents[DIALOGUE], tokenizer, prefix, BaselinePredictor(baseline), card,
    )  # fmt: skip


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactMissing(f"神经模型的文件 {path.name} 不存在或无法读取") from error


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise ArtifactCorrupt(f"神经模型的文件 {name} 不是合法的 JSON") from error
    if not isinstance(value, dict):
        raise ArtifactCorrupt(f"神经模型的文件 {name} 应为 JSON 对象")
    return value
