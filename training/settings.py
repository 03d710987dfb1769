"""The training configuration, read from TOML; every key has a comment in ``baseline.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from qa_engine.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """See ``training/baseline.toml`` for what each key means."""

    version: str
    seed: int
    folds: int
    fold_by: str
    calibration_sources: tuple[str, ...]
    other_source_weight: float
    own_weight: float
    own_least: int
    min_documents: int
    vocabulary_limit: dict[str, int]
    kept: dict[str, int]
    context_scale: float
    feature_scale: float
    turn_l2: float
    topic_l2: float
    outcome_l2: float
    second_turn_l2: float
    second_topic_l2: float
    second_outcome_l2: float
    iterations: int
    bootstrap_rounds: int

    def told(self, own: int) -> dict[str, Any]:
        """What a card says: all that played a part, with ``own`` dialogues of the user."""
        values = asdict(self)
        if not own:
            del values["own_weight"], values["own_least"]
        return values


def read_settings(path: Path) -> BaselineSettings:
    """Read a configuration.

    Raises:
        ConfigError: the file cannot be read, a key is missing, unknown or of the wrong type.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(str(path), "训练配置无法读取或不是合法的 TOML", "请检查文件路径和写法") from error
    known = {field.name for field in fields(BaselineSettings)}
    for key in sorted(set(values) ^ known):
        why = "未知的键" if key in values else "缺少该键"
        raise ConfigError(str(path), why, "请对照 training/baseline.toml", key=key)
    if values["fold_by"] not in ("source", "dialogue"):
        raise ConfigError(str(path), "应为 source 或 dialogue", "请改正取值", key="fold_by")
    if not isinstance(values["folds"], int) or values["folds"] < 2:
        raise ConfigError(str(path), "应为不小于 2 的整数", "请改正取值", key="folds")
    for key in ("own_weight", "own_least", "bootstrap_rounds"):
        if isinstance(values[key], bool) or not isinstance(values[key], (int, float)) or values[key] <= 0:
            raise ConfigError(str(path), "应为大于 0 的数", "请改正取值", key=key)
    values["calibration_sources"] = tuple(values["calibration_sources"])
    return BaselineSettings(**values)
