"""Was a grievance voiced, and what was the contact about (客诉分类)."""

from __future__ import annotations

from qa_engine.detectors.base import DEFAULT_THRESHOLD, quotes, silent_model, why_not
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import Complaint, ComplaintType
from qa_engine.domain.taxonomy import COMPLAINT_TYPES
from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import Reading

MOST_TYPES = 3


class ComplaintDetector:
    """Complaint yes or no, and one to three contact types, most probable first.

    The most probable type is always named: every contact is about something, and "other" is a type.
    A second and a third are named only when they reach their own thresholds.
    """

    name = "complaint"
    version = "2"

    def detect(self, reading: Reading, prediction: Prediction) -> Complaint | NotEvaluable:
        """Return the complaint section, or why it cannot be judged."""
        missing = why_not("是否投诉", reading, prediction, Speaker.CUSTOMER)
        if missing is not None:
            return missing
        dialogue, thresholds = prediction.dialogue, prediction.thresholds
        if not dialogue.types:
            return silent_model("投诉类型")
        is_complaint = 0.0 < dialogue.complaint >= thresholds.complaint
        ranked = sorted(dialogue.types.items(), key=lambda item: (-item[1], item[0]))[:MOST_TYPES]
        named = [
            ComplaintType(key, COMPLAINT_TYPES.get(key, key), probability)
            for rank, (key, probability) in enumerate(ranked)
            if rank == 0 or 0.0 < probability >= thresholds.types.get(key, DEFAULT_THRESHOLD)
        ]
        evidence = quotes(reading, dialogue.complaint_grounds) if is_complaint else ()
        return Complaint(is_complaint, dialogue.complaint, tuple(named), evidence)
