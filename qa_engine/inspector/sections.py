"""The model-based sections of a report, each judged or said not to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from qa_engine import __version__
from qa_engine.detectors.attitude import AttitudeDetector
from qa_engine.detectors.base import Detector, quotes
from qa_engine.detectors.complaint import ComplaintDetector
from qa_engine.detectors.emotion import EmotionDetector
from qa_engine.detectors.resolution import ResolutionDetector
from qa_engine.detectors.satisfaction import SatisfactionDetector
from qa_engine.domain.finding import DetectorFailure, Evidence, NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import Attitude, Complaint, Emotion, NotEvaluated, Resolution, Satisfaction
from qa_engine.inspector.guard import as_not_evaluable, guarded
from qa_engine.text.reading import Reading

S = TypeVar("S")

EMOTION = EmotionDetector()
ATTITUDE = AttitudeDetector()
RESOLUTION = ResolutionDetector()
SATISFACTION = SatisfactionDetector()
COMPLAINT = ComplaintDetector()

DETECTOR_VERSIONS: Mapping[str, str] = {
    detector.name: detector.version for detector in (EMOTION, ATTITUDE, RESOLUTION, SATISFACTION, COMPLAINT)
}


@dataclass(frozen=True, slots=True)
class Sections:
    """What the detectors said of one call; a section not judged is empty and told in ``missing``."""

    emotion: Emotion
    attitude: Attitude
    resolution: Resolution
    satisfaction: Satisfaction
    complaint: Complaint
    review_evidence: tuple[Evidence, ...]
    missing: tuple[NotEvaluated, ...]


def detect_sections(reading: Reading, prediction: Prediction | NotEvaluable) -> Sections:
    """Run every detector on one reading."""
    missing: list[NotEvaluated] = []
    return Sections(
        emotion=_section(EMOTION, reading, prediction, Emotion(None), missing),
        attitude=_section(ATTITUDE, reading, prediction, Attitude(None, None), missing),
        resolution=_section(RESOLUTION, reading, prediction, Resolution(None, {}), missing),
        satisfaction=_section(SATISFACTION, reading, prediction, Satisfaction(None), missing),
        complaint=_section(COMPLAINT, reading, prediction, Complaint(None, None), missing),
        review_evidence=_review_evidence(reading, prediction, missing),
        missing=tuple(missing),
    )


def _review_evidence(
    reading: Reading, prediction: Prediction | NotEvaluable, missing: list[NotEvaluated]
) -> tuple[Evidence, ...]:
    """What the model's opinion that a QA lead must look rests on."""
    if isinstance(prediction, NotEvaluable):
        return ()
    grounds = prediction.dialogue.review_grounds
    found = guarded("review", __version__, lambda: quotes(reading, grounds))
    if isinstance(found, DetectorFailure):
        failure = as_not_evaluable(found)
        missing.append(NotEvaluated("review", failure.reason, failure.code))
        return ()
    return found


def _section(
    detector: Detector[S],
    reading: Reading,
    prediction: Prediction | NotEvaluable,
    empty: S,
    missing: list[NotEvaluated],
) -> S:
    found: S | NotEvaluable | DetectorFailure
    if isinstance(prediction, NotEvaluable):
        found = prediction
    else:
        judged = prediction
        found = guarded(detector.name, detector.version, lambda: detector.detect(reading, judged))
    if isinstance(found, DetectorFailure):
        found = as_not_evaluable(found)
    if isinstance(found, NotEvaluable):
        missing.append(NotEvaluated(detector.name, found.reason, found.code))
        return empty
    return found
