"""One condition from YAML: head, scope, and the tree of its operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qa_engine.rules.condition import Condition
from qa_engine.rules.language import ConditionConfig
from qa_engine.rules.matcher import LiteralIndex
from qa_engine.rules.operators import OPERATORS
from qa_engine.rules.operators.base import Level, Need, Workshop
from qa_engine.rules.phrases import PhraseLists
from qa_engine.rules.problems import KeyPath, Report, read_config, suggestion
from qa_engine.rules.scope import Scope
from qa_engine.rules.trial import Either, Every, Leaf, Trial, Without


class ConditionReader:
    """Reads conditions; equal operators are built once and shared by all conditions."""

    def __init__(self, phrases: Mapping[str, Sequence[str]], report: Report) -> None:
        self.literals = LiteralIndex()
        self._report = report
        self._lists = PhraseLists(phrases, report)
        self._scopes: dict[Scope, Scope] = {}
        self._leaves: dict[tuple[str, str], Leaf] = {}

    def read(self, name: str, raw: object, path: KeyPath, in_place: bool) -> Condition | None:
        """Read one condition; None when it has a problem (which was reported)."""
        config = read_config(ConditionConfig, raw, path, self._report)
        trial = self._trial(raw["test"], (*path, "test")) if isinstance(raw, dict) else None
        if config is None or trial is None:
            return None
        level = self._level(trial, config, path)
        if level is None:
            return None
        match = config.match or ("clause" if config.scope.unit == "clause" else "turn")
        leans = config.role != "any" or any(Need.ROLES in op.needs for op in trial.operators())
        scope = Scope.of(config)
        # One object for equal scopes: windows are shared by identity.
        scope = self._scopes.setdefault(scope, scope)
        return Condition(name, scope, match, config.quantifier, trial, level, leans, in_place)

    def leaning(self, condition: Condition, above: Sequence[Condition]) -> Condition:
        """The condition, knowing whether an anchor above it depends on roles."""
        if condition.leans_on_roles or not any(anchor.leans_on_roles for anchor in above):
            return condition
        return replace(condition, leans_on_roles=True)

    def _trial(self, raw: object, path: KeyPath) -> Trial | None:
        if not isinstance(raw, dict) or len(raw) != 1:
            self._report(
                path, "test 里应只有一个算子，或 all / any / not 之一", "几个算子请放进 all 或 any 的列表"
            )
            return None
        key, value = next(iter(raw.items()))
        here = (*path, key)
        if key in ("all", "any"):
            if not isinstance(value, list) or not value:
                self._report(here, f"{key} 后面应是不为空的列表", "请写成 - 开头的列表")
                return None
            parts = [self._trial(part, (*here, i)) for i, part in enumerate(value)]
            usable = [part for part in parts if part is not None]
            if len(usable) != len(parts):
                return None
            return Every(tuple(usable)) if key == "all" else Either(tuple(usable))
        if key == "not":
            part = self._trial(value, here)
            return None if part is None else Without(part)
        if key not in OPERATORS:
            self._report(here, f"没有名为“{key}”的算子", suggestion(str(key), OPERATORS))
            return None
        return self._leaf(key, value, here)

    def _leaf(self, name: str, raw: object, path: KeyPath) -> Leaf | None:
        kind = OPERATORS[name]
        config = read_config(kind.config_type, {} if raw is None else raw, path, self._report)
        if config is None:
            return None
        problems = 0

        def counting(where: KeyPath, why: str, remedy: str) -> None:
            nonlocal problems
            problems += 1
            self._report(where, why, remedy)

        key = (name, config.model_dump_json())
        if key not in self._leaves:
            operator = kind(config, Workshop(self.literals, self._lists, path, counting))
            if problems:
                return None
            self._leaves[key] = Leaf(operator, len(self._leaves))
        return self._leaves[key]

    def _level(self, trial: Trial, config: ConditionConfig, path: KeyPath) -> Level | None:
        operators = list(trial.operators())
        levels = {operator.level for operator in operators}
        here = (*path, "test")
        if {"unit", "scope"} <= levels:
            names = "、".join(op.name for op in operators if op.level == "scope")
            self._report(
                here, f"{names} 统计整个范围，不能与逐句的算子写在同一个 test 里", "请拆成两个条件再组合"
            )
            return None
        if levels == {"call"}:
            return self._plain(
                config, path, "这些算子看的是整通电话，role、scope、match、quantifier 不起作用"
            )
        if "scope" in levels:
            if config.match is not None or config.quantifier == "all":
                self._report(path, "统计整个范围的算子不逐句判断，match、quantifier 不起作用", "请删去这两项")
                return None
            return "scope"
        split = config.match in ("clause", "joined") or config.scope.unit == "clause"
        whole = [op.name for op in operators if op.level == "unit" and not op.reads_text]
        if split and whole:
            self._report(here, f"{'、'.join(whole)} 只能按整句判断", "请改用 unit: turn、match: turn")
            return None
        return "unit"

    def _plain(self, config: ConditionConfig, path: KeyPath, why: str) -> Level | None:
        written: set[Any] = config.model_fields_set - {"test"}
        for key in sorted(written):
            self._report((*path, key), why, f"请删去 {key}")
        return None if written else "call"
