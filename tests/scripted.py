"""Conversations written with their labels, for tests of what comes after the model.

One line a turn: ``客户 情绪 动作…：话`` or ``坐席 动作或过错…：话``; ``系统：话`` for the rest. Labels are in
Chinese as the house names them (愤怒, 不满, 平静, 满意; 抱怨, 致歉, 推诿 …) and become certain predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa_engine.domain.prediction import (
    EMOTIONS,
    RESOLUTIONS,
    DialoguePrediction,
    ModelInfo,
    Prediction,
    Thresholds,
    TurnPrediction,
)
from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, COMPLAINT_TYPES, CUSTOMER_ACTS
from qa_engine.domain.transcript import Channel, RoleSource, Speaker, Transcript, Turn
from qa_engine.text.reading import Reading, read_transcript

THRESHOLDS = Thresholds(
    acts={}, faults={}, types={}, emotion_negative=0.5, emotion_angry=0.5, emotion_positive=0.5,
    complaint=0.5, review=0.5,
)  # fmt: skip
MODEL = ModelInfo("scripted", "1", "0" * 12)
EMOTION_NAMES = {"愤怒": -2, "不满": -1, "平静": 0, "满意": 1}
SPEAKERS = {"客户": Speaker.CUSTOMER, "坐席": Speaker.AGENT, "系统": Speaker.SYSTEM, "未知": Speaker.UNKNOWN}
_NAMED = {name: key for names in (CUSTOMER_ACTS, AGENT_ACTS, AGENT_FAULTS) for key, name in names.items()}


def certain(size: int, at: int) -> tuple[float, ...]:
    """A distribution that is sure of one place."""
    return tuple(float(place == at) for place in range(size))


def emotion(label: int) -> dict[int, float]:
    """Emotion probabilities that are sure of one label."""
    return {known: float(known == label) for known in EMOTIONS}


def dialogue(
    *,
    resolution: str = "resolved",
    satisfaction: int = 4,
    attitude: int = 4,
    complaint: float = 0.0,
    types: Mapping[str, float] | None = None,
    review: float = 0.0,
) -> DialoguePrediction:
    """What the model is sure of about the whole conversation."""
    return DialoguePrediction(
        {status: float(status == resolution) for status in RESOLUTIONS},
        certain(5, satisfaction - 1),  # type: ignore[arg-type]
        certain(5, attitude - 1),  # type: ignore[arg-type]
        complaint,
        dict.fromkeys(COMPLAINT_TYPES, 0.0) | dict(types or {"other": 1.0}),
        review,
    )


def turn_prediction(speaker: Speaker, labels: Sequence[str]) -> TurnPrediction:
    """The certain prediction of one turn from its Chinese labels."""
    keys = {_NAMED[label] for label in labels if label not in EMOTION_NAMES}
    if speaker is Speaker.CUSTOMER:
        mood = next((EMOTION_NAMES[label] for label in labels if label in EMOTION_NAMES), 0)
        return TurnPrediction(emotion(mood), {act: float(act in keys) for act in CUSTOMER_ACTS}, {})
    if speaker is Speaker.AGENT:
        return TurnPrediction(
            {},
            {act: float(act in keys) for act in AGENT_ACTS},
            {kind: float(kind in keys) for kind in AGENT_FAULTS},
        )
    return TurnPrediction({}, {}, {})


def play(
    script: str,
    *,
    whole: DialoguePrediction | None = None,
    times: Mapping[int, tuple[int, int]] | None = None,
    channel: Channel = Channel.CHAT,
    role_source: RoleSource = "given",
) -> tuple[Reading, Prediction]:
    """Read a script into what the engine sees and what a model sure of every label would say."""
    turns: list[Turn] = []
    predicted: list[TurnPrediction] = []
    for number, line in enumerate(filter(None, map(str.strip, script.splitlines()))):
        head, text = line.split("：", 1)
        who, *labels = head.split()
        start, end = (times or {}).get(number, (None, None))
        turns.append(Turn(SPEAKERS[who], text, start, end))
        predicted.append(turn_prediction(SPEAKERS[who], labels))
    transcript = Transcript("剧本", tuple(turns), channel=channel, role_source=role_source)
    return read_transcript(transcript), Prediction(MODEL, tuple(predicted), whole or dialogue(), THRESHOLDS)
