"""The one place where models meet the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from models.base import Conversation, ConversationOutput, ConversationPredictor, FloatArray, Grounds
from models.base import Ground as ModelGround
from models.choice import Choice, models_home, read_choice
from models.errors import ModelError
from models.files import CARD
from models.registry import DEFAULT, find_model
from models.registry import load_model as open_folder
from qa_engine.detectors.base import ConversationModel
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import (
    DialoguePrediction,
    Ground,
    ModelInfo,
    Prediction,
    Thresholds,
    TurnPrediction,
)
from qa_engine.domain.resolution import resolution_label
from qa_engine.inspector import Inspector
from qa_engine.scorecards import load_scorecard
from qa_engine.text.reading import Reading

# "auto", "none", the name of a shipped model, or the name or folder of one of the user's own.
ModelChoice = str

_NOTHING = TurnPrediction({}, {}, {})


class PredictorAdapter:
    """Gives a predictor from `models` the shape that `detectors.base.ConversationModel` asks for."""

    def __init__(self, predictor: ConversationPredictor, fallback_reason: str | None = None) -> None:
        self._predictor = predictor
        self._info = ModelInfo(predictor.name, predictor.version, predictor.digest, fallback_reason)
        self._thresholds = _thresholds(predictor.thresholds)

    @property
    def predictor(self) -> ConversationPredictor:
        """The model behind."""
        return self._predictor

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
        grounds, because = output.grounds, _fault_grounds(output.grounds)
        turns: list[TurnPrediction] = []
        for i, turn in enumerate(reading.turns):
            if turn.speaker == "customer":
                said = dict(zip(labels.emotion, emotion[i], strict=True))
                acts = dict(zip(labels.customer_acts, customer_acts[i], strict=True))
                turns.append(TurnPrediction(said, acts, {}))
            elif turn.speaker == "agent":
                acts = dict(zip(labels.agent_acts, agent_acts[i], strict=True))
                kinds = dict(zip(labels.faults, faults[i], strict=True))
                turns.append(TurnPrediction({}, acts, kinds, because.get(i, {})))
            else:
                turns.append(_NOTHING)
        resolution = dict(zip(labels.resolution, output.resolution.tolist(), strict=True))
        # The status shown need not be the likeliest, whose turns ``resolution_turns`` names: those are taken
        # only from a model that gives no grounds at all.
        settled = grounds.resolution.get(resolution_label(resolution), ())
        named = tuple(ground.turn for ground in settled) if grounds.resolution else output.resolution_turns
        dialogue = DialoguePrediction(
            resolution=resolution,
            satisfaction=_five(output.satisfaction),
            attitude=_five(output.attitude),
            complaint=output.complaint,
            types=dict(zip(labels.types, output.types.tolist(), strict=True)),
            review=output.review,
            resolution_turns=named,
            complaint_grounds=_grounds(grounds.complaint),
            review_grounds=_grounds(grounds.review),
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


def _grounds(found: Sequence[ModelGround]) -> tuple[Ground, ...]:
    return tuple(Ground(ground.turn, ground.weight) for ground in found)


def _fault_grounds(grounds: Grounds) -> dict[int, dict[str, tuple[Ground, ...]]]:
    by_turn: dict[int, dict[str, tuple[Ground, ...]]] = defaultdict(dict)
    for (turn, kind), found in grounds.faults.items():
        by_turn[turn][kind] = _grounds(found)
    return by_turn


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
def _predictor(folder: Path, _written: int) -> ConversationPredictor:
    return open_folder(folder)


def open_model(reference: str | Path) -> PredictorAdapter:
    """Open exactly this model: a shipped one by name, or one of the user's by name or folder.

    Raises:
        ModelError: it is unknown or cannot be opened.
    """
    folder = find_model(reference, models_home()).resolve()
    card = folder / CARD
    return PredictorAdapter(_predictor(folder, card.stat().st_mtime_ns if card.exists() else 0))


def automatic_model() -> Path:
    """The folder of what ``auto`` should take: the promoted model, else the shipped default.

    Raises:
        ModelError: the record of the choice cannot be read.
    """
    chosen = read_choice(models_home())
    return find_model(DEFAULT) if chosen is None else chosen.folder


def forget_models() -> None:
    """Open every model anew from now on."""
    _predictor.cache_clear()


def load_model(choice: ModelChoice = "auto") -> ConversationModel | NotEvaluable:
    """Load the model for a choice; a model that cannot be loaded is replaced and told, not raised.

    ``auto`` is the model somebody promoted (``qa-engine models use``), else the shipped default.
    """
    if choice == "none":
        return NotEvaluable("no_model", "本次运行没有启用模型，情绪、态度等基于模型的判断未进行")
    failed: list[str] = []
    reasons: list[str] = []
    for name, attempt in _attempts(choice):
        try:
            adapter = attempt()
        except ModelError as error:
            failed.append(name)
            reasons.append(str(error))
            continue
        if failed:
            why = f"{'、'.join(failed)}无法加载，改用{name}：{'；'.join(reasons)}"
            return PredictorAdapter(adapter.predictor, why)
        return adapter
    return NotEvaluable("no_model", f"模型无法加载，基于模型的判断未进行：{'；'.join(reasons)}")


_SHIPPED_NAMES = {"baseline": "基线模型", "neural": "神经模型"}


def _attempts(choice: str) -> list[tuple[str, Callable[[], PredictorAdapter]]]:
    """What to try in turn: the one asked for, the shipped default, the baseline, which needs least."""
    wanted: dict[str, Callable[[], PredictorAdapter]] = {}
    if choice == "auto":
        try:
            promoted = read_choice(models_home())
        except ModelError as error:
            wanted["选用的模型"] = partial(_raise, error)
        else:
            if promoted is not None:
                wanted["选用的模型"] = partial(_open_promoted, promoted)
    else:
        wanted[_SHIPPED_NAMES.get(choice, f"模型 {Path(choice).name}")] = partial(open_model, choice)
    if choice not in _SHIPPED_NAMES:
        wanted[_SHIPPED_NAMES[DEFAULT]] = partial(open_model, DEFAULT)
    wanted[_SHIPPED_NAMES["baseline"]] = partial(open_model, "baseline")
    return list(wanted.items())


def _open_promoted(choice: Choice) -> PredictorAdapter:
    adapter = open_model(choice.folder)
    if adapter.info.digest != choice.digest and not choice.shipped:
        raise ModelError(f"{choice.folder} 的文件在选用之后有变动，请确认后重新运行 qa-engine models use")
    return adapter


def _raise(error: ModelError) -> PredictorAdapter:
    raise error


def build_inspector(scorecard: str | Path, *, model: ModelChoice = "auto") -> Inspector:
    """Build an inspector from a built-in scorecard's key or a file.

    Raises:
        ConfigErrors: the scorecard cannot be used as written.
    """
    loaded = load_scorecard(scorecard)
    return Inspector(loaded.scorecard, loaded.rules, load_model(model))
