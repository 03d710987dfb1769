"""A baseline on disk: ``weights.npz`` (no pickle), ``thresholds.json``, ``labels.json``, ``card.json``."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.base import FloatArray, Labels
from models.errors import ArtifactCorrupt
from models.files import CARD, hashes, read_labels, read_sealed, read_thresholds, to_json
from models.frame import ROLES
from models.heads import heads_of
from models.layers import Layer, Weights
from models.ngrams import Vocabulary

__all__ = ["CARD", "CONTENT", "FORMAT", "Artifact", "read_artifact", "write_artifact"]

FORMAT = "baseline-artifact/1"
CONTENT = ("labels.json", "thresholds.json", "weights.npz")


@dataclass(frozen=True)
class Artifact:
    """A trained baseline. ``digest`` is the sha256 over all its files, in name order."""

    version: str
    digest: str
    labels: Labels
    thresholds: Mapping[str, float]
    weights: Weights
    card: Mapping[str, Any]


def write_artifact(
    folder: Path, labels: Labels, thresholds: Mapping[str, float], weights: Weights, card: Mapping[str, Any]
) -> str:
    """Write all files; equal content gives equal bytes. ``card`` must hold "version".

    Returns:
        The digest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {name: list(getattr(labels, name)) for name in Labels.__slots__}
    rounded = {key: round(float(value), 4) for key, value in sorted(thresholds.items())}
    contents = {
        "labels.json": to_json(names),
        "thresholds.json": to_json(rounded),
        "weights.npz": _pack(weights),
    }
    contents[CARD] = to_json({"format": FORMAT, **card, "files": hashes(contents)})
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return _digest(contents)


def read_artifact(folder: Path) -> Artifact:
    """Read and check a baseline.

    Raises:
        ArtifactMissing: a file is not there or cannot be opened.
        ArtifactCorrupt: a file is not what the card promises.
    """
    card, contents = read_sealed(folder, FORMAT, CONTENT)
    labels = read_labels(contents["labels.json"], "labels.json")
    thresholds = read_thresholds(contents["thresholds.json"], "thresholds.json")
    try:
        weights = _unpack(contents["weights.npz"])
        version = str(card["version"])
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactCorrupt(f"模型文件夹 {folder.name} 缺少 {FORMAT} 应有的内容") from error
    if not _answers(weights, labels):
        raise ArtifactCorrupt(f"模型文件夹 {folder.name} 的权重与标签对不上")
    return Artifact(version, _digest(contents), labels, thresholds, weights, card)


def _answers(weights: Weights, labels: Labels) -> bool:
    """Whether the last layers have one column for every question the labels ask."""
    heads = heads_of(labels)
    turns = all(len(weights.turns[role].bias) == len(heads.of(role)) for role in ROLES)
    return turns and len(weights.outcome.bias) == len(heads.outcomes)


def _digest(contents: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(contents):
        whole.update(f"{name}\0{len(contents[name])}\0".encode())
        whole.update(contents[name])
    return whole.hexdigest()


def _pack(weights: Weights) -> bytes:
    arrays: dict[str, np.ndarray] = {"pooled_bias": weights.pooled_bias}
    for role in ROLES:
        arrays[f"{role}.codes"] = weights.vocabulary[role].codes
        arrays[f"{role}.idf"] = weights.vocabulary[role].idf.astype(np.float16)
        arrays[f"{role}.wording"] = weights.wording[role].astype(np.float16)
    for name, layer in _layers(weights).items():
        arrays[f"{name}.weights"], arrays[f"{name}.bias"] = layer.weights, layer.bias
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **dict(sorted(arrays.items())))  # type: ignore[arg-type]
    return buffer.getvalue()


def _unpack(content: bytes) -> Weights:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:

        def layer(name: str) -> Layer:
            return Layer(_single(arrays[f"{name}.weights"]), _single(arrays[f"{name}.bias"]))

        return Weights(
            {role: Vocabulary(arrays[f"{role}.codes"], _single(arrays[f"{role}.idf"])) for role in ROLES},
            {role: _single(arrays[f"{role}.wording"]) for role in ROLES},
            {role: layer(f"{role}.plain") for role in ROLES},
            {role: layer(f"{role}.turns") for role in ROLES},
            _single(arrays["pooled_bias"]),
            layer("topic"),
            layer("outcome"),
        )


def _layers(weights: Weights) -> dict[str, Layer]:
    by_role = {
        f"{role}.{name}": getattr(weights, name)[role] for role in ROLES for name in ("plain", "turns")
    }
    return {**by_role, "topic": weights.topic, "outcome": weights.outcome}


def _single(values: np.ndarray) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float32)
