"""A neural model on disk: two ONNX graphs, a tokenizer, labels, thresholds, card, and its own baseline."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.artifact import read_artifact
from models.base import Labels
from models.baseline import BaselinePredictor
from models.errors import ArtifactCorrupt
from models.files import CARD, hashes, read_bytes, read_labels, read_sealed, read_thresholds, to_json

FORMAT = "neural-artifact/1"
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
    files = hashes({name: read_bytes(folder / name) for name in CONTENT})
    sealed = to_json({"format": FORMAT, **card, "files": files, "baseline_digest": baseline_digest})
    (folder / CARD).write_bytes(sealed)
    return hashlib.sha256(sealed).hexdigest()


def read_neural(folder: Path) -> NeuralArtifact:
    """Read and check a neural model.

    Raises:
        ArtifactMissing: a file is not there or cannot be opened.
        ArtifactCorrupt: a file is not what the card promises.
    """
    card, contents = read_sealed(folder, FORMAT, CONTENT)
    baseline = read_artifact(folder / BASELINE)
    if baseline.digest != card.get("baseline_digest"):
        raise ArtifactCorrupt("神经模型所带的基线与模型卡记录的不一致")
    labels = read_labels(contents[LABELS], LABELS)
    thresholds = read_thresholds(contents[THRESHOLDS], THRESHOLDS)
    try:
        version, prefix = str(card["version"]), str(card["encoder"]["prefix"])
        tokenizer = contents[TOKENIZER].decode("utf-8")
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactCorrupt(f"神经模型的文件缺少 {FORMAT} 应有的内容") from error
    if labels != baseline.labels:
        raise ArtifactCorrupt("神经模型与所带基线的标签不一致")
    return NeuralArtifact(
        version, hashlib.sha256(contents[CARD]).hexdigest(), labels, thresholds, contents[ENCODER],
        contents[DIALOGUE], tokenizer, prefix, BaselinePredictor(baseline), card,
    )  # fmt: skip
