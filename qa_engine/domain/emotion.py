"""From emotion probabilities to a label and to the emotion index (情绪指数).

Lives in the domain because rules (`emotion_index`) and the emotion detector must mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qa_engine.domain.prediction import Thresholds, TurnPrediction

# What one turn of pure emotion is worth on the 0–100 scale. Calm service talk sits at 75, so that the
# usual alarm line of 60 is crossed only by displeasure, never by neutrality.
VALUE: Mapping[int, float] = {-2: 0.0, -1: 35.0, 0: 75.0, 1: 100.0}
CALM = VALUE[0]
# Share of the present turn in the running index; the rest is the mood carried over.
PRESENT_SHARE = 0.6
# The overall index follows the peak-end rule: what stays with a customer is the worst moment and the
# end, more than the average of the call.
MEAN_SHARE, LOWEST_SHARE, LAST_SHARE = 0.5, 0.25, 0.25


@dataclass(frozen=True, slots=True)
class EmotionState:
    """Emotion at one customer turn: its label (-2..1) and the running index (0–100)."""

    turn: int
    emotion: int
    index: float


def emotion_label(probabilities: Mapping[int, float], thresholds: Thresholds) -> int:
    """Decide the label of one customer turn.

    Negative if P(-2)+P(-1) reaches its threshold, then angry if P(-2)'s share of it does; else
    positive by its own threshold; else neutral. Thresholds come from held-back dialogues. A label
    without any probability is never chosen, whatever the threshold.
    """
    angry = probabilities.get(-2, 0.0)
    negative = angry + probabilities.get(-1, 0.0)
    if 0.0 < negative >= thresholds.emotion_negative:
        return -2 if 0.0 < angry >= thresholds.emotion_angry * negative else -1
    return 1 if 0.0 < probabilities.get(1, 0.0) >= thresholds.emotion_positive else 0


def expected_value(probabilities: Mapping[int, float]) -> float:
    """What a turn is worth on the 0–100 scale, by its probabilities (made to sum to one)."""
    whole = sum(probabilities.values())
    if whole <= 0.0:
        return CALM
    value = sum(VALUE[label] * probability for label, probability in probabilities.items()) / whole
    return min(100.0, max(0.0, value))


def emotion_states(turns: Sequence[TurnPrediction], thresholds: Thresholds) -> Iterator[EmotionState]:
    """Yield the state of every customer turn in order (turns without emotion are skipped).

    The index is an exponential moving average of the expected value of the turn, so it depends
    on the past only and can be followed live.
    """
    index = CALM
    for number, turn in enumerate(turns):
        if not turn.emotion:
            continue
        index = PRESENT_SHARE * expected_value(turn.emotion) + (1 - PRESENT_SHARE) * index
        yield EmotionState(number, emotion_label(turn.emotion, thresholds), index)


def overall_index(indexes: Sequence[float]) -> float | None:
    """The emotion index of a whole call (0–100) from its running indexes; None without any.

    Half the mean, a quarter the lowest, a quarter the last: a call of nothing but calm turns has 75.
    """
    if not indexes:
        return None
    mean = sum(indexes) / len(indexes)
    overall = MEAN_SHARE * mean + LOWEST_SHARE * min(indexes) + LAST_SHARE * indexes[-1]
    return overall
