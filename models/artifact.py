"""A baseline on disk: ``weights.npz`` (no pickle), ``thresholds.json``, ``labels.json``, ``card.json``."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.base import FloatArray, Labels
from models.errors import ArtifactCorrupt, ArtifactMissing
from models.frame import ROLES
from models.layers import Layer, Weights
from models.ngrams import Vocabulary

FORMAT = "baseline-artifact/1"
CARD = "card.json"
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
        "labels.json": _json(names),
        "thresholds.json": _json(rounded),
        "weights.npz": _pack(weights),
    }
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    contents[CARD] = _json({"format": FORMAT, **card, "files": files})
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return _digest(contents)


def read_artifact(folder: Path) -> Artifact:
    """Read and check a baseline.

    Raises:
        ArtifactMissing: a file is not there or cannot be opened.
        ArtifactCorrupt: a file is not what the card promises.
    """
    contents = {name: _bytes(folder / name) for name in (CARD, *CONTENT)}
    card = _parsed(contents[CARD], CARD)
    if card.get("format") != FORMAT or not isinstance(card.get("files"), dict):
        raise ArtifactCorrupt(f"{CARD} does not describe a {FORMAT}")
    for name in CONTENT:
        if card["files"].get(name) != hashlib.sha256(contents[name]).hexdigest():
            raise ArtifactCorrupt(f"{name} is not the file its card describes")
    names, thresholds = (
        _parsed(contents["labels.json"], "labels.json"),
        _parsed(contents["thresholds.json"], "thresholds.json"),
    )
    try:
        labels = Labels(**{name: tuple(names[name]) for name in Labels.__slots__})
        weights = _unpack(contents["weights.npz"])
        version = str(card["version"])
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ArtifactCorrupt(f"the files in {folder.name} lack what a {FORMAT} holds") from error
    return Artifact(version, _digest(contents), labels, thresholds, weights, card)


def _digest(contents: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(contents):
        whole.update(f"{name}\0{len(contents[name])}\0".encode())
        whole.update(contents[name])
    return whole.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactMissing(f"{path.name} of the baseline cannot be read in {path.parent.name}") from error


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise ArtifactCorrupt(f"{name} is not JSON") from error
    if not isinstance(value, dict):
        raise ArtifactCorrupt(f"{name} is not a JSON object")
    return value


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


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
