"""`resolution` and `complaint`: what the model says of the whole call."""

from __future__ import annotations

from pydantic import Field, field_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding, NotEvaluable
from qa_engine.domain.prediction import RESOLUTIONS
from qa_engine.domain.taxonomy import COMPLAINT_TYPES
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISS, WAITING, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import CallOperator, Need, Workshop
from qa_engine.rules.operators.opinions import known_labels, total_probability

MODEL_AND_CALL = frozenset({Need.MODEL, Need.WHOLE_CALL})


class ResolutionConfig(RuleConfig):
    """Resolution statuses whose summed probability counts."""

    of: list[str] = Field(min_length=1)
    probability: float = Field(default=0.5, gt=0, le=1)

    @field_validator("of")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return known_labels(value, RESOLUTIONS)


class Resolution(CallOperator):
    """Whether the matter was resolved; the turns that weighed most are the evidence."""

    name = "resolution"
    title = "解决状态"
    config_type = ResolutionConfig
    live = "end"
    needs = MODEL_AND_CALL

    @override
    def __init__(self, config: ResolutionConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def decide(self, call: HeardCall) -> Judged:
        if not call.closed:
            return WAITING
        said = call.dialogue()
        if isinstance(said, NotEvaluable):
            return unjudged(said)
        share = total_probability(said.resolution.get(status, 0.0) for status in set(self._config.of))
        if share < self._config.probability:
            return Judged(MISS, confidence=1 - share)
        evidence = tuple(
            quote
            for turn in said.resolution_turns[:3]
            if turn < len(call.turns)
            for quote in call.passage(turn).whole()
        )
        return hit(Finding(self.name, evidence, share, f"概率 {share:.2f}"))


class ComplaintConfig(RuleConfig):
    """A complaint at all, or one of the types."""

    types: list[str] = Field(default_factory=list)
    probability: float | None = Field(default=None, gt=0, le=1)

    @field_validator("types")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return known_labels(value, COMPLAINT_TYPES)


class Complaint(CallOperator):
    """By the model's own thresholds unless ``probability`` is written."""

    name = "complaint"
    title = "投诉"
    config_type = ComplaintConfig
    live = "end"
    needs = MODEL_AND_CALL

    @override
    def __init__(self, config: ComplaintConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def decide(self, call: HeardCall) -> Judged:
        if not call.closed:
            return WAITING
        said, thresholds = call.dialogue(), call.thresholds
        if isinstance(said, NotEvaluable):
            return unjudged(said)
        if isinstance(thresholds, NotEvaluable):
            return unjudged(thresholds)
        if self._config.types:
            judged = [
                (said.types.get(name, 0.0), thresholds.types.get(name, 0.5), COMPLAINT_TYPES[name])
                for name in self._config.types
            ]
        else:
            judged = [(said.complaint, thresholds.complaint, "投诉")]
        findings = [
            Finding(self.name, (), probability, f"{name} {probability:.2f}")
            for probability, needed, name in judged
            if probability > 0 and probability >= (self._config.probability or needed)
        ]
        return hit(*findings) if findings else Judged(MISS, confidence=1 - max(p for p, _, _ in judged))
