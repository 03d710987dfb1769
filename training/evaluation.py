"""How well a model does on labelled dialogues, with intervals, and whether one does better than another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_engine.detectors.base import ConversationModel
from qa_engine.domain.prediction import DialoguePrediction, Prediction, Thresholds, TurnPrediction
from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn
from qa_engine.inspector.sections import Sections, detect_sections
from qa_engine.text.reading import Reading, read_transcript
from training.answers import LABELS
from training.card import calibration_errors
from training.labelled import LabelledDialogue
from training.metrics import average_precision, interval, macro_f1, resampled, weighted_kappa
from training.reliability import reliability
from training.tables import Figure, Ints, Said, Tables

CHUNK = 64
FEWEST = 20  # dialogues with the label: with fewer, resampling says too little of what others would show
DROP_TOLERANCE = 4  # turns between a labelled and a found drop that still count as the same
LOWER_IS_BETTER = frozenset({"satisfaction_mae"})
ATTITUDE, RESOLUTION = "attitude_weighted_kappa", "resolution_macro_f1"
DROPS = "drop_event_f1_within_4_turns"


@dataclass(frozen=True)
class Value:
    """A figure with its 95 % bootstrap interval by dialogue; ``dialogues`` carry its label."""

    value: float
    low: float
    high: float
    dialogues: int


@dataclass(frozen=True)
class Measured:
    """One model on the labelled dialogues.

    Attributes:
        name, version, digest: of the model.
        figures: by name, only what is labelled.
        resampled: the values behind each interval; equal draws for every model on equal dialogues.
        calibration_error: expected calibration error by head.
        reliability: bins of complaint, review and resolution.
        unjudged: sections of all dialogues that the engine did not judge, one-sided calls above all.
    """

    name: str
    version: str
    digest: str
    figures: Mapping[str, Value]
    resampled: Mapping[str, NDArray[np.float64]]
    calibration_error: Mapping[str, float]
    reliability: Mapping[str, list[dict[str, Any]]]
    unjudged: int


@dataclass(frozen=True)
class Difference:
    """The second model's figure less the first's, on the same resampled dialogues.

    ``verdict``: "better", "worse", or "chance" when the 95 % interval holds zero or there are fewer than
    `FEWEST` dialogues.
    """

    value: float
    low: float
    high: float
    verdict: str


def measure_model(
    dialogues: Sequence[LabelledDialogue],
    model: ConversationModel,
    rounds: int,
    seed: int,
    step: Callable[[int], None] = lambda _: None,
) -> Measured:
    """Let a model predict labelled dialogues and compare.

    Emotion drops, the level of attitude and the resolution are the engine's detectors' on the model's
    predictions, as in reports; all else is what the model says at its own thresholds.

    Args:
        dialogues: with any labels.
        model: as `wiring` opens it.
        rounds: resamplings of dialogues behind each interval.
        seed: of the resampling; use one for models that are to be compared.
        step: told how many dialogues are done.
    """
    readings = [read_transcript(_transcript(dialogue)) for dialogue in dialogues]
    predictions: list[Prediction] = []
    for start in range(0, len(readings), CHUNK):
        predictions.extend(model.predict(readings[start : start + CHUNK]))
        step(len(predictions))
    thresholds = _flat(predictions[0].thresholds)
    tables = Tables(dialogues, said_by(readings, predictions), thresholds)
    sections = [detect_sections(*pair) for pair in zip(readings, predictions, strict=True)]
    figures = {**tables.figures, **_detected(dialogues, sections), **_precision(dialogues, predictions)}
    values, draws = {}, {}
    for name, figure in figures.items():
        chosen = np.flatnonzero(figure.labelled)
        if len(chosen):
            draws[name] = resampled(figure.value, chosen, rounds, seed)
            values[name] = Value(figure.value(chosen), *interval(draws[name]), len(chosen))
    every = np.arange(len(dialogues))
    info = model.info
    return Measured(
        info.name, info.version, info.digest, values, draws,
        calibration_errors(tables, every), reliability(tables, every),
        sum(len(section.missing) for section in sections),
    )  # fmt: skip


def compare(first: Measured, second: Measured) -> dict[str, Difference]:
    """What the second model gains on the first, by paired bootstrap."""
    found = {}
    for name in first.figures.keys() & second.figures.keys():
        low, high = interval(second.resampled[name] - first.resampled[name])
        sign = -1.0 if name in LOWER_IS_BETTER else 1.0
        verdict = "better" if min(sign * low, sign * high) > 0 else "worse"
        if low <= 0 <= high or second.figures[name].dialogues < FEWEST:
            verdict = "chance"
        value = second.figures[name].value - first.figures[name].value
        found[name] = Difference(value, low, high, verdict)
    return {name: found[name] for name in first.figures if name in found}


def said_by(readings: Sequence[Reading], predictions: Sequence[Prediction]) -> Said:
    """What the engine was told by a model, laid out like labels."""
    customer, agent = [], []
    for reading, prediction in zip(readings, predictions, strict=True):
        for heard, turn in zip(reading.turns, prediction.turns, strict=True):
            if heard.speaker is Speaker.CUSTOMER:
                customer.append(_mood(turn) + [turn.acts[act] for act in LABELS.customer_acts])
            elif heard.speaker is Speaker.AGENT:
                acts = [turn.acts[act] for act in LABELS.agent_acts]
                agent.append(acts + [turn.faults[kind] for kind in LABELS.faults])
    whole = [prediction.dialogue for prediction in predictions]

    def rows(pick: Callable[[DialoguePrediction], Any]) -> NDArray[np.float32]:
        return np.array([pick(one) for one in whole], dtype=np.float32)

    return Said(
        np.array(customer, dtype=np.float32).reshape(-1, 3 + len(LABELS.customer_acts)),
        np.array(agent, dtype=np.float32).reshape(-1, len(LABELS.agent_acts) + len(LABELS.faults)),
        rows(lambda one: [one.types[key] for key in LABELS.types]),
        rows(lambda one: [one.resolution[key] for key in LABELS.resolution]),
        rows(lambda one: one.attitude),
        rows(lambda one: one.satisfaction),
        rows(lambda one: one.complaint),
        rows(lambda one: one.review),
    )


def _mood(turn: TurnPrediction) -> list[float]:
    said = turn.emotion
    negative = said[-2] + said[-1]
    return [negative, said[-2] / max(negative, 1e-9), said[1] / max(said[0] + said[1], 1e-9)]


def _transcript(dialogue: LabelledDialogue) -> Transcript:
    turns = tuple(Turn(Speaker(turn.speaker), turn.text) for turn in dialogue.turns)
    return Transcript(dialogue.id, turns, Channel(dialogue.channel))


def _flat(thresholds: Thresholds) -> dict[str, float]:
    named = {"act": thresholds.acts, "fault": thresholds.faults, "type": thresholds.types}
    flat = {f"{kind}:{key}": value for kind, marks in named.items() for key, value in marks.items()}
    for name in ("emotion_negative", "emotion_angry", "emotion_positive", "complaint", "review"):
        flat[name] = getattr(thresholds, name)
    return flat


def _detected(dialogues: Sequence[LabelledDialogue], sections: Sequence[Sections]) -> dict[str, Figure]:
    """Level of attitude, resolution and drops, as reports give them; what was not judged counts as missed."""
    levels = np.array([section.attitude.level or 0 for section in sections])
    statuses = np.array([_status(section.resolution.status) for section in sections])
    gold_statuses = np.array([_status(dialogue.resolution) for dialogue in dialogues])
    gold_levels = np.array([dialogue.attitude or 0 for dialogue in dialogues])
    counts = np.array(
        [
            _near(dialogue.drops or (), [drop.turn for drop in section.emotion.drops])
            for dialogue, section in zip(dialogues, sections, strict=True)
        ],
        dtype=float,
    )
    known = {
        name: np.array([getattr(dialogue, name) is not None for dialogue in dialogues], dtype=bool)
        for name in ("attitude", "resolution", "drops")
    }
    return {
        ATTITUDE: Figure(
            known["attitude"] & (levels > 0), lambda d: weighted_kappa(gold_levels[d], levels[d])
        ),
        RESOLUTION: Figure(known["resolution"], lambda d: macro_f1(gold_statuses[d], statuses[d])),
        DROPS: Figure(known["drops"], lambda d: _event_f1(counts[d])),
    }


def _status(key: str | None) -> int:
    return -1 if key is None else LABELS.resolution.index(key)


def _near(gold: Sequence[int], found: Sequence[int]) -> tuple[int, int, int, int]:
    """(labelled, of them found, found, of them labelled)."""

    def matched(those: Sequence[int], these: Sequence[int]) -> int:
        return sum(any(abs(a - b) <= DROP_TOLERANCE for b in these) for a in those)

    return len(gold), matched(gold, found), len(found), matched(found, gold)


def _event_f1(counts: NDArray[np.float64]) -> float:
    gold, hit, found, right = counts.sum(axis=0)
    if not gold or not found:
        return 0.0
    recall, precision = hit / gold, right / found
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def _precision(dialogues: Sequence[LabelledDialogue], predictions: Sequence[Prediction]) -> dict[str, Figure]:
    found = {}
    for name in ("complaint", "review"):
        truth = np.array([bool(getattr(d, name)) for d in dialogues])
        sure = np.array([getattr(prediction.dialogue, name) for prediction in predictions])
        labelled = np.array([getattr(d, name) is not None for d in dialogues])
        found[f"{name}_average_precision"] = _ranked(labelled, truth, sure)
    return found


def _ranked(labelled: NDArray[np.bool_], truth: NDArray[np.bool_], sure: NDArray[np.float64]) -> Figure:
    def value(d: Ints) -> float:
        return average_precision(truth[d], sure[d])

    return Figure(labelled, value)
