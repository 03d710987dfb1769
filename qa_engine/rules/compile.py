"""From YAML values to a RuleSet. Every problem is reported; nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa_engine.rules.compile_condition import ConditionReader
from qa_engine.rules.condition import Condition
from qa_engine.rules.expressions import NAME, All, Any, Expression, Not, Ref, read_expression
from qa_engine.rules.problems import KeyPath, Report, suggestion
from qa_engine.rules.ruleset import CompiledCriterion, RuleSet

_RESERVED = {"and", "or", "not"}


@dataclass(frozen=True, slots=True)
class CriterionRule:
    """The rule of one criterion as raw YAML values.

    ``path``: where the criterion stands in the file, so that problems are reported at the right
    place; default ``("criteria", key)``.
    """

    applies_when: object | None = None
    fail_when: object | None = None
    pass_when: object | None = None
    path: KeyPath | None = None


def compile_rules(
    phrases: Mapping[str, Sequence[str]],
    conditions: Mapping[str, object],
    criteria: Mapping[str, CriterionRule],
    report: Report,
) -> RuleSet:
    """Compile the rules of one scorecard.

    Args:
        phrases: named phrase lists (词表).
        conditions: named conditions or expressions, raw.
        criteria: the rules of the criteria, by key.
        report: called as ``report(path, why, remedy)`` for every problem, in Chinese; what depends on
            a broken part is left out of the result, so check that nothing was reported before use.
    """
    return _Compiler(phrases, conditions, report).compile(criteria)


class _Compiler:
    def __init__(
        self, phrases: Mapping[str, Sequence[str]], conditions: Mapping[str, object], report: Report
    ) -> None:
        self._raw = conditions
        self._report = report
        self._reader = ConditionReader(phrases, report)
        self._names: dict[str, Condition | Expression] = {}
        self._paths: dict[str, KeyPath] = {}
        self._refs: list[tuple[str, KeyPath]] = []

    def compile(self, criteria: Mapping[str, CriterionRule]) -> RuleSet:
        for name, raw in self._raw.items():
            self._define(name, raw)
        compiled: dict[str, CompiledCriterion] = {}
        for key, rule in criteria.items():
            criterion = self._criterion(key, rule)
            if criterion is not None:
                compiled[key] = criterion
        self._check_names()
        self._check_anchors()
        bad = self._cycles() | self._dangling()
        self._lean_on_anchors(bad)
        usable = {
            key: criterion
            for key, criterion in compiled.items()
            if not any(self._reaches(name, bad) for name in _names_in(criterion.rule))
            and not (criterion.applies and any(self._reaches(n, bad) for n in _names_in(criterion.applies)))
        }
        literals = self._reader.literals
        return RuleSet(self._names, usable, literals.freeze(), literals.slots)

    def _define(self, name: str, raw: object) -> None:
        path: KeyPath = ("conditions", name)
        if not NAME.fullmatch(name) or name.lower() in _RESERVED:
            self._report(path, f"条件名“{name}”不能用", "条件名由英文字母、数字和下划线组成，不以数字开头")
            return
        self._paths[name] = path
        if isinstance(raw, dict) and "test" in raw:
            condition = self._reader.read(name, raw, path, in_place=False)
            if condition is not None:
                self._names[name] = condition
            return
        expression = self._expression(raw, path)
        if expression is not None:
            self._names[name] = expression

    def _expression(self, raw: object, path: KeyPath) -> Expression | None:
        expression = read_expression(raw, path, self._report, self._in_place)
        if expression is not None:
            self._refs.extend((name, path) for name in _names_in(expression))
        return expression

    def _in_place(self, raw: object, path: KeyPath) -> str | None:
        # A generated name cannot collide: names in files have no dots.
        name = ".".join(str(part) for part in path)
        condition = self._reader.read(name, raw, path, in_place=True)
        if condition is None:
            return None
        self._names[name] = condition
        self._paths[name] = path
        return name

    def _criterion(self, key: str, rule: CriterionRule) -> CompiledCriterion | None:
        path = ("criteria", key) if rule.path is None else rule.path
        if (rule.fail_when is None) == (rule.pass_when is None):
            self._report(
                path,
                "fail_when 与 pass_when 必须且只能写一个",
                "出现即不合格写 fail_when，做到才合格写 pass_when",
            )
            return None
        which = "pass_when" if rule.fail_when is None else "fail_when"
        decides = self._expression(getattr(rule, which), (*path, which))
        applies = None
        if rule.applies_when is not None:
            applies = self._expression(rule.applies_when, (*path, "applies_when"))
            if applies is None:
                return None
        return None if decides is None else CompiledCriterion(applies, decides, which == "fail_when")

    def _check_names(self) -> None:
        for name, path in dict.fromkeys(self._refs):
            if name not in self._names and name not in self._raw:
                self._report(path, f"没有名为“{name}”的条件", suggestion(name, self._raw))

    def _check_anchors(self) -> None:
        for name, target in self._names.items():
            if not isinstance(target, Condition) or target.scope.anchor is None:
                continue
            path = (*self._paths[name], "scope", "anchor")
            anchor = self._names.get(target.scope.anchor)
            if target.scope.anchor not in self._raw:
                self._report(
                    path, f"没有名为“{target.scope.anchor}”的条件", suggestion(target.scope.anchor, self._raw)
                )
            elif anchor is not None and not isinstance(anchor, Condition):
                self._report(path, f"“{target.scope.anchor}”是表达式，不能作锚点", "锚点只能是带 test 的条件")
            elif anchor is not None and anchor.level != "unit":
                self._report(
                    path, f"“{target.scope.anchor}”不落在某一句上，不能作锚点", "请换一个按句判断的条件作锚点"
                )
            elif anchor is not None:
                self._check_anchor_turn(target, anchor, path[:-1])

    def _check_anchor_turn(self, target: Condition, anchor: Condition, path: KeyPath) -> None:
        mine, theirs = target.scope.role, anchor.scope.role
        if mine == theirs or "any" in (mine, theirs):
            return
        at_zero = 0 in (target.scope.first, target.scope.last) and target.scope.unit in ("turn", "clause")
        only_zero = target.scope.first == target.scope.last == 0
        if target.scope.where == "current" or (at_zero if target.scope.where != "around" else only_zero):
            self._report(
                path,
                "锚点那一句是另一方说的，这里永远找不到内容",
                "请让两个条件的 role 相同，或把位置改为从 1 开始",
            )

    def _cycles(self) -> set[str]:
        done: set[str] = set()
        bad: set[str] = set()

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                loop = above[above.index(name) :]
                if not bad.intersection(loop):
                    self._report(
                        self._paths[name], f"条件绕成了圈：{' → '.join((*loop, name))}", "请去掉其中一处引用"
                    )
                bad.update(loop)
            elif name not in done and name in self._names:
                for below in self._below(name):
                    visit(below, (*above, name))
                done.add(name)

        for name in self._names:
            visit(name, ())
        return bad

    def _below(self, name: str) -> list[str]:
        target = self._names[name]
        if isinstance(target, Condition):
            return [] if target.scope.anchor is None else [target.scope.anchor]
        return _names_in(target)

    def _dangling(self) -> set[str]:
        return {below for name in self._names for below in self._below(name) if below not in self._names}

    def _reaches(self, name: str, bad: set[str]) -> bool:
        if name in bad or name not in self._names:
            return True
        return any(self._reaches(below, bad) for below in self._below(name))

    def _lean_on_anchors(self, bad: set[str]) -> None:
        """A condition whose anchor depends on roles depends on roles itself."""
        for name, target in list(self._names.items()):
            if isinstance(target, Condition) and not self._reaches(name, bad):
                self._names[name] = self._reader.leaning(target, self._anchors_above(target))

    def _anchors_above(self, condition: Condition) -> list[Condition]:
        above: list[Condition] = []
        while condition.scope.anchor is not None:
            anchor = self._names[condition.scope.anchor]
            if not isinstance(anchor, Condition):
                break
            above.append(anchor)
            condition = anchor
        return above


def _names_in(expression: Expression) -> list[str]:
    match expression:
        case Ref(name):
            return [name]
        case All(parts) | Any(parts):
            return [name for part in parts for name in _names_in(part)]
        case Not(part):
            return _names_in(part)
