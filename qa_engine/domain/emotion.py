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


@dataclass(frozen=True, slots=True)
class EmotionState:
    """Emotion at one customer turn: its label (-2..1) and the running index (0–100)."""

    turn: int
    emotion: int
    index: float


def emotion_label(probabilities: Mapping[int, float], thresholds: Thresholds) -> int:
    """Decide the label of one customer turn.

    Negative if P(-2)+P(-1) reaches its threshold, then angry if P(-2)'s share of it does; else
    positive by its own threshold; else neutral. Thresholds come from held-back dialogues.
    """
    negative = probabilities[-2] + probabilities[-1]
    if negative >= thresholds.emotion_negative:
        return -2 if probabilities[-2] >= thresholds.emotion_angry * negative else -1
    return 1 if probabilities[1] >= thresholds.emotion_positive else 0


def emotion_states(turns: Sequence[TurnPrediction], thresholds: Thresholds) -> Iterator[EmotionState]:
    """Yield the state of every customer turn in order (turns without emotion are skipped).

    The index is an exponential moving average of the expected value of the turn, so it depends
    on the past only and can be followed live.
    """
    index = CALM
    for number, turn in enumerate(turns):
        if not turn.emotion:
            continue
        expected = sum(VALUE[label] * probability for label, probability in turn.emotion.items())
        index = PRESENT_SHARE * expected + (1 - PRESENT_SHARE) * index
        yield EmotionState(number, emotion_label(turn.emotion, thresholds), round(index, 1))
