"""A live call: turns come in, verdicts come out, and what is final stays final."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qa_engine.domain.finding import CriterionVerdict, NotEvaluable, Verdict
from qa_engine.domain.prediction import Prediction, TurnPrediction
from qa_engine.domain.transcript import Transcript
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.outcome import Outcome
from qa_engine.text.reading import TurnReading

if TYPE_CHECKING:
    from qa_engine.rules.ruleset import RuleSet


class RuleSession:
    """One running call. Made by `RuleSet.session`; not shared between threads."""

    def __init__(self, rules: RuleSet, call: HeardCall) -> None:
        self._rules = rules
        self._call = call
        self._final: dict[str, CriterionVerdict] = {}
        self._settled: dict[str, Outcome] = {}

    def hear(self, turn: TurnReading, said: TurnPrediction | None = None) -> dict[str, CriterionVerdict]:
        """Take in the next turn and return every criterion's verdict so far.

        A verdict other than PENDING is final: its kind never changes, though a later hit may still add
        evidence to the report that `finish` returns. Raises ValueError for a turn out of order or
        after the end.
        """
        if self._call.closed:
            raise ValueError("通话已经结束，不能再加入新的一句")
        if turn.index != len(self._call.turns):
            raise ValueError("句子的序号不连续")
        self._call.hear(turn, said)
        memo = dict(self._settled)
        verdicts: dict[str, CriterionVerdict] = {}
        for key in self._rules.criteria:
            verdict = self._final.get(key)
            if verdict is None:
                verdict = self._rules.verdict(key, self._call, memo)
                if verdict.result.verdict is not Verdict.PENDING:
                    self._final[key] = verdict
            verdicts[key] = verdict
        for name, outcome in memo.items():
            if outcome.settled and outcome.verdict is not Verdict.PENDING:
                self._settled[name] = outcome
        return verdicts

    def finish(
        self, transcript: Transcript | None = None, prediction: Prediction | NotEvaluable | None = None
    ) -> dict[str, CriterionVerdict]:
        """The call is over: the same verdicts as `RuleSet.evaluate` on the whole transcript.

        Args:
            transcript: the facts known only at the end (attributes, duration); None if nothing is new.
            prediction: the model's whole opinion, turns included; None keeps what came with the turns.
        """
        if transcript is not None:
            self._call.transcript = transcript
        if prediction is not None:
            self._call.prediction = prediction
            if not isinstance(prediction, NotEvaluable) and prediction.turns:
                self._call.said[:] = prediction.turns
        self._call.close()
        memo: dict[str, Outcome] = {}
        return {key: self._rules.verdict(key, self._call, memo) for key in self._rules.criteria}
