"""Should a QA lead look at this call, how urgently, and why (复核优先级)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qa_engine.domain.finding import Evidence
from qa_engine.domain.report import (
    Attitude,
    Complaint,
    CriterionResult,
    Emotion,
    EmotionDrop,
    NotEvaluated,
    Resolution,
    ReviewAdvice,
)
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.taxonomy import AGENT_FAULTS, DROP_CAUSES

# What one certain concern weighs by itself (0–1). The priority is 1 − Π(1 − weight): every further concern
# raises it, none ever lowers it, and it never passes 1. A review is due from NEEDED on.
NEEDED = 0.5
CRITICAL_FAILED = 0.9
CRITICAL_NOT_JUDGED = 0.4
# By expected level: anchors of a line, so that a slightly worse attitude always weighs slightly more.
ATTITUDE: Sequence[tuple[float, float]] = ((1.0, 0.85), (2.0, 0.6), (3.0, 0.08), (4.0, 0.0))
FAULT: Mapping[str, float] = {
    "privacy_breach": 0.8, "risk_undisclosed": 0.8, "rude": 0.6, "over_promise": 0.45, "misinform": 0.45,
    "blame": 0.2, "impatient": 0.2, "shirk": 0.12, "cold": 0.06, "ignored": 0.05, "no_soothing": 0.05,
}  # fmt: skip
ANGER = 0.65
DROP_OPEN = 0.55
DROP_RECOVERED = 0.12
# A fall of so many index points or more weighs in full, a shallower one in proportion.
FULL_DEPTH = 35.0
COMPLAINT: Mapping[str, float] = {"unresolved": 0.65, "partial": 0.3, "resolved": 0.05}
MODEL = 0.8
NOT_JUDGED = 0.02
MOST_NOT_JUDGED = 5
# Faults worth a sentence of their own; the rest speak through the attitude level.
TOLD_FAULTS = (
    "privacy_breach",
    "risk_undisclosed",
    "rude",
    "over_promise",
    "misinform",
    "blame",
    "impatient",
)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that speaks for a review: its weight (0–1) and the Chinese sentence that says so.

    A slight one counts, but is told only where nothing graver explains the advice.
    """

    weight: float
    reason: str
    slight: bool = False


def advise_review(
    attitude: Attitude,
    resolution: Resolution,
    complaint: Complaint,
    emotion: Emotion,
    criteria: Sequence[CriterionResult],
    not_evaluated: Sequence[NotEvaluated],
    probability: float | None,
    threshold: float | None,
    evidence: tuple[Evidence, ...] = (),
) -> ReviewAdvice:
    """Weigh everything that calls for a QA lead.

    Args:
        attitude: the section of the report, judged or not; the same for the next three.
        resolution: was the matter settled.
        complaint: was a grievance voiced.
        emotion: the curve and its drops.
        criteria: graded criteria of the scorecard.
        not_evaluated: everything the report could not judge.
        probability: the model's probability that a QA lead must look; None without a model.
        threshold: from which ``probability`` alone asks for a review; None without a model.
        evidence: what ``probability`` rests on, told where a review is due.

    Returns:
        Advice whose reasons come weightiest first and name turns from 1 on. ``needed`` is None when
        nothing speaks for a review but neither emotion, attitude nor the model could be asked: "no"
        would be a guess.
    """
    concerns = [
        *_criteria(criteria),
        *_attitude(attitude),
        *_emotion(emotion),
        *_complaint(complaint, resolution),
        *_model(probability, threshold),
        *_not_judged(not_evaluated),
    ]
    clear = 1.0
    for concern in concerns:
        clear *= 1.0 - concern.weight
    priority = min(1.0, max(0.0, 1.0 - clear))
    concerns.sort(key=lambda concern: -concern.weight)
    reasons = [concern.reason for concern in concerns if not concern.slight]
    if priority >= NEEDED:
        slight = [concern.reason for concern in concerns if concern.slight and concern.weight > 0.0]
        return ReviewAdvice(True, priority, tuple(reasons or slight[:SHOWN]), evidence)
    if probability is None and emotion.index is None and attitude.level is None:
        reasons.append("客户情绪和服务态度都未能判断，无法确定是否需要复核")
        return ReviewAdvice(None, priority, tuple(reasons))
    return ReviewAdvice(False, priority, tuple(reasons))


def _criteria(criteria: Iterable[CriterionResult]) -> Iterator[Concern]:
    for item in criteria:
        if not item.critical:
            continue
        if item.outcome is Outcome.FAILED:
            where = _turns(quote.turn for quote in item.evidence)
            at = f"（{where}）" if where else ""
            yield Concern(CRITICAL_FAILED * (0.5 + item.confidence / 2), f"一票否决项“{item.name}”未通过{at}")
        elif item.outcome is Outcome.NOT_EVALUATED:
            yield Concern(CRITICAL_NOT_JUDGED, f"一票否决项“{item.name}”未能判定，需要人工确认")


def _attitude(attitude: Attitude) -> Iterator[Concern]:
    by_kind: dict[str, list[int]] = defaultdict(list)
    surest: dict[str, float] = defaultdict(float)
    for fault in attitude.faults:
        by_kind[fault.kind].append(fault.turn)
        surest[fault.kind] = max(surest[fault.kind], fault.confidence)
    for kind, turns in by_kind.items():
        weight = FAULT.get(kind, 0.0) * surest[kind]
        # The second and later ones of a kind add half as much again, all together.
        weight *= 1.5 - 0.5 / len(turns)
        reason = f"{_turns(turns)}坐席疑似{AGENT_FAULTS.get(kind, kind)}"
        yield Concern(min(0.95, weight), reason, slight=kind not in TOLD_FAULTS)
    if attitude.score is not None:
        bad = attitude.level is not None and attitude.level <= 2
        grade = f"评为 {attitude.level} 级" if bad else f"估计为 {attitude.score:.1f} 级"
        where = _turns(fault.turn for fault in attitude.faults)
        at = f"，问题出现在{where}" if where else ""
        reason = f"服务态度{grade}（1 最差，5 最好）{at}"
        yield Concern(_between(ATTITUDE, attitude.score), reason, slight=not bad)


def _emotion(emotion: Emotion) -> Iterator[Concern]:
    angry = [point for point in emotion.curve if point.emotion == -2]
    if angry:
        surest = max(point.probabilities.get("-2", 0.0) for point in angry)
        weight = ANGER * surest * (1.3 - 0.3 / len(angry))
        yield Concern(weight, f"客户在{_turns(point.turn for point in angry)}表现出愤怒")
    for drop in emotion.drops:
        depth = min(1.0, max(0.0, drop.from_index - drop.to_index) / FULL_DEPTH)
        if drop.recovered_turn is None:
            yield Concern(DROP_OPEN * depth, f"客户情绪在第 {drop.turn + 1} 句突降{_cause(drop)}，此后未恢复")
        else:
            over = f"，到第 {drop.recovered_turn + 1} 句恢复"
            yield Concern(DROP_RECOVERED * depth, f"客户情绪在第 {drop.turn + 1} 句突降{_cause(drop)}{over}")


def _cause(drop: EmotionDrop) -> str:
    if drop.cause is None:
        return ""
    name = AGENT_FAULTS.get(drop.cause.kind) or DROP_CAUSES.get(drop.cause.kind, drop.cause.kind)
    who = "坐席" if drop.cause.kind in AGENT_FAULTS else ""
    return f"（诱因：第 {drop.cause.turn + 1} 句{who}{name}）"


def _complaint(complaint: Complaint, resolution: Resolution) -> Iterator[Concern]:
    if complaint.probability is None:
        return
    likely = f"客户有投诉的可能（{complaint.probability:.0%}）"
    if resolution.status is None:
        yield Concern(complaint.probability * COMPLAINT["partial"], likely, slight=True)
        return
    weight = complaint.probability * sum(
        share * resolution.probabilities.get(status, 0.0) for status, share in COMPLAINT.items()
    )
    if complaint.is_complaint and resolution.status != "resolved":
        state = "未解决" if resolution.status == "unresolved" else "只解决了一部分"
        where = _turns(resolution.turns)
        yield Concern(weight, f"客户投诉{state}" + (f"（依据{where}）" if where else ""))
    else:
        yield Concern(weight, likely, slight=True)


def _model(probability: float | None, threshold: float | None) -> Iterator[Concern]:
    if probability is not None:
        due = threshold is not None and 0.0 < probability >= threshold
        yield Concern(MODEL * probability, f"模型判断需要复核的可能性为 {probability:.0%}", slight=not due)


def _not_judged(not_evaluated: Sequence[NotEvaluated]) -> Iterator[Concern]:
    if not_evaluated:
        weight = NOT_JUDGED * min(MOST_NOT_JUDGED, len(not_evaluated))
        yield Concern(weight, f"有 {len(not_evaluated)} 项内容未能判定，结论可能不完整")


def _between(anchors: Sequence[tuple[float, float]], at: float) -> float:
    """Read a value off the line through the anchors; flat beyond its ends."""
    for (left, low), (right, high) in pairwise(anchors):
        if at <= right:
            return low + (high - low) * max(0.0, at - left) / (right - left)
    return anchors[-1][1]


def _turns(turns: Iterable[int]) -> str:
    """Name turns to people, counted from 1: 第 3、5 句."""
    numbers = [str(turn + 1) for turn in sorted(set(turns))]
    if not numbers:
        return ""
    more = f"等 {len(numbers)} 句" if len(numbers) > SHOWN else "句"
    return f"第 {'、'.join(numbers[:SHOWN])} {more}"
