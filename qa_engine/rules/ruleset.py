"""All rules of one scorecard, compiled; judges finished calls and opens live sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa_engine.domain.finding import ConditionResult, CriterionVerdict, NotEvaluable, Verdict
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.transcript import Transcript
from qa_engine.rules.absence import nearest_of
from qa_engine.rules.condition import Condition
from qa_engine.rules.expressions import All, Any, Expression, Not, Ref
from qa_engine.rules.facts import Facts
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.matcher import LiteralMatcher
from qa_engine.rules.operators.base import Live, Need
from qa_engine.rules.outcome import Outcome, combine_all, combine_any, opposite
from qa_engine.rules.session import RuleSession

_UNSETTLED = (Verdict.NOT_APPLICABLE, Verdict.MISS)


@dataclass(frozen=True, slots=True)
class CompiledCriterion:
    """The rule of one criterion; ``fails_on_hit``: it was written as ``fail_when``."""

    applies: Expression | None
    rule: Expression
    fails_on_hit: bool


class RuleSet:
    """Compiled rules. Immutable and free of call state: one instance serves any number of calls.

    Args:
        names: named conditions and expressions (conditions written in place have generated names).
        criteria: the rule of every criterion, in file order.
        matcher: the automaton over all literals.
        slots: number of literal slots.
    """

    def __init__(
        self,
        names: Mapping[str, Condition | Expression],
        criteria: Mapping[str, CompiledCriterion],
        matcher: LiteralMatcher,
        slots: int,
    ) -> None:
        self.names = names
        self.criteria = criteria
        self._matcher = matcher
        self._slots = slots

    def evaluate(self, facts: Facts) -> dict[str, CriterionVerdict]:
        """Judge every criterion on a finished call."""
        call = self.heard(facts)
        memo: dict[str, Outcome] = {}
        return {key: self.verdict(key, call, memo) for key in self.criteria}

    def evaluate_one(self, key: str, facts: Facts) -> CriterionVerdict:
        """Judge one criterion by itself. Raises KeyError for an unknown key."""
        return self.verdict(key, self.heard(facts), {})

    def evaluate_condition(self, name: str, facts: Facts) -> ConditionResult:
        """Judge one named condition or expression. Raises KeyError for an unknown name."""
        call = self.heard(facts)
        outcome = self.outcome(Ref(name), call, {})
        nearest = nearest_of(call, outcome.absent) if outcome.verdict is Verdict.MISS else None
        return outcome.result(nearest)

    def session(self, transcript: Transcript, prediction: Prediction | NotEvaluable) -> RuleSession:
        """Open a live call.

        Args:
            transcript: what is known of the call at its start; its turns are ignored.
            prediction: the model's thresholds and nature (its turns and dialogue are ignored), or why
                there is no model.
        """
        return RuleSession(self, HeardCall(self._matcher, self._slots, transcript, prediction))

    def heard(self, facts: Facts) -> HeardCall:
        """A finished call, heard from its first turn to its last."""
        call = HeardCall(self._matcher, self._slots, facts.reading.transcript, facts.prediction)
        said = () if isinstance(facts.prediction, NotEvaluable) else facts.prediction.turns
        for turn in facts.reading.turns:
            call.hear(turn, said[turn.index] if turn.index < len(said) else None)
        call.close()
        return call

    def verdict(self, key: str, call: HeardCall, memo: dict[str, Outcome]) -> CriterionVerdict:
        """Judge one criterion on what was heard; ``memo`` shares conditions between criteria."""
        criterion = self.criteria[key]
        applies: ConditionResult | None = None
        if criterion.applies is not None:
            judged = self.outcome(criterion.applies, call, memo)
            applies = judged.result()
            if judged.verdict is not Verdict.HIT:
                verdict = Verdict.NOT_APPLICABLE if judged.verdict in _UNSETTLED else judged.verdict
                result = ConditionResult(verdict, missing=judged.missing)
                return CriterionVerdict(key, result, criterion.fails_on_hit, applies)
        outcome = self.outcome(criterion.rule, call, memo)
        failing = Verdict.HIT if criterion.fails_on_hit else Verdict.MISS
        nearest = nearest_of(call, outcome.absent) if outcome.absent and outcome.verdict is failing else None
        return CriterionVerdict(key, outcome.result(nearest), criterion.fails_on_hit, applies)

    def outcome(self, expression: Expression, call: HeardCall, memo: dict[str, Outcome]) -> Outcome:
        """Judge an expression on what was heard."""
        match expression:
            case Ref(name):
                return self._named(name, call, memo)
            case All(parts):
                return combine_all([self.outcome(part, call, memo) for part in parts])
            case Any(parts):
                return combine_any([self.outcome(part, call, memo) for part in parts])
            case Not(part):
                return opposite(self.outcome(part, call, memo))

    def needs(self, key: str) -> frozenset[Need]:
        """What a criterion cannot be judged without."""
        return frozenset[Need]().union(*(condition.needs for condition in self.conditions_of(key)))

    def live(self, key: str) -> Live:
        """Whether a criterion can be decided during the call (``now``) or only at its ``end``."""
        return "end" if any(condition.live == "end" for condition in self.conditions_of(key)) else "now"

    def conditions_of(self, key: str) -> list[Condition]:
        """All conditions a criterion stands on, anchors included, each once."""
        criterion = self.criteria[key]
        found: dict[str, Condition] = {}
        waiting: list[Expression] = [criterion.rule, *([criterion.applies] if criterion.applies else [])]
        while waiting:
            match waiting.pop():
                case Ref(name):
                    target = self.names[name]
                    if not isinstance(target, Condition):
                        waiting.append(target)
                    elif name not in found:
                        found[name] = target
                        if target.scope.anchor is not None:
                            waiting.append(Ref(target.scope.anchor))
                case All(parts) | Any(parts):
                    waiting.extend(parts)
                case Not(part):
                    waiting.append(part)
        return list(found.values())

    def _named(self, name: str, call: HeardCall, memo: dict[str, Outcome]) -> Outcome:
        known = memo.get(name)
        if known is not None:
            return known
        target = self.names[name]
        if isinstance(target, Condition):
            above = target.scope.anchor
            outcome = target.judge(call, None if above is None else self._named(above, call, memo))
        else:
            outcome = self.outcome(target, call, memo)
        memo[name] = outcome
        return outcome
