"""Operators on what the model says: emotion, acts and faults of a turn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from qa_engine.domain.emotion import emotion_label
from qa_engine.domain.finding import Finding, NotEvaluable
from qa_engine.domain.prediction import EMOTIONS, Thresholds, TurnPrediction
from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, CUSTOMER_ACTS
from qa_engine.domain.transcript import Speaker
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISS, MISSED, WAITING, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import NO_ROLES, Need, Scan, UnitOperator, Workshop
from qa_engine.rules.passage import Passage
from qa_engine.rules.problems import suggestion

MODEL_AND_ROLES = frozenset({Need.MODEL, Need.ROLES})


def total_probability(probabilities: Iterable[float]) -> float:
    """Sum of probabilities; rounded, so that 0.6 + 0.3 reaches 0.9."""
    return min(round(sum(probabilities), 9), 1.0)


def known_labels(value: list[str], known: Mapping[str, object] | tuple[str, ...]) -> list[str]:
    """Refuse labels that do not exist. Raises ValueError in Chinese."""
    for label in value:
        if label not in known:
            raise ValueError(f"没有名为“{label}”的标签；{suggestion(label, known)}")
    return value


def _place(passage: Passage) -> str:
    """Which turn, counted from 1: several turns share one list of details."""
    return f"第 {passage.turn.index + 1} 句"


class EmotionConfig(RuleConfig):
    """Bounds on the emotion of a customer turn (−2 angry … 1 pleased), both inclusive."""

    at_most: int | None = Field(default=None, ge=-2, le=1)
    at_least: int | None = Field(default=None, ge=-2, le=1)
    probability: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> EmotionConfig:
        if self.at_most is None and self.at_least is None:
            raise ValueError("没有写情绪范围；请写 at_most 或 at_least（-2 到 1）")
        if self.at_most is not None and self.at_least is not None and self.at_least > self.at_most:
            raise ValueError("at_least 大于 at_most，永远不会命中；请对调")
        return self

    def holds(self, emotion: int) -> bool:
        """True when an emotion lies between the bounds."""
        return (self.at_most is None or emotion <= self.at_most) and (
            self.at_least is None or emotion >= self.at_least
        )


class _Opinion(UnitOperator):
    """A unit operator on what the model says."""

    @override
    def hopeless(self, call: HeardCall) -> NotEvaluable | None:
        return call.prediction if isinstance(call.prediction, NotEvaluable) else None


class _Graded(_Opinion):
    """One whose verdict on a turn follows from the model's opinion on that turn alone."""

    @abstractmethod
    def grade(
        self, said: Sequence[TurnPrediction | None], thresholds: Thresholds
    ) -> Iterator[tuple[bool, float]]:
        """For every turn: whether it is worth judging, and how sure a MISS would be."""

    @override
    def scan(self, call: HeardCall) -> Scan | None:
        prediction = call.prediction
        if isinstance(prediction, NotEvaluable) or call.doubtful or call.unsaid:
            return None
        if not prediction.causal and not call.closed:
            return None
        # Grows with the call: every turn is graded once.
        worth, sureness = call.scans.setdefault(id(self), ([], []))
        if len(sureness) < len(call.said):
            for promising, sure in self.grade(call.said[len(sureness) :], prediction.thresholds):
                if promising:
                    worth.append(len(sureness))
                sureness.append(sure)
        return Scan(worth, sureness)


class Emotion(_Graded):
    """By the label the report shows, or by the summed probability when ``probability`` is written."""

    name = "emotion"
    title = "客户情绪"
    config_type = EmotionConfig
    needs = MODEL_AND_ROLES

    @override
    def __init__(self, config: EmotionConfig, shop: Workshop) -> None:
        self._config = config
        self._held = frozenset(emotion for emotion in EMOTIONS if config.holds(emotion))

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        said = call.opinion(passage.turn.index)
        thresholds = call.thresholds
        if isinstance(said, NotEvaluable):
            return unjudged(said)
        if isinstance(thresholds, NotEvaluable):
            return unjudged(thresholds)
        if said is None:
            return WAITING
        if passage.turn.speaker is Speaker.UNKNOWN:
            return unjudged(NO_ROLES)
        if not said.emotion:
            return MISSED
        share = self._share(said)
        if not self._found(said, share, thresholds):
            return Judged(MISS, confidence=max(1 - share, 0.0))
        return hit(Finding(self.name, passage.whole(), share, f"{_place(passage)}情绪概率 {share:.2f}"))

    @override
    def grade(
        self, said: Sequence[TurnPrediction | None], thresholds: Thresholds
    ) -> Iterator[tuple[bool, float]]:
        for turn in said:
            if turn is None or not turn.emotion:
                yield False, 1.0
                continue
            share = self._share(turn)
            yield self._found(turn, share, thresholds), max(1 - share, 0.0)

    def _share(self, said: TurnPrediction) -> float:
        return total_probability(p for emotion, p in said.emotion.items() if emotion in self._held)

    def _found(self, said: TurnPrediction, share: float, thresholds: Thresholds) -> bool:
        if self._config.probability is not None:
            return share >= self._config.probability
        return emotion_label(said.emotion, thresholds) in self._held


class EmotionIndexConfig(RuleConfig):
    """The running emotion index (0–100, higher is better)."""

    below: float = Field(gt=0, le=100)


class EmotionIndex(_Opinion):
    """The index at a customer turn, as the report's curve shows it."""

    name = "emotion_index"
    title = "情绪指数"
    config_type = EmotionIndexConfig
    needs = MODEL_AND_ROLES

    @override
    def __init__(self, config: EmotionIndexConfig, shop: Workshop) -> None:
        self._below = config.below

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        said = call.opinion(passage.turn.index)
        if isinstance(said, NotEvaluable):
            return unjudged(said)
        if said is None:
            return WAITING
        # The index carries the past: one turn of unknown speaker blurs all that follow.
        if call.doubtful and call.doubtful[0] <= passage.turn.index:
            return unjudged(NO_ROLES)
        mood = call.mood(passage.turn.index)
        if mood is None or mood.index >= self._below:
            return MISSED
        # A figure, not a decision: as sure as the emotion at this turn.
        sure = max(said.emotion.values(), default=1.0)
        return hit(Finding(self.name, passage.whole(), sure, f"{_place(passage)}情绪指数 {mood.index:.1f}"))


class LabelsConfig(RuleConfig):
    """Labels, any of which will do; by the model's own threshold unless ``probability`` is written."""

    of: list[str] = Field(min_length=1)
    probability: float | None = Field(default=None, gt=0, le=1)


class ActConfig(LabelsConfig):
    """Acts of agent or customer."""

    @field_validator("of")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return known_labels(value, {**AGENT_ACTS, **CUSTOMER_ACTS})


class FaultConfig(LabelsConfig):
    """Faults of the agent."""

    @field_validator("of")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return known_labels(value, AGENT_FAULTS)


class _Labels(_Graded):
    names: ClassVar[Mapping[str, str]]
    needs = MODEL_AND_ROLES

    @override
    def __init__(self, config: LabelsConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        probabilities = self._probabilities(call, passage.turn.index)
        if isinstance(probabilities, NotEvaluable):
            return unjudged(probabilities)
        if probabilities is None:
            return WAITING
        if passage.turn.speaker is Speaker.UNKNOWN:
            return unjudged(NO_ROLES)
        said, thresholds = probabilities
        findings = []
        nearest = 0.0
        for label in self._config.of:
            probability = said.get(label, 0.0)
            needed = self._config.probability or thresholds.get(label, 0.5)
            if probability > 0 and probability >= needed:
                detail = f"{_place(passage)}{self.names[label]} {probability:.2f}"
                findings.append(Finding(self.name, passage.whole(), probability, detail))
            nearest = max(nearest, probability)
        return hit(*findings) if findings else Judged(MISS, confidence=1 - nearest)

    @override
    def grade(
        self, said: Sequence[TurnPrediction | None], thresholds: Thresholds
    ) -> Iterator[tuple[bool, float]]:
        least = self._config.probability
        known = thresholds.acts if self.name == "act" else thresholds.faults
        wanted = [(label, least or known.get(label, 0.5)) for label in self._config.of]
        for turn in said:
            probabilities = None if turn is None else turn.acts if self.name == "act" else turn.faults
            if not probabilities:
                yield False, 1.0
                continue
            nearest, promising = 0.0, False
            for label, needed in wanted:
                probability = probabilities.get(label, 0.0)
                if probability > nearest:
                    nearest = probability
                if probability >= needed and probability > 0:
                    promising = True
            yield promising, 1 - nearest

    def _columns(
        self, said: TurnPrediction, thresholds: Thresholds
    ) -> tuple[Mapping[str, float], Mapping[str, float]]:
        if self.name == "act":
            return said.acts, thresholds.acts
        return said.faults, thresholds.faults

    def _probabilities(
        self, call: HeardCall, turn: int
    ) -> tuple[Mapping[str, float], Mapping[str, float]] | NotEvaluable | None:
        said, thresholds = call.opinion(turn), call.thresholds
        if isinstance(said, NotEvaluable):
            return said
        if isinstance(thresholds, NotEvaluable):
            return thresholds
        if said is None:
            return None
        return self._columns(said, thresholds)


class Act(_Labels):
    """What a turn does."""

    name = "act"
    title = "话语行为"
    config_type = ActConfig
    names: ClassVar[Mapping[str, str]] = {**AGENT_ACTS, **CUSTOMER_ACTS}


class Fault(_Labels):
    """What is wrong with an agent's turn."""

    name = "fault"
    title = "服务失误"
    config_type = FaultConfig
    names: ClassVar[Mapping[str, str]] = AGENT_FAULTS
