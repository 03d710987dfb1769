"""The configuration of the neural model, read from TOML; every key has a comment in ``neural.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from qa_engine.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class NeuralSettings:
    """See ``training/neural.toml`` for what each key means."""

    version: str
    seed: int
    baseline: str
    folds: int
    fold_by: str
    layers: int
    pools: tuple[int, ...]
    trim_vocabulary: bool
    project: int
    hidden: int
    dropout: float
    vector_dropout: float
    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    patience: int
    inner_share: float
    topic_weight: float
    outcome_weight: float
    device: str
    precision: str
    bootstrap_rounds: int


_KINDS = {"tuple[int, ...]": (list,), "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}

_CHOICES = {
    "fold_by": ("source", "dialogue"),
    "device": ("cpu", "cuda", "auto"),
    "precision": ("float32", "bfloat16"),
}


def read_neural_settings(path: Path) -> NeuralSettings:
    """Read a configuration.

    Raises:
        ConfigError: the file cannot be read, a key is missing, unknown or of the wrong type or range.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(str(path), "训练配置无法读取或不是合法的 TOML", "请检查文件路径和写法") from error
    known = {field.name: str(field.type) for field in fields(NeuralSettings)}
    for key in sorted(set(values) ^ set(known)):
        why = "未知的键" if key in values else "缺少该键"
        raise ConfigError(str(path), why, "请对照 training/neural.toml", key=key)
    for key, kind in known.items():
        value = values[key]
        if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "bool"):
            raise ConfigError(str(path), f"类型应为 {kind}", "请改正取值", key=key)
    for key, known_values in _CHOICES.items():
        if values[key] not in known_values:
            raise ConfigError(str(path), f"应为 {' 或 '.join(known_values)}", "请改正取值", key=key)
    for key, least in (
        ("folds", 2),
        ("layers", 1),
        ("epochs", 1),
        ("batch", 1),
        ("hidden", 1),
        ("project", 1),
        ("patience", 1),
        ("bootstrap_rounds", 1),
    ):
        if values[key] < least:
            raise ConfigError(str(path), f"应不小于 {least}", "请改正取值", key=key)
    pools = values["pools"]
    if not all(isinstance(one, int) and 0 <= one <= values["layers"] for one in pools):
        raise ConfigError(str(path), "应为 0 到 layers 之间的整数", "请改正取值", key="pools")
    for key in ("dropout", "vector_dropout", "inner_share"):
        if not 0 <= values[key] < 1:
            raise ConfigError(str(path), "应在 0（含）到 1（不含）之间", "请改正取值", key=key)
    return NeuralSettings(**{**values, "pools": tuple(pools)})
