"""Why a criterion came out as it did: expression → condition → scope → hits, as a tree to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qa_engine.domain.finding import Evidence, LookedAt, Nearest, Verdict
from qa_engine.rules.absence import nearest_of
from qa_engine.rules.condition import Condition
from qa_engine.rules.expressions import All, Any, Expression, Not, Ref
from qa_engine.rules.facts import Facts
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.language import ROLE_NAMES
from qa_engine.rules.outcome import Outcome
from qa_engine.rules.ruleset import RuleSet
from qa_engine.rules.scope import Scope
from qa_engine.rules.trial import Either, Every, Leaf, Trial, Without

VERDICT_NAMES = {
    Verdict.HIT: "命中",
    Verdict.MISS: "未命中",
    Verdict.NOT_APPLICABLE: "不适用",
    Verdict.NOT_EVALUABLE: "无法判断",
    Verdict.PENDING: "尚未确定",
}
Kind = Literal["criterion", "logic", "condition", "test"]


@dataclass(frozen=True, slots=True)
class ExplainNode:
    """One step of the explanation.

    Attributes:
        kind: what the node is.
        label: what it is called, in Chinese (or the condition's own name).
        verdict: what it said; None for nodes that are not judged by themselves (a test's operators).
        detail: the scope, the reason or the measured fact, in Chinese.
        looked_at: where a condition looked.
        evidence: what it found.
        nearest: what came nearest when it found nothing.
        children: what it is made of; for an anchored condition its anchor comes first.
    """

    kind: Kind
    label: str
    verdict: Verdict | None
    detail: str = ""
    looked_at: tuple[LookedAt, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    nearest: Nearest | None = None
    children: tuple[ExplainNode, ...] = ()


def explain(rules: RuleSet, key: str, facts: Facts) -> ExplainNode:
    """Explain one criterion on a finished call. Raises KeyError for an unknown criterion."""
    return _Explainer(rules, rules.heard(facts)).criterion(key)


class _Explainer:
    def __init__(self, rules: RuleSet, call: HeardCall) -> None:
        self._rules, self._call = rules, call
        self._memo: dict[str, Outcome] = {}

    def criterion(self, key: str) -> ExplainNode:
        compiled = self._rules.criteria[key]
        verdict = self._rules.verdict(key, self._call, self._memo)
        children = [self._expression(compiled.rule)]
        if compiled.applies is not None:
            applies = self._expression(compiled.applies)
            children.insert(0, ExplainNode("logic", "适用条件", applies.verdict, children=(applies,)))
        way = "命中即不合格" if compiled.fails_on_hit else "命中才合格"
        return ExplainNode("criterion", key, verdict.result.verdict, way, children=tuple(children))

    def _expression(self, expression: Expression) -> ExplainNode:
        match expression:
            case Ref(name):
                return self._named(name)
            case All(parts):
                return self._logic(expression, "全部满足", parts)
            case Any(parts):
                return self._logic(expression, "任一满足", parts)
            case Not(part):
                return self._logic(expression, "不满足", (part,))

    def _logic(self, expression: Expression, label: str, parts: tuple[Expression, ...]) -> ExplainNode:
        outcome = self._rules.outcome(expression, self._call, self._memo)
        children = tuple(self._expression(part) for part in parts)
        return ExplainNode("logic", label, outcome.verdict, children=children)

    def _named(self, name: str) -> ExplainNode:
        target = self._rules.names[name]
        if not isinstance(target, Condition):
            inner = self._expression(target)
            return ExplainNode("logic", name, inner.verdict, children=(inner,))
        outcome = self._rules.outcome(Ref(name), self._call, self._memo)
        children: list[ExplainNode] = []
        if target.scope.anchor is not None:
            children.append(self._named(target.scope.anchor))
        children.append(trial_node(target.trial))
        reason = f"；{outcome.missing.reason}" if outcome.missing is not None else ""
        missed = outcome.verdict is Verdict.MISS
        return ExplainNode(
            "condition",
            "就地条件" if target.written_in_place else name,
            outcome.verdict,
            describe_scope(target) + reason,
            outcome.looked_at,
            tuple(dict.fromkeys(quote for finding in outcome.findings for quote in finding.evidence)),
            nearest_of(self._call, outcome.absent) if missed else None,
            tuple(children),
        )


def trial_node(trial: Trial) -> ExplainNode:
    """The tree of operators of a condition, without verdicts."""
    match trial:
        case Leaf(operator):
            return ExplainNode("test", operator.title, None, _sample(operator.phrases))
        case Every(parts):
            return ExplainNode("test", "同时满足", None, children=tuple(trial_node(part) for part in parts))
        case Either(parts):
            return ExplainNode("test", "满足其一", None, children=tuple(trial_node(part) for part in parts))
        case Without(part):
            return ExplainNode("test", "不含", None, children=(trial_node(part),))
    raise TypeError(type(trial).__name__)


def describe_scope(condition: Condition) -> str:
    """Where a condition looks, in Chinese."""
    if condition.level == "call":
        return "整通电话"
    scope = condition.scope
    text = f"{ROLE_NAMES[scope.role]}，{_stretch(scope)}"
    if condition.match == "joined":
        text += "，合并检查"
    elif condition.match == "clause" and scope.unit != "clause":
        text += "，逐分句检查"
    return text + ("，每一句都要满足" if condition.quantifier == "all" else "")


def _stretch(scope: Scope) -> str:
    first, last = scope.first, scope.last
    if scope.anchor is None:
        if scope.unit == "seconds":
            return f"第 {first or 0:g} 秒到" + ("结束" if last is None else f"第 {last:g} 秒")
        if scope.unit == "percent":
            return f"通话的 {first or 0:g}%–{100 if last is None else last:g}%"
        whole = (first, last) == (1, -1)
        return "整通对话" if whole else f"{_place(first)}到{_place(last)}{_unit(scope)}"
    hit = {"first": "首次", "last": "末次", "any": "任一次", "every": "每一次"}
    which = hit.get(str(scope.hit), f"第 {scope.hit} 次")
    where = {"before": "之前", "after": "之后", "around": "前后", "current": "那一句"}[
        scope.where or "current"
    ]
    span = (
        ""
        if scope.where == "current"
        else f"第 {first or 0:g} 到 {'最远' if last in (None, -1) else f'{last:g}'} "
    )
    unit = "" if scope.where == "current" else "秒" if scope.unit == "seconds" else _unit(scope)
    return f"“{scope.anchor}”{which}命中{where}{span}{unit}"


def _place(position: float | None) -> str:
    value = int(position or 1)
    return f"第 {value} " if value > 0 else f"倒数第 {-value} "


def _unit(scope: Scope) -> str:
    return "个分句" if scope.unit == "clause" else "句"


def _sample(phrases: tuple[str, ...]) -> str:
    return "、".join(phrases[:6]) + (" 等" if len(phrases) > 6 else "")
