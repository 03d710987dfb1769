"""`resolution` and `complaint`: what the model says of the whole call."""

from __future__ import annotations

from pydantic import Field, field_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding, NotEvaluable
from qa_engine.domain.prediction import RESOLUTIONS
from qa_engine.domain.resolution import RESOLUTION_NAMES, resolution_label
from qa_engine.domain.taxonomy import COMPLAINT_TYPES
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISS, WAITING, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import CallOperator, Need, Workshop
from qa_engine.rules.operators.opinions import known_labels, total_probability

MODEL_AND_CALL = frozenset({Need.MODEL, Need.WHOLE_CALL})


class ResolutionConfig(RuleConfig):
    """Resolution statuses, any of which will do."""

    of: list[str] = Field(min_length=1)
    probability: float | None = Field(default=None, gt=0, le=1)

    @field_validator("of")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return known_labels(value, RESOLUTIONS)


class Resolution(CallOperator):
    """Whether the matter was resolved; the turns that weighed most are the evidence.

    By the status the report shows, or by the summed probability when ``probability`` is written.
    """

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
        label = resolution_label(said.resolution)
        if not self._found(share, label):
            return Judged(MISS, confidence=1 - share)
        evidence = tuple(
            quote
            for turn in said.resolution_turns[:3]
            if turn < len(call.turns)
            for quote in call.passage(turn).whole()
        )
        detail = f"判为{RESOLUTION_NAMES[label]}，所列状态合计概率 {share:.2f}"
        return hit(Finding(self.name, evidence, share, detail))

    def _found(self, share: float, label: str) -> bool:
        if self._config.probability is not None:
            return share >= self._config.probability
        return share > 0 and label in self._config.of


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
