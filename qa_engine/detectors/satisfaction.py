"""Expected satisfaction: what the customer would answer right after the contact."""

from __future__ import annotations

from qa_engine.detectors.base import mean_level, silent_model, why_not
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import Satisfaction
from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import Reading


class SatisfactionDetector:
    """Expected satisfaction 1–5 with its distribution."""

    name = "satisfaction"
    version = "2"

    def detect(self, reading: Reading, prediction: Prediction) -> Satisfaction | NotEvaluable:
        """Return the expected answer (1–5) and the five probabilities, or why not."""
        missing = why_not("客户满意度", reading, prediction, Speaker.CUSTOMER)
        if missing is not None:
            return missing
        expected = mean_level(prediction.dialogue.satisfaction)
        if expected is None:
            return silent_model("客户满意度")
        return Satisfaction(expected, prediction.dialogue.satisfaction)
