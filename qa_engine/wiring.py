"""The one place where models meet the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from models.base import Conversation, ConversationOutput, ConversationPredictor, FloatArray
from models.baseline import load_baseline
from models.errors import ModelError
from qa_engine.detectors.base import ConversationModel
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import (
    DialoguePrediction,
    ModelInfo,
    Prediction,
    Thresholds,
    TurnPrediction,
)
from qa_engine.inspector import Inspector
from qa_engine.scorecards import load_scorecard
from qa_engine.text.reading import Reading

ModelChoice = Literal["auto", "baseline", "neural", "none"]

_NOTHING = TurnPrediction({}, {}, {})


class PredictorAdapter:
    """Gives a predictor from `models` the shape that `detectors.base.ConversationModel` asks for."""

    def __init__(self, predictor: ConversationPredictor, fallback_reason: str | None = None) -> None:
        self._predictor = predictor
        self._info = ModelInfo(predictor.name, predictor.version, predictor.digest, fallback_reason)
        self._thresholds = _thresholds(predictor.thresholds)

    @property
    def info(self) -> ModelInfo:
        """Which model this is."""
        return self._info

    def predict(self, readings: Sequence[Reading]) -> list[Prediction]:
        """Predict a chunk; parallel to ``readings``."""
        outputs = self._predictor.predict([_conversation(reading) for reading in readings])
        return [self._prediction(r, output) for r, output in zip(readings, outputs, strict=True)]

    def _prediction(self, reading: Reading, output: ConversationOutput) -> Prediction:
        labels = self._predictor.labels
        emotion, faults = output.emotion.tolist(), output.faults.tolist()
        customer_acts, agent_acts = output.customer_acts.tolist(), output.agent_acts.tolist()
        turns: list[TurnPrediction] = []
        for i, turn in enumerate(reading.turns):
            if turn.speaker == "customer":
                said = dict(zip(labels.emotion, emotion[i], strict=True))
                acts = dict(zip(labels.customer_acts, customer_acts[i], strict=True))
                turns.append(TurnPrediction(said, acts, {}))
            elif turn.speaker == "agent":
                acts = dict(zip(labels.agent_acts, agent_acts[i], strict=True))
                turns.append(TurnPrediction({}, acts, dict(zip(labels.faults, faults[i], strict=True))))
            else:
                turns.append(_NOTHING)
        dialogue = DialoguePrediction(
            resolution=dict(zip(labels.resolution, output.resolution.tolist(), strict=True)),
            satisfaction=_five(output.satisfaction),
            attitude=_five(output.attitude),
            complaint=output.complaint,
            types=dict(zip(labels.types, output.types.tolist(), strict=True)),
            review=output.review,
            resolution_turns=output.resolution_turns,
        )
        return Prediction(self._info, tuple(turns), dialogue, self._thresholds, self._predictor.causal)


def _conversation(reading: Reading) -> Conversation:
    turns = reading.turns
    return Conversation(
        roles=[turn.speaker.value for turn in turns],
        texts=[turn.text for turn in turns],
        channel=reading.transcript.channel.value,
        start_ms=[turn.turn.start_ms for turn in turns],
        end_ms=[turn.turn.end_ms for turn in turns],
    )


def _five(row: FloatArray) -> tuple[float, float, float, float, float]:
    one, two, three, four, five = row.tolist()
    return one, two, three, four, five


def _thresholds(values: Mapping[str, float]) -> Thresholds:
    def group(prefix: str) -> dict[str, float]:
        return {key.removeprefix(prefix): v for key, v in values.items() if key.startswith(prefix)}

    return Thresholds(
        acts=group("act:"),
        faults=group("fault:"),
        types=group("type:"),
        emotion_negative=values["emotion_negative"],
        emotion_angry=values["emotion_angry"],
        emotion_positive=values["emotion_positive"],
        complaint=values["complaint"],
        review=values["review"],
    )


@cache
def load_model(choice: ModelChoice = "auto") -> ConversationModel | NotEvaluable:
    """Load the model for a choice; a model that cannot be loaded is told, not raised.

    ``auto`` is the baseline until the neural model is fast enough to be the default.
    """
    if choice == "none":
        return NotEvaluable("no_model", "本次运行没有启用模型，情绪、态度等基于模型的判断未进行")
    fallback_reason = None
    if choice == "neural":
        # Imported here: the baseline must not pay for it.
        from models.neural import load_neural

        try:
            return PredictorAdapter(load_neural())
        except ModelError as error:
            fallback_reason = f"神经模型无法加载，改用基线模型：{error}"
    try:
        return PredictorAdapter(load_baseline(), fallback_reason)
    except ModelError as error:
        return NotEvaluable("no_model", f"模型无法加载，基于模型的判断未进行：{error}")


def build_inspector(scorecard: str | Path, *, model: ModelChoice = "auto") -> Inspector:
    """Build an inspector from a built-in scorecard's key or a file.

    Raises:
        ConfigErrors: the scorecard cannot be used as written.
    """
    loaded = load_scorecard(scorecard)
    return Inspector(loaded.scorecard, loaded.rules, load_model(model))
