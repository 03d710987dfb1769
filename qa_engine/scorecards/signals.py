"""Turns the ``signals:`` of a test into the prediction a model would have made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qa_engine.domain.errors import ConfigError
from qa_engine.domain.finding import NotEvaluable
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
from qa_engine.domain.transcript import Speaker, Transcript
from qa_engine.rules.source import Path, SourceMap
from qa_engine.scorecards.file import Signals, TurnSignals
from qa_engine.scorecards.messages import suggestion

NO_MODEL = NotEvaluable("no_model", "没有可用的模型判断")
_ALL_ACTS = {**CUSTOMER_ACTS, **AGENT_ACTS}
_HALF = 0.5
_EVEN = (0.2, 0.2, 0.2, 0.2, 0.2)


def prediction_of(
    signals: Signals | None, transcript: Transcript, path: Path, source: SourceMap, errors: list[ConfigError]
) -> Prediction | NotEvaluable:
    """The prediction a test stands on; without signals there is no model.

    Labels that do not exist and turns out of range are added to ``errors`` (``path`` is the test's).
    """
    if signals is None:
        return NO_MODEL
    here = (*path, "signals")
    for number, turn in signals.turns.items():
        where = (*here, "turns", number)
        if not number.isdigit() or int(number) >= len(transcript.turns):
            why = f"没有写作 {number} 的句子，这段对话是 0 到 {len(transcript.turns) - 1}"
            errors.append(source.error(where, why, "这里从 0 数起：第 1 句写 0"))
            continue
        spoken_by = transcript.turns[int(number)].speaker
        acts = AGENT_ACTS if spoken_by is Speaker.AGENT else CUSTOMER_ACTS
        faults = AGENT_FAULTS if spoken_by is Speaker.AGENT else {}
        _check((*where, "acts"), turn.acts, acts, source, errors)
        _check((*where, "faults"), turn.faults, faults, source, errors)
        if turn.emotion is not None:
            given = {str(turn.emotion)} if isinstance(turn.emotion, int) else set(turn.emotion)
            known = {str(emotion): "" for emotion in EMOTIONS}
            _check((*where, "emotion"), given, known, source, errors)
            if spoken_by is not Speaker.CUSTOMER:
                errors.append(
                    source.error((*where, "emotion"), "这一句不是客户说的", "情绪只写在客户的句子上")
                )
    _check((*here, "types"), signals.types, COMPLAINT_TYPES, source, errors)
    turns = tuple(
        _turn(turn.speaker, signals.turns.get(str(i), TurnSignals()))
        for i, turn in enumerate(transcript.turns)
    )
    return Prediction(
        model=ModelInfo("signals", "1", ""),
        turns=turns,
        dialogue=_dialogue(signals),
        thresholds=_thresholds(),
    )


def _check(
    path: Path, given: Iterable[str], known: Mapping[str, str], source: SourceMap, errors: list[ConfigError]
) -> None:
    for label in given:
        if label not in known:
            meant = suggestion(label, list(known))
            remedy = (
                f"您是不是想写 {meant}" if meant else f"可以写：{'、'.join(known)}" if known else "删去它"
            )
            errors.append(source.error(path, f"这里不能写 {label}", remedy))


def _probabilities(given: list[str] | dict[str, float]) -> dict[str, float]:
    return dict(given) if isinstance(given, dict) else dict.fromkeys(given, 1.0)


def _turn(speaker: Speaker, signals: TurnSignals) -> TurnPrediction:
    emotion: dict[int, float] = {}
    if speaker is Speaker.CUSTOMER:
        emotion = dict.fromkeys(EMOTIONS, 0.0)
        if isinstance(signals.emotion, dict):
            emotion.update({int(label): p for label, p in signals.emotion.items() if _is_emotion(label)})
        else:
            emotion[signals.emotion or 0] = 1.0
    known = (
        _ALL_ACTS if speaker is Speaker.SYSTEM else AGENT_ACTS if speaker is Speaker.AGENT else CUSTOMER_ACTS
    )
    acts = dict.fromkeys(known, 0.0) | _probabilities(signals.acts)
    faults = dict.fromkeys(AGENT_FAULTS, 0.0) | _probabilities(signals.faults)
    return TurnPrediction(emotion, acts, faults if speaker is Speaker.AGENT else {})


def _is_emotion(label: str) -> bool:
    return label in {str(emotion) for emotion in EMOTIONS}


def _dialogue(signals: Signals) -> DialoguePrediction:
    status = signals.resolution or "resolved"
    return DialoguePrediction(
        resolution={name: float(name == status) for name in RESOLUTIONS},
        satisfaction=_EVEN,
        attitude=_EVEN,
        complaint=float(signals.complaint or bool(signals.types)),
        types={key: float(key in signals.types) for key in COMPLAINT_TYPES},
        review=0.0,
    )


def _thresholds() -> Thresholds:
    return Thresholds(
        acts=dict.fromkeys(_ALL_ACTS, _HALF),
        faults=dict.fromkeys(AGENT_FAULTS, _HALF),
        types=dict.fromkeys(COMPLAINT_TYPES, _HALF),
        emotion_negative=_HALF,
        emotion_angry=_HALF,
        emotion_positive=_HALF,
        complaint=_HALF,
        review=_HALF,
    )
